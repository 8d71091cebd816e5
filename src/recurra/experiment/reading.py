"""How texts are read out of what a stream program says of steps; no torch."""

from typing import Any

from recurra.decoding.connectionist import Connectionist
from recurra.decoding.transcription import Reading
from recurra.decoding.transducer import Predict, Transducer
from recurra.errors import UsageError
from recurra.experiment.live import damaged_program
from recurra.streaming import Program, Session
from recurra.streaming.network import Network
from recurra.streaming.storage import layers_of

_PREDICTOR, _WEIGHT, _BIAS = "predictor", "joint.weight", "joint.bias"


def told_about(predictor: Program, weight: Any, bias: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Metadata and arrays from which `reading_of` makes a transducer again.

    Args:
        predictor: Its net of symbols.
        weight: (labels, numbers) of its last layer.
        bias: (labels,).
    """
    network = Network(predictor.layers)
    tensors = {f"{_PREDICTOR}.{name}": array for name, array in network.tensors().items()}
    return {_PREDICTOR: network.description()}, {**tensors, _WEIGHT: weight, _BIAS: bias}


def reading_of(program: Program, labels: int, weights: str = "float32") -> Reading:
    """How the outputs of a transcriber's program are read.

    Args:
        program: It.
        labels: How many labels there are, the blank among them.
        weights: "float32", "bfloat16" or "int8": those of a transducer's net of symbols.

    Raises:
        DamagedError: What the program says of itself does not fit its layers.
    """
    if _PREDICTOR not in program.metadata:
        if program.output_size != labels:
            raise damaged_program(f"has {program.output_size} outputs for {labels} labels")
        return Connectionist()
    arrays, size = dict(program.arrays), program.output_size
    try:
        predictor = Program(layers_of(program.metadata[_PREDICTOR], arrays, f"{_PREDICTOR}."))
        weight, bias = arrays[_WEIGHT], arrays[_BIAS]
    except (KeyError, UsageError) as error:
        raise damaged_program(f"lacks a part of its net of symbols ({error})") from error
    fits = predictor.output_size == size and weight.shape == (labels, size) and bias.shape == (labels,)
    if not fits or predictor.vocabulary != labels:
        raise damaged_program(f"has a net of symbols that does not fit {size} outputs for {labels} labels")
    return Transducer(predict_by(predictor, weights), weight, bias)


def predict_by(predictor: Program, weights: str = "float32") -> Predict:
    """A transducer's net of symbols on the engine; its memory is a session."""
    begin = predictor.session(weights)

    def predict(symbol: int, memory: Session | None) -> tuple[Any, Session]:
        session = (begin if memory is None else memory).fork()
        return session.step(symbol), session

    return predict
