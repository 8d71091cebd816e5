"""`recurra.load` gives what a folder holds: an estimator, or what runs an export."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.experiment.small_nets import MAKERS, waves
from tests.trial import unchecked

import recurra
from recurra.errors import ConfigError, DamagedError
from recurra.tasks.registry import entries

pytestmark = [
    pytest.mark.usefixtures("without_type_checks"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
without_type_checks = pytest.fixture(unchecked)


@pytest.mark.parametrize("name", MAKERS)
def test_a_saved_model_becomes_the_estimator_of_its_task(name: str, trained: Any) -> None:
    estimator, folder = trained(name)
    loaded = recurra.load(folder, device="cpu")
    assert type(loaded) is type(estimator)
    for one, other in zip(
        loaded.fitted_.model.parameters(), estimator.fitted_.model.parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_every_task_of_ours_has_an_estimator() -> None:
    for name, entry in entries().items():
        if entry.task.startswith("recurra."):
            assert entry.load("estimator").task is entry.load("task"), name


def test_onnx_and_torch_exports_answer(trained: Any, shipped: Any) -> None:
    pytest.importorskip("onnxruntime")
    estimator, _ = trained("classify")
    table = waves(3)
    lengths = table["x"].list.len().to_numpy()
    values = np.zeros((3, lengths.max(), 2))
    for number, (x, y) in enumerate(zip(table["x"], table["y"], strict=True)):
        values[number, : len(x)] = np.stack([x, y], axis=-1)
    expected = estimator.predict(table.drop("label")).select("p_down", "p_up").to_numpy()
    net = recurra.load(shipped("classify", "onnx"))
    assert net.about["labels"] == ["down", "up"]
    np.testing.assert_allclose(net(values, lengths), expected, rtol=0, atol=1e-5)
    one, state = values[:1, : lengths[0]], None
    for step in one.swapaxes(0, 1):
        told, state = net.step(step, state)
    np.testing.assert_allclose(told, net(one), rtol=0, atol=1e-6)
    program = recurra.load(shipped("classify", "torch"))
    given = torch.from_numpy(values.astype(np.float32)), torch.from_numpy(lengths.astype(np.int64))
    with torch.no_grad():
        np.testing.assert_allclose(program(*given).numpy(), expected, rtol=0, atol=1e-5)


def test_a_net_without_a_step_says_so(shipped: Any) -> None:
    pytest.importorskip("onnxruntime")
    with pytest.raises(ConfigError, match=r"without step\.onnx.*README"):
        recurra.load(shipped("both_ways", "onnx")).step(np.zeros((1, 2)))


def test_an_export_to_c_is_told(shipped: Any) -> None:
    with pytest.raises(ConfigError, match=r"an export to c, which Python does not run.*README\.md"):
        recurra.load(shipped("tag", "c"))


def test_what_is_none_of_these_is_told(shipped: Any, tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match="there is no folder"):
        recurra.load(tmp_path / "nothing")
    for target, file in (("onnx", "model.onnx"), ("torch", "model.pt2")):
        if target == "onnx":
            pytest.importorskip("onnxruntime")
        broken = shutil.copytree(shipped("classify", target), tmp_path / target)
        (broken / file).write_bytes(b"nothing of the kind")
        with pytest.raises(DamagedError, match="Export it again"):
            recurra.load(broken)
