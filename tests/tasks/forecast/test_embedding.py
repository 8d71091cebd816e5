import pytest
import torch

from recurra.tasks.forecast.feature import Embeddings, embedding_size


def test_tables_stand_side_by_side():
    tables = Embeddings((4, 11))
    codes = torch.tensor([[[3, 0], [0, 10], [1, 5]]])
    found = tables(codes)
    assert found.shape == (1, 3, tables.output_size)
    width = embedding_size(4)
    assert torch.equal(found[0, 0, :width], tables.tables[0].weight[3])
    assert torch.equal(found[0, 1, width:], tables.tables[1].weight[10])


def test_an_unknown_category_begins_in_the_middle_of_the_others():
    tables = Embeddings((4,))
    assert (tables(torch.tensor([[0]])) == 0).all()
    assert (tables(torch.tensor([[1], [2], [3]])) != 0).all()


def test_no_covariates_give_no_features():
    assert Embeddings(())(torch.zeros(2, 3, 0, dtype=torch.int64)).shape == (2, 3, 0)


@pytest.mark.parametrize("count", [1, 2, 5, 40, 10_000])
def test_sizes_grow_slowly_within_bounds(count: int):
    assert 2 <= embedding_size(count) <= min(16, embedding_size(2 * count))
