"""Which batches the doctor looks at."""

from typing import NamedTuple

from recurra.diagnosis import Limits
from recurra.experiment.diagnose import _batches
from recurra.experiment.task import Prepared

FEW = Limits(evidence=20)


class Rows(NamedTuple):
    count: int

    def __len__(self):
        return self.count

    def to(self, device):
        del device
        return self

    def shard(self, rank, world_size):
        return Rows(len(range(rank, self.count, world_size)))

    def chunks(self, steps):
        yield from [self] if steps else []


class Trained:
    def __len__(self):
        return 3

    def batch(self, epoch, index):
        return Rows(10 * epoch + index)


def prepared(validation, made=()):
    parts = {"train": None, "validation": validation, "test": None}
    return Prepared(None, None, Trained(), None, **parts, batches=lambda _: iter(made))


def test_the_last_whole_batch_comes_first_and_no_more_are_kept_than_are_looked_at():
    made = [Rows(size) for size in [3, 5, 5, *[4] * 100, 2]]
    found = _batches(prepared("rows", made), FEW)
    assert found[0] is made[2]
    assert [len(one) for one in found] == [5, 3, 5, 4, 4, 4]


def test_batches_of_the_training_where_there_is_no_validation():
    assert [len(one) for one in _batches(prepared(None), FEW)] == [0, 1, 2]
    assert [len(one) for one in _batches(prepared("rows"), FEW)] == [0]
