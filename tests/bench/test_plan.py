"""The sections that a choice comes to, and what is left out of them."""

import pytest

from recurra import native
from recurra.bench import extra, plan
from recurra.bench.choice import PEERS, Choice
from recurra.bench.extra import PACKAGES, missing_packages
from recurra.bench.plan import KINDS, make_plan
from recurra.errors import ConfigError, MissingDependencyError


@pytest.fixture
def _bare(monkeypatch):
    """As if no optional package were installed."""
    find = extra.importlib.util.find_spec
    optional = {name for names in PACKAGES.values() for name in names}
    monkeypatch.setattr(
        extra.importlib.util, "find_spec", lambda name: None if name in optional else find(name)
    )


@pytest.fixture
def _complete(monkeypatch):
    monkeypatch.setattr(plan, "missing_packages", lambda _: [])


@pytest.mark.usefixtures("_complete")
def test_every_peer_has_a_section_and_every_section_a_race():
    assert {peer for kinds in KINDS.values() for kind in kinds for peer in kind.peers} == set(PEERS)
    if native.unavailable_reason() is None:
        sections = make_plan(Choice()).sections
        assert len(sections) == sum(map(len, KINDS.values()))
        suites = {race.case.suite for section in sections for race in section.races}
        assert suites == set(KINDS)


@pytest.mark.usefixtures("_bare")
def test_absent_peers_are_left_out_and_named():
    found = make_plan(Choice(suites=["train"]))
    assert dict(found.absent) == {"jax": ["jax"]}
    assert [list(section.peers) for section in found.sections] == [
        ["torch.nn"],
        ["torch.packed", "recurra.dense"],
        ["torch.loop", "recurra.lstm"],
    ]
    assert missing_packages("openvino") == ["onnx", "openvino"]
    assert missing_packages("torch.nn") == []
    assert extra.installed_packages() == []


@pytest.mark.usefixtures("_bare")
def test_an_absent_peer_that_was_asked_for_is_an_error():
    with pytest.raises(
        MissingDependencyError, match=r"peer jax without jax; .*pip install 'recurra\[bench\]'"
    ):
        make_plan(Choice(peers=["torch.nn", "jax"]))


@pytest.mark.usefixtures("_bare")
def test_nobody_to_race_against_is_an_error():
    if native.unavailable_reason() is None:
        with pytest.raises(MissingDependencyError, match="nobody to race against: onnxruntime, "):
            make_plan(Choice(suites=["pool"]))


def test_a_choice_that_meets_nowhere_is_an_error():
    with pytest.raises(ConfigError, match="nothing to race"):
        make_plan(Choice(suites=["train"], cells=["lstm_int8"]))
    with pytest.raises(ConfigError, match="nothing to race"):
        make_plan(Choice(suites=["train"], peers=["memory"]))


def test_without_the_engine_only_training_is_raced(monkeypatch):
    monkeypatch.setattr(native, "unavailable_reason", lambda: "it was never built")
    found = make_plan(Choice(peers=["torch.nn"]))
    assert [section.title for section in found.sections] == ["Training, whole batches"]
    assert found.engine_obstacle == "it was never built"
    assert make_plan(Choice(suites=["train"], peers=["torch.nn"])).engine_obstacle is None
    with pytest.raises(MissingDependencyError, match="without the compiled engine: it was never built"):
        make_plan(Choice(suites=["stream"], peers=["torch.nn"]))
