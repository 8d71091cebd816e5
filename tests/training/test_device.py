"""Which device to train on."""

import os

import pytest
import torch

from recurra.errors import ConfigError
from recurra.training import device
from recurra.training.device import available_devices, choose_backend, choose_device


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine whose devices the test may list."""
    names = ["cpu"]
    monkeypatch.setattr(device, "available_devices", lambda: names)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    return names


def test_this_machine_has_a_cpu_first() -> None:
    assert available_devices()[0] == "cpu"
    assert choose_device("cpu") == torch.device("cpu")


def test_auto_takes_a_gpu_where_there_is_one_but_never_mps(machine: list[str]) -> None:
    assert choose_device() == torch.device("cpu")
    machine.append("mps")
    assert choose_device() == torch.device("cpu")
    machine.extend(["cuda:0", "cuda:1"])
    assert choose_device() == torch.device("cuda:0")
    assert choose_device("cuda", 1) == torch.device("cuda:1")
    assert choose_device("cuda:1") == torch.device("cuda:1")


@pytest.mark.parametrize("name", ["cuda", "cuda:7", "mps", "tpu", "", "CPU"])
def test_a_device_that_is_not_there_lists_those_that_are(machine: list[str], name: str) -> None:
    with pytest.raises(ConfigError, match="expected one of auto, cpu"):
        choose_device(name)


def test_mps_comes_with_a_warning(machine: list[str]) -> None:
    machine.append("mps")
    with pytest.warns(UserWarning, match="wrong outputs and gradients on MPS"):
        assert choose_device("mps") == torch.device("mps")


def test_processes_talk_by_what_their_devices_need(machine: list[str]) -> None:
    assert choose_backend("auto", 3) == "gloo"
    machine.extend(["cuda:0", "cuda:1"])
    assert choose_backend("cpu", 2) == "gloo"
    assert choose_backend("auto", 2) == "nccl"
    with pytest.raises(ConfigError, match=r"cuda:2.*or fewer devices"):
        choose_backend("auto", 3)
    for devices in (2, 10**12):
        with pytest.raises(ConfigError, match="a GPU for each"):
            choose_backend("cuda:1", devices)


@pytest.mark.parametrize(("cores", "most"), [(5, 5), (2, 2), (1, 2), (None, 2)])
def test_a_cpu_has_a_process_for_each_core_at_most(
    machine: list[str], monkeypatch: pytest.MonkeyPatch, cores: int | None, most: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert choose_backend("cpu", most) == "gloo"
    for name, devices in (("cpu", most + 1), ("auto", 10**12)):
        with pytest.raises(
            ConfigError, match=f"devices is {devices} on a CPU; expected at most {most}.*Lower"
        ):
            choose_backend(name, devices)
