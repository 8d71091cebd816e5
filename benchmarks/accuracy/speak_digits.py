"""Spoken digits: strings in the voice of one speaker, read by a net that was trained on real ones.

    python benchmarks/accuracy/speak_digits.py --data FOLDER [--folder KEPT] [--speaker NAME] [--json]

FOLDER holds fsdd_recordings.zip. Strings are 3 to 5 clips of the speaker with pauses of 40 to 80 ms between,
under faint noise; training strings are made of clips 10 to 49 of every digit, validation strings of 5 to 9,
test strings of 0 to 4. A transcriber learns to read the training strings, a speaker to speak them, a vocoder
to make them of their frames. Then the speaker says 200 strings that are drawn evenly, and the transcriber
reads them: by Griffin-Lim, the same where attention may look anywhere (`free_`), and by the vocoder
(`vocoder_`).

`strings_right` is the share of the 200 that are read as they were written, `digits_right` the same of digits;
`monotone` and `ended` say of how many the text was read in order to its end, and that the speech ended by
itself. `reader_digits_right` is what the transcriber reads of the real test strings. `mcd` is the distance of
the speaker from these, `copy_mcd` that of the recordings through Griffin-Lim, `nearest_mcd` that of the
training string that is most alike, `vocoder_copy_mcd` that of the recordings through the vocoder.
`real_time_factor` is processor time for a second of speech, `vocoder_copy_real_time_factor` that of the
vocoder alone.
"""

import json
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

from recurra import Speaker, Transcriber, Vocoder
from recurra.metrics.transcription import transcription_scores

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RATE = 8_000
PAUSE = (0.04, 0.08)  # seconds
NOISE = 5e-4
SIZES = (3, 6)  # digits of a string, the last number left out
SPOKEN = 200
SPEAKER: Mapping[str, Any] = {
    "cell": "gru",
    "hidden_size": 128,
    "num_mels": 40,
    "reduction": 5,
    "max_epochs": 40,
}
VOCODER: Mapping[str, Any] = {"num_mels": 40, "max_epochs": 10, "batch_size": 8}
READER: Mapping[str, Any] = {
    "cell": "gru",
    "hidden_size": 64,
    "num_layers": 1,
    "bidirectional": True,
    "target_tokens": "word",
    "max_epochs": 14,
    "batch_size": 8,
    "learning_rate": 8e-3,
}


def strings(clips: Sequence[Path], count: int, folder: Path, seed: int) -> pl.DataFrame:
    """Recordings of strings and their texts; clips come in new orders until there are enough."""
    random, rows = np.random.default_rng(seed), []
    queue: list[Path] = []
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        size = int(random.integers(*SIZES))
        if len(queue) < size:
            queue = [clips[at] for at in random.permutation(len(clips))]
        chosen, queue = queue[:size], queue[size:]
        parts = []
        for clip in chosen:
            sound, rate = soundfile.read(clip)
            assert rate == RATE
            parts += [sound, np.zeros(int(random.uniform(*PAUSE) * RATE))]
        samples = np.concatenate(parts[:-1])
        samples += random.normal(0, NOISE, len(samples))
        path = folder / f"{number}.wav"
        soundfile.write(path, np.clip(samples, -1, 1), RATE, subtype="PCM_16")
        rows.append({"path": str(path), "text": " ".join(WORDS[int(clip.stem[0])] for clip in chosen)})
    return pl.DataFrame(rows)


def drawn(count: int, seed: int) -> list[str]:
    """Strings of digits, drawn evenly."""
    random = np.random.default_rng(seed)
    sizes = random.integers(*SIZES, size=count)
    return [" ".join(WORDS[digit] for digit in random.integers(10, size=size)) for size in sizes]


