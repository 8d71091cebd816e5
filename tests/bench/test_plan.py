"""The sections that a choice comes to, and what is left out of them."""

import pytest

from recurra import native
from recurra.bench import plan
from recurra.bench.choice import PEERS, SUITES, Choice
from recurra.bench.plan import PACKAGES, SECTIONS, installed_packages, make_plan, missing_packages
from recurra.errors import ConfigError, MissingDependencyError


@pytest.fixture
def _bare(monkeypatch):
    """As if no optional package were installed."""
    find = plan.importlib.util.find_spec
    optional = {name for names in PACKAGES.values() for name in names}
    monkeypatch.setattr(
        plan.importlib.util, "find_spec", lambda name: None if name in optional else find(name)
    )


@pytest.fixture
def _complete(monkeypatch):
    monkeypatch.setattr(plan, "missing_packages", lambda _: [])


@pytest.mark.usefixtures("_complete")
def test_every_peer_has_a_section_and_every_section_a_race():
    assert {peer for section in SECTIONS for peer in section.peers} == set(PEERS)
    if native.unavailable_reason() is None:
        tables = make_plan(Choice()).tables
        assert [table.section for table in tables] == list(SECTIONS)
        for table in tables:
            assert {race.case.suite for race in table.races} == {table.section.suite}
        assert {section.suite for section in SECTIONS} == set(SUITES)


@pytest.mark.usefixtures("_bare")
def test_absent_peers_are_left_out_and_named():
    found = make_plan(Choice(suites=["train"]))
    assert found.absent == missing_packages("jax") == ["jax"]
    assert [table.peers for table in found.tables] == [
        ["torch.nn"],
        ["torch.packed", "recurra.dense"],
        ["torch.loop", "recurra.lstm"],
    ]
    assert missing_packages("openvino") == ["onnx", "openvino"]
    assert missing_packages("torch.nn") == []
    assert installed_packages() == []


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
    assert [table.section.title for table in found.tables] == ["Training, whole batches"]
    assert found.engine_obstacle == "it was never built"
    assert make_plan(Choice(suites=["train"], peers=["torch.nn"])).engine_obstacle is None
    with pytest.raises(MissingDependencyError, match="without the compiled engine: it was never built"):
        make_plan(Choice(suites=["stream"], peers=["torch.nn"]))
