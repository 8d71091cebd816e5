"""recurra: recurrent neural networks, from a data file to a forecast you can trust.

Public names are loaded when first used, so `import recurra` costs milliseconds and imports no torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

from recurra.version import __version__

if TYPE_CHECKING:
    from recurra.client.async_client import AsyncClient
    from recurra.client.client import Client
    from recurra.layers.drop_in import GRU, LSTM, RNN
    from recurra.tasks.caption.captioner import Captioner
    from recurra.tasks.classify.classifier import Classifier
    from recurra.tasks.detect.detector import Detector
    from recurra.tasks.draw.drawer import Drawer
    from recurra.tasks.forecast.forecaster import Forecaster
    from recurra.tasks.language.language_model import LanguageModel
    from recurra.tasks.loading import load
    from recurra.tasks.speak.speaker import Speaker
    from recurra.tasks.tag.tagger import Tagger
    from recurra.tasks.transcribe.transcriber import Transcriber
    from recurra.tasks.translate.translator import Translator
    from recurra.tasks.verb import compare, tune
    from recurra.tasks.vocode.vocoder import Vocoder
    from recurra.types import Sequences

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "AsyncClient",
    "Captioner",
    "Classifier",
    "Client",
    "Detector",
    "Drawer",
    "Forecaster",
    "LanguageModel",
    "Sequences",
    "Speaker",
    "Tagger",
    "Transcriber",
    "Translator",
    "Vocoder",
    "__version__",
    "compare",
    "load",
    "tune",
]

_HOMES = {
    "GRU": "recurra.layers.drop_in",
    "LSTM": "recurra.layers.drop_in",
    "RNN": "recurra.layers.drop_in",
    "AsyncClient": "recurra.client.async_client",
    "Client": "recurra.client.client",
    "Captioner": "recurra.tasks.caption.captioner",
    "Classifier": "recurra.tasks.classify.classifier",
    "Detector": "recurra.tasks.detect.detector",
    "Forecaster": "recurra.tasks.forecast.forecaster",
    "LanguageModel": "recurra.tasks.language.language_model",
    "Sequences": "recurra.types",
    "Drawer": "recurra.tasks.draw.drawer",
    "Speaker": "recurra.tasks.speak.speaker",
    "Tagger": "recurra.tasks.tag.tagger",
    "Transcriber": "recurra.tasks.transcribe.transcriber",
    "Translator": "recurra.tasks.translate.translator",
    "Vocoder": "recurra.tasks.vocode.vocoder",
    "compare": "recurra.tasks.verb",
    "load": "recurra.tasks.loading",
    "tune": "recurra.tasks.verb",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        names = ", ".join(__all__)
        raise AttributeError(f"module 'recurra' has no attribute {name!r}; its names are {names}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
