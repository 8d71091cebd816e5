"""What a report of a translator shows."""

from typing import Any

import pytest
import torch

from recurra.decoding.hypothesis import Hypothesis
from recurra.experiment.judge import record
from recurra.experiment.task import Fitted, Rival
from recurra.experiment.written_text import Answer, WritingPart
from recurra.report.section import Section
from recurra.tasks.translate.task import TRANSLATE

SETTINGS: dict[str, Any] = {"hidden_size": 4, "target_size": 4, "tokens": "word", "target_tokens": "word"}
PAIRS = [("a b", "x y"), ("a b c", "x y z"), ("b", "y"), ("c b a b", "z y x y"), ("c c", "z z")] * 4


def shown(pairs: list[tuple[str, str]], told: dict[str, str]) -> dict[str, Section]:
    """The sections where some texts are written otherwise than they should be."""
    prepared = TRANSLATE.prepare(TRANSLATE.read(PAIRS, SETTINGS, pairs, pairs))
    torch.manual_seed(0)
    fitted = Fitted(
        prepared.config, prepared.schema, TRANSLATE.build(prepared.config, prepared.schema).eval()
    )
    part = WritingPart(prepared.test.examples, prepared.test.encoded, prepared.test.targets)
    texts = [told.get(read, written) for read, written in pairs]
    alphabet = prepared.schema.target.alphabet
    found = []
    for text, encoded in zip(texts, part.encoded, strict=True):
        ids = tuple(alphabet.ids(text).tolist())
        weights = torch.full((len(ids) + 1, len(encoded)), 1 / len(encoded))
        found.append([Hypothesis(ids, -1.0, -1.0, ended=True, weights=weights)])
    answer = Answer(texts, found, [[] for _ in texts])
    rivals = [Rival("recurra", "LSTM", "recurrent", answer)]
    metrics = record(TRANSLATE, fitted, part, rivals, repairs=(), held_out=True, command=None)
    sections = TRANSLATE.show(fitted, part, rivals, metrics)
    return {one.id: one for one in sections}


def test_maps_of_attention_are_colours_in_the_order_of_the_symbols() -> None:
    first, *_ = pieces = shown(PAIRS[:5], {})["attention"].pieces
    assert [one.kind for one in pieces] == ["heat"] * 4
    assert (first.columns, first.rows) == (["a", "b"], ["x", "y", "<end>"])  # type: ignore[union-attr]
    assert first.shares == [[0.5, 0.5]] * 3  # type: ignore[union-attr]


def test_the_worst_come_with_what_else_was_found() -> None:
    worst, best = shown(PAIRS[:5], {"b": "x x"})["examples"].pieces
    assert worst.columns == ["read", "written", "should have been", "next best", "chrF"]  # type: ignore[union-attr]
    assert [row[:3] for row in worst.rows] == [["b", "x x", "y"]]  # type: ignore[union-attr]
    assert len(best.rows) == 4  # type: ignore[union-attr]
    twice = shown([*PAIRS[:5], *PAIRS[:5]], {"b": "x x"})["examples"].pieces
    assert [len(one.rows) for one in twice] == [1, 4]  # type: ignore[union-attr]
    (only,) = shown(PAIRS[:5], {})["examples"].pieces
    assert only.title == "All are right to the letter"


def test_scores_by_length_are_left_out_where_all_are_alike() -> None:
    bars = shown(PAIRS[:5], {"b": "x x"})["lengths"].pieces[0].bars  # type: ignore[union-attr]
    assert [one.label for one in bars] == ["1 word (1)", "2 words (2)", "3 to 4 words (2)"]
    assert bars[0].value < bars[1].value == pytest.approx(100)
    assert "lengths" not in shown([PAIRS[0], PAIRS[4]], {})
