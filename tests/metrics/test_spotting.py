"""Words spotted in sound, counted against every way to pair them."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.errors import DataError
from recurra.metrics.spotting import Spoken, hits, spotting_scores

moments = st.integers(0, 8).map(float)
words = st.builds(
    lambda word, start, length: Spoken(word, start, start + length),
    st.sampled_from(["no", "yes"]),
    moments,
    st.sampled_from([0.5, 1.0, 4.0]),
)


def most_pairs(told: Sequence[Spoken], said: Sequence[Spoken], collar: float) -> int:
    """By trying all orders of what was said."""
    longer, shorter = (told, said) if len(told) > len(said) else (said, told)

    def fits(one: Spoken, other: Spoken) -> bool:
        heard, true = (other, one) if longer is told else (one, other)
        middle = (heard.start + heard.end) / 2
        return heard.word == true.word and true.start - collar <= middle <= true.end + collar

    orders = itertools.permutations(longer, len(shorter))
    return max(sum(map(fits, shorter, order)) for order in orders)


@given(st.lists(words, max_size=5), st.lists(words, max_size=5), st.sampled_from([0.0, 0.5]))
def test_no_way_to_pair_words_gives_more(told: list[Spoken], said: list[Spoken], collar: float) -> None:
    assert hits(told, said, collar) == most_pairs(told, said, collar)


@pytest.mark.parametrize(
    ("told", "missed", "alarms"),
    [
        ([], 2, 0),
        ([("yes", 1.0, 1.4), ("no", 5.1, 5.3)], 0, 0),
        ([("no", 5.1, 5.3), ("yes", 1.6, 2.2)], 0, 0),  # in any order; 0.4 seconds late
        ([("yes", 1.8, 2.4)], 2, 1),  # too late
        ([("no", 1.0, 1.4)], 2, 1),  # another word
        ([("yes", 1.0, 1.2), ("yes", 1.2, 1.4)], 1, 1),  # told twice
    ],
)
def test_misses_and_false_alarms(told: list[tuple[str, float, float]], missed: int, alarms: int) -> None:
    said = [Spoken("yes", 1.0, 1.5), Spoken("no", 5.0, 5.5)]
    scores = spotting_scores([Spoken(*one) for one in told], said, seconds=60.0)
    assert scores == {"miss_rate": missed / 2, "false_alarms_per_hour": 60.0 * alarms}


def test_nothing_said_and_no_time() -> None:
    assert spotting_scores([Spoken("yes", 0, 1)], [], 1800.0) == {
        "miss_rate": 0.0,
        "false_alarms_per_hour": 2.0,
    }
    with pytest.raises(DataError, match="expected more than 0"):
        spotting_scores([], [], 0.0)
