"""How often intervals that are exactly right hold what they promise on a single short series.

    python benchmarks/accuracy/coverage_limit.py

Errors are drawn, and the intervals are those of the true process; forecasts of 12 steps begin at every third
step of the test part, so they overlap. What comes out bounds what any method can reach: of exact intervals of
80 % the share of series on which 72 to 88 % of the truth lies inside, and of those of 95 % with 92 to 98 %.
"""

import sys

import numpy as np

HORIZON, STEP, SERIES = 12, 3, 4000
PERSISTENCE = {"independent errors": 0.0, "errors that last (0.7)": 0.7, "a random walk": 1.0}
BANDS = {1.2816: (0.72, 0.88), 1.96: (0.92, 0.98)}


def held(persistence: float, length: int, reach: float, random: np.random.Generator) -> np.ndarray:
    """Of every series the share of the truth inside intervals of `reach` true deviations."""
    shocks = random.normal(size=(SERIES, length))
    inside = []
    for origin in range(0, length - HORIZON + 1, STEP):
        error, variance = np.zeros(SERIES), 0.0
        for step in range(HORIZON):
            error = persistence * error + shocks[:, origin + step]
            variance = persistence**2 * variance + 1
            inside.append(np.abs(error) < reach * variance**0.5)
    return np.asarray(np.mean(inside, axis=0))


def main() -> None:
    """Draw, count."""
    random = np.random.default_rng(0)
    for name, persistence in PERSISTENCE.items():
        for length in (24, 60):
            shares = []
            for reach, (low, high) in BANDS.items():
                found = held(persistence, length, reach, random)
                shares.append(float(np.mean((found >= low) & (found <= high))))
            told = f"80 %: {shares[0]:.0%} of the series, 95 %: {shares[1]:.0%}"
            sys.stdout.write(f"{name:>24}, {length} steps to test on: {told}\n")


if __name__ == "__main__":
    main()
