"""The sections that a choice comes to."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from recurra import native
from recurra.bench.choice import Choice, check_choice
from recurra.bench.extra import INSTALL, check_installed, missing_packages
from recurra.bench.section import Section
from recurra.bench.streaming import kernel, pool, step
from recurra.bench.training import dense, lengths, scan, variant
from recurra.errors import ConfigError, MissingDependencyError


class Kind(NamedTuple):
    """A section before anything is chosen.

    Attributes:
        peers: Everybody who can be raced against in it.
        section: Makes it.
        needs_engine: Whether there is nothing of ours to race without the compiled engine.
    """

    peers: Sequence[str]
    section: Callable[[Choice, Sequence[str]], Section]
    needs_engine: bool = False


KINDS: Mapping[str, Sequence[Kind]] = MappingProxyType({
    "train": (
        Kind(dense.PEERS, dense.section),
        Kind(scan.PEERS, scan.section),
        Kind(lengths.PEERS, lengths.section),
        Kind(variant.PEERS, variant.section),
    ),
    "stream": (
        Kind(step.PEERS, step.section, needs_engine=True),
        Kind(kernel.PEERS, kernel.section, needs_engine=True),
    ),
    "pool": (Kind(pool.PEERS, pool.section, needs_engine=True),),
})  # fmt: skip


class Plan(NamedTuple):
    """What is to be raced, and what cannot.

    Attributes:
        sections: The sections that have races.
        absent: The peers that are left out, with the packages that they lack.
        engine_obstacle: Why there are no races of what only the engine does; None where there are.
    """

    sections: Sequence[Section]
    absent: Mapping[str, Sequence[str]]
    engine_obstacle: str | None


def make_plan(choice: Choice) -> Plan:
    """The plan for a choice.

    Raises:
        ConfigError: Something chosen does not exist, or no race is left.
        MissingDependencyError: A peer was asked for by its name and is not installed, or there is nothing to
            race without the engine.
    """
    check_choice(choice)
    check_installed(choice.peers)
    kinds = [kind for suite, kinds in KINDS.items() if choice.has_suite(suite) for kind in kinds]
    reason = native.unavailable_reason()
    sections: list[Section] = []
    absent: dict[str, Sequence[str]] = {}
    for kind in kinds:
        if kind.needs_engine and reason is not None:
            continue
        missing = {peer: missing_packages(peer) for peer in kind.peers if choice.has_peer(peer)}
        section = kind.section(choice, [peer for peer, packages in missing.items() if not packages])
        if section.races:
            absent |= {peer: packages for peer, packages in missing.items() if packages}
            sections += [section] if section.peers else []
    obstacle = reason if any(kind.needs_engine for kind in kinds) else None
    if not sections:
        raise _nothing(list(absent), obstacle)
    return Plan(sections, absent, obstacle)


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
