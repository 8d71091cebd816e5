"""Validation while a net trains: the loss over the batches of a part, and the scores of its answer."""

from dataclasses import dataclass

from torch import nn

from recurra.experiment.task import Fitted, Prepared, Task
from recurra.training.contract import Validate


@dataclass(frozen=True)
class Validation:
    """Judges weights as they are: `valid_loss` as in training, and each score as `valid_SCORE`.

    Scores are those of a net that is calibrated, as after training.
    """

    task: Task
    prepared: Prepared

    def __call__(self, model: nn.Module) -> dict[str, float]:
        """The metrics of the validation part."""
        task, prepared = self.task, self.prepared
        objective = task.objective(prepared.config, prepared.schema)
        device = next(model.parameters()).device
        total, count = 0.0, 0.0
        for batch in prepared.batches(prepared.validation):
            loss = objective(model, batch.to(device), None)
            total, count = total + float(loss.total), count + float(loss.count)
        task.calibrate(model, prepared)
        fitted = Fitted(prepared.config, prepared.schema, model)
        scores = task.score(prepared.schema, prepared.validation, task.answer(fitted, prepared.validation))
        return {"valid_loss": total / max(count, 1), **{f"valid_{key}": one for key, one in scores.items()}}


def validation_of(task: Task, prepared: Prepared) -> Validate | None:
    """What was prepared to validate with, or a `Validation`; None where there is no part to validate on."""
    if prepared.validate is not None or prepared.validation is None:
        return prepared.validate
    return Validation(task, prepared)
