import os
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from recurra.config import Config
from recurra.data.sample import EXAMPLE_SAMPLES, sample_path
from recurra.errors import ConfigError, DataError
from recurra.inputs import registry
from recurra.inputs.choice import suited
from recurra.inputs.examples import keep_nothing
from recurra.inputs.input import Input
from recurra.inputs.live import LiveInput
from recurra.inputs.samples import example_names
from recurra.inputs.symbol import SymbolInput
from recurra.place import of_other_packages
from recurra.tasks import registry as tasks

ORDER = ("table", "series", "text")


@pytest.mark.parametrize("name", registry.entries())
def test_every_name_leads_to_the_input_of_that_name(name: str) -> None:
    gives_symbols = "symbols" in registry.entries()[name].gives
    found = registry.symbols(name) if gives_symbols else registry.get(name)
    assert isinstance(found, SymbolInput if gives_symbols else Input)
    assert found.name == name
    assert issubclass(registry.config(name), Config)


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
        f"import sys, recurra.inputs.{module}; from recurra.inputs import registry; registry.entries();"
        "registry.live('text'); registry.live('series'); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": ""})


def test_what_comes_step_by_step_has_a_live_form() -> None:
    assert all(issubclass(registry.live(name), LiveInput) for name in ("series", "text"))
    with pytest.raises(ConfigError, match="input 'table' on a stream"):
        registry.live("table")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        ConfigError,
        match=r"input is 'serie'; expected one of table, audio, strokes, images, motion, video.*'series'",
    ):
        registry.get("serie")


PROSE = replace(registry.entries()["text"], name="prose")
BROKEN = registry.Entry(
    name="broken", input="recurra.no_such_module:INPUT", config="recurra.inputs.text.config:NoConfig"
)
TABLE = replace(registry.entries()["text"], name="table")


def test_an_input_of_another_package_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint(name.lower(), f"{__name__}:{name}", registry.GROUP)
        for name in ("TABLE", "PROSE", "BROKEN")
    ]
    monkeypatch.setitem(sys.modules, __name__, SimpleNamespace(TABLE=TABLE, PROSE=PROSE, BROKEN=BROKEN))
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: points)
    of_other_packages.cache_clear()
    try:
        assert list(registry.entries())[-2:] == ["prose", "broken"]
        assert registry.get("prose") is registry.get("text")
        assert registry.get("table").name == "table"  # a name of ours is not taken over
        with pytest.raises(ConfigError, match=r"no_such_module:INPUT, a part of a task .*, is not there"):
            registry.get("broken")
        with pytest.raises(ConfigError, match="NoConfig"):
            registry.config("broken")
    finally:
        monkeypatch.undo()
        of_other_packages.cache_clear()


def test_an_entry_point_that_cannot_be_loaded_is_left_out_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = [
        EntryPoint("torn", f"{__name__}:TORN", registry.GROUP),
        EntryPoint("prose", f"{__name__}:PROSE", registry.GROUP),
    ]
    monkeypatch.setitem(sys.modules, __name__, SimpleNamespace(PROSE=PROSE))
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: points)
    of_other_packages.cache_clear()
    try:
        with pytest.warns(UserWarning, match=r"'torn' of package .* is left out.*AttributeError"):
            known = registry.entries()
        assert "prose" in known
        assert "torn" not in known
        assert registry.entries() == known  # without another warning
    finally:
        monkeypatch.undo()
        of_other_packages.cache_clear()


def test_an_input_can_be_added_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_REGISTERED", dict(registry._REGISTERED))
    registry.register(PROSE)
    assert registry.get("prose").name == "text"


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
    assert suited(frame, ORDER, keep_nothing, registry.get).name == expected
    assert (
        suited(frame.to_pandas(), ORDER, keep_nothing, registry.get).name == expected or expected != "table"
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "\n \n", "is empty"),
        ("a.csv", "text,label\n", "has no rows"),
        ("a.csv", "x,x\n1,2\n", "two columns 'x'"),
        ("a.jsonl", "\n\n", "is empty"),
        ("a.jsonl", '{"a":1}\n{"a":\n', r"line 2 of .* is not valid JSON"),
        ("a.csv.gz", "no gzip", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_as_its_reader_tells_it(
    name: str, content: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        suited(tmp_path / name, ORDER, keep_nothing, registry.get)


def test_what_suits_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        suited(tmp_path / "missing.csv", ORDER, keep_nothing, registry.get)
    with pytest.raises(DataError, match="looks like none of the inputs table, series"):
        suited(["a text"], ORDER[:2], keep_nothing, registry.get)
    with pytest.raises(DataError, match=r"no sample is named 'iri'.*'iris'"):
        suited("sample:iri", ORDER, keep_nothing, registry.get)
    with pytest.raises(DataError, match="sample:co2 looks like none"):
        suited("sample:co2", ORDER, keep_nothing, registry.get)


def test_the_samples_of_examples_are_known_where_series_are() -> None:
    assert list(EXAMPLE_SAMPLES) == example_names()
    with pytest.raises(DataError, match=r"sample 'iris', which holds examples.*co2"):
        sample_path("iris")


@pytest.mark.parametrize("task", tasks.entries())
def test_no_setting_of_an_input_is_called_like_one_of_a_task_that_reads_it(task: str) -> None:
    inputs = tasks.config_classes(tasks.entries()[task])
    own = {*inputs.pop("").model_fields}
    assert [name for name, config in inputs.items() if own & config.model_fields.keys()] == []


@pytest.mark.parametrize(
    ("settings", "meant"),
    [
        ({"features": "feats.npz"}, "features"),
        ({"features": Path("folder") / "feats.safetensors"}, "features"),
        ({"features": "mfcc"}, None),
        ({"features": "none"}, None),
        ({}, None),
    ],
)
def test_settings_mean_an_input_only_where_they_name_its_file(
    settings: dict[str, object], meant: str | None
) -> None:
    assert registry.signed(settings) == meant
