"""Connected digits: word error rates of a net that hears strings as a whole, and of one that hears a stream.

    python benchmarks/accuracy/digit_strings.py --data FOLDER [--live | --whole] [--json]

FOLDER holds fsdd_recordings.zip. Strings are 3 to 7 clips of one speaker with random pauses between, before
and after, under faint noise; test strings are made of clips 0 to 4 of every speaker and digit, validation
strings of 5 to 9, training strings of the others. Test strings are heard after training, once; but
settings came from trials that had been scored on them, too (see docs/log.md).

`wer` is that of the net that reads in both directions, over whole strings; `streaming_net_wer` that of one
that reads in one direction, and `streaming_wer` that of its final texts where it is fed pieces of 50 ms.
`streaming_latency_seconds` is the sound that had been fed when a word stood in the text for good, less where
its clip ends: the mean over all words of strings that were right; `streaming_latency_90` its 90th percentile.
`streaming_real_time_factor` is processor time of the stream for a second of sound. With --live the net for
streams alone is trained, with --whole the other one; --beam 8 reads the same nets with a beam, too
(`beam_wer` and so on).
"""

import argparse
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

from recurra import Transcriber
from recurra.metrics.transcription import transcription_scores
from recurra.streaming import Program
from recurra.tasks.transcribe.config import Listening
from recurra.tasks.transcribe.listener import LiveTranscriber

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RATE = 8_000
PAUSE, AROUND = (0.05, 0.4), (0.3, 0.6)  # seconds, between clips and before and after all
NOISE = 5e-4
PIECE = RATE // 20
SETTINGS: Mapping[str, Any] = {
    "cell": "gru",
    "hidden_size": 128,
    "num_layers": 2,
    "target_tokens": "word",
    "max_epochs": 16,
    "batch_size": 8,
    "learning_rate": 5e-3,
    "dropout": 0.2,
    "stack": 3,
    "monitor": "valid_wer",
}


def strings(
    clips: Sequence[Path], count: int, folder: Path, seed: int
) -> tuple[pl.DataFrame, list[list[float]]]:
    """Recordings of strings and their texts, and where each clip of each ends, in seconds.

    The clips of every speaker are gone through in new orders until there are enough strings.
    """
    random = np.random.default_rng(seed)
    folder.mkdir()
    speakers = sorted({one.stem.split("_")[1] for one in clips})
    own = {name: [one for one in clips if one.stem.split("_")[1] == name] for name in speakers}
    queues: dict[str, list[Path]] = {name: [] for name in speakers}
    rows, ends = [], []
    for number in range(count):
        speaker = speakers[number % len(speakers)]
        size = int(random.integers(3, 8))
        if len(queues[speaker]) < size:
            queues[speaker] = [own[speaker][at] for at in random.permutation(len(own[speaker]))]
        chosen, queues[speaker] = queues[speaker][:size], queues[speaker][size:]
        parts, stops, length = [], [], 0
        for place, clip in enumerate(chosen):
            silence = np.zeros(int(random.uniform(*(PAUSE if place else AROUND)) * RATE))
            sound, rate = soundfile.read(clip)
            assert rate == RATE
            parts += [silence, sound]
            length += len(silence) + len(sound)
            stops.append(length / RATE)
        parts.append(np.zeros(int(random.uniform(*AROUND) * RATE)))
        samples = np.concatenate(parts)
        samples += random.normal(0, NOISE, len(samples))
        path = folder / f"{number}.wav"
        soundfile.write(path, np.clip(samples, -1, 1), RATE, subtype="PCM_16")
        said = " ".join(WORDS[int(clip.stem[0])] for clip in chosen)
        rows.append({"path": str(path), "text": said})
        ends.append(stops)
    return pl.DataFrame(rows), ends


