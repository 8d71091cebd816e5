"""Everything that is settled before training begins, so that a mistake is told before anything is written."""

from dataclasses import dataclass, replace

from recurra.errors import ConfigError
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.scaling import Scaling, learn_scaling
from recurra.inputs.series.split import Split, forget_unseen, split_by_size
from recurra.inputs.series.window import WindowSource
from recurra.tasks.forecast.body import NetworkName
from recurra.tasks.forecast.config import ForecastConfig
from recurra.tasks.forecast.hidden_future import HiddenFuture
from recurra.tasks.forecast.objective import METRICS, Validation, make_validation
from recurra.tasks.forecast.part import check_parts, least_history
from recurra.tasks.forecast.resolution import Resolved, resolve
from recurra.tasks.forecast.series import check_counts
from recurra.tasks.forecast.streamable import check_streamable
from recurra.tasks.forecast.unit import Units, learn_stream_units, learn_units
from recurra.training.device import choose_device
from recurra.training.setting import check_settings


@dataclass(frozen=True)
class Plan:
    """What training needs besides a network.

    Attributes:
        panel: The series, without the categories that the training part does not hold.
        resolved: The settings without "auto".
        split: Which steps are for training, validation and test.
        scaling: Of the covariates.
        units: What the targets are measured in.
        source: The windows to train on.
        validation: The windows to choose the best epoch by, if any.
    """

    panel: Panel
    resolved: Resolved
    split: Split
    scaling: Scaling
    units: Units
    source: WindowSource | HiddenFuture
    validation: Validation | None

    def with_network(self, network: NetworkName) -> "Plan":
        """The same for another kind of network."""
        config = self.resolved.config.model_copy(update={"network": network})
        return replace(self, resolved=self.resolved._replace(config=config))


def make_plan(config: ForecastConfig, panel: Panel) -> Plan:
    """Settle how to train on some series.

    Raises:
        DataError: The series are too short for the settings, or no counts where counts are wanted.
        ConfigError: A setting does not fit the others, the data or the machine.
    """
    if config.network == "streaming":
        check_streamable(config, panel.schema)
    resolved = resolve(config, panel)
    config = resolved.config
    check_parts(resolved)
    choose_device(config.device)
    if config.monitor not in ("train_loss", *METRICS):
        raise ConfigError(
            f"monitor is {config.monitor!r}", f"one of train_loss, {', '.join(METRICS)}", "Change monitor."
        )
    if config.weighting == "owa" and config.head != "quantile":
        raise ConfigError(
            f"weighting is 'owa' and head is {config.head!r}",
            "head=quantile, since a likelihood has no errors to weight",
            "Set weighting=unit, or head=quantile.",
        )
    if config.head == "negative_binomial":
        check_counts(panel)
    split = split_by_size(panel, config.horizon, validation=resolved.validation_size, test=resolved.test_size)
    panel = forget_unseen(panel, split.train_end)
    scaling = learn_scaling(panel, split.train_end)
    windows = WindowSource(
        panel,
        context=resolved.context,
        horizon=resolved.horizon,
        ends=split.train_end,
        batch_size=config.batch_size,
        batches=int(config.steps_per_epoch),
        min_history=least_history(panel, split, resolved),
        seed=config.seed,
        scaling=scaling,
    )
    source = HiddenFuture(windows) if panel.columns.future else windows
    validation = make_validation(panel, split, resolved, scaling)
    check_settings(source, config, validation, None, resume=False)
    streams = config.network == "streaming"
    units = (
        learn_stream_units(panel, split.train_end, config.horizon)
        if streams
        else learn_units(panel, split.train_end)
    )
    return Plan(panel, resolved, split, scaling, units, source, validation)
