"""Texts as they are pronounced, by espeak-ng; nothing here needs torch."""

import ctypes
import importlib
import re
import threading
from functools import lru_cache
from typing import Any

from recurra.errors import ConfigError, DataError, MissingDependencyError

_SILENT, _STAYS = 2, 0x8000  # espeak_Initialize: nothing is played, and a fault does not end the process
_UTF8, _IPA = 1, 2  # espeak_TextToPhonemes
_PAUSE = ", "  # between clauses
_CHANGE = re.compile(r"\([a-z-]+\)")  # of language within a text: "(en)", "(de)"
LANGUAGE = r"^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$"
"""Pattern of the name of a language."""
_USED = threading.Lock()  # one language at a time is set for the whole process


def pronounced(text: str, language: str) -> str:
    """A text in the letters of the International Phonetic Alphabet, numbers and abbreviations read out.

    Args:
        text: What is said.
        language: As espeak-ng calls it: "en-us", "de", "fr", ...

    Raises:
        ConfigError: espeak-ng has no such language.
        DataError: It makes nothing of the text.
        MissingDependencyError: It is not installed.
    """
    with _USED:
        library = _library()
        if not re.search(LANGUAGE, language) or library.espeak_SetVoiceByName(language.encode()):
            raise ConfigError(
                f"language {language!r}", "one of espeak-ng, such as en-us, de or fr", "Change language."
            )
        left = ctypes.c_char_p(text.replace("\0", " ").encode("utf-8", "replace"))
        clauses = []
        while left.value:
            told = library.espeak_TextToPhonemes(ctypes.byref(left), _UTF8, _IPA)
            if told is None:
                raise DataError(f"text {text!r}, of which espeak-ng makes nothing", "words", "Write others.")
            clauses.append(" ".join(_CHANGE.sub("", told.decode()).split()))
    return _PAUSE.join(filter(None, clauses))


@lru_cache(maxsize=1)
def _library() -> Any:
    try:
        loader = importlib.import_module("espeakng_loader")
        library, data = ctypes.CDLL(loader.get_library_path()), loader.get_data_path()
    except (ImportError, OSError) as error:
        raise MissingDependencyError(
            f"no espeak-ng ({error})",
            "it, to tell how texts are pronounced",
            "Install it: pip install 'recurra[speech]'. Or leave reads=phonemes out.",
        ) from error
    library.espeak_Initialize.restype = library.espeak_SetVoiceByName.restype = ctypes.c_int
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
    if library.espeak_Initialize(_SILENT, 0, data.encode(), _STAYS) < 0:
        raise MissingDependencyError(
            f"espeak-ng does not find its data in {data}",
            "a whole installation",
            "Install it again: pip install --force-reinstall espeakng-loader.",
        )
    return library
