"""What is made of notes: within a key, below a melody, in files; and the key of a tune."""

import io
import subprocess
import sys
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.inputs.notes.midi_file import file as midi
from tests.inputs.notes.midi_file import off, on, track

from recurra.config import validated
from recurra.decoding.sampling import Sampler, Sampling, generate
from recurra.errors import ConfigError, DataError
from recurra.inputs.notes import synthesiser
from recurra.inputs.notes.chord import Chords
from recurra.inputs.notes.config import NotesConfig
from recurra.inputs.notes.event import Events
from recurra.inputs.notes.input import learn
from recurra.inputs.notes.live import LiveNotes, NotesMade
from recurra.inputs.notes.midi import read_midi, write_midi
from recurra.inputs.notes.notation import Notation
from recurra.inputs.notes.revival import revive
from recurra.inputs.notes.scale import key_name, key_named, key_of, scale_of
from recurra.inputs.notes.synthesiser import RATE, sound
from recurra.inputs.notes.tune import Tune
from recurra.inputs.symbol import END, PADDING, UNKNOWN

NOTATIONS = (Chords(ties=False), Chords(ties=True), Events(loudness=True))
MELODY = [72, 74, 76, 77, 79, 81, 83, 84]


def drawn(notation: Notation, prompt: str = "", *, length: int = 200, **asked: Any) -> list[int]:
    """Symbols that a net would make that likes all of them alike."""
    guide = LiveNotes(notation).guide(validated(NotesMade, {"prompt": prompt, **asked}), prompt)
    random = np.random.default_rng(1)
    step = lambda symbol: random.normal(size=len(notation))  # noqa: E731
    sampler = Sampler(Sampling(temperature=1.0), {PADDING, UNKNOWN, END})
    begin = [END, *notation.ids(prompt).tolist()]
    return list(generate(step, begin, sampler, length=length, allowed=guide.allowed))


@pytest.mark.parametrize("notation", NOTATIONS, ids=("chords", "ties", "events"))
def test_all_notes_are_of_the_key_that_is_asked(notation: Notation) -> None:
    prompt = notation.content(notation.ids(Tune.of_chords([[62], [66], [69], [74], [73], [62]])))
    for asked, classes in (
        ({"key": "Bb"}, scale_of((10, "major"))),
        ({"key": "kept"}, scale_of((2, "major"))),
        ({}, frozenset(range(12))),
    ):
        made = notation.tune(drawn(notation, prompt, **asked))
        found = {int(key) % 12 for key in made.keys}
        assert found <= classes
        assert len(found) > len(classes) - 3
    with pytest.raises(ConfigError, match="key=kept without a prompt"):
        drawn(notation, key="kept")
    with pytest.raises(ConfigError, match=r"key 'H'; expected kept, or one such as C"):
        drawn(notation, key="H")


def write(path: Path, keys: Sequence[int], durations: Sequence[int]) -> Path:
    onsets = np.cumsum([0, *durations[:-1]])
    path.write_bytes(write_midi(Tune.of_notes(onsets, durations, keys), 4, 66.0))
    return path


@pytest.mark.parametrize("ties", [False, True])
def test_other_voices_lie_below_a_melody_and_end_with_it(tmp_path: Path, ties: bool) -> None:
    melody = write(tmp_path / "melody.mid", MELODY, [2] * 7 + [4])
    notation = Chords(ties=ties)
    made = notation.tune(drawn(notation, length=10_000, harmonise=str(melody), key="kept"))
    assert made.steps == 18
    steps, keys, _ = made.sounding()
    highest = [int(keys[steps == step].max()) for step in range(18)]
    assert highest == [*np.repeat(MELODY[:7], 2).tolist(), *[84] * 4]
    assert len(keys) > 25
    assert {int(key) % 12 for key in made.keys} <= scale_of((0, "major"))
    if ties:
        assert [one for one in made.keys.tolist() if one in MELODY[1:3]][:2] == MELODY[1:3]
    signs = drawn(notation, length=10_000, harmonise="C5 | | D5 |")
    assert notation.content(signs).count("|") == 3


def test_what_is_made_below_a_melody_does_not_end_before_it() -> None:
    notation, random = NOTATIONS[0], np.random.default_rng(1)
    guide = LiveNotes(notation).guide(validated(NotesMade, {"harmonise": "C5 | | | | D5 |"}), "")
    step = lambda symbol: random.normal(size=len(notation)) + 9 * (np.arange(len(notation)) == END)  # noqa: E731
    made = generate(
        step, [END], Sampler(Sampling(), {PADDING, UNKNOWN}), length=1000, stops={END}, allowed=guide.allowed
    )
    assert notation.content(list(made)).count("|") == 5


def test_a_prompt_may_be_whatever_signs() -> None:
    notation = Events(loudness=True)
    for prompt in ("v5", "C4 v5", "+4 v5", "*4", "C4 *4 v5"):
        made = drawn(notation, prompt, length=20)
        assert len(notation.tune(made))
    with pytest.raises(DataError, match=r"~nobody-here.x\.mid does not exist"):
        drawn(notation, harmonise="~nobody-here/x.mid")


def test_prompts_of_drums_are_read_where_training_read_them(tmp_path: Path) -> None:
    (tmp_path / "drums.mid").write_bytes(midi(track([(0, on(36, 9)), (480, off(36, 9))])))
    notation = learn(iter([]), NotesConfig(ties=False, resolution=1, drums=True))
    assert LiveNotes(revive(notation.to_dict())).text_of(tmp_path / "drums.mid") == "C2 |"
    with pytest.raises(DataError, match="holds no notes but those of drums"):
        LiveNotes(NOTATIONS[0]).text_of(tmp_path / "drums.mid")


