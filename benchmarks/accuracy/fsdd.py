"""Spoken digits: accuracy on the official split, in a stream, and on speakers that training never heard.

    python benchmarks/accuracy/fsdd.py --data FOLDER [--official | --unknown WHOM | --voiced WHOM] [--json]

FOLDER holds fsdd_recordings.zip, whose recordings 0 to 4 of every speaker and digit are the test part. All
nets read in one direction, so that they stream; the number of epochs is fixed; test parts are read after
training, once.

The net of the official split learns from recordings 10 and up, and silence and what is no word as classes
beside the digits; its settings, and those of the listener, were chosen on recordings 5 to 9. `accuracy` is
that of the most probable of the ten digits, since the test part holds nothing else; `open_accuracy` counts
digits that were told as no word as wrong. `miss_rate` and `false_alarms_per_hour` are of the same net as a
listener, in pieces of 50 ms, to one recording of all test recordings in a random order, in noise, with pauses
between.

`unknown_speakers` is the mean accuracy over the speakers, each told by a net that heard the five others, and
10,000 recordings which espeak-ng made in as many voices (voices.py; extra `speech`). Settings were chosen on
recordings 5 to 19 of two speakers at a time, after training on the four others, `speed` and `noise` on all
recordings of these two. With --unknown nets hear the five others alone, with settings that were chosen on
theo and george (recordings 5 to 19) after training on the four others.
"""

import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import soundfile
from measure import parser, report

from recurra import Classifier
from recurra.metrics.spotting import Spoken, spotting_scores
from recurra.tasks.classify.config import Listening
from recurra.tasks.classify.listener import LiveSpotter

RATE = 8_000
PIECE = RATE // 20
PAUSE = (0.5, 5.0)  # seconds
NOISE = -60.0  # decibels, full scale being 0; recordings have -20 to -45
SETTINGS: Mapping[str, Any] = {
    "cell": "gru",
    "hidden_size": 128,
    "pooling": "max",
    "features": "mfcc",
    "speed": 0.2,
    "tone": 7.0,
    "tone_points": 12,
    "gain": 20.0,
    "noise": 10.0,
    "max_epochs": 12,
    "batch_size": 32,
    "learning_rate": 5e-3,
    "dropout": 0.3,
    "validation_size": 0,
    "baselines": (),
    "calibrate": False,
}
OFFICIAL: Mapping[str, Any] = {
    **SETTINGS,
    "background": 0.1,  # as many of silence, and of what is no word, as of each digit
    "stack": 2,
    "speed": 0.1,
    "tone": 6.0,
    "tone_points": 5,
    "gain": 10.0,
    "noise": 15.0,
    "max_epochs": 22,
}
VOICES = 1_000  # recordings of each digit that are made
AGAIN = 4  # how often an epoch then holds those of people: as many of these, then, as of made ones
VOICED: Mapping[str, Any] = {
    **SETTINGS,
    "stack": 2,
    "speed": 0.0,  # made voices have many pitches already
    "noise": 18.0,
    "tempo": 0.4,
    "label_smoothing": 0.1,
    "max_epochs": 3,
}
LISTENING = Listening(smooth=4, threshold=0.7)


def clips(folder: Path) -> pl.DataFrame:
    """Paths, digits, speakers and numbers of all recordings."""
    names = sorted((folder / "recordings").glob("*.wav"))
    parts = [one.stem.split("_") for one in names]
    return pl.DataFrame({
        "path": [str(one) for one in names],
        "label": [digit for digit, _, _ in parts],
        "speaker": [speaker for _, speaker, _ in parts],
        "number": [int(number) for _, _, number in parts],
    })  # fmt: skip


def fitted(train: pl.DataFrame, test: pl.DataFrame, seed: int, settings: Mapping[str, Any]) -> Classifier:
    """A net that learnt one part, to be judged on another."""
    columns = ["path", "label"]
    return Classifier(**settings, seed=seed).fit(train.select(columns), test=test.select(columns))


def accuracies(classifier: Classifier, test: pl.DataFrame) -> dict[str, float]:
    """The share of digits that are told rightly, among digits alone and among all classes."""
    digits = sorted(set(test["label"]))
    told = classifier.predict(test.select("path"))
    shares = told.select(f"p_{digit}" for digit in digits).to_numpy()
    best = pl.Series([digits[one] for one in shares.argmax(axis=1)])
    right = {"accuracy": best == test["label"], "open_accuracy": told["prediction"] == test["label"]}
    return {name: round(float(one.mean()), 4) for name, one in right.items()}


