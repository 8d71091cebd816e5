"""`recurra info`: what this installation runs with, and what computes which weights, and why."""

import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from recurra.cli import screen
from recurra.cli.machine import cores, processor
from recurra.version import __version__

LIBRARIES = ("torch", "numpy", "polars", "pydantic", "safetensors")


def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show versions, processor, devices, and why each backend is used or not.

    Examples:
      recurra info
      recurra info --json
    """
    facts = _facts()
    if as_json:
        screen.emit(facts)
        return
    rows = [
        ("recurra", facts["recurra"]),
        ("Python", facts["python"]),
        *facts["libraries"].items(),
        ("system", facts["system"]),
        ("processor", f"{facts['processor']}, {facts['cores']} cores"),
        *(("threads", f"{count} for torch") for count in [facts["threads"]] if count),
        *(("device", device) for device in facts["devices"]),
        *_engine_row(facts["engine"]),
        *(("backend", f"{name}: {reason}") for name, reason in facts["backends"].items()),
        *(("weights", f"{kind}: {reason}") for kind, reason in facts["weights"].items()),
    ]
    column = max(len(name) for name, _ in rows) + 2
    for (name, value), (before, _) in zip(rows, [("", ""), *rows], strict=False):
        screen.say(("" if name == before else name).ljust(column) + str(value))


def _facts() -> dict[str, Any]:
    facts = {
        "recurra": __version__,
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "system": platform.platform(),
        "processor": processor(),
        "cores": cores(),
        "engine": _engine(),
    }
    return {**facts, **(_of_training() if find_spec("torch") else _of_streams_alone())}


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed"


def _of_training() -> dict[str, Any]:
    import torch

    from recurra.ops.backends import overview

    return {
        "threads": torch.get_num_threads(),
        "devices": _devices(torch),
        "backends": _backends(),
        "weights": overview(),
    }


def _of_streams_alone() -> dict[str, Any]:
    """What there is to say without torch."""
    from recurra import native

    reason = native.unavailable_reason()
    runs = "runs stream programs; torch, which trains, is not installed"
    backend = runs if reason is None else f"not used: {reason}"
    return {"threads": None, "devices": ["cpu"], "backends": {"native": backend}, "weights": {}}


def _engine() -> dict[str, Any]:
    from recurra import native

    return {
        "instruction_set": native.instruction_set(),
        "instruction_sets": native.instruction_sets(),
        "chosen_by": native.chosen_by(),
    }


def _engine_row(engine: dict[str, Any]) -> list[tuple[str, str]]:
    if engine["instruction_set"] is None:
        return []  # its backend says why
    by = f" (chosen by {engine['chosen_by']})" if engine["chosen_by"] else ""
    return [("engine", f"{engine['instruction_set']}{by}, of {', '.join(engine['instruction_sets'])}")]


def _backends() -> dict[str, str]:
    from recurra.ops.backends import PREFERENCE, availability

    reasons = availability()
    usable = [name for name in PREFERENCE if reasons[name] is None]
    used = {
        name: f"used where {' and '.join(usable[:place])} cannot do a call"
        for place, name in enumerate(usable)
    }
    used[usable[0]] = "used: the fastest here"
    return {name: used.get(name, f"not used: {reasons[name]}") for name in PREFERENCE}


def _devices(torch: Any) -> list[str]:
    cuda = [
        f"cuda:{index} ({torch.cuda.get_device_name(index)})" for index in range(torch.cuda.device_count())
    ]
    return ["cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]
