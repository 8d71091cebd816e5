"""The shape of the source: sizes that may only shrink, no import cycles, no torch where it must not be."""

import ast
import functools
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

SOURCE = Path(__file__).parents[1] / "src" / "recurra"
NATIVE = Path(__file__).parents[1] / "native"
RECORD = Path(__file__).with_name("sizes.json")  # the largest sizes so far; lower them, never raise them
HARD_LIMITS = {"file_lines": 400, "function_lines": 60, "median_file_lines": 200, "native_file_lines": 600}
SLACK = {"file_lines": 40, "function_lines": 10, "median_file_lines": 60, "native_file_lines": 100}
NEW_ROOM_LINES = 600  # of a task or an input that has no record yet
BANNED_NAMES = re.compile(r"\b(tmp|ret|data2|helper|helpers|utils|misc|common|bsz)\b")


def sources() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def native_sources() -> list[Path]:
    return sorted(path for path in NATIVE.rglob("*") if path.suffix in (".cpp", ".hpp", ".cmake", ".txt"))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@functools.cache
def measured_sizes() -> dict[str, int]:
    lines = {path: len(path.read_text().splitlines()) for path in sources()}
    longest = max(
        (node.end_lineno or 0) - node.lineno + 1
        for path in sources()
        for node in functions(ast.parse(path.read_text()))
    )
    median = statistics.median(count for path, count in lines.items() if path.name != "__init__.py")
    return {
        "file_lines": max(lines.values()),
        "function_lines": longest,
        "median_file_lines": int(median),
        "native_file_lines": max(len(path.read_text().splitlines()) for path in native_sources()),
    }


@pytest.mark.parametrize("what", sorted(HARD_LIMITS))
def test_sizes_only_shrink(what: str) -> None:
    record, measured = json.loads(RECORD.read_text())[what], measured_sizes()[what]
    assert record <= HARD_LIMITS[what], f"the record of {what} may not be raised over {HARD_LIMITS[what]}"
    assert measured <= record, f"{what} is {measured}, the record {record}: split the largest one"
    assert measured > record - SLACK[what], f"{what} is down to {measured}: lower the record in {RECORD.name}"


def rooms() -> list[Path]:
    """The folders of tasks and of inputs."""
    return sorted(
        path.parent for kind in ("tasks", "inputs") for path in (SOURCE / kind).glob("*/__init__.py")
    )


@pytest.mark.parametrize("room", rooms(), ids=lambda room: f"{room.parent.name}/{room.name}")
def test_tasks_and_inputs_stay_small(room: Path) -> None:
    records: dict[str, int] = json.loads(RECORD.read_text())["rooms"]
    name = f"{room.parent.name}/{room.name}"
    lines = sum(len(path.read_text().splitlines()) for path in room.rglob("*.py"))
    record = records.get(name, NEW_ROOM_LINES)
    assert lines <= record, f"{name} has {lines} lines, the record is {record}: move what is general below"
    if name in records:
        assert lines > 0.8 * record, f"{name} is down to {lines} lines: lower its record in {RECORD.name}"


@pytest.mark.parametrize("room", rooms(), ids=lambda room: f"{room.parent.name}/{room.name}")
def test_adding_a_task_or_an_input_changes_no_other_file(room: Path) -> None:
    """But for a row in its registry and a public name. What reads series for forecasts is no `Input`."""
    if room.name == "series":
        return
    place = f"recurra.{room.parent.name}.{room.name}"
    own = re.compile(rf"\b{re.escape(place)}\b")
    naming = {path for path in sources() if room not in path.parents and own.search(path.read_text())}
    assert naming <= {SOURCE / "__init__.py", room.parent / "registry.py"}


def test_imports_make_no_cycle() -> None:
    graph = grimp.build_graph("recurra", cache_dir=None)
    waiting = {
        module: graph.find_modules_directly_imported_by(module) - {"recurra", module}
        for module in graph.modules  # one that is compiled counts as its package
        if module != "recurra"  # its names are loaded lazily
    }
    while free := [module for module, needs in waiting.items() if not needs & waiting.keys()]:
        for module in free:
            del waiting[module]
    assert not waiting, f"these modules import each other: {sorted(waiting)}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_names_say_what_they_are(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {argument.arg for argument in ast.walk(tree) if isinstance(argument, ast.arg)}
    names |= {node.name for node in functions(tree)} | {path.stem}
    assert not [name for name in names if BANNED_NAMES.fullmatch(name)]


@pytest.mark.parametrize(
    "package", ["", ".native", ".streaming", ".report", ".metrics", ".cli", ".client.client"]
)
def test_imports_without_torch(package: str) -> None:
    program = f"import sys, recurra{package}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": ""})


def test_every_public_name_can_be_loaded() -> None:
    import recurra  # noqa: PLC0415

    for name in recurra.__all__:
        assert getattr(recurra, name) is not None
    assert set(dir(recurra)) == set(recurra.__all__)
    with pytest.raises(AttributeError, match="its names are"):
        _ = recurra.Transformer
