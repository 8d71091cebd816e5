"""Spans as conlleval counts them."""

import pytest

from recurra.metrics.span import Span, span_counts, span_scores, spans


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("O O", []),
        ("B-x I-x O B-x", [("x", 0, 2), ("x", 3, 4)]),
        ("B-x B-x I-x", [("x", 0, 1), ("x", 1, 3)]),
        ("I-x I-x O I-y", [("x", 0, 2), ("y", 3, 4)]),  # I opens a span where none is open
        ("B-x I-y", [("x", 0, 1), ("y", 1, 2)]),  # another kind begins another span
        ("S-x B-y I-y E-y", [("x", 0, 1), ("y", 1, 4)]),
        ("E-x E-x", [("x", 0, 1), ("x", 1, 2)]),
        ("B-x O I-x", [("x", 0, 1), ("x", 2, 3)]),
        ("", []),
    ],
)
def test_what_is_a_span(tags: str, found: list[tuple[str, int, int]]) -> None:
    assert spans(tags.split()) == [Span(*one) for one in found]


def test_the_example_of_the_shared_task() -> None:
    """The output that the page of CoNLL-2000 shows for its example, by counts of the same proportions."""
    true = [["B-NP", "I-NP", "B-VP", "O", "B-NP"], ["B-NP", "B-PP", "B-NP", "I-NP"]]
    told = [["B-NP", "I-NP", "B-VP", "O", "O"], ["B-NP", "I-NP", "B-NP", "I-NP"]]
    counts = span_counts(true, told)
    assert counts["NP"] == (4, 3, 2)
    assert counts["VP"] == (1, 1, 1)
    assert counts["PP"] == (1, 0, 0)
    assert counts[""] == (6, 4, 3)
    scores = span_scores(true, told)
    assert scores["precision"] == pytest.approx(3 / 4)
    assert scores["recall"] == pytest.approx(3 / 6)
    assert scores["f1"] == pytest.approx(0.6)


def test_nothing_to_find_is_no_error() -> None:
    assert span_scores([["O"]], [["O"]]) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}
