"""The options of a recurrence, as one small value that a model takes and hands to one stack."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from recurra.config import Config, Search

CELLS = ("elman", "elman_relu", "elman_linear", "lstm", "gru", "gru_reset_before", "layer_norm_lstm")
"""The names of `recurra.cells`, which need not be loaded to tell that one is misspelt."""


class Recurrence(Config):
    """Which cell, how wide, how deep, in which directions, and how it is kept from overfitting.

    Attributes:
        cell: The recurrent cell: elman, elman_relu, elman_linear, lstm, gru, gru_reset_before or
            layer_norm_lstm.
        hidden_size: Hidden units of every layer and direction.
        num_layers: Layers on top of each other.
        bidirectional: Whether a second recurrence reads from the end.
        residual: Whether a layer's input is added to its outputs, where they are equally wide.
        dropout: Share of values dropped between layers, in training.
        variational: Whether the same values are dropped at all time steps of a row.
        recurrent_dropout: Share of hidden units cut off from the recurrence, in training.
        weight_dropout: Share of the recurrent product's weights that are dropped in training.
        zoneout: Probability that a unit of the state keeps its value over a step, in training.
        initialization: How the recurrent weights start: orthogonal, identity or glorot (uniform); auto takes
            the cell's own.
        recurrent_scale: Factor on the recurrent weights at the start.
        orthogonal: Whether the recurrent matrix of an Elman cell stays orthogonal in training, so that it
            neither shrinks nor stretches the state (Helfrich et al. 2018).
        forget_bias: Bias at which forget gates start, the higher the longer they keep; None: the cell's own.
        chrono_steps: Steps over which the units' memories are spread at the start (Tallec & Ollivier 2018);
            None: they are not.
        recompute: Whether the backward pass runs the recurrence again: half of the memory, more time.
    """

    heading: ClassVar[str] = "The net:"

    cell: Annotated[str, Search(choices=("lstm", "gru"))] = "lstm"
    hidden_size: Annotated[int, Search(16, 256, log=True)] = Field(default=64, ge=1, le=16_384)
    num_layers: Annotated[int, Search(1, 3)] = Field(default=1, ge=1, le=64)
    bidirectional: bool = False
    residual: bool = False
    dropout: Annotated[float, Search(0.0, 0.6)] = Field(default=0.1, ge=0, lt=1)
    variational: bool = False
    recurrent_dropout: Annotated[float, Search(0.0, 0.4)] = Field(default=0.0, ge=0, lt=1)
    weight_dropout: Annotated[float, Search(0.0, 0.6)] = Field(default=0.0, ge=0, lt=1)
    zoneout: float = Field(default=0.0, ge=0, lt=1)
    initialization: Annotated[
        Literal["auto", "orthogonal", "identity", "glorot"], Search(choices=("auto", "orthogonal", "glorot"))
    ] = "auto"
    recurrent_scale: float = Field(default=1.0, gt=0, le=100)
    orthogonal: bool = False
    forget_bias: float | None = Field(default=None, ge=-20, le=20)
    chrono_steps: int | None = Field(default=None, ge=3)
    recompute: bool = False

    @field_validator("cell")
    @classmethod
    def _is_cell(cls, value: str) -> str:
        if value not in CELLS:
            raise ValueError(f"one of {', '.join(CELLS)}")
        return value

    @model_validator(mode="after")
    def _biases_start_once(self) -> "Recurrence":
        if self.forget_bias is not None and self.chrono_steps is not None:
            raise ValueError("forget_bias or chrono_steps, not both: each says how the gates' biases start")
        return self

    @model_validator(mode="after")
    def _can_stay_orthogonal(self) -> "Recurrence":
        if not self.orthogonal:
            return self
        if not self.cell.startswith("elman"):
            raise ValueError(f"orthogonal=yes needs cell=elman, elman_relu or elman_linear, not {self.cell}")
        if self.initialization == "glorot" or self.recurrent_scale != 1:
            raise ValueError(
                "orthogonal=yes needs an orthogonal start: no initialization=glorot, no recurrent_scale"
            )
        return self

    @property
    def recurrence(self) -> "Recurrence":
        """These options alone, without what a subclass adds."""
        return Recurrence(**{key: getattr(self, key) for key in Recurrence.model_fields})
