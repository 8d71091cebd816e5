"""A run goes to a stand-in of the Hugging Face Hub, by the Hub's library, and comes back as it was."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import call
from tests.experiment.hub import hub

pytest.importorskip("huggingface_hub")
COMPARE = """
import sys, torch, recurra
here, there = recurra.load(sys.argv[1]), recurra.load("hub:me/waves")
pairs = zip(here.fitted_.model.parameters(), there.fitted_.model.parameters(), strict=True)
print(type(there).__name__, all(torch.equal(one, other) for one, other in pairs), there.task.name)
"""


def environment(server: Any, folder: Path, token: str = "hf_right") -> dict[str, str]:
    return {
        **os.environ, "HF_ENDPOINT": server.address, "HF_TOKEN": token, "HF_HOME": str(folder / "cache"),
        "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }  # fmt: skip


def recurra(*arguments: Any, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "recurra", *map(str, arguments)]
    return subprocess.run(command, env=environment, text=True, capture_output=True, check=False)


def test_a_run_goes_there_and_comes_back(trained: Any, tmp_path: Path) -> None:
    _, run = trained("classify")
    (run / "checkpoints").mkdir(exist_ok=True)
    (run / "checkpoints" / "large").write_text("of no use there")
    with hub() as server:
        own = environment(server, tmp_path)
        done = recurra("export", run, "--to", "hub", "--repo", "waves", "--json", environment=own)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["export"] == f"{server.address}/me/waves"
        assert set(server.files) == set(told["files"])
        assert {"config.json", "model.safetensors", "README.md", "stream/config.json"} <= set(server.files)
        assert not any(name.startswith("checkpoints") for name in server.files)
        assert all(
            content == (run / name).read_bytes()
            for name, content in server.files.items()
            if name != "README.md"
        )
        made = next(json.loads(body) for path, body, _ in server.asked if path == "/api/repos/create")
        assert made.get("private") is True or made.get("visibility") == "private"
        card = server.files["README.md"].decode()
        assert card.startswith("---\nlibrary_name: recurra\ntags:\n- recurra\n- classify\n---\n")
        assert 'recurra.load("hub:me/waves")' in card
        back = subprocess.check_output([sys.executable, "-c", COMPARE, run], env=own, text=True)
        assert back.split() == ["Classifier", "True", "classify"]
    (run / "checkpoints" / "large").unlink()
    (run / "checkpoints").rmdir()


def test_a_hub_that_refuses_is_told(trained: Any, tmp_path: Path) -> None:
    with hub() as server:
        own = environment(server, tmp_path, token="hf_wrong")
        done = recurra("export", trained("tag")[1], "--to", "hub", "--repo", "tags", environment=own)
        assert (done.returncode, server.files) == (1, {})
        assert "tags could not be written (" in done.stderr
        assert "Log in with: hf auth login" in done.stderr
        load = [sys.executable, "-c", "import recurra; recurra.load('hub:me/other')"]
        done = subprocess.run(load, env=own, text=True, capture_output=True, check=False)
        assert "StorageError: me/other could not be fetched" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--to", "hub"), "--to hub without --repo"),
        (("--to", "hub", "--repo", "a", "--int8"), "--int8 with --to hub"),
        (("--to", "c", "--repo", "a"), "--repo and --public with --to c"),
        (("--to", "hup"), "one of c, onnx, torch, wasm, hub"),
    ],
)
def test_options_that_have_no_sense_are_told(
    options: tuple[str, ...], words: str, trained: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "export", trained("tag")[1], *options)
    assert (done.code, words in done.err) == (2, True), done.err


def test_a_missing_library_is_told(
    trained: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    done = call(capsys, "export", trained("tag")[1], "--to", "hub", "--repo", "a")
    assert (done.code, "pip install 'recurra[hub]'" in done.err) == (1, True), done.err