def long_recording(test: pl.DataFrame) -> tuple[np.ndarray, list[Spoken]]:
    """All recordings of a part one after another, in noise, with pauses between; and where each lies."""
    random = np.random.default_rng(0)
    parts, said, count = [np.zeros(RATE, np.float32)], [], RATE
    for row in test.sample(fraction=1.0, shuffle=True, seed=0).iter_rows(named=True):
        samples, _ = soundfile.read(row["path"], dtype="float32")
        pause = np.zeros(int(random.uniform(*PAUSE) * RATE), np.float32)
        said.append(Spoken(row["label"], count / RATE, (count + len(samples)) / RATE))
        parts += [samples, pause]
        count += len(samples) + len(pause)
    return np.concatenate(parts) + pink_noise(count, random), said


def pink_noise(count: int, random: np.random.Generator) -> np.ndarray:
    """Noise of the loudness `NOISE`, as much of it in every octave."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    values = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), count)
    return (values * 10 ** (NOISE / 20) / np.sqrt(np.mean(values**2))).astype(np.float32)


def heard(classifier: Classifier, test: pl.DataFrame) -> dict[str, float]:
    """What a listener misses of a part, and what it tells beside."""
    samples, said = long_recording(test)
    listener, began = LiveSpotter(classifier.to_program(), LISTENING, rate=RATE), time.process_time()
    pieces = (samples[begin : begin + PIECE] for begin in range(0, len(samples), PIECE))
    events = [event for piece in pieces for event in listener.push(piece)] + [*listener.end()]
    seconds = len(samples) / RATE
    told = [Spoken(event["word"], event["start"], event["end"]) for event in events]
    return {
        **{name: round(value, 4) for name, value in spotting_scores(told, said, seconds).items()},
        "listened_seconds": round(seconds, 1),
        "real_time_factor": round((time.process_time() - began) / seconds, 4),
    }


def official(every: pl.DataFrame, seed: int) -> dict[str, Any]:
    """The split that comes with the data."""
    first, began, busy = pl.col("number") < 5, time.perf_counter(), time.process_time()
    test = every.filter(first)
    net = fitted(every.filter(pl.col("number") > 9), test, seed, OFFICIAL)
    spent = {
        "training_seconds": round(time.perf_counter() - began, 1),
        "training_processor_seconds": round(time.process_time() - busy, 1),
    }
    return {**accuracies(net, test), **spent, **heard(net, test)}


def unknown(
    every: pl.DataFrame,
    seed: int,
    speakers: Sequence[str],
    settings: Mapping[str, Any],
    beside: pl.DataFrame | None = None,
) -> dict[str, float]:
    """Each of some speakers after training on all others, and on what is beside; and their mean."""
    found = {}
    for speaker in speakers:
        own = pl.col("speaker") == speaker
        others = every.filter(~own).select("path", "label")
        train = others if beside is None else pl.concat([*[others] * AGAIN, beside])
        found[speaker] = round(fitted(train, every.filter(own), seed, settings).score(), 4)
        sys.stderr.write(f"{speaker}: {found[speaker]}\n")
    return {**found, "unknown_speakers": round(sum(found.values()) / len(found), 4)}


def voiced(every: pl.DataFrame, seed: int, speakers: Sequence[str], folder: Path) -> dict[str, float]:
    """The same with voices that are made beside."""
    from voices import made  # noqa: PLC0415 - needs the extra `speech`, which nothing else here does

    folder.mkdir()
    return unknown(every, seed, speakers, VOICED, made(folder, VOICES, seed))


def main() -> None:
    """Train seven times, score."""
    own = parser(__doc__ or "")
    part = own.add_mutually_exclusive_group()
    part.add_argument("--official", action="store_true", help="the official split alone")
    part.add_argument(
        "--unknown", metavar="WHOM", help="of the unknown speakers these alone, without made voices"
    )
    part.add_argument("--voiced", metavar="WHOM", help="of the unknown speakers these alone: theo,george")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(options.data / "fsdd_recordings.zip") as archive:
                archive.extractall(folder)
            every = clips(Path(folder))
            if options.unknown:
                return unknown(every, options.seed, options.unknown.split(","), SETTINGS)
            found = {} if options.voiced else official(every, options.seed)
            if options.official:
                return found
            speakers = options.voiced.split(",") if options.voiced else sorted(set(every["speaker"]))
            return found | voiced(every, options.seed, speakers, Path(folder) / "voices")

    report(run, options)


if __name__ == "__main__":
    main()
