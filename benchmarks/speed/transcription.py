"""How fast a trained transcriber writes down a stream, and how soon: processor time and latency.

    python benchmarks/speed/transcription.py RUN [RECORDINGS] [--beam 8] [--weights int8] [--json]

RUN is a run of `recurra train transcribe` that streams; RECORDINGS is what its `predict` takes, and
`sample:digit_strings` where it is left out. Every recording is fed in pieces of --piece seconds, by itself.

`real_time_factor` is processor time for a second of sound, from samples to text. `piece_ms` and
`slowest_piece_ms` are the median time of a piece and its 99th percentile: how long a text waits for the
processor. `latency_seconds` is the sound that had been fed when a word stood in the text for good, less where
the word ends in the final text's alignment: the mean over all words; `latency_90` its 90th percentile.
`load_ms` is from the files to a listener that is ready.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recurra.data.sound import Clip
from recurra.experiment.truth import keeping_column
from recurra.inputs.audio.config import AudioConfig
from recurra.inputs.audio.reader import read
from recurra.streaming import PROGRAM, Program
from recurra.tasks.transcribe.config import Listening
from recurra.tasks.transcribe.listener import LiveTranscriber


def stood_since(words: list[str], partials: list[tuple[str, float]]) -> list[float]:
    """Of each word of a final text the second of sound at which it and all before it stood there for good."""
    found = []
    for place in range(len(words)):
        wanted, since = words[: place + 1], partials[-1][1]
        for text, moment in reversed(partials):
            if text.split()[: place + 1] != wanted:
                break
            since = moment
        found.append(since)
    return found


def heard(listener: LiveTranscriber, clip: Clip, piece: float) -> tuple[list[float], list[float]]:
    """Seconds of processor time of each piece of a recording, and the latency of each word."""
    samples, busy, late = clip.samples(), [], []
    partials: list[tuple[str, float]] = []
    size = max(round(piece * clip.rate), 1)
    for begin in range(0, len(samples) + size, size):
        began = time.process_time()
        at_end = begin >= len(samples)
        events = list(listener.end() if at_end else listener.push(samples[begin : begin + size]))
        busy.append(time.process_time() - began)
        for event in events:
            fed = min(begin + size, len(samples)) / clip.rate
            partials.append((event["text"], fed))
            if event["kind"] == "final":
                ends = [word["end"] for word in event["words"]]
                since = stood_since(event["text"].split(), partials)
                late += [moment - end for moment, end in zip(since, ends, strict=True)]
                partials = []
    return busy, late


def main() -> None:
    """Feed everything, and say what it took."""
    own = argparse.ArgumentParser(description=__doc__)
    own.add_argument("run", type=Path)
    own.add_argument("recordings", nargs="?", default="sample:digit_strings")
    own.add_argument("--beam", type=int, default=1)
    own.add_argument("--weights", default="float32")
    own.add_argument("--piece", type=float, default=0.05, help="seconds")
    own.add_argument("--json", action="store_true", help="print one JSON object")
    options = own.parse_args()
    examples = read(options.recordings, AudioConfig(), keeping_column("text"))
    began = time.perf_counter()
    program = Program.load(options.run / PROGRAM)
    search = Listening(beam=options.beam)
    LiveTranscriber(program, search, options.weights)
    loaded = time.perf_counter() - began
    busy, late, seconds = [], [], 0.0
    for clip in examples.contents:
        own_busy, own_late = heard(
            LiveTranscriber(program, search, options.weights, clip.rate), clip, options.piece
        )
        busy, late, seconds = busy + own_busy, late + own_late, seconds + clip.seconds
    result: Mapping[str, Any] = {
        "recordings": len(examples),
        "seconds": round(seconds, 1),
        "real_time_factor": round(sum(busy) / seconds, 5),
        "piece_ms": round(1000 * float(np.median(busy)), 3),
        "slowest_piece_ms": round(1000 * float(np.quantile(busy, 0.99)), 3),
        "words": len(late),
        "latency_seconds": round(float(np.mean(late)), 3) if late else None,
        "latency_90": round(float(np.quantile(late, 0.9)), 3) if late else None,
        "load_ms": round(1000 * loaded, 1),
        "beam": options.beam,
        "weights": options.weights,
    }
    for name, value in result.items():
        sys.stderr.write(f"{name:>17}  {value}\n")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
