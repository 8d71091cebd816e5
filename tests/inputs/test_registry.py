import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import polars as pl
import pytest

from recurra.data.sample import EXAMPLE_SAMPLES, sample_path
from recurra.errors import ConfigError, DataError
from recurra.inputs import registry
from recurra.inputs.input import Input
from recurra.inputs.samples import example_names

ORDER = ("table", "series", "text")


@pytest.mark.parametrize("name", registry.names())
def test_every_name_leads_to_the_input_of_that_name(name: str) -> None:
    found = registry.get(name)
    assert isinstance(found, Input)
    assert found.name == name
    assert registry.config(name) is found.config


@pytest.mark.parametrize(
    "module",
    [
        "registry",
        "live",
        "samples",
        "rows",
        "glance",
        "text.config",
        "text.live",
        "sequence.live",
        "table.config",
    ],
)
def test_what_a_stream_or_a_help_page_needs_imports_no_torch(module: str) -> None:
    program = (
        f"import sys, recurra.inputs.{module}; from recurra.inputs import registry; registry.names();"
        "registry.live('text'); registry.live('series'); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": ""})


def test_the_live_forms_are_those_that_the_inputs_name() -> None:
    for name in ("series", "text"):
        home = registry.get(name).live
        live = registry.live(name)
        assert home == f"{live.__module__}:{live.__name__}"
    with pytest.raises(ConfigError, match="input 'table' on a stream"):
        registry.live("table")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"input is 'serie'; expected one of table, series, text.*'series'"):
        registry.get("serie")


def test_an_input_of_another_package_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = EntryPoint("table", "nowhere:TABLE", registry.GROUP)
    other = EntryPoint("prose", "recurra.inputs.text.input:TEXT", registry.GROUP)
    broken = EntryPoint("broken", "recurra.no_such_module:INPUT", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [ours, other, broken])
    assert registry.names()[-2:] == ["prose", "broken"]
    assert registry.get("prose") is registry.get("text")
    assert registry.get("table").name == "table"  # a name of ours is not taken over
    with pytest.raises(ConfigError, match=r"recurra\.no_such_module:INPUT, is not there"):
        registry.get("broken")


def test_a_name_is_registered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_HOMES", dict(registry._HOMES))
    registry.register("prose", "recurra.inputs.text.input:TEXT")
    registry.register("prose", "recurra.inputs.text.input:TEXT")
    assert registry.get("prose").name == "text"
    with pytest.raises(ConfigError, match="a second time"):
        registry.register("prose", "recurra.inputs.table.input:TABLE")
    with pytest.raises(ConfigError, match="module:NAME"):
        registry.register("other", "recurra.inputs.table.input")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"a": [1.0, 2.0], "color": ["red", "blue"], "label": ["x", "y"]}, "table"),
        ({"a": [[1.0, 2.0], [3.0]], "label": ["x", "y"]}, "series"),
        ({"a": [[1.0, 2.0], [3.0]], "tags": [["x", "y"], ["x"]]}, "series"),
        ({"unique_id": ["a", "a"], "a": [1.0, 2.0], "label": ["x", "x"]}, "series"),
        ({"id": [1, 2], "a": [1.0, 2.0], "label": ["x", "y"]}, "table"),
        ({"text": ["good", "bad"], "label": [1, 0]}, "text"),
        ({"remark": ["it is quite good", "it is rather bad"], "stars": [1, 0]}, "text"),
        ({"tokens": [["it", "is"], ["no"]], "ner_tags": [[0, 1], [1]]}, "text"),
    ],
)
def test_a_frame_gets_the_input_that_suits(columns: dict[str, list[object]], expected: str) -> None:
    frame = pl.DataFrame(columns)
    assert registry.suited(frame, ORDER).name == expected
    assert registry.suited(frame.to_pandas(), ORDER).name == expected or expected != "table"


def test_what_suits_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        registry.suited(tmp_path / "missing.csv", ORDER)
    with pytest.raises(DataError, match="looks like none of the inputs table, series"):
        registry.suited(["a text"], ORDER[:2])
    with pytest.raises(DataError, match=r"no sample is named 'iri'.*'iris'"):
        registry.suited("sample:iri", ORDER)
    with pytest.raises(DataError, match="sample:co2 looks like none"):
        registry.suited("sample:co2", ORDER)


def test_the_samples_of_examples_are_known_where_series_are() -> None:
    assert list(EXAMPLE_SAMPLES) == example_names()
    with pytest.raises(DataError, match=r"sample 'iris', which holds examples.*co2"):
        sample_path("iris")
