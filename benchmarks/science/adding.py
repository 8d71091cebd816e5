"""The adding problem: who learns that two of many numbers are marked, and from how far apart.

    python benchmarks/science/adding.py [--steps 100,600] [--cells elman,gru] [--folder RUN] [--figure FILE]
        [--json]

Mean squared error on cases that training did not see; telling 1 always gives 0.167. Beside each
net stands what the doctor said of it when a quarter of its epochs was over. --folder keeps what is done.
"""

from learner import Problem, last_error, race
from problem import adding

SETTINGS = {
    "batch_size": 50,
    "batches": 100,
    "max_epochs": 60,
    "optimizer": "adam",
    "learning_rate": 2e-3,
    "gradient_clip": 1.0,
    "schedule": "one_cycle",
}


def problem_of(steps: int) -> Problem:
    """Over so many steps."""
    return Problem(adding(steps), last_error, 2, 1, 1 / 6, 1e-3)


if __name__ == "__main__":
    race(
        __doc__ or "",
        problem_of,
        SETTINGS,
        steps="50,100,200,600",
        cells="elman,elman_orthogonal,lstm,lstm_chrono,gru_chrono",
        what="steps",
        unit="mean squared error",
    )
