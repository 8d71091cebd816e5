"""Which tags may follow which: the tables spelt out, and every sequence that marks spans rightly."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.layers.tag_scheme import allowed_transitions, tag_scheme

BIO = ("O", "B-x", "I-x", "B-y", "I-y")
IOBES = ("I-y", "O", "B-x", "I-x", "E-x", "S-x", "B-y", "E-y", "S-y")


def test_bio_spelt_out() -> None:
    allowed = allowed_transitions(BIO)
    assert allowed is not None
    assert allowed.start.tolist() == [True, True, False, True, False]
    assert allowed.end.all()
    refused = {
        (BIO[a], BIO[b]) for a, b in itertools.product(range(5), repeat=2) if not allowed.transitions[a, b]
    }
    others = {"I-x": ("O", "B-y", "I-y"), "I-y": ("O", "B-x", "I-x")}
    assert refused == {(before, after) for after, befores in others.items() for before in befores}


def test_iobes_spelt_out() -> None:
    tags = ("O", "B-x", "I-x", "E-x", "S-x")
    allowed = allowed_transitions(tags)
    assert allowed is not None
    assert allowed.start.tolist() == [True, True, False, False, True]
    assert allowed.end.tolist() == [True, False, False, True, True]
    outside, inside = [True, True, False, False, True], [False, False, True, True, False]
    assert allowed.transitions.tolist() == [outside, inside, inside, outside, outside]


@pytest.mark.parametrize("tags", [BIO, IOBES], ids=["bio", "iobes"])
@given(parts=st.lists(st.tuples(st.sampled_from(["x", "y", ""]), st.integers(1, 4)), min_size=1, max_size=5))
def test_whatever_marks_spans_rightly_is_allowed(tags: tuple[str, ...], parts: list[tuple[str, int]]) -> None:
    """No kind stands for a stretch of O."""
    allowed = allowed_transitions(tags)
    assert allowed is not None
    told: list[str] = []
    for kind, length in parts:
        prefixes = ["B", *"I" * (length - 1)]
        if tag_scheme(tags) == "iobes":
            prefixes = ["S"] if length == 1 else [*prefixes[:-1], "E"]
        told += [f"{prefix}-{kind}" for prefix in prefixes] if kind else ["O"] * length
    path = [tags.index(tag) for tag in told]
    assert allowed.start[path[0]]
    assert allowed.end[path[-1]]
    assert all(allowed.transitions[pair] for pair in itertools.pairwise(path))


def test_the_older_scheme_forbids_nothing() -> None:
    """In IOB1, I opens a span as well, so that nothing is known to be wrong."""
    assert tag_scheme(("O", "I-x")) == "bio"
    assert allowed_transitions(("O", "I-x")) is None