def spoken(
    speaker: Speaker, reader: Transcriber, folder: Path, count: int, seed: int, **options: Any
) -> dict[str, float]:
    """How well strings are said that nobody recorded."""
    texts = drawn(count, seed)
    began = time.process_time()
    said = speaker.predict(texts, samples=True, **options)
    busy = time.process_time() - began
    folder.mkdir(parents=True, exist_ok=True)
    for number, samples in enumerate(said["samples"]):
        soundfile.write(folder / f"{number}.wav", samples.to_numpy(), RATE, subtype="PCM_16")
    paths = [str(folder / f"{number}.wav") for number in range(count)]
    told = reader.predict(pl.DataFrame({"path": paths}))["prediction"].to_list()
    scores = transcription_scores(told, texts)
    return {
        "strings_right": scores["exact_match"],
        "digits_right": round(1 - scores["wer"], 4),
        "monotone": float(said["monotone"].mean()),  # type: ignore[arg-type]
        "ended": float(said["ended"].mean()),  # type: ignore[arg-type]
        "real_time_factor": round(busy / float(said["seconds"].sum()), 4),
    }


def scores_of(record: Any) -> dict[str, Any]:
    """The scores of each model by its name."""
    return {row["model"]: row for row in record.to_frame().to_dicts()}


def copied(vocoder: Vocoder, test: pl.DataFrame) -> dict[str, float]:
    """What the vocoder makes of recordings, and how long it takes."""
    began = time.process_time()
    told = vocoder.predict(test)
    busy = time.process_time() - began
    return {
        "vocoder_copy_mcd": round(scores_of(vocoder.evaluate(test))["recurra"]["mcd"], 2),
        "vocoder_copy_real_time_factor": round(busy / float(told["seconds"].sum()), 4),
    }


def main() -> None:
    """Make strings, train both nets, score."""
    own = parser(__doc__ or "", resumable=True)
    own.add_argument("--speaker", default="jackson")
    own.add_argument("--strings", type=int, default=600, help="training strings")
    own.add_argument("--settings", type=json.loads, default={}, help="other settings of the speaker, as JSON")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with zipfile.ZipFile(options.data / "fsdd_recordings.zip") as archive:
                archive.extractall(folder)
            clips = sorted((folder / "recordings").glob(f"*_{options.speaker}_*.wav"))
            numbers = {one: int(one.stem.split("_")[2]) for one in clips}
            parts = {
                "train": strings(
                    [one for one in clips if numbers[one] > 9], options.strings, folder / "a", 1
                ),
                "validation": strings([one for one in clips if 5 <= numbers[one] <= 9], 40, folder / "b", 2),
                "test": strings([one for one in clips if numbers[one] < 5], 30, folder / "c", 3),
            }
            data, others = parts["train"], {"validation": parts["validation"], "test": parts["test"]}
            kept = None if options.folder is None else Path(options.folder)
            nets: dict[str, Any] = {
                "reader": Transcriber(**READER, seed=options.seed),
                "speaker": Speaker(**{**SPEAKER, **options.settings}, seed=options.seed),
                "vocoder": Vocoder(**VOCODER, seed=options.seed),
            }
            seconds = {}
            for key, net in nets.items():
                began = time.perf_counter()
                place = None if kept is None else kept / key
                net.fit(data, **others, folder=place, resume=place is not None)
                seconds[f"{key}_seconds"] = round(time.perf_counter() - began, 1)
            run = (kept or folder) / "vocoder_net"
            nets["vocoder"].to_program().save(run / "stream", overwrite=True)
            if kept is not None:
                for key, net in nets.items():
                    net.save(kept / f"{key}_saved", overwrite=True)
            reading = scores_of(nets["reader"].evaluate())["recurra"]
            speaking = scores_of(nets["speaker"].evaluate())
            several: dict[str, Mapping[str, Any]] = {
                "": {},
                "free_": {"look_ahead": None},
                "vocoder_": {"vocoder": str(run)},
            }
            speech = {
                f"{prefix}{name}": score
                for prefix, how in several.items()
                for name, score in spoken(
                    nets["speaker"], nets["reader"], folder / f"{prefix}spoken", SPOKEN, 7, **how
                ).items()
            }
            return {
                **speech,
                **copied(nets["vocoder"], parts["test"]),
                "reader_digits_right": round(1 - reading["wer"], 4),
                "mcd": round(speaking["recurra"]["mcd"], 2),
                "copy_mcd": round(speaking["copy"]["mcd"], 2),
                "nearest_mcd": round(speaking["nearest"]["mcd"], 2),
                **seconds,
            }

    report(run, options)


if __name__ == "__main__":
    main()
