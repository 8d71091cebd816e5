"""The settings that every training run has."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from recurra.config import Config, Search


class TrainingConfig(Config):
    """How to train. Tasks add their own keys.

    The defaults suit small recurrent nets: Adam at 1e-3 with the gradient's norm held at 1, since recurrent
    gradients explode now and then; a cosine down to zero, because it needs no tuning. There is no early
    stopping: the cosine gains most in its last epochs, and the best epoch's weights are kept anyway.

    Attributes:
        max_epochs: How many times to go through the data.
        batch_size: Rows a batch, over all devices together.
        learning_rate: The highest learning rate that the schedule reaches.
        optimizer: One of torch's, by name.
        weight_decay: Pull of the weight matrices towards zero (biases and other vectors are left alone);
            decoupled for adamw, added to the gradient otherwise.
        momentum: Of sgd and rmsprop; None means 0.9 for sgd and 0 for rmsprop.
        schedule: Course of the learning rate over the run: constant; falling to 0 (cosine); rising, then
            falling (one_cycle); lower where validation improves no more (plateau) or every few epochs (step).
        warmup: Share of the run over which the learning rate rises from zero; None means 0.3 for one_cycle,
            which rises by nature, and 0 for the others.
        decay_factor: What the plateau and step schedules multiply the learning rate by.
        decay_epochs: Epochs between two decays (step), or without improvement before a decay (plateau).
        decay_after: Epochs before the first decay of the step schedule; None: as many as between two.
        gradient_clip: Largest norm of the gradient of the mean loss; None leaves it alone.
        gradient_clip_value: Largest absolute value of each of its elements; None leaves them alone.
        tbptt_steps: Time steps a chunk in truncated backpropagation through time; None: whole sequences.
        accumulate: Chunks whose gradients make one optimiser step (a batch is one chunk without tbptt_steps).
        precision: Arithmetic of the forward pass; weights and optimiser are always in 32 bits.
        averaging: "ema": exponential average of the weights; "swa": mean over the last quarter's epochs;
            "triggered": mean over all steps since validation stopped improving.
        averaging_decay: Share of the old average that an ema step keeps.
        averaging_wait: Epochs without improvement after which triggered averaging begins.
        monitor: The metric that tells the best epoch: one that validation reports, or "train_loss".
        monitor_mode: Whether a small or a large value is good.
        patience: Epochs without improvement after which to stop; None never stops early.
        min_delta: Smallest change of the metric that counts as an improvement.
        checkpoint_every: Optimiser steps between checkpoints; None saves at the ends of epochs only.
        log_every: Optimiser steps that one line of the history sums up.
        tensorboard: Folder for events that TensorBoard shows; needs recurra[tensorboard].
        seed: Where all randomness starts.
        device: "auto", "cpu", "cuda", "cuda:1", "mps"; auto takes a CUDA device where there is one.
        devices: Processes that share every batch, each on a device of its own.
        scale: Whose processes they are: of this machine, or of torchrun where it started this one (auto); of
            a Ray cluster (ray; needs recurra[scale]).
        num_workers: Processes of the cluster that share every batch, with scale=ray.
        max_restarts: How often those of a Ray cluster that died are replaced.
    """

    heading: ClassVar[str] = "Training:"

    max_epochs: int = Field(default=20, ge=1)
    batch_size: Annotated[int, Search(16, 256, log=True)] = Field(default=64, ge=1)
    learning_rate: Annotated[float, Search(1e-4, 3e-2, log=True)] = Field(
        default=1e-3, gt=0, allow_inf_nan=False
    )
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop", "nadam"] = "adam"
    weight_decay: Annotated[float, Search(1e-6, 1e-1, log=True)] = Field(
        default=0.0, ge=0, allow_inf_nan=False
    )
    momentum: float | None = Field(default=None, ge=0, lt=1)
    schedule: Literal["constant", "cosine", "one_cycle", "plateau", "step"] = "cosine"
    warmup: float | None = Field(default=None, ge=0, lt=1)
    decay_factor: float = Field(default=0.5, gt=0, lt=1)
    decay_epochs: int = Field(default=5, ge=1)
    decay_after: int | None = Field(default=None, ge=0)
    gradient_clip: float | None = Field(default=1.0, gt=0)
    gradient_clip_value: float | None = Field(default=None, gt=0)
    tbptt_steps: int | None = Field(default=None, ge=1)
    accumulate: int = Field(default=1, ge=1)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    averaging: Literal["none", "ema", "swa", "triggered"] = "none"
    averaging_decay: float = Field(default=0.999, ge=0, lt=1)
    averaging_wait: int = Field(default=3, ge=1)
    monitor: str = "valid_loss"
    monitor_mode: Literal["min", "max"] = "min"
    patience: int | None = Field(default=None, ge=1)
    min_delta: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    checkpoint_every: int | None = Field(default=None, ge=1)
    log_every: int = Field(default=10, ge=1)
    tensorboard: str | None = None
    seed: int = Field(default=0, ge=0, lt=2**63)
    device: str = "auto"
    devices: int = Field(default=1, ge=1)
    scale: Literal["auto", "ray"] = "auto"
    num_workers: int = Field(default=1, ge=1)
    max_restarts: int = Field(default=3, ge=0)

    @model_validator(mode="after")
    def _momentum_has_a_place(self) -> "TrainingConfig":
        if self.momentum is not None and self.optimizer not in {"sgd", "rmsprop"}:
            raise ValueError(f"momentum only with sgd or rmsprop; {self.optimizer} has its own")
        return self

    @model_validator(mode="after")
    def _workers_have_a_place(self) -> "TrainingConfig":
        if self.scale == "ray" and self.devices > 1:
            raise ValueError("devices only on one machine; with scale=ray give num_workers")
        if self.scale != "ray" and self.num_workers > 1:
            raise ValueError("num_workers only with scale=ray; on one machine give devices")
        return self
