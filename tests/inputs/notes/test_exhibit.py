"""What a report counts and shades of notes."""

from recurra.inputs.notes.chord import Chords
from recurra.inputs.notes.event import Events
from recurra.inputs.notes.exhibit import _span, compare
from recurra.inputs.notes.tune import Tune


def test_steps_of_the_highest_voice_leave_out_voices_below() -> None:
    notation = Chords(ties=True)
    tune = Tune.of_notes([0, 2, 4, 5, 8], [4, 2, 4, 5, 2], [72, 60, 74, 62, 76])
    heat = next(one for one in compare(notation, {"a": notation.ids(tune)}).pieces if "voice" in one.title)
    assert dict(zip(heat.columns, heat.shares[0], strict=True))["2"] == 1.0


def test_what_is_shaded_begins_with_the_first_note_that_is_copied() -> None:
    events, chords = Events(loudness=False), Chords(ties=False)
    tune = Tune.of_notes([0, 0, 4, 8], [16, 4, 4, 4], [40, 72, 74, 76])
    numbers = events.ids(tune)  # C5 *4 E2 *16 +4 D5 *4 +4 E5 *4
    assert _span(events, numbers, 4, 7) == (4, 8)
    assert _span(events, numbers, 5, 10) == (4, 12)
    assert _span(events, numbers, 0, 4) == (0, 16)
    assert _span(chords, chords.ids("C4 | C5 G4 | E4 | | F4 |"), 3, 7) == (1, 3)
