"""A fitted vocoder as a stream program."""

from typing import cast

from torch import nn

from recurra.decoding.vocoding import TASK, Sound
from recurra.experiment.task import Fitted
from recurra.export import to_program
from recurra.export.conversion import array
from recurra.models.vocoder import LEAST, Vocoder
from recurra.streaming import Program
from recurra.tasks.vocode.target import Target
from recurra.version import __version__


def program(fitted: Fitted) -> Program:
    """What `recurra.decoding.vocoding.Vocoding` runs.

    Raises:
        ConfigError: A cell does not run step by step.
    """
    net, target = cast("Vocoder", fitted.model), cast("Target", fitted.schema.target)
    first, second = (cast("nn.Linear", net.condition[place]) for place in (0, 2))
    arrays = {
        "first": array(first.weight),
        "first_bias": array(first.bias),
        "second": array(second.weight),
        "second_bias": array(second.bias),
        "direct": array(net.direct.weight),
        "mean": target.frames.mean,
        "deviation": target.frames.deviation,
        "band_deviation": target.deviation,
        "peak": target.peak,
    }
    sound = Sound(target.frames.mel.to_dict(), net.bands, net.history, target.frames.context, LEAST)
    about = {"task": TASK, "sound": sound._asdict(), "recurra": __version__}
    return to_program([net.stack, net.head], metadata=about, arrays=arrays)
