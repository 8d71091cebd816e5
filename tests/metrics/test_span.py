"""Spans as conlleval counts them."""

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recurra.errors import DataError
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
        ("B-x E-x B-x E-x", [("x", 0, 2), ("x", 2, 4)]),
        ("S-x S-x I-x", [("x", 0, 1), ("x", 1, 2), ("x", 2, 3)]),
        ("E-x E-x", [("x", 0, 1), ("x", 1, 2)]),
        ("B-x O I-x", [("x", 0, 1), ("x", 2, 3)]),
        ("", []),
    ],
)
def test_what_is_a_span(tags: str, found: list[tuple[str, int, int]]) -> None:
    assert spans(tags.split()) == [Span(*one) for one in found]


PUBLISHED = {  # true, told and right spans; then precision, recall and F1 in percent
    "ADJP": ((6, 1, 0), (0.00, 0.00, 0.00)),
    "ADVP": ((8, 11, 5), (45.45, 62.50, 52.63)),
    "NP": ((262, 317, 206), (64.98, 78.63, 71.16)),
    "PP": ((90, 107, 89), (83.18, 98.89, 90.36)),
    "SBAR": ((6, 3, 2), (66.67, 33.33, 44.44)),
    "VP": ((87, 100, 69), (69.00, 79.31, 73.80)),
    "": ((459, 539, 371), (68.83, 80.83, 74.35)),
}


def test_the_output_that_the_shared_task_publishes() -> None:
    """https://www.clips.uantwerpen.be/conll2000/chunking/output.html, whose percentages give the counts.

    It does not show its 961 tokens, so that these are other sequences with as many spans.
    """
    true, told = [], []
    for kind, ((there, named, right), _) in PUBLISHED.items():
        if kind:
            pairs = [(f"B-{kind}", f"B-{kind}")] * right
            pairs += [(f"B-{kind}", "O")] * (there - right) + [("O", f"B-{kind}")] * (named - right)
            true.append([one for one, _ in pairs])
            told.append([two for _, two in pairs])
    counts = span_counts(true, told)
    assert counts.keys() == PUBLISHED.keys()
    for kind, (numbers, percentages) in PUBLISHED.items():
        own = counts[kind]
        assert own == numbers
        assert [round(100 * one, 2) for one in (own.precision, own.recall, own.f1)] == list(percentages)


def conlleval(tags: list[str]) -> list[Span]:
    """`endOfChunk` and `startOfChunk` of the script of CoNLL-2000, which knows no S."""
    found, begin = [], None
    before, old = "O", ""
    for step, tag in enumerate([*tags, "O"]):
        prefix, _, kind = tag.partition("-")
        pair, changes = before + prefix, old != kind
        ends = pair in ("BB", "BO", "IB", "IO", "EE", "EI", "EO") or (before != "O" and changes)
        starts = pair in ("BB", "IB", "OB", "OI", "EE", "EI", "OE") or (prefix != "O" and changes)
        if begin is not None and ends:
            found.append(Span(old, begin, step))
            begin = None
        if starts:
            begin = step
        before, old = prefix, kind
    return found


@given(st.lists(st.sampled_from(["O", "B-x", "I-x", "E-x", "B-y", "I-y", "E-y"]), max_size=9))
def test_spans_are_those_of_the_rules_of_the_script(tags: list[str]) -> None:
    """Except where B follows E of its kind: the script has no rule for that and joins both."""
    assume(not any(one[0] == "E" and two == f"B{one[1:]}" for one, two in itertools.pairwise(tags)))
    assert spans(tags) == conlleval(tags)


@given(st.lists(st.tuples(st.sampled_from(["x", "y", ""]), st.integers(1, 4)), max_size=5), st.booleans())
def test_spans_written_as_tags_are_found_again(parts: list[tuple[str, int]], iobes: bool) -> None:
    """No kind stands for a stretch of O."""
    tags, expected = [], []
    for kind, length in parts:
        if not kind:
            tags += ["O"] * length
            continue
        expected.append(Span(kind, len(tags), len(tags) + length))
        inner = ["B", *"I" * (length - 1)]
        if iobes:
            inner = ["S"] if length == 1 else [*inner[:-1], "E"]
        tags += [f"{prefix}-{kind}" for prefix in inner]
    assert spans(tags) == expected


def test_tags_without_a_kind_count_once() -> None:
    tags = [["B", "I", "O", "B"]]
    assert span_counts(tags, tags) == {"": (2, 2, 2)}


def test_both_sides_must_have_the_same_steps() -> None:
    for told in ([["O"]], [["O", "O"], ["O"]]):
        with pytest.raises(DataError, match="different lengths"):
            span_counts([["O", "O"]], told)


def test_kinds_are_counted_apart_and_together() -> None:
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
