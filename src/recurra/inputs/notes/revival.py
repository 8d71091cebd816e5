"""The symbols of notes again from what a run kept of them; no torch."""

from collections.abc import Mapping
from typing import Any

from recurra.errors import DamagedError
from recurra.inputs.notes.chord import Chords
from recurra.inputs.notes.event import Events
from recurra.inputs.notes.notation import Notation


def revive(description: Mapping[str, Any]) -> Notation:
    """The alphabet that `to_dict` described.

    Raises:
        DamagedError: A part is missing or of another kind.
    """
    form, resolution, tempo = (description.get(name) for name in ("form", "resolution", "tempo"))
    choice = description.get({"chords": "ties", "events": "loudness"}.get(str(form), ""))
    drums = description.get("drums", False)
    counts = isinstance(resolution, int) and 1 <= resolution <= 96
    runs = isinstance(tempo, int | float) and 0 < tempo < 10_000
    if not (counts and runs and isinstance(choice, bool) and isinstance(drums, bool)):
        raise DamagedError(
            f"notes of form {form!r} with {dict(description)}",
            "chords or events, with their resolution and tempo",
            "Restore the file.",
        )
    own: Mapping[str, Any] = {"resolution": resolution, "tempo": tempo, "drums": drums}
    return Events(loudness=choice, **own) if form == "events" else Chords(ties=choice, **own)
