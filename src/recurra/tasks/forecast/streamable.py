"""Which settings a forecaster that runs as a stream may have."""

from typing import Any

from recurra.errors import ConfigError
from recurra.inputs.series.schema import PanelSchema
from recurra.tasks.forecast.config import ForecastConfig

REASONS: dict[str, tuple[Any, str]] = {
    "scaling": ("global", "a stream has no whole window whose spread it could measure"),
    "linear": (False, "a linear map of the history needs all of it at every step"),
    "calendar": (False, "the horizon's calendar would have to be computed from the time of every row"),
    "bidirectional": (False, "its second direction would begin at the last step"),
    "patch": (1, "a stream goes on by single steps"),
    "series_embedding": (False, "a stream may bring series that training did not see"),
    "future": ((), "a row does not bring what comes later"),
    "static": ((), "a row does not bring what never changes"),
}
"""For each setting the value that it must have, and why."""


def check_streamable(config: ForecastConfig, schema: PanelSchema) -> None:
    """Make sure that a forecaster with these settings can run as a stream.

    Raises:
        ConfigError: It cannot; the message names the setting and says why.
    """
    if config.network != "streaming":
        raise ConfigError(
            f"network is {config.network!r}, which reads a whole window at once: its scale, lags and patches",
            "network=streaming, whose state alone goes from step to step",
            "Train with preset=streaming, which sets it and what goes with it.",
        )
    for name, (needed, reason) in REASONS.items():
        given = getattr(config, name)
        if given != needed:
            shown = "nothing" if needed == () else str(needed).lower()
            raise ConfigError(
                f"network is 'streaming' and {name} is {given!r}",
                f"{name} of {shown}, since {reason}",
                "Set preset=streaming, and give none of its settings other values.",
            )
    if config.head == "negative_binomial":
        raise ConfigError(
            "network is 'streaming' and head is 'negative_binomial'",
            "head of quantile or student_t, since its point forecast is no function that programs have",
            "Choose head=quantile.",
        )
    words = schema.categorical("past")
    if words:
        raise ConfigError(
            f"network is 'streaming' and the covariate {words[0]!r} is categorical",
            "numeric ones",
            "Leave it out, or encode it as numbers.",
        )
