"""A Ray cluster that is not there, in our words."""

import pickle
import socket
import sys
from pathlib import Path

import pytest
from tests.cli.program import call
from tests.experiment.test_partition_verbs import lake, run, without_type_checks  # noqa: F401 - fixtures
from tests.training.toy import ToySource, squared_error, toy_config, toy_model

from recurra.cluster import check_answers, connected
from recurra.errors import ClusterError, ConfigError, MissingDependencyError, StorageError
from recurra.training.loop import fit
from recurra.training.ray_workers import failure_of

HINT = "pip install 'recurra[scale]'"


@pytest.fixture
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)


@pytest.mark.usefixtures("without_ray")
def test_without_ray_every_command_says_how_to_get_it(capsys, run, lake, tmp_path: Path) -> None:  # noqa: F811
    commands = (
        ["train", "classify", "sample:iris", "scale=ray", "num_workers=2", "--out", tmp_path / "run"],
        ["tune", "classify", "sample:iris", "--scale", "ray", "--out", tmp_path / "search"],
        ["predict", run, lake, "-o", tmp_path / "told", "--scale", "ray"],
    )
    for words in commands:
        done = call(capsys, *words)
        assert done.code == 1
        assert HINT in done.err
    assert not (tmp_path / "run").exists()
    with pytest.raises(MissingDependencyError, match="scale=ray without"):
        fit(toy_model(), squared_error, ToySource(), toy_config(scale="ray", num_workers=2))


def test_a_cluster_that_does_not_answer_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        pytest.importorskip("ray", reason="Ray, which the extra scale brings, is not installed")
        with pytest.raises(ClusterError, match=f"no Ray cluster answers at {address}"):
            connected(2, print)
    check_answers("auto")  # of which nothing can be asked


@pytest.mark.parametrize("kind", [ClusterError, StorageError])
def test_errors_travel(kind: type[ClusterError | StorageError]) -> None:
    error = pickle.loads(pickle.dumps(kind("a", "b", "c")))
    assert (error.got, error.expected, error.remedy) == ("a", "b", "c")
    assert str(error) == "a; expected b. c"


def test_a_folder_that_machines_do_not_share_is_told() -> None:
    told = failure_of(
        RuntimeError("Unable to set up cluster storage with the following\nsettings"), Path("runs/a")
    )
    assert isinstance(told, ConfigError)
    assert told.got == "not all machines of the cluster see runs/a"
    other = failure_of(RuntimeError("Worker 1 died\n\nout of memory\n"), Path("runs/a"))
    assert isinstance(other, ClusterError)
    assert "out of memory" in other.got
    assert "checkpoints stay in runs/a" in other.remedy


def test_workers_want_a_cluster() -> None:
    with pytest.raises(ValueError, match="num_workers only with scale=ray"):
        toy_config(num_workers=2)
    with pytest.raises(ValueError, match="devices only on one machine"):
        toy_config(scale="ray", devices=2)
