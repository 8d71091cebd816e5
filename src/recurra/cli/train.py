"""`recurra train TASK DATA`: the tasks that there are to train for."""

import typer

from recurra.cli.help import Group
from recurra.cli.train_forecast import ForecastCommand, forecast

train = typer.Typer(cls=Group, rich_markup_mode=None)


@train.callback()
def choose() -> None:
    """Train a net for a task: model, scores and report in a run folder.

    Examples:
      recurra train forecast sample:co2 --horizon 26
      recurra train forecast --help                      its options and settings
    """


train.command("forecast", cls=ForecastCommand)(forecast)
