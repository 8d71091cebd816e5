"""Make the recordings of `sample:digits` and `sample:digit_strings`: digits in many voices of espeak-ng.

    pip install espeakng-loader 'recurra[audio]'
    python tools/spoken_digits.py src/recurra/data/samples/spoken

Writes digits.flac, all recordings one after the other (8 kHz, 12 bit), and digits.csv: in which seconds of it
is what, in which voice. The breath in some voices is random, so another run differs in it.
"""

import csv
import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path

import espeakng_loader
import numpy as np
import soundfile
import soxr

RATE = 8_000
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LANGUAGES = ("en", "en-us", "en-gb-scotland", "en-029")
VARIANTS = ("", "m2", "m3", "m5", "m7", "f1", "f2", "f3", "f4", "Andy")
STRINGS = 3  # of each voice
BITS = 12  # a sample: quantisation that nobody hears in such voices, in two thirds of the bytes
GAP = 0.1  # seconds between two recordings
QUIET = 0.01  # of the loudest sample: what is softer at the ends is cut off
LIVELY = 50  # espeak-ng's range of pitch, in percent
_SYNCHRONOUS, _UTF8, _RATE, _PITCH, _RANGE = 2, 1, 1, 3, 4

Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Speaker:
    """espeak-ng, which gives its samples to a callback."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
        self._parts: list[np.ndarray] = []
        self._callback = Callback(self._hear)
        self._library.espeak_SetSynthCallback(self._callback)

    def seed(self, seed: int) -> None:
        """Begin what is random in some voices, their breath, anew."""
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(seed))

    def say(self, text: str, voice: str, words_a_minute: int, pitch: int, lively: int = LIVELY) -> np.ndarray:
        """Samples between -1 and 1 at `RATE`, without silence at the ends."""
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise SystemExit(f"espeak-ng has no voice {voice}")
        self._library.espeak_SetParameter(_RATE, words_a_minute, 0)
        self._library.espeak_SetParameter(_PITCH, pitch, 0)
        self._library.espeak_SetParameter(_RANGE, lively, 0)
        self._parts.clear()
        content = text.encode()
        self._library.espeak_Synth(content, len(content) + 1, 0, 0, 0, _UTF8, None, None)
        samples = np.concatenate(self._parts).astype(np.float32) / 2**15
        samples = np.asarray(soxr.resample(samples, self._rate, RATE), np.float32)
        loud = np.flatnonzero(np.abs(samples) > QUIET * np.abs(samples).max())
        return samples[loud[0] : loud[-1] + 1]

    def _hear(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: int) -> int:
        del events
        if count > 0:
            self._parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0


def utterances() -> Iterator[tuple[str, str, int, int]]:
    """What is said: text, voice, words a minute, and pitch."""
    random = np.random.Generator(np.random.Philox(0))
    for number, variant in enumerate(VARIANTS):
        for place, language in enumerate(LANGUAGES):
            voice = f"{language}+{variant}" if variant else language
            speed, pitch = 130 + 15 * ((number + 2 * place) % 5), 35 + 7 * ((3 * number + place) % 5)
            yield from ((word, voice, speed, pitch) for word in WORDS)
            for _ in range(STRINGS):
                digits = random.integers(10, size=int(random.integers(3, 8)))
                yield " ".join(WORDS[digit] for digit in digits), voice, speed, pitch


def main(folder: Path) -> None:
    """Say all of it, and write it down."""
    speaker, gap = Speaker(), np.zeros(int(GAP * RATE), np.float32)
    parts, rows, at = [gap], [], len(gap)
    for text, voice, speed, pitch in utterances():
        samples = speaker.say(text, voice, speed, pitch)
        samples *= 0.5 / np.abs(samples).max()
        samples = np.round(samples * 2 ** (BITS - 1)) / 2 ** (BITS - 1)
        rows.append((f"{at / RATE:.6f}", f"{(at + len(samples)) / RATE:.6f}", text, voice))
        parts += [samples, gap]
        at += len(samples) + len(gap)
    soundfile.write(folder / "digits.flac", np.concatenate(parts), RATE, subtype="PCM_16")
    with (folder / "digits.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("start", "end", "text", "voice"), *rows])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
