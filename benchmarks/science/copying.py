"""Copy memory: ten symbols, many blanks, and then the symbols again.

    python benchmarks/science/copying.py [--steps 100,500] [--cells elman,lstm] [--folder RUN] [--figure FILE]
        [--json]

Steps are the blanks. Mean cross-entropy of a step in nats, on cases that training did not see. Who tells
blanks, and then any symbol, has 10 ln 8 / (blanks + 20): that is what a net without memory comes to. Beside
each net stands what the doctor said of it when a quarter of its epochs was over. --folder keeps what is done.
"""

import math

from learner import Problem, every_step, race
from problem import COPIED, SYMBOLS, copying

SETTINGS = {
    "batch_size": 32,
    "batches": 100,
    "max_epochs": 60,
    "optimizer": "rmsprop",
    "learning_rate": 1e-3,
    "gradient_clip": 1.0,
    "schedule": "constant",
}


def problem_of(blanks: int) -> Problem:
    """With so many blanks."""
    chance = COPIED * math.log(SYMBOLS) / (blanks + 2 * COPIED)
    return Problem(copying(blanks), every_step, SYMBOLS + 2, SYMBOLS + 1, chance, 1e-3)


if __name__ == "__main__":
    race(
        __doc__ or "",
        problem_of,
        SETTINGS,
        steps="20,100,500",
        cells="elman,lstm,lstm_chrono,gru_chrono,linear_orthogonal",
        what="blanks",
        unit="cross-entropy of a step, nats",
    )
