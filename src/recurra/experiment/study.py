"""An Optuna study that many processes may work at: opened, checked, and its errors told in our words.

A trial whose process died is failed and tried again: at once where the process was one of this machine, else
after its heartbeat has been missing for some minutes.
"""

import contextlib
import importlib
import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from recurra.errors import ConfigError, MissingDependencyError, StorageError

HEARTBEAT, GRACE = 30, 180
"""Seconds between two signs of life of a trial, and without one until it counts as dead."""
WAIT = 60
"""Seconds to wait for a SQLite database that another process is writing to."""
RETRIES = 3
ATTEMPTS, PAUSE = 20, 0.5
LEAST = 8
"""Complete trials that importances are told of."""
ABOUT, HOST, PROCESS, NOTE = "recurra", "host", "process", "note"


def optuna() -> Any:
    """Optuna.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        module = importlib.import_module("optuna")
    except ImportError as error:
        raise MissingDependencyError(
            "a search without Optuna", "the package to be installed", "Run: pip install 'recurra[tune]'"
        ) from error
    module.logging.set_verbosity(module.logging.WARNING)
    return module


@contextlib.contextmanager
def storage_told(url: str) -> Iterator[None]:
    """Tell what a database refuses in the block as an error of ours.

    Raises:
        StorageError: It is locked, gone, damaged, or cannot be reached.
    """
    exceptions = importlib.import_module("sqlalchemy.exc")
    try:
        yield
    except (optuna().exceptions.StorageInternalError, exceptions.SQLAlchemyError) as error:
        cause = error.__cause__ or error
        what = str(getattr(cause, "orig", None) or cause).strip().partition("\n")[0]
        raise StorageError(
            f"the storage {without_password(url)} cannot be used ({what})",
            "a database that can be reached and written",
            "Make it so, then go on with --resume: finished trials are kept in it.",
        ) from error


def open_study(url: str, name: str, about: Mapping[str, Any], *, better: str, seed: int) -> Any:
    """Make a study, or join the one of this name.

    Args:
        url: Of the storage, as SQLAlchemy takes it: "sqlite:///study.db", "postgresql://...".
        name: Of the study.
        about: What a study of this name must be about: plain JSON.
        better: Whether the "low" or the "high" value is good.
        seed: Where the randomness of the search starts; each process that joins has another.

    Raises:
        MissingDependencyError: Optuna, or what reaches the database, is not installed.
        ConfigError: The URL is none, or the study is about something else.
        StorageError: The storage cannot be used.
    """
    module = optuna()
    with storage_told(url), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the heartbeat is called experimental
        study = module.create_study(
            storage=_patiently(lambda: _storage(module, url)),
            study_name=name,
            load_if_exists=True,
            direction="minimize" if better == "low" else "maximize",
            pruner=new_pruner(),
        )
        joined = len(study.get_trials(deepcopy=False))
        study.sampler = module.samplers.TPESampler(seed=seed + joined, multivariate=True, group=True)
        before = study.user_attrs.get(ABOUT)
        if before is None:
            study.set_user_attr(ABOUT, dict(about))
        elif before != about:
            different = [key for key in about if before.get(key) != about[key]]
            key = (different or ["search"])[0]
            raise ConfigError(
                f"{key} is {about.get(key)!r}, and {before.get(key)!r} in the study {name} that is there",
                "the same task, data and settings",
                "Give the same, or name another study with --study or another folder.",
            )
    return study


def new_pruner() -> Any:
    """What ends trials that fall behind the median of the complete ones."""
    return optuna().pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1)


def _patiently(make: Callable[[], Any]) -> Any:
    """What is made, where another process may be making the tables of a new database at the same time."""
    errors = importlib.import_module("sqlalchemy.exc")
    for _ in range(ATTEMPTS - 1):
        try:
            return make()
        except (errors.IntegrityError, errors.OperationalError, errors.ProgrammingError) as error:
            if not any(sign_ in str(error) for sign_ in ("UNIQUE", "unique", "exists")):
                raise
            time.sleep(PAUSE)
    return make()


def _storage(module: Any, url: str) -> Any:
    waiting = {"connect_args": {"timeout": WAIT}} if url.startswith("sqlite") else {}
    retry = getattr(module.storages, "RetryHeartbeatStaleTrialCallback", None)
    stale = {} if retry is None else {"heartbeat_stale_trial_callback": retry(max_retry=RETRIES)}
    if retry is None:  # before Optuna 4.9
        stale = {"failed_trial_callback": module.storages.RetryFailedTrialCallback(max_retry=RETRIES)}
    errors = importlib.import_module("sqlalchemy.exc")
    try:
        return module.storages.RDBStorage(
            url, engine_kwargs=waiting, heartbeat_interval=HEARTBEAT, grace_period=GRACE, **stale
        )
    except (errors.ArgumentError, errors.NoSuchModuleError) as error:
        raise ConfigError(
            f"--storage is {without_password(url)!r}",
            "a URL of a database, such as sqlite:///study.db or postgresql://user@host/name",
            "Change --storage.",
        ) from error
    except ImportError as error:
        raise MissingDependencyError(
            f"--storage {without_password(url)} without what reaches it ({error.__cause__ or error})",
            "the driver of the database to be installed",
            "Install it with pip.",
        ) from error


def sign(trial: Any) -> None:
    """Say which process works at a trial."""
    trial.set_user_attr(HOST, platform.node())
    trial.set_user_attr(PROCESS, os.getpid())


def retry_dead(study: Any) -> int:
    """Fail the trials of processes of this machine that are no more, and queue them again; how many."""
    module = optuna()
    running = study.get_trials(deepcopy=False, states=(module.trial.TrialState.RUNNING,))
    dead = [one for one in running if _is_dead(one)]
    for one in dead:
        study.tell(one.number, state=module.trial.TrialState.FAIL, skip_if_finished=True)
        try_again(study, one)
    return len(dead)


def try_again(study: Any, trial: Any) -> None:
    """Queue the settings of a trial that came to no end, as far as they were settled."""
    settled_before = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    if settled_before:
        study.enqueue_trial(settled_before)


def _is_dead(trial: Any) -> bool:
    attributes = trial.user_attrs
    if attributes.get(HOST) != platform.node() or PROCESS not in attributes:
        return False
    try:
        os.kill(int(attributes[PROCESS]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def settled(study: Any) -> int:
    """How many trials came to an end, or are at work now."""
    states = optuna().trial.TrialState
    wanted = (states.COMPLETE, states.PRUNED, states.RUNNING)
    return len(study.get_trials(deepcopy=False, states=wanted))


def importances(study: Any) -> dict[str, float]:
    """Shares of the settings in how much the value varies (PED-ANOVA); {} where there are too few trials.

    Source: Watanabe, Bansal and Hutter, "PED-ANOVA" (2023).
    """
    module = optuna()
    complete = study.get_trials(deepcopy=False, states=(module.trial.TrialState.COMPLETE,))
    if len(complete) < LEAST:
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            evaluator = module.importance.PedAnovaImportanceEvaluator()
            found = module.importance.get_param_importances(study, evaluator=evaluator)
    except (ValueError, RuntimeError):
        return {}
    return {key: float(value) for key, value in found.items() if value == value}  # noqa: PLR0124 - NaN


class Clock:
    """Time that a search may take.

    Args:
        seconds: How long; None for ever.
    """

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def left(self) -> float | None:
        """Seconds that are left; None: for ever."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether it is up."""
        return self._end is not None and time.monotonic() >= self._end


def without_password(url: str) -> str:
    """A URL that may be shown."""
    scheme, sign_, rest = url.partition("://")
    account, at, place = rest.rpartition("@")
    return f"{scheme}{sign_}{account.partition(':')[0]}{at}{place}" if at else url