def test_what_cannot_be_harmonised_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="harmonise with a run of form=events; expected one of form=chords"):
        drawn(Events(loudness=False), harmonise="C4 *1")
    with pytest.raises(ConfigError, match="harmonise and a prompt"):
        drawn(NOTATIONS[0], "C4 |", harmonise="C4 |")
    with pytest.raises(DataError, match="'X' in notes"):
        drawn(NOTATIONS[0], harmonise="X")
    with pytest.raises(DataError, match=r"none\.mid does not exist"):
        drawn(NOTATIONS[0], harmonise=str(tmp_path / "none.mid"))
    (tmp_path / "two.json").write_text("[[[60]], [[61]]]")
    with pytest.raises(DataError, match=r"two\.json holds 2 tunes; expected one"):
        drawn(NOTATIONS[0], harmonise=str(tmp_path / "two.json"))


@pytest.mark.parametrize("notation", NOTATIONS, ids=("chords", "ties", "events"))
def test_files_hold_what_was_made(tmp_path: Path, notation: Notation) -> None:
    live = LiveNotes(notation)
    theme = write(tmp_path / "theme.mid", [60, 64], [4, 4])
    text = live.text_of(theme)
    asked = NotesMade(prompt=str(theme))
    (tmp_path / "made.mid").write_bytes(live.file_of(text, ".mid", asked))
    again, _ = read_midi(tmp_path / "made.mid", 4, drums=False)
    assert (again.keys.tolist(), again.durations.tolist()) == ([60, 64], [4, 4])
    assert again.tempo == pytest.approx(66, abs=0.01)
    (tmp_path / "made.mid").write_bytes(live.file_of(text, ".mid", NotesMade(tempo=120)))
    assert read_midi(tmp_path / "made.mid", 4, drums=False).tune.tempo == pytest.approx(120)
    with wave.open(io.BytesIO(live.file_of(text, ".wav", asked))) as file:
        assert file.getframerate() == RATE
        assert file.getnframes() / RATE == pytest.approx(2 * 60 / 66, abs=0.6)
    assert live.file_of(text, ".ogg", asked)[:4] == b"OggS"
    assert live.file_named("theme.MID") == Path("theme.MID")
    assert live.file_named("C5 |") is None


def test_a_long_tune_sounds_in_little_time_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    made = list[float]()
    monkeypatch.setattr(
        synthesiser, "_struck", lambda frequency, seconds: made.append(frequency) or np.ones(9)
    )
    onsets = np.arange(0, 2000, 2)
    samples = sound(Tune.of_notes(onsets, [2] * 1000, 60 + onsets % 12), 4, 120.0)
    assert len(made) == 6
    assert samples.dtype == np.float32
    assert np.abs(samples).max() == pytest.approx(0.8)


def test_sound_has_the_pitch_of_its_key_and_stays_in_range() -> None:
    for key in (45, 69, 100):
        samples = sound(Tune.of_notes([0], [8], [key]), 4, 60.0)
        spectrum = np.abs(np.fft.rfft(samples))
        heard = float(np.argmax(spectrum)) * RATE / len(samples)
        assert heard == pytest.approx(440 * 2 ** ((key - 69) / 12), rel=0.01)
    chord = sound(Tune.of_chords([[60, 64, 67]] * 4), 4, 60.0)
    assert 0.5 < np.abs(chord).max() <= 1
    assert not np.abs(chord[-100:]).max()
    assert not sound(Tune.of_chords([[], []]), 4, 60.0).any()


def test_a_long_tune_is_made_in_pieces_with_the_samples_of_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(0)
    onsets = np.sort(random.integers(0, 60, 40))
    tune = Tune.of_notes(onsets, random.integers(1, 9, 40), random.integers(40, 90, 40))
    whole = sound(tune, 4, 120.0)
    monkeypatch.setattr(synthesiser, "_PIECE", 1000)
    made = list(synthesiser.pieces(tune, 4, 120.0))
    assert max(map(len, made)) == 1000
    assert len(made) > 100
    np.testing.assert_array_equal(np.concatenate(made), whole)


def test_a_file_of_a_long_tune_takes_little_more_memory_than_itself(tmp_path: Path) -> None:
    program = (
        "import resource, sys\n"
        "from recurra.inputs.notes.chord import Chords\n"
        "from recurra.inputs.notes.live import LiveNotes, NotesMade\n"
        "from recurra.inputs.notes.tune import Tune\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "notation = Chords(ties=False)\n"
        "text = notation.content(notation.ids(Tune.of_chords([[60, 64], [62, 65]] * 600)))\n"
        "live = LiveNotes(notation)\n"
        "live.file_of(text[:200], '.wav', NotesMade(tempo=60))\n"
        "before = peak()\n"
        "content = live.file_of(text, '.wav', NotesMade(tempo=60))\n"
        "print(len(content) // 1024, peak() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    size, more = map(int, done.stdout.split())
    assert size > 12_000
    assert more < 1.6 * size + 8_000


def test_the_key_of_a_tune_is_found() -> None:
    major = Tune.of_chords([[60, 64, 67], [65, 69, 60], [67, 71, 62], [60, 64, 67]])
    minor = Tune.of_chords([[57, 60, 64], [62, 65, 69], [64, 68, 71], [57, 60, 64], [57]])
    for shift in range(-5, 6):
        for tune, tonic, mode in ((major, 0, "major"), (minor, 9, "minor")):
            moved = tune.transposed(shift)
            assert moved is not None
            assert key_of(moved) == ((tonic + shift) % 12, mode)
    assert [key_name(key_named(one)) for one in ("C", "F# minor", "Bbm", "g", "Cb major")] == [
        "C major", "F# minor", "A# minor", "G major", "B major",
    ]  # fmt: skip
