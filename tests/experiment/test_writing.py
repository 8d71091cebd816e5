import numpy as np
import pytest
import torch
from tests.models.steps_encoder import StepsEncoder
from torch import nn

from recurra.data.labelled import labelled
from recurra.experiment.writing import WritingObjective, texts_apart
from recurra.layers.attention import doubly_stochastic_loss
from recurra.models.attentive import AttentiveEncoderDecoder
from recurra.models.sequence_body import make_body
from recurra.recurrence import Recurrence


def test_texts_of_a_row_are_told_apart() -> None:
    found = texts_apart(torch.tensor([[5, 2, -1, 6, 7, 2], [8, 9, 2, -100, -100, -100]]))
    assert found.symbols.tolist() == [[5, 2, -100], [6, 7, 2], [8, 9, 2]]
    assert found.rows is not None
    assert found.rows.tolist() == [0, 0, 1]


def net() -> AttentiveEncoderDecoder:
    torch.manual_seed(0)
    recurrence = Recurrence(hidden_size=5, bidirectional=True, dropout=0.0)
    body = make_body("recurrent", 3, recurrence)
    return AttentiveEncoderDecoder(StepsEncoder(3), body, body.output_size, 11, 7, recurrence)


@pytest.mark.parametrize("settings", [{}, {"evenness": 1.0}, {"coverage": 1.0}])
def test_several_texts_of_a_row_cost_what_they_cost_one_by_one(settings: dict[str, float]) -> None:
    random = np.random.default_rng(0)
    rows = [random.normal(size=(time, 3)).astype(np.float32) for time in (4, 6)]
    texts = [[[5, 2], [6, 7, 8, 2]], [[9, 2]]]
    joined = [np.array([one for text in row for one in [*text, -1]][:-1]) for row in texts]
    model = net()
    together = WritingObjective(several=True, **settings)(model, labelled(rows, joined, aligned=True))
    alone = [
        WritingObjective(**settings)(model, labelled([rows[at]], [np.array(text)], aligned=True))
        for at, row in enumerate(texts)
        for text in row
    ]
    assert int(together.count) == sum(int(one.count) for one in alone) == 8
    apart = sum(one.total.item() for one in alone)
    assert together.total.item() == pytest.approx(apart, rel=1e-5)


def test_even_looks_cost_nothing_whatever_the_padding() -> None:
    counts = torch.tensor([[True, True, False]])
    even = torch.tensor([[[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0.5, 0.5, 0, 0]]])
    assert (doubly_stochastic_loss(even, counts)) == 0
    uneven = torch.tensor([[[0.75, 0.25, 0, 0], [0.75, 0.25, 0, 0], [0.5, 0.5, 0, 0]]])
    assert (doubly_stochastic_loss(uneven, counts)) == pytest.approx(0.25)
    weights = nn.Parameter(uneven)
    doubly_stochastic_loss(weights, counts).backward()
    assert weights.grad is not None
    assert (weights.grad[0, 2] == 0).all()
