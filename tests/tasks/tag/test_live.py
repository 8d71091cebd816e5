"""A tagger on a stream: as many tags as steps, where tags wait and where sequences end."""

import csv
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.cli.program import call

from recurra import Tagger
from recurra.errors import ArtifactError, DataError
from recurra.tasks.tag.live import LiveTagger

AHEAD = 2
SETTINGS = {
    "bidirectional": False, "output": "softmax", "hidden_size": 6, "batch_size": 8, "max_epochs": 2,
    "look_ahead": AHEAD,
}  # fmt: skip
WORDS = ["a", "b", "c", "d", "e"]


def sentences(rows: int = 60) -> pl.DataFrame:
    random = np.random.default_rng(0)
    tokens = [random.choice(WORDS, size=int(random.integers(1, 7))).tolist() for _ in range(rows)]
    return pl.DataFrame({"tokens": tokens, "tags": [[word.upper() for word in row] for row in tokens]})


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger(**SETTINGS).fit(sentences())


def told(live: LiveTagger, *rows: dict[str, Any]) -> list[str | None]:
    return [tag for row in rows for tag in live.predict(row).values["tags"]]


def whole(tagger: Tagger, tokens: Sequence[str]) -> list[str]:
    return tagger.predict(pl.DataFrame({"tokens": [tokens]}))["prediction"][0].to_list()


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_a_sequence_gets_its_tags_however_its_rows_are_cut(tagger: Tagger, length: int) -> None:
    live, tokens = LiveTagger(tagger.to_program()), WORDS[:length]
    expected = [*[None] * AHEAD, *whole(tagger, tokens)]
    at_once = {"tokens": tokens, "sequence_end": True}
    assert told(live, at_once) == expected
    assert told(live, at_once) == expected  # which begins anew
    singly = [{"text": word, "sequence_id": 7} for word in tokens]
    assert told(live, *singly, {"sequence_id": 7, "sequence_end": True}) == expected
    assert told(live, *singly[:-1], {**singly[-1], "sequence_end": "true"}) == expected
    assert live.snapshot() == {}


def test_the_delay_goes_on_after_a_restart(tagger: Tagger) -> None:
    before, after = (LiveTagger(tagger.to_program()) for _ in range(2))
    first, rest = {"text": "a"}, {"tokens": ["b", "c"], "sequence_end": True}
    begun = told(before, first)
    states = before.snapshot()
    after.restore(states)
    assert [*begun, *told(after, rest)] == [*begun, *told(before, rest)]
    assert [*begun, *told(LiveTagger(tagger.to_program()), first)] == [None, None]
    for last in (None, -1.0, 0.5, 3.0):
        with pytest.raises(ArtifactError):
            after.restore({name: kept._replace(last=last) for name, kept in states.items()})


def test_an_end_that_is_neither_is_refused_and_nothing_is_taken(tagger: Tagger) -> None:
    live = LiveTagger(tagger.to_program())
    with pytest.raises(DataError, match="sequence_end holds 'perhaps'"):
        live.predict({"text": "a", "sequence_end": "perhaps"})
    assert live.snapshot() == {}


def test_rows_of_both_forms_stream(capsys, monkeypatch, tagger: Tagger, tmp_path: Path) -> None:
    tagger.to_program().save(tmp_path / "program")
    rows = [{"tokens": ["a", "b", "c"]}, {"sequence_end": True}]
    lines = streamed(
        capsys, monkeypatch, tmp_path / "program", "".join(f"{json.dumps(row)}\n" for row in rows)
    )
    tags = [tag for line in lines for tag in json.loads(line)["tags"]]
    assert tags == [None, None, *whole(tagger, ["a", "b", "c"])]
    text = "text,sequence_end\na,\nb,\nc,\n,true\n"
    lines = streamed(capsys, monkeypatch, tmp_path / "program", text)
    cells = [json.loads(row["tags"]) for row in csv.DictReader(lines)]
    first, *last = whole(tagger, ["a", "b", "c"])
    assert cells == [[None], [None], [first], last]


def streamed(capsys, monkeypatch, program: Path, text: str) -> list[str]:
    read, write = os.pipe()
    os.write(write, text.encode())
    os.close(write)
    with os.fdopen(read) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        outcome = call(capsys, "stream", program)
    assert outcome.code == 0, outcome.err
    return outcome.out.splitlines()
