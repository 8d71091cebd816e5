"""A melody that is tapped, or replayed from a file, goes on by itself.

    recurra train language sample:tunes --out runs/tunes
    python examples/play_along.py runs/tunes theme.mid -o whole.mid
    python examples/play_along.py runs/tunes

Without a file, type a key and press Enter in the rhythm of a tune, as in C5, E5, G5; several at once with
spaces between; an empty line, or the end of the input, lets the net go on. Each step goes through the engine
as soon as it is there, so that nothing is waited for when the melody ends. Runs are of form=chords.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from recurra.decoding.sampling import Sampler, Sampling
from recurra.experiment.generation import symbols_of
from recurra.inputs.notes.chord import Chords
from recurra.inputs.notes.live import LiveNotes, NotesMade
from recurra.inputs.notes.tune import Tune
from recurra.inputs.symbol import END, PADDING, UNKNOWN
from recurra.streaming import PROGRAM, Program

MOST_STEPS = 16  # that a key which is tapped is held


def tapped(notation: Chords, seconds: float) -> Iterator[list[int]]:
    """The signs of each key that is typed, once the next one tells how long it was held."""
    held, since = list[int](), 0.0
    for line in map(str.strip, sys.stdin):
        now = time.monotonic()
        if held:
            yield of_steps(notation, held, (now - since) / seconds)
        if not line:
            return
        tune = notation.tune(notation.ids(line))
        held, since = tune.keys.tolist(), now
    if held:
        yield of_steps(notation, held, 1)


def of_steps(notation: Chords, keys: list[int], count: float) -> list[int]:
    """The signs of keys that are struck together and held for some steps."""
    steps = [min(max(round(count), 1), MOST_STEPS)] * len(keys)
    return notation.written(Tune.of_notes([0] * len(keys), steps, keys)).tolist()


def replayed(notation: Chords, signs: list[int], seconds: float) -> Iterator[list[int]]:
    """The signs of a tune one by one, each step in its own time."""
    for sign in signs:
        if sign == notation.bar:
            time.sleep(seconds)
        yield [sign]


def main() -> None:
    """Listen, go on, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("theme", type=Path, nargs="?", help="a file of notes; left out: keys are typed")
    parser.add_argument("--steps", type=int, default=64, help="how far it goes on")
    parser.add_argument("--pace", type=float, default=1.0, help="how much faster than its tempo")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, help="a MIDI file of both")
    options = parser.parse_args()
    program = Program.load(options.run / PROGRAM)
    live, _, logits = symbols_of(program)
    if not isinstance(live, LiveNotes) or not isinstance(live.alphabet, Chords):
        sys.exit(f"{options.run} is no run of form=chords")
    notation = live.alphabet
    seconds = 60 / (notation.tempo * notation.resolution * options.pace)
    theme = None if options.theme is None else notation.ids(live.text_of(options.theme)).tolist()
    heard = tapped(notation, seconds) if theme is None else replayed(notation, theme, seconds)
    session, before = program.session(), [END]
    told = session.step(END)
    for signs in heard:
        print(notation.content(signs), end="\n" if signs[-1] == notation.bar else " ", flush=True)
        for sign in signs:
            told = session.step(sign)
            before.append(sign)
    sampler, written = Sampler(Sampling(seed=options.seed), {PADDING, UNKNOWN, END}), len(before)
    while options.steps:
        sign = sampler.draw(logits(told), (), notation.following(before))
        told = session.step(sign)
        before.append(sign)
        if sign == notation.bar:
            print("->", notation.content(before[written:]), flush=True)
            time.sleep(seconds)
            options.steps, written = options.steps - 1, len(before)
    if options.output is not None:
        options.output.write_bytes(live.file_of(notation.content(before), ".mid", NotesMade()))


if __name__ == "__main__":
    main()
