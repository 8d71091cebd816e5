"""A task as an estimator, in scikit-learn's manners."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

import polars as pl

from recurra.config import unknown_key, validated
from recurra.errors import ConfigError, NotFittedError
from recurra.experiment.artifact import load_fitted, save_fitted
from recurra.experiment.config import combined
from recurra.experiment.display import as_html, as_text
from recurra.experiment.ended import restore
from recurra.experiment.entrant import RIVALS
from recurra.experiment.explain import Explaining
from recurra.experiment.fit import Trained, fit
from recurra.experiment.judge import Judgement, judge_on, learn, net_label
from recurra.experiment.learnt import Learnt, read_learnt
from recurra.experiment.record import ScoredRecord
from recurra.experiment.refit import check_refit, refit
from recurra.experiment.task import Fitted, Prepared, Task
from recurra.files import MANIFEST
from recurra.inputs import registry
from recurra.report import page
from recurra.report.history import course_of
from recurra.report.record import METRICS_FILE, MetricsRecord, read_metrics
from recurra.report.section import SectionsRecord
from recurra.streaming import Program
from recurra.training.callback import Callback
from recurra.training.history import History
from recurra.training.progress import Progress


class Estimator(Explaining):
    """What every estimator has: settings, a net after `fit`, files; a task adds how it learns and tells.

    Args:
        settings: Keys of the task's config and of its input's: `cell="gru"`, `max_epochs=5`, ...

    Attributes:
        fitted_: The net and what it needs, after `fit`.
        config_: The settings with every "auto" resolved, after `fit`.
        training_: The course of training, step by step and epoch by epoch, after `fit`.
        history_: Its epochs as a frame.
        repairs_: What was found and put right in the data, in sentences, after `fit`.

    Raises:
        ConfigError: A setting does not exist; the message names the nearest.
    """

    task: ClassVar[Task]

    def __init__(self, **settings: Any) -> None:
        self._settings = dict(settings)
        self._check_settings()
        self._fitted: Fitted | None = None
        self._prepared: Prepared | None = None
        self._learnt: dict[str, Learnt] | None = None
        self._scored: Fitted | None = None  # what the test part judges; a refit has seen that part
        self._metrics: MetricsRecord | None = None
        self.training_: History | None = None
        self.repairs_: tuple[str, ...] = ()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings as given."""
        del deep
        return dict(self._settings)

    def set_params(self, **settings: Any) -> "Estimator":
        """Change settings; takes effect at the next `fit`.

        Raises:
            ConfigError: A setting does not exist.
        """
        before = self._settings
        self._settings = {**before, **settings}
        try:
            self._check_settings()
        except ConfigError:
            self._settings = before
            raise
        return self

    @property
    def fitted_(self) -> Fitted:
        """The fitted net.

        Raises:
            NotFittedError: `fit` was not called.
        """
        if self._fitted is None:
            name = type(self).__name__
            raise NotFittedError(
                f"this {name} is not fitted", "a fitted one", "Call fit(data) or load(folder)."
            )
        return self._fitted

    @property
    def config_(self) -> Any:
        """The settings with every "auto" resolved."""
        return self.fitted_.config

    @property
    def num_parameters_(self) -> int:
        """How many numbers training chose."""
        return self.fitted_.num_parameters

    @property
    def history_(self) -> Any:
        """A row for each epoch, in the library of the data: losses, metrics, learning rate, seconds.

        Raises:
            NotFittedError: `fit` was not called.
        """
        if self.training_ is None or self._prepared is None:
            raise NotFittedError("there is no training to tell of", "one by fit", "Call fit(data).")
        rows = [{key: one[key] for key in one if key != "kind"} for one in self.training_.epochs]
        return self._prepared.train.table.give_back(pl.DataFrame(rows, infer_schema_length=None))

    def _learn(
        self,
        source: Any,
        validation: Any,
        test: Any,
        folder: str | Path | None,
        *,
        resume: bool,
        show_progress: bool | None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        """Train on data; errors as of `fit`."""
        data = self.task.read(source, self._settings, validation, test)
        prepared = self.task.prepare(data)
        check_refit(self.task, prepared.config)
        options: dict[str, Any] = {
            "folder": None if folder is None else Path(folder),
            "resume": resume,
            "progress": Progress(enabled=show_progress),
        }
        trained = last = fit(self.task, prepared, **options, callbacks=callbacks)
        if prepared.config.refit and not trained.history.interrupted:
            del options["resume"]
            last = refit(self.task, data, prepared, trained, **options)
        self._keep(prepared, trained, last)

    def _keep(self, prepared: Prepared, trained: Trained, last: Trained) -> None:
        self._scored, self._fitted = trained.fitted, last.fitted
        self._prepared, self.training_ = prepared, trained.history
        self._learnt = self._metrics = None
        self.repairs_ = prepared.repairs

    def _judgement(self, data: Any) -> Judgement:
        """Scores beside those of the baselines, on other data or (None) on the test part of `fit`."""
        fitted, prepared = self.fitted_, self._prepared
        if data is not None:
            return judge_on(self.task, fitted, data, learnt=self._baselines())
        if prepared is None or prepared.test is None:
            raise NotFittedError(
                "there is no test part", "data to judge on", "Pass the data, or fit with a test_size."
            )
        scored = cast("Fitted", self._scored)
        found = judge_on(self.task, scored, None, prepared, learnt=self._baselines())
        self._metrics = found.metrics
        return found

    def _baselines(self) -> dict[str, Learnt]:
        """What baselines learnt from the data of `fit`, or was kept with the run."""
        if self._learnt is None and self._prepared is not None:
            self._learnt = learn(self.task, self._prepared)
        return self._learnt or {}

    def score(self, data: Any = None) -> float:
        """The first metric, the one that decides who is best; turned so that more is better."""
        metrics = self._judgement(data).metrics
        first = metrics.metrics[0]
        value = metrics.models[0].scores[first.name]
        return float("nan") if value is None else -value if first.better == "low" else value

    def report(self, path: str | Path, data: Any = None) -> Path:
        """Write the offline page that `recurra report` writes, of what this estimator knows.

        Args:
            path: The file, such as "report.html".
            data: What to judge on; None: the test part of `fit`.

        Raises:
            NotFittedError: `fit` was not called, or there is nothing to judge on.
            StorageError: The file could not be written.
        """
        part, rivals, metrics = self._judgement(data)
        fitted = cast("Fitted", self._scored) if data is None else self.fitted_
        past, place = self.training_, Path(path)
        records = page.Records(
            place.with_suffix(""),
            fitted.config.model_dump(mode="json"),
            None if past is None else course_of(past.steps, past.epochs),
            metrics,
            SectionsRecord(
                sections=[
                    *self.task.outlook(self.fitted_, data),
                    *self.task.show(fitted, part, rivals, metrics),
                ]
            ),
        )
        return page.write_page(place, records)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the fitted net: `config.json`, `model.safetensors`, and what it streams with, if it does.

        Raises:
            StorageError: The folder exists and may not be replaced, or the disk is full.
        """
        return save_fitted(self.task, self.fitted_, Path(folder), overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "auto") -> "Estimator":
        """Read what `save` wrote, or the model of a run folder. No code runs from the files.

        Raises:
            DamagedError: A file is missing, truncated or altered.
            NewerFormatError: A newer version of recurra wrote it.
        """
        restore(Path(folder))
        fitted = load_fitted(cls.task, Path(folder), device=device)
        estimator = cls(**fitted.config.model_dump())
        estimator._fitted, estimator._learnt = fitted, read_learnt(Path(folder) / RIVALS)
        if (Path(folder) / METRICS_FILE).exists() and (Path(folder) / MANIFEST).exists():
            estimator._metrics = read_metrics(Path(folder))
        return estimator

    @abstractmethod
    def _check_settings(self) -> None:
        """Make sure that every setting is known."""

    def _facts(self) -> str:
        """What training came to, in a line; "" before it."""
        if self._fitted is None:
            return ""
        parts = [net_label(self.config_)[0], f"{self.num_parameters_:,} parameters"]
        if self.training_ is not None:
            best, epochs = self.training_.best_epoch, len(self.training_.epochs)
            parts.append(f"epoch {epochs if best is None else best + 1} of {epochs} kept")
        return ", ".join(parts) + ("" if self._metrics else "; evaluate() adds the scores")

    def __repr__(self) -> str:
        return as_text(type(self).__name__, self._settings, self._facts(), self._metrics)

    def _repr_html_(self) -> str:
        return as_html(type(self).__name__, self._settings, self._facts(), self._metrics)


class ExampleEstimator(Estimator):
    """Learn from examples, and tell of others; arguments and attributes as of `Estimator`."""

    def fit(
        self,
        data: Any,
        *,
        validation: Any = None,
        test: Any = None,
        folder: str | Path | None = None,
        resume: bool = False,
        show_progress: bool | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> "ExampleEstimator":
        """Learn from data.

        Args:
            data: A frame of polars, pandas or pyarrow, a dict of columns, a path, or "sample:NAME".
            validation: Data that choose the best epoch; None: a share of `data`.
            test: Data that `evaluate` scores; None: a share of `data`.
            folder: Where history and checkpoints are kept, so that a killed run can be resumed.
            resume: Go on from the newest checkpoint in the folder.
            show_progress: Whether to draw a bar; None: where stderr is a terminal, a line an epoch elsewhere.
            callbacks: Told of every step and epoch, but of a refit; see
                `recurra.training.callback.Callback`.

        Raises:
            DataError: The data cannot be used as they are; the message says where and why.
            ConfigError: A setting does not fit the data or the machine.
            NonFiniteError: Training diverged.
            OutOfMemoryError: The memory does not suffice for these sizes.
        """
        self._learn(
            data,
            validation,
            test,
            folder,
            resume=resume,
            show_progress=show_progress,
            callbacks=callbacks,
        )
        return self

    def predict(self, data: Any, **options: Any) -> Any:
        """What the net says of data; no target is needed.

        Args:
            data: As of `fit`.
            options: Of the answer.

        Returns:
            A frame in the library of `data`, one row for each of its rows.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The data do not fit those of training.
        """
        fitted, wanted = self.fitted_, validated(self.task.answer_config, options)
        part = self.task.part(data, fitted, wanted)
        frame = self.task.write(fitted, part, self.task.answer(fitted, part), wanted)
        return part.table.give_back(frame)

    def evaluate(self, data: Any = None) -> ScoredRecord:
        """Scores beside those of the baselines; `to_frame()` makes a table of them.

        Args:
            data: What to score on; None: the test part of `fit`.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The data do not fit those of training, or lack the truth.
        """
        return self._judgement(data).metrics

    def to_program(self) -> Program:
        """Export for `recurra stream` and `recurra.streaming`, which need no torch.

        Raises:
            ConfigError: A setting does not allow it; the message says which.
        """
        if self.task.program is None:
            raise ConfigError(f"task {self.task.name}", "one that streams", "Use predict.")
        return self.task.program(self.fitted_)

    def _check_settings(self) -> None:
        """Make sure that the task, or some input of it, knows every setting."""
        name = self._settings.get("input", "auto")
        need = getattr(self.task.config, "needs", "")
        inputs = [name] if name in registry.entries() else registry.giving(need)
        known: set[str] = set(self.task.config.model_fields)
        for one in inputs:
            known |= combined(self.task.config, registry.config(one)).model_fields.keys()
        for key in self._settings:
            if key not in known:
                raise unknown_key(key, sorted(known))
