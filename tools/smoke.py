"""A wheel at work: the engine loads, and steps give the bits of the whole sequence. Needs no torch."""

import sys

import numpy as np

from recurra import __version__, native
from recurra.streaming import GRU, Affine, Program


def main() -> None:
    """Say what runs, or end with what does not."""
    if native.unavailable_reason() is not None:
        sys.exit(f"recurra {__version__} has no engine: {native.unavailable_reason()}")
    random = np.random.default_rng(0)
    shapes = ((15, 3), (15, 5), (15,), (15,), (2, 5))
    *gru, readout = (random.normal(size=shape).astype(np.float32) for shape in shapes)
    program = Program([GRU(*gru), Affine(readout)])
    steps = random.normal(size=(7, 3)).astype(np.float32)
    session = program.session()
    live = np.stack([session.step(step) for step in steps])
    if not np.array_equal(live, program.session().run(steps)) or not np.isfinite(live).all():
        sys.exit("steps and the whole sequence differ")
    print(f"recurra {__version__} runs {native.instruction_set()} kernels on Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
