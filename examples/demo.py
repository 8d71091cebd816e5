"""Train, judge and use a forecaster, a classifier and a tagger on real data: what `make demo` shows.

Runs the same commands as a user would type, one after the other, and says where the results lie. Everything
goes to ./demo/. Exits with 1 when the recurrent net does not beat the seasonal naive forecast.
"""

import json
import shlex
import sys
from pathlib import Path

from recurra.cli.app import main

RUN, FORECAST = Path("demo", "co2"), Path("demo", "co2-forecast.csv")

COMMANDS = (
    f"recurra train forecast sample:co2 --horizon 26 --out {RUN} --overwrite",
    f"recurra predict {RUN} -o {FORECAST}",
    f"recurra train classify sample:digit_images --out {RUN.with_name('digit_images')} --overwrite",
    f"recurra train tag sample:python --out {RUN.with_name('python')} --overwrite max_epochs=5",
)


def run(command: str) -> None:
    """Show a command and run it; end the demo when it fails."""
    print(f"\n$ {command}\n", flush=True)
    code = main(shlex.split(command)[1:])
    if code:
        sys.exit(code)


def mean_scaled_error(name: str) -> float:
    """The MASE of one of the models that the run compared."""
    models = json.loads((RUN / "metrics.json").read_text())["models"]
    return next(float(model["scores"]["mase"]) for model in models if model["name"] == name)


def demonstrate() -> int:
    """Run the commands, and say what came out."""
    for command in COMMANDS:
        run(command)
    ours, naive = mean_scaled_error("recurra"), mean_scaled_error("seasonal_naive")
    if not ours < naive:
        print(f"\nThe recurrent net did not beat seasonal naive: MASE {ours:.3f} against {naive:.3f}.")
        return 1
    print(
        f"\nOpen {RUN / 'report.html'} in a browser: scores, forecasts with intervals, and how training went."
    )
    print(
        f"The next half year of CO2 is in {FORECAST}. The other two runs have reports of their own beside it."
    )
    return 0


if __name__ == "__main__":
    sys.exit(demonstrate())
