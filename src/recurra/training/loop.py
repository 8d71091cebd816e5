"""The training ladder: `fit` > `epoch` > `chunk` > `step`.

Read from top to bottom. A run goes through epochs; an epoch through the batches of its source; a batch is cut
along time into chunks (one chunk, unless backpropagation through time is truncated); and after every chunk,
or every few, the optimiser makes a step. The state goes from chunk to chunk, and from batch to batch where
the source says that one continues the other.

The loss is summed over the valid time steps and divided by their number once per optimiser step, so the
gradient is that of the mean over all valid steps that the optimiser step has seen, however they were spread
over chunks, batches and processes.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch import nn

from recurra.errors import ShapeError
from recurra.training.callback import Callback, EpochLines, TensorBoard, check_callbacks
from recurra.training.carried_state import detached
from recurra.training.checkpoint import tensors_from_bytes, tensors_to_bytes
from recurra.training.config import TrainingConfig
from recurra.training.contract import Batch, BatchSource, Objective, Validate
from recurra.training.crew import has_company, share_out
from recurra.training.distributed import Group
from recurra.training.gradient import gradients_of, measure, normalise_and_clip, unusable
from recurra.training.history import History
from recurra.training.interruption import Interruption, interruptible
from recurra.training.memory import memory_errors
from recurra.training.optimizer import set_learning_rate
from recurra.training.progress import Progress
from recurra.training.run import Run
from recurra.training.seed import seed_everything
from recurra.training.setting import check_settings, follows_metric, remedy_for_divergence
from recurra.training.snapshot import resume as taken_up
from recurra.training.snapshot import save


def fit(
    model: nn.Module,
    objective: Objective,
    source: BatchSource,
    config: TrainingConfig,
    *,
    validate: Validate | None = None,
    folder: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    callbacks: Sequence[Callback] = (),
) -> History:
    """Train a model in place.

    Afterwards the model has the weights of the best epoch (by `config.monitor`) when there is validation, and
    the last ones otherwise; averaged ones in either case when `config.averaging` asks for it. It is left in
    evaluation mode.

    Args:
        model: What to train.
        objective: Runs the model on a chunk and gives its loss.
        source: The batches.
        config: How to train.
        validate: Called after every epoch with the model in evaluation mode; gives the metrics.
        folder: Gets `history.jsonl` and `checkpoints/`; without it nothing is written.
        resume: Go on from the newest checkpoint in the folder; begin where there is none yet.
        progress: Shows how far training has come.
        callbacks: Told of every step and epoch.

    Raises:
        ConfigError: Settings that do not fit each other, the machine, or the run that is resumed.
        NonFiniteError: Loss or gradient became NaN or infinite.
        OutOfMemoryError: The memory does not suffice.
        StorageError: The disk is full, or the folder cannot be written.
        ClusterError: A Ray cluster went away; the checkpoints stay.
        DamagedError: The checkpoint to resume from was truncated or altered.
    """
    check_settings(source, config, validate, folder, resume=resume)
    check_callbacks(callbacks)
    progress = progress or Progress.silent()
    progress = progress.as_lines() if config.scale == "ray" else progress
    prepare = partial(
        Run,
        objective=objective,
        source=source,
        config=config,
        validate=validate,
        folder=folder,
        callbacks=[*callbacks, *usual_callbacks(config, progress)],
        say=progress.say,
    )
    if has_company(config):
        return fit_in_processes(model, prepare, config, progress, folder, resume=resume)
    interruption = Interruption()
    with memory_errors(config), interruptible(interruption):
        return train(prepare(model, interruption=interruption), progress, resume=resume)


def usual_callbacks(config: TrainingConfig, progress: Progress) -> list[Callback]:
    """What listens to every run that asks for it."""
    lines: list[Callback] = [EpochLines(progress, config.max_epochs)] if progress.writes_lines else []
    return lines if config.tensorboard is None else [*lines, TensorBoard(config.tensorboard)]


def train(run: Run, progress: Progress, *, resume: bool) -> History:
    """Begin a run or take it up, go through its epochs, and leave the best weights in the model."""
    if not (resume and taken_up(run)):
        run.history_file.begin()
        seed_everything(run.config.seed, run.group.rank)
    run.optimizer.zero_grad()
    run.stopped = verdict(run)
    batches = len(run.source)
    done = run.position.epoch * batches + run.position.batch
    with progress.bar("training", run.config.max_epochs * batches, done) as run.bar:
        while run.stopped is None:
            epoch(run)
    leave_best_weights(run)
    if follows_metric(run.config, run.validate) and run.history.epochs and run.early_stopping.best is None:
        progress.say(
            f"{run.config.monitor} was never a finite number, so the last weights are kept, not the best."
        )
    if run.stopped == "interrupted" and progress.hints:
        kept = f"Resume it from the checkpoint in {run.folder}." if run.folder else "Nothing was saved."
        progress.say(f"Interrupted at {run.place}. {kept}")
    run.history.stopped = run.stopped
    return run.history


def epoch(run: Run) -> None:
    """Train on every batch of the source, then judge the weights."""
    run.open_epoch()
    for index in range(run.position.batch, len(run.source)):
        for part in run.open_batch(index)[run.position.chunk :]:
            chunk(run, part)
            if run.gathered.chunks == run.config.accumulate:
                step(run)
            if run.stopped is not None:
                return
        run.close_batch()
    if run.gathered.chunks:
        step(run)
    if run.stopped is None:
        judge(run)


def chunk(run: Run, part: Batch) -> None:
    """Forward through one chunk and back to its beginning; the state goes on to the next, no gradient."""
    objective = run.paced_objective()
    run.position.chunk += 1
    run.gathered.chunks += 1
    if run.group.world_size > 1 and len(part) == 0:
        return
    with run.precision.autocast():
        loss = objective(run.model, part.to(run.device), run.carried)
    if loss.total.ndim:
        raise ShapeError(
            f"the loss has shape {tuple(loss.total.shape)}",
            "a scalar",
            "Sum the objective's loss over valid steps.",
        )
    if loss.total.requires_grad:
        run.precision.backward(loss.total)
    run.gathered.add(loss)
    run.carried = detached(loss.state) if run.hands_on else None


def step(run: Run) -> None:
    """Turn what the chunks gathered into the gradient of their mean loss, clip it, and move the weights."""
    config = run.config
    totals = run.group.reduce(run.parameters, run.gathered.totals(stop=run.interruption.requested))
    gradients = gradients_of(run.parameters)
    run.precision.unscale(run.optimizer, gradients)
    measured = measure(totals, gradients, largest=config.gradient_clip_value is not None)

    if measured.count == 0 or (not measured.finite and run.precision.may_overflow):
        run.precision.skip(gradients)
    else:
        if not (measured.finite and gradients):
            run.warn_of_divergence()
            raise unusable(measured, run.model, run.place, remedy_for_divergence(config))
        clipped = normalise_and_clip(gradients, measured, config.gradient_clip, config.gradient_clip_value)
        run.learning_rate = config.learning_rate * run.schedule.factor(run.progress)
        set_learning_rate(run.optimizer, run.learning_rate)
        with run.update_measured():
            run.precision.step(run.optimizer)
        run.averaging.after_step()
        run.tally_step(measured, clipped=clipped)
    run.optimizer.zero_grad()
    run.close_step()
    if measured.stop:
        run.stopped = "interrupted"
    if measured.stop or (config.checkpoint_every and run.position.step % config.checkpoint_every == 0):
        save(run)


def judge(run: Run) -> None:
    """Validate the (averaged) weights, keep them if they are the best, and decide whether to go on."""
    epoch_number = run.position.epoch
    run.averaging.after_epoch((epoch_number + 1) / run.config.max_epochs)
    with run.averaging.applied():
        metrics = validated(run)
        record = run.epoch_record(metrics)
        watched = {"train_loss": run.tally.loss, **metrics}
        improved = follows_metric(run.config, run.validate) and run.early_stopping.observe(
            epoch_number, watched
        )
        if improved and run.validate is not None:
            run.best = {name: value.detach().clone() for name, value in run.model.state_dict().items()}
    run.schedule.after_epoch(improved=improved)
    run.averaging.after_validation(run.early_stopping.waited)
    run.close_epoch(record)
    ended, interrupted = run.group.broadcast((run.tell_epoch(record), run.interruption.requested))
    run.stopped = verdict(run) or ("callback" if ended else "interrupted" if interrupted else None)
    save(run)


def validated(run: Run) -> dict[str, float]:
    """The metrics of the weights as they are; only the first process validates, and tells the others."""
    if run.validate is None:
        return {}
    metrics: dict[str, float] = {}
    if run.group.rank == 0:
        run.model.eval()
        with torch.no_grad():
            metrics = {name: float(value) for name, value in run.validate(run.model).items()}
    agreed: dict[str, float] = run.group.broadcast(metrics)
    return agreed


def verdict(run: Run) -> str | None:
    """Why the run is over, if it is."""
    if run.early_stopping.exhausted:
        return "patience"
    return "max_epochs" if run.position.epoch >= run.config.max_epochs else None


def leave_best_weights(run: Run) -> None:
    """Put the weights that the caller wants into the model: the best, the last or the averaged ones."""
    if run.best is not None:
        run.model.load_state_dict(run.best)
        run.history.best_epoch = run.early_stopping.best_epoch
    else:
        run.averaging.apply()
    run.model.eval()


def fit_in_processes(
    model: nn.Module,
    prepare: Callable[..., Run],
    config: TrainingConfig,
    progress: Progress,
    folder: Path | None,
    *,
    resume: bool,
) -> History:
    """`train` in several processes at once; the first one's weights and history come back to this one."""
    # Workers of a cluster that replace others go on from what these left in the folder.
    resume = resume or (config.scale == "ray" and folder is not None)
    work = partial(train_share, deepcopy(model).cpu(), prepare, config, progress, resume)
    history, weights = share_out(work, config, folder, progress.say)
    model.load_state_dict(tensors_from_bytes(weights))
    model.eval()
    return cast("History", history)


def train_share(
    model: nn.Module,
    prepare: Callable[..., Run],
    config: TrainingConfig,
    progress: Progress,
    resume: bool,
    group: Group,
    interruption: Interruption,
) -> tuple[History, bytes]:
    """What one of several processes does. Its model arrives in memory that all share, so it trains a copy."""
    with memory_errors(config):
        run = prepare(deepcopy(model), group=group, interruption=interruption)
        history = train(run, progress if group.rank == 0 else Progress.silent(), resume=resume)
    return history, tensors_to_bytes(run.model.state_dict() if group.rank == 0 else {})
