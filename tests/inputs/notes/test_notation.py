"""Tunes as symbols and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.errors import DamagedError, DataError
from recurra.inputs.notes.chord import Chords
from recurra.inputs.notes.event import Events
from recurra.inputs.notes.notation import Notation
from recurra.inputs.notes.revival import revive
from recurra.inputs.notes.tune import Tune, name_of
from recurra.inputs.symbol import END, RESERVED, UNKNOWN

NOTATIONS = (
    Chords(ties=False), Chords(ties=True, resolution=2, tempo=80.0), Events(loudness=False),
    Events(loudness=True),
)  # fmt: skip

notes = st.lists(
    st.tuples(st.integers(0, 70), st.integers(1, 16), st.integers(21, 108), st.integers(1, 127)),
    min_size=1,
    max_size=25,
)
chords = st.lists(st.sets(st.integers(21, 108), max_size=4), min_size=1, max_size=12)


def same(one: Tune, other: Tune, *names: str) -> None:
    for name in names or ("onsets", "durations", "keys"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@given(notes)
def test_a_tune_with_durations_comes_back(given: list[tuple[int, int, int, int]]) -> None:
    tune = Tune.of_notes(*map(list, zip(*given, strict=True)))
    tied = Chords(ties=True)
    again = tied.tune(tied.written(tune))
    same(again, tune)
    assert again.steps == tune.steps
    events = Events(loudness=True)
    again = events.tune(events.written(tune))
    same(again, tune)
    assert (np.abs(again.loudness - tune.loudness) <= 8).all()
    untied = Chords(ties=False)
    sounding = untied.tune(untied.written(tune)).sounding()
    np.testing.assert_array_equal(np.stack(sounding[:2]), np.stack(tune.sounding()[:2]))


@given(chords)
def test_a_roll_comes_back(given: list[set[int]]) -> None:
    roll = Tune.of_chords(given)
    for notation in (Chords(ties=False), Chords(ties=True)):
        again = notation.tune(notation.written(roll))
        same(again.joined(), roll.joined())
        assert again.steps == len(given)


@given(notes)
def test_what_is_written_follows_the_grammar_and_reads_as_its_text(
    given: list[tuple[int, int, int, int]],
) -> None:
    tune = Tune.of_notes(*map(list, zip(*given, strict=True)))
    for notation in NOTATIONS:
        numbers = notation.ids(tune).tolist()
        before = [END]
        for number in [*numbers, END]:
            assert number in notation.following(before)
            before.append(number)
        assert notation.ids(notation.content(numbers)).tolist() == numbers
        assert notation.texts(tune) == notation.content(numbers).split(" ")


@pytest.mark.parametrize("notation", NOTATIONS, ids=lambda one: f"{one.form}-{len(one)}")
def test_whatever_the_grammar_allows_makes_a_tune(notation: Notation) -> None:
    random = np.random.default_rng(5)
    before = [END]
    while len(before) < 300:
        before.append(int(random.choice([one for one in notation.following(before) if one != END])))
    tune = notation.tune(before[1:])
    assert len(tune)
    again = notation.tune(notation.written(tune))
    same(again, tune, "onsets", "keys")


def test_chords_are_read_from_high_to_low_and_tell_what_is_held() -> None:
    tune = Tune.of_notes([0, 0, 1, 3], [3, 1, 1, 1], [72, 60, 64, 72])
    assert Chords(ties=True).content(Chords(ties=True).ids(tune)) == "C5 C4 | ~C5 E4 | ~C5 | C5 |"
    assert Chords(ties=False).content(Chords(ties=False).ids(tune)) == "C5 C4 | C5 E4 | C5 | C5 |"
    assert Events(loudness=False).content(Events(loudness=False).ids(tune)) == (
        "C5 *3 C4 *1 +1 E4 *1 +2 C5 *1"
    )
    flats = Chords(ties=False).ids("Bb4 Cb4 | H3")
    assert Chords(ties=False).symbols(flats[:3]) == ["A#4", "B3", "|"]
    assert flats[3] == UNKNOWN
    with pytest.raises(DataError, match="notes of type int"):
        Chords(ties=False).ids(3)


@pytest.mark.parametrize("resolution", [1, 2, 12, 24])
def test_notes_of_sixteen_beats_are_written_at_any_resolution(resolution: int) -> None:
    events, beats = Events(loudness=False, resolution=resolution), [1, 3, 4, 5, 8, 16]
    tune = Tune.of_notes([0] * 6, [one * resolution for one in beats], [60, 62, 64, 65, 67, 69])
    same(events.tune(events.written(tune)), tune)
    assert revive(events.to_dict()).names == events.names


def test_numbers_stand_for_one_symbol_each() -> None:
    for notation in NOTATIONS:
        assert len(set(notation.names)) == len(notation.names) == len(notation) - RESERVED
        revived = revive(notation.to_dict())
        assert revived.to_dict() == notation.to_dict()
        assert (revived.names, revived.tempo) == (notation.names, notation.tempo)
    for wrong in ({"form": "tabs"}, {"resolution": 0}, {"tempo": None}, {"ties": 1}):
        with pytest.raises(DamagedError, match="notes of form"):
            revive({**NOTATIONS[0].to_dict(), **wrong})


@given(notes, st.integers(0, 90))
def test_halves_make_the_whole(given: list[tuple[int, int, int, int]], at: int) -> None:
    tune = Tune.of_notes(*map(list, zip(*given, strict=True)))
    before, after = tune.halved(at)
    assert before.steps + after.steps == tune.steps
    steps, keys, _ = tune.sounding()
    first, second = before.sounding(), after.sounding()
    np.testing.assert_array_equal(np.concatenate([first[0], second[0] + before.steps]), steps)
    np.testing.assert_array_equal(np.concatenate([first[1], second[1]]), keys)


def test_a_tune_that_leaves_the_piano_is_not_transposed() -> None:
    tune = Tune.of_chords([[106, 60]])
    assert tune.transposed(3) is None
    moved = tune.transposed(-3)
    assert moved is not None
    assert moved.keys.tolist() == [103, 57]


def test_keys_have_the_names_that_people_use() -> None:
    assert [name_of(key) for key in (21, 60, 70, 108)] == ["A0", "C4", "A#4", "C8"]
