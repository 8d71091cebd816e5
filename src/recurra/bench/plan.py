"""The tables that a choice comes to, and what is left out of them."""

import importlib.util
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from recurra import native
from recurra.bench import streaming, training
from recurra.bench.choice import Choice, check_choice
from recurra.bench.schedule import Table
from recurra.errors import ConfigError, MissingDependencyError

SECTIONS = (*training.SECTIONS, *streaming.SECTIONS)
INSTALL = "pip install 'recurra[bench]'"

PACKAGES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "onnxruntime": ("onnx", "onnxruntime"),
    "onnxruntime.io_binding": ("onnx", "onnxruntime"),
    "onnxruntime.batch": ("onnx", "onnxruntime"),
    "openvino": ("onnx", "openvino"),
    "jax": ("jax",),
})  # fmt: skip
"""What a peer needs, where it needs anything beyond recurra's own dependencies."""


class Plan(NamedTuple):
    """What is to be raced, and what cannot.

    Attributes:
        tables: Those that have races.
        absent: The peers that are left out, since a package is not installed.
        engine_obstacle: Why there are no races of what only the engine does; None where there are.
    """

    tables: Sequence[Table]
    absent: Sequence[str]
    engine_obstacle: str | None


def make_plan(choice: Choice) -> Plan:
    """The plan for a choice.

    Raises:
        ConfigError: Something chosen does not exist, or no race is left.
        MissingDependencyError: A peer was asked for by its name and is not installed, or there is nothing to
            race without the engine.
    """
    check_choice(choice)
    for peer in choice.peers:
        for package in missing_packages(peer):
            raise MissingDependencyError(
                f"peer {peer} without {package}", f"{package} to be installed", f"Run: {INSTALL}"
            )
    reason = native.unavailable_reason()
    sections = [section for section in SECTIONS if choice.has_suite(section.suite)]
    tables: list[Table] = []
    absent: dict[str, None] = {}
    for section in sections:
        if section.suite != "train" and reason is not None:
            continue
        missing = {peer: missing_packages(peer) for peer in section.peers if choice.has_peer(peer)}
        peers = [peer for peer, packages in missing.items() if not packages]
        races = section.races(choice, peers)
        if races:
            absent |= dict.fromkeys(peer for peer in missing if peer not in peers)
            tables += [Table(section, peers, races)] if peers else []
    obstacle = reason if any(section.suite != "train" for section in sections) else None
    if not tables:
        raise _nothing(list(absent), obstacle)
    return Plan(tables, list(absent), obstacle)


def _nothing(absent: list[str], obstacle: str | None) -> ConfigError | MissingDependencyError:
    if absent:
        return MissingDependencyError(
            f"nobody to race against: {', '.join(absent)} not installed", "one of them", f"Run: {INSTALL}"
        )
    if obstacle is not None:
        return MissingDependencyError(
            f"streaming without the compiled engine: {obstacle}", "the engine", "See: recurra info"
        )
    return ConfigError(
        "nothing to race", "a cell and a peer of the same suite", "Drop one of --cell, --peer, or the suite."
    )


def missing_packages(peer: str) -> list[str]:
    """Those that a peer needs and that are not installed."""
    return [name for name in PACKAGES.get(peer, ()) if importlib.util.find_spec(name) is None]


def installed_packages() -> list[str]:
    """Those of all that some peer needs."""
    names = dict.fromkeys(name for packages in PACKAGES.values() for name in packages)
    return [name for name in names if importlib.util.find_spec(name) is not None]
