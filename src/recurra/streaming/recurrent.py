"""What the recurrent layers of a stream program have in common."""

from typing import Any

from recurra.streaming.layer import Array, Layer, Operation


class RecurrentLayer(Layer):
    """A cell: features enter through weight_ih, the last outputs through weight_hh."""

    weight_ih: Array
    weight_hh: Array
    zoneout_hidden: float

    @property
    def input_size(self) -> int:
        """Features."""
        return int(self.weight_ih.shape[1])

    @property
    def output_size(self) -> int:
        """Hidden units, or what a projection makes of them."""
        return int(self.weight_hh.shape[1])

    def state_sizes(self) -> dict[str, int]:
        """The hidden state."""
        return {"hidden": self.output_size}

    def step(self, kind: str, input_size: int, **others: Any) -> Operation:
        """One step of a cell, with what this cell has of its own."""
        return {
            "kind": kind,
            "inputs": input_size,
            "outputs": self.output_size,
            "hidden": self.output_size,
            "zoneout_hidden": float(self.zoneout_hidden),
            "weight_ih": self.weight_ih,
            "weight_hh": self.weight_hh,
            **others,
        }
