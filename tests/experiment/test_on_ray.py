"""Files and trials on a Ray cluster: the bits and the search of one process."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from tests.cli import program
from tests.cli.program import call
from tests.cluster import local_cluster
from tests.experiment.test_partition_verbs import lake, outputs, run  # noqa: F401 - fixtures
from tests.experiment.test_tune import KEYS, TINY, WORDS, series  # noqa: F401 - a fixture
from tests.trial import unchecked

import recurra
from recurra.experiment import tune_on_ray
from recurra.experiment.partitioned import MANIFEST
from recurra.experiment.tuning import TuningRecord, read_tuning

pytestmark = [
    pytest.mark.usefixtures("without_type_checks"),
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning"),
]
without_type_checks = pytest.fixture(unchecked)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    yield from local_cluster(2)


def at_once(backwards: bool) -> Callable[..., Iterator[tuple[Any, Any]]]:
    """What stands for a cluster: the same process, which ends with tasks in either order."""

    def spread(work: Callable[[Any], Any], items: Sequence[Any], *_: object) -> Iterator[tuple[Any, Any]]:
        for item in reversed(items) if backwards else items:
            yield item, work(item)

    return spread


@pytest.mark.timeout(250)
def test_a_cluster_gives_the_bits_of_one_process(cluster, capsys, run, lake, tmp_path) -> None:  # noqa: F811
    (lake / "0" / "part-2.parquet").write_bytes(b"PAR1 nothing")
    here = call(capsys, "predict", run, lake, "-o", tmp_path / "here")
    words = ["predict", run, lake, "-o", tmp_path / "away"]
    away = program.run(*words, "--scale", "ray", cwd=tmp_path, RAY_ADDRESS=cluster)
    for done in (here, away):
        assert done.code == 1
        assert "nothing came of 0/part-2.parquet" in done.err
    assert len(outputs(tmp_path / "away")) == 3
    assert outputs(tmp_path / "away") == outputs(tmp_path / "here")
    lines = (tmp_path / "away" / MANIFEST).read_text().splitlines()
    assert sorted(lines) == sorted((tmp_path / "here" / MANIFEST).read_text().splitlines())
    shutil.rmtree(tmp_path / "away" / "1")
    assert json.loads(call(capsys, *words, "--json").out)["kept"] == 1
    assert outputs(tmp_path / "away") == outputs(tmp_path / "here")


@pytest.mark.timeout(250)
def test_a_search_does_not_depend_on_who_ends_first(cluster, series, tmp_path, monkeypatch) -> None:  # noqa: F811
    words = ["tune", "classify", series, "--trials", 4, "--out", tmp_path / "ray", "--scale", "ray", *WORDS]
    done = program.run(*words, cwd=tmp_path, RAY_ADDRESS=cluster)
    assert done.code == 0, done.err
    processors = SimpleNamespace(cluster_resources=lambda: {"CPU": 2})
    monkeypatch.setattr(tune_on_ray, "connected", lambda *_: processors)
    real = trials(read_tuning(tmp_path / "ray"))
    assert len(real) == 4
    for backwards in (False, True):
        monkeypatch.setattr(tune_on_ray, "spread", at_once(backwards))
        tuned = recurra.tune(
            "classify", series, tmp_path / str(backwards), trials=4, search=KEYS, scale="ray", **TINY
        )
        assert trials(tuned.record) == real


def trials(record: TuningRecord) -> list[tuple[str, dict[str, Any], float | None]]:
    return [(one.state, one.params, one.value) for one in record.trials]
