"""What comes to the engine's operators by torch's dispatcher, where nobody has looked at it."""

import pytest
import torch

from recurra.errors import ShapeError
from recurra.ops.native.arguments import Arguments

pytest.importorskip("recurra.native._engine")
BATCH, TIME, FEATURES, HIDDEN = 2, 3, 5, 4


def arguments(**other):
    """Those of an LSTM in the order of the schema, some of them other ones."""
    wide = 4 * HIDDEN
    own = {
        "input": torch.ones(BATCH, TIME, FEATURES), "weight_ih": torch.ones(wide, FEATURES),
        "weight_hh": torch.ones(wide, HIDDEN), "hidden": torch.zeros(1, BATCH, HIDDEN),
        "bias_ih": torch.ones(wide), "bias_hh": torch.ones(wide), "cell": torch.zeros(1, BATCH, HIDDEN),
    }  # fmt: skip
    return Arguments(**{**own, **other})


def test_a_call_that_fits_runs():
    outputs, *_ = torch.ops.recurra.lstm(*arguments())
    assert bool(outputs.isfinite().all())


@pytest.mark.parametrize(
    "other",
    [
        {"weight_ih": torch.ones(16, FEATURES, dtype=torch.float64)},
        {"weight_ih": torch.ones(16, 9)},
        {"weight_ih": torch.ones(12, FEATURES)},
        {"bias_ih": torch.ones(3)},
        {"cell": torch.ones(1, BATCH + 1, HIDDEN)},
        {"hidden": torch.ones(1, BATCH + 1, HIDDEN)},
        {"lengths": torch.ones(BATCH, dtype=torch.int32)},
        {"resets": torch.zeros(BATCH, TIME)},
        {"input": torch.ones(BATCH, TIME, FEATURES, dtype=torch.bfloat16)},
    ],
)
def test_what_does_not_fit_is_refused(other):
    with pytest.raises(ShapeError):
        torch.ops.recurra.lstm(*arguments(**other))
