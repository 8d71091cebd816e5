import numpy as np
import polars as pl
import pytest
from tests.inputs.series.example import COVARIATE_COLUMNS, LENGTHS, with_covariates

from recurra.errors import DataWarning
from recurra.inputs.series.columns import Columns
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.split import forget_unseen

COLUMNS = Columns("unique_id", "ds", "y", past=("sky",), future=("offer",), static=("kind",))


def panel_with(late: str) -> Panel:
    """Three series, each with an offer in its first half and another one that begins after it."""
    step = pl.int_range(pl.len()).over("unique_id")
    offer = pl.when(step < 10).then(pl.lit("bargain")).otherwise(pl.lit(late)).alias("offer")
    return Panel.build(with_covariates().with_columns(offer), COLUMNS)


def test_categories_after_the_training_part_are_unknown() -> None:
    panel = panel_with("auction")
    ends = np.array([10, 0, 10])
    known = forget_unseen(panel, ends)
    assert known.schema.vocabularies == {
        "sky": ("clear", "rain"),
        "offer": ("bargain",),
        "kind": ("kind a", "kind ü 7"),
    }
    early = panel.future_codes[:, 0] == panel.schema.vocabularies["offer"].index("bargain") + 1
    np.testing.assert_array_equal(known.future_codes[:, 0], early.astype(np.int32))
    np.testing.assert_array_equal(known.past_codes, panel.past_codes)
    assert known.static_codes[:, 0].tolist() == [1, 0, 2]


def test_what_later_rows_hold_changes_nothing() -> None:
    ends = np.full(3, 10)
    one, other = (forget_unseen(panel_with(late), ends) for late in ("auction", "yard sale"))
    assert one.schema == other.schema
    np.testing.assert_array_equal(one.future_codes, other.future_codes)


def test_new_data_are_coded_alike() -> None:
    panel = panel_with("auction")
    known = forget_unseen(panel, np.array([10, 0, 10]))
    with pytest.warns(DataWarning, match="which training did not"):
        again = Panel.build(panel.to_frame(), schema=known.schema)
    np.testing.assert_array_equal(again.future_codes, known.future_codes)
    np.testing.assert_array_equal(again.static_codes, known.static_codes)


def test_a_panel_whose_training_part_holds_everything_stays_as_it_is() -> None:
    panel = Panel.build(with_covariates(), COVARIATE_COLUMNS)
    same = forget_unseen(panel, panel.lengths)
    assert same.schema == panel.schema
    np.testing.assert_array_equal(same.future_codes, panel.future_codes)
    assert len(same) == len(LENGTHS)
