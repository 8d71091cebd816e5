import json

import numpy as np
import polars as pl
import pytest

from recurra.errors import ConfigError, DamagedError, DataError
from recurra.inputs import registry
from recurra.inputs.examples import keep_nothing
from recurra.inputs.sequence.config import SequenceConfig
from recurra.inputs.sequence.input import SEQUENCE
from recurra.inputs.sequence.live import LiveSeries
from recurra.inputs.text.config import TextConfig
from recurra.inputs.text.input import TEXT
from recurra.inputs.text.live import LiveText


def test_a_live_text_has_the_ids_of_the_encoding() -> None:
    encoding = TEXT.learn(["a good film", "bad"], TextConfig())
    live = registry.live("text").from_dict(json.loads(json.dumps(encoding.to_dict())))
    assert live.columns == ("text",)
    for text in ("a bad one", "", "GOOD, film!"):
        assert live.steps({"text": text, "more": 1}) == encoding.encode(text)[:, 0].tolist()
    assert live.steps({"text": ["good", "film"]}) == encoding.encode(["good", "film"])[:, 0].tolist()
    assert live.steps({"tokens": ["good", "film"]}) == live.steps({"text": ["good", "film"]})
    assert all(type(step) is int for step in live.steps({"text": "good"}))


@pytest.mark.parametrize("row", [{}, {"text": None}, {"text": 3}, {"text": [1]}])
def test_a_row_without_text_is_refused(row: dict[str, object]) -> None:
    live = LiveText.from_dict(TEXT.learn(["a"], TextConfig()).to_dict())
    with pytest.raises(DataError):
        live.steps(row)


def test_letters_cannot_be_streamed() -> None:
    config = TextConfig(characters="lstm")
    with pytest.raises(ConfigError, match="characters=none"):
        LiveText.from_dict(TEXT.learn(["a"], config).to_dict())
    with pytest.raises(DamagedError):
        LiveText.from_dict({})


def test_live_steps_are_those_of_the_encoding() -> None:
    frame = pl.DataFrame({"x": [[1.0, None, 3.0]], "y": [[2, 4, 8]]})
    contents = SEQUENCE.read(frame, SequenceConfig(), keep_nothing).contents
    encoding = SEQUENCE.learn(contents, SequenceConfig())
    live = registry.live("series").from_dict(json.loads(json.dumps(encoding.to_dict())))
    assert live.columns == ("x", "y")
    expected = encoding.encode(contents[0])
    rows = [{"y": 2, "x": "1"}, {"x": None, "y": 4}, {"x": 3.0, "y": 8}]
    np.testing.assert_array_equal(np.concatenate([live.steps(row) for row in rows]), expected)
    np.testing.assert_array_equal(live.steps({"x": [1, None, 3], "y": [2, 4, 8]}), expected)
    for bad in (
        {"x": 1},
        {"x": "a", "y": 1},
        {"x": float("inf"), "y": 1},
        {"x": [1, 2], "y": [1]},
        {"x": [], "y": []},
    ):
        with pytest.raises(DataError):
            live.steps(bad)


def test_irregular_times_cannot_be_streamed() -> None:
    frame = pl.DataFrame({"x": [[1.0, 2.0, 3.0]], "time": [[0, 1, 5]]})
    encoding = SEQUENCE.learn(SEQUENCE.read(frame, SequenceConfig(), keep_nothing).contents, SequenceConfig())
    with pytest.raises(ConfigError, match="time=none"):
        LiveSeries.from_dict(encoding.to_dict())