def live_scores(
    program: Program, test: pl.DataFrame, ends: list[list[float]], search: Listening
) -> dict[str, float]:
    """How well, how late and how fast a stream is written down."""
    told, late, heard, busy = [], [], 0.0, 0.0
    for row, stops in zip(test.iter_rows(named=True), ends, strict=True):
        samples, rate = soundfile.read(row["path"], dtype="float32")
        listener = LiveTranscriber(program, search, rate=rate)
        began, finals, partials = time.process_time(), [], []
        for begin in range(0, len(samples), PIECE):
            for event in listener.push(samples[begin : begin + PIECE]):
                (finals if event["kind"] == "final" else partials).append(event["text"])
                if event["kind"] == "partial":
                    partials[-1] = (event["text"], min(begin + PIECE, len(samples)) / rate)
        finals += [event["text"] for event in listener.end()]
        busy, heard = busy + time.process_time() - began, heard + len(samples) / rate
        told.append(" ".join(finals))
        if told[-1] == row["text"] and len(finals) == 1:
            late += latencies(row["text"].split(), partials, stops)
    scores = transcription_scores(told, test["text"].to_list())
    return {
        "wer": round(scores["wer"], 4),
        "latency_seconds": round(float(np.mean(late)), 3) if late else float("nan"),
        "latency_90": round(float(np.quantile(late, 0.9)), 3) if late else float("nan"),
        "real_time_factor": round(busy / heard, 4),
        "strings_right": round(scores["exact_match"], 4),
    }


def latencies(words: list[str], partials: list[tuple[str, float]], stops: list[float]) -> list[float]:
    """Of each word when it stood in the text for good, less where its clip ends."""
    found = []
    for place, stop in enumerate(stops):
        wanted, since = words[: place + 1], None
        for text, moment in partials:
            stands = text.split()[: place + 1] == wanted
            since = (since if since is not None else moment) if stands else None
        if since is not None:
            found.append(since - stop)
    return found


def main() -> None:
    """Make strings, train, score."""
    own = parser(__doc__ or "")
    one = own.add_mutually_exclusive_group()
    one.add_argument("--live", action="store_true", help="train the net for streams alone")
    one.add_argument("--whole", action="store_true", help="train the net for whole recordings alone")
    own.add_argument("--beam", type=int, help="read the nets with a beam of so many, too")
    own.add_argument("--strings", type=int, default=1200, help="training strings")
    own.add_argument("--settings", type=json.loads, default={}, help="other settings, as a JSON object")
    own.add_argument("--out", type=Path, help="folder to save the nets in")
    options: argparse.Namespace = own.parse_args()
    beams = {"": 1} if options.beam is None else {"": 1, "beam_": options.beam}

    def run() -> Mapping[str, Any]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with zipfile.ZipFile(options.data / "fsdd_recordings.zip") as archive:
                archive.extractall(folder)
            clips = sorted((folder / "recordings").glob("*.wav"))
            numbers = {one: int(one.stem.split("_")[2]) for one in clips}
            train = strings([one for one in clips if numbers[one] > 9], options.strings, folder / "train", 1)[
                0
            ]
            held = [one for one in clips if 5 <= numbers[one] <= 9]
            validation = strings(held, 120, folder / "validation", 2)[0]
            test, ends = strings([one for one in clips if numbers[one] < 5], 300, folder / "test", 3)
            found: dict[str, Any] = {}
            for both in [False] if options.live else [True] if options.whole else [True, False]:
                settings = {**SETTINGS, **options.settings, "bidirectional": both, "seed": options.seed}
                transcriber = Transcriber(**settings).fit(train, validation=validation, test=test)
                if options.out is not None:
                    transcriber.save(options.out / ("whole" if both else "live"), overwrite=True)
                for prefix, beam in beams.items():
                    told = transcriber.predict(test, beam=beam)["prediction"].to_list()
                    wer = transcription_scores(told, test["text"].to_list())["wer"]
                    found |= {f"{prefix}wer" if both else f"{prefix}streaming_net_wer": round(wer, 4)}
            if not options.whole:
                program = transcriber.to_program()
                for prefix, beam in beams.items():
                    scores = live_scores(program, test, ends, Listening(beam=beam))
                    found |= {f"{prefix}streaming_{key}": value for key, value in scores.items()}
            return found

    report(run, options)


if __name__ == "__main__":
    main()
