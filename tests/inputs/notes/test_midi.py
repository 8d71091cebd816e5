"""MIDI files that are as they should be, that are odd, and that are damaged."""

from pathlib import Path

import numpy as np
import pytest
from tests.inputs.notes.midi_file import file, number, off, on, tempo, track

from recurra.errors import DataError
from recurra.inputs.notes.midi import Read, read_midi, write_midi
from recurra.inputs.notes.tune import Tune

BEAT = 480


def read(folder: Path, content: bytes, *, drums: bool = False, resolution: int = 4) -> Read:
    path = folder / "tune.mid"
    path.write_bytes(content)
    return read_midi(path, resolution, drums=drums)


def rows(tune: Tune) -> list[tuple[int, int, int]]:
    return list(zip(tune.onsets.tolist(), tune.durations.tolist(), tune.keys.tolist(), strict=True))


def test_tracks_are_one_tune_and_changes_of_tempo_move_nothing(tmp_path: Path) -> None:
    first = track(
        [(0, tempo(90)), (0, on(72)), (BEAT, off(72)), (0, tempo(200)), (0, on(74)), (BEAT, off(74))]
    )
    second = track([(0, on(48, 1)), (2 * BEAT, off(48, 1))])
    found = read(tmp_path, file(first, second))
    assert rows(found.tune) == [(0, 4, 72), (0, 8, 48), (4, 4, 74)]
    assert found.tune.tempo == pytest.approx(90, abs=0.01)
    assert found.repairs == ()
    assert read(tmp_path, file(second)).tune.tempo == 120
    assert read(tmp_path, file(first, second), resolution=1).tune.durations.tolist() == [1, 2, 1]


def test_running_status_and_notes_that_end_by_no_loudness(tmp_path: Path) -> None:
    events = [(0, on(60)), (240, bytes([60, 0])), (0, bytes([62, 64])), (240, bytes([62, 0]))]
    assert rows(read(tmp_path, file(track(events))).tune) == [(0, 2, 60), (2, 2, 62)]


def test_a_key_that_is_struck_while_it_sounds_ends_before(tmp_path: Path) -> None:
    events = [(0, on(60)), (240, on(60)), (240, off(60)), (480, off(60))]
    tune = read(tmp_path, file(track(events))).tune
    assert tune.onsets.tolist() == [0, 2]
    assert tune.durations[0] == 2
    twice = [(0, on(60)), (0, on(60, 1)), (240, off(60)), (240, off(60, 1))]
    assert rows(read(tmp_path, file(track(twice))).tune) == [(0, 4, 60)]


def test_drums_and_keys_off_the_piano(tmp_path: Path) -> None:
    events = [(0, on(36, 9)), (0, on(10)), (0, on(120)), (BEAT, off(36, 9)), (0, off(10)), (0, off(120))]
    found = read(tmp_path, file(track(events)))
    assert found.tune.keys.tolist() == [108, 22]
    assert found.repairs == ("left out 1 note of drums", "moved 2 notes by octaves into the keys of a piano")
    assert 36 in read(tmp_path, file(track(events)), drums=True).tune.keys
    with pytest.raises(DataError, match=r"holds no notes but those of drums \(1 note\).*drums=true"):
        read(tmp_path, file(track([events[0], events[3]])))


def test_rests_and_notes_that_never_end_are_shortened(tmp_path: Path) -> None:
    longest = (1 << 28) - 1
    events = [(1000 * BEAT, on(60)), (BEAT, off(60)), (longest, on(62)), (longest, off(62))]
    found = read(tmp_path, file(track(events)))
    assert rows(found.tune) == [(0, 4, 60), (68, 64, 62)]
    assert found.repairs == ("shortened 1 rest to 16 beats",)


def test_three_hours_are_read(tmp_path: Path) -> None:
    beats = 3 * 60 * 120
    events = [one for at in range(beats) for one in ((0, on(60 + at % 12)), (BEAT, off(60 + at % 12)))]
    tune = read(tmp_path, file(track(events))).tune
    assert (len(tune), tune.steps) == (beats, 4 * beats)


NOTE = [(0, on(60)), (9, off(60))]
LONG = (1 << 28) - 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no MIDI file; expected one that begins with MThd"),
        (b"RIFF and so on, and on", "is no MIDI file"),
        (b"MThd" + bytes(30), "is damaged: it says that a beat has no ticks"),
        (file(track([])), "holds no notes; expected one at least"),
        (file(track(NOTE), division=0xE728), r"counts time in frames of a film \(SMPTE\)"),
        (file(track(NOTE))[:-6], "is damaged: .*expected a whole MIDI file"),
        (file(track(NOTE))[:13], "is damaged: "),
        (file(track([*[(LONG, on(60)), (LONG, off(60))] * 5])), "past 2,147,483,647 ticks"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(tmp_path, content)


def test_every_altered_byte_is_read_or_told(tmp_path: Path) -> None:
    whole = file(track([(0, tempo(90)), (0, on(72)), (BEAT, off(72)), (0, on(74)), (BEAT, off(74))]))
    random, read_whole = np.random.default_rng(7), 0
    for place in range(len(whole)):
        content = bytearray(whole)
        content[place] = int(random.integers(256))
        try:
            read_whole += len(read(tmp_path, bytes(content)).tune) > 0
        except DataError:
            continue
    assert read_whole > 10


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    columns = random.integers([0, 1, 21, 1], [60, 16, 109, 128], (40, 4)).T
    tune = Tune.of_notes(*columns)
    for resolution in (1, 4, 7):
        found = read(tmp_path, write_midi(tune, resolution, 77.0), resolution=resolution).tune
        begins = tune.onsets - tune.onsets[0]
        np.testing.assert_array_equal(
            np.stack([found.onsets, found.durations, found.keys, found.loudness]),
            np.stack([begins, tune.durations, tune.keys, tune.loudness]),
        )
        assert found.tempo == pytest.approx(77, abs=0.01)
    roll = Tune.of_chords([[60, 64], [60], [], [60]])
    assert rows(read(tmp_path, write_midi(roll, 4, 100.0)).tune) == [(0, 1, 64), (0, 2, 60), (3, 1, 60)]


def test_numbers_of_files_are_spelt_as_midi_says() -> None:
    assert [number(one) for one in (0, 127, 128, 0x0FFFFFFF)] == [
        b"\x00", b"\x7f", b"\x81\x00", b"\xff\xff\xff\x7f",
    ]  # fmt: skip
