"""Every cell keeps every promise of the public conformance suite."""

import pytest
from tests.catalogue import CELLS, every_cell

from recurra.cells import CELLS as REGISTERED
from recurra.cells import make_cell
from recurra.testing import PROMISES
from recurra.testing.promise import Subject


@every_cell
@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_promise(row, promise):
    promise(Subject.of(row.make(3, 4), batch_size=3, time_steps=5, seed=1))


def test_every_registered_cell_is_in_the_catalogue():
    assert set(REGISTERED) <= {row.name for row in CELLS}
    for name in REGISTERED:
        row = next(row for row in CELLS if row.name == name)
        assert repr(make_cell(name, 3, 5)) == repr(row.make(3, 5))
