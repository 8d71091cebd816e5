"""How much of a second of sound a vocoder needs to make it, on one core, and on a stream of single frames.

    python benchmarks/speed/vocoding.py [RUN ...]

RUN is a run of `recurra train vocode`. Without one, vocoders with fresh weights stand for them, which take
the same time: GRU of 128 units, at 8,000, 16,000 and 22,050 samples a second. It is the processor time of the
best of five; `live` gives the frames one by one.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch

from recurra.decoding.vocoding import Vocoding, Writer
from recurra.decoding.waveform import MelSpectrogram
from recurra.experiment.labelling import ExampleSchema
from recurra.experiment.task import Fitted
from recurra.tasks.vocode.config import VocodeConfig
from recurra.tasks.vocode.encoding import FrameEncoding
from recurra.tasks.vocode.program import program
from recurra.tasks.vocode.target import Target
from recurra.tasks.vocode.task import build

SECONDS = 2
FRESH = ((8_000, 40, 4), (16_000, 80, 4), (22_050, 80, 4), (22_050, 80, 6))


def fresh(rate: int, num_mels: int, bands: int) -> Vocoding:
    """A vocoder that learnt nothing."""
    mel = MelSpectrogram(rate, num_mels, 50.0, 12.5)
    config = VocodeConfig(sample_rate=rate, num_mels=num_mels, bands=bands)
    frames = FrameEncoding(mel, config.context, [0.0] * num_mels, [1.0] * num_mels)
    target = Target(frames, bands, [0.1] * bands, [5.0] * bands)
    schema = ExampleSchema("audio", frames, target)
    return Vocoding(program(Fitted(config, schema, build(config, schema))))


def best(make: Callable[[], object]) -> float:
    """The least processor time of five."""
    times = []
    for _ in range(5):
        began = time.process_time()
        make()
        times.append(time.process_time() - began)
    return min(times)


def live(vocoding: Vocoding, frames: np.ndarray) -> None:
    """All frames, one by one."""
    writer = Writer(vocoding, 0, 0.85)
    for frame in frames:
        writer.push(frame[None])
    writer.end()


def measured(runs: list[Path]) -> Iterator[tuple[str, Vocoding]]:
    """Vocoders and what to call them."""
    for run in runs:
        yield str(run), Vocoding.of_run(run)
    for rate, num_mels, bands in () if runs else FRESH:
        yield f"{rate} samples a second, {bands} bands", fresh(rate, num_mels, bands)


def main() -> None:
    """Print a line for each."""
    own = argparse.ArgumentParser(description=__doc__)
    own.add_argument("runs", nargs="*", type=Path)
    torch.set_num_threads(1)
    for name, vocoding in measured(own.parse_args().runs):
        rate = vocoding.sound.mel["rate"]
        shape = SECONDS * rate // vocoding.hop, vocoding.sound.mel["num_mels"]
        frames = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        seconds = (len(frames) - 1) * vocoding.hop / rate
        whole, single = (
            best(make) / seconds
            for make in (partial(vocoding.waveform, frames, 0, 0.85), partial(live, vocoding, frames))
        )
        print(f"{name}: {whole:.3f} of real time, live {single:.3f}", flush=True)


if __name__ == "__main__":
    main()
