"""The scripts in `examples/`, run as people run them, with small nets."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
from tests.cli.program import environment

from recurra import Captioner, Speaker

EXAMPLES = Path(__file__).parent.parent / "examples"


def module(name: str) -> Any:
    """An example, imported without running it."""
    found = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert found is not None
    assert found.loader is not None
    loaded = importlib.util.module_from_spec(found)
    found.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 100


def test_a_picture_is_told_aloud(tmp_path: Path) -> None:
    example = module("tell_picture")
    samples, rate = example.by_rule("a large red circle", 150)
    assert 0.5 < len(samples) / rate < 3
    assert 0.1 < np.abs(samples).max() <= 1
    slow, _ = example.by_rule("a large red circle", 100)
    assert len(slow) > 1.2 * len(samples)
    phrases = {part for one in example.every_sentence() for part in example.PHRASES.split(one)}
    assert {"left of", "a small blue square", "two green crosses"} < phrases
    assert len(phrases) == 100
    looks = {
        "view": "grid",
        "patch": 16,
        "front_width": 2,
        "hidden_size": 8,
        "target_size": 8,
        "max_length": 9,
    }
    pictures, sentences, _ = example.shape_pictures(24)
    frame = pl.DataFrame({"image": pictures.tolist(), "caption": sentences})
    net = Captioner(**looks, max_epochs=1, test_size=0).fit(frame, show_progress=False)
    net.save(tmp_path / "captioner")
    rows = []
    for number, phrase in enumerate(sorted(phrases)[::10]):
        soundfile.write(tmp_path / f"{number}.wav", *example.by_rule(phrase, 170))
        rows.append({"path": str(tmp_path / f"{number}.wav"), "text": phrase})
    voice = Speaker(hidden_size=8, num_mels=16, reduction=4, postnet_blocks=0, max_epochs=1, test_size=0)
    voice.fit(pl.DataFrame(rows), show_progress=False).save(tmp_path / "speaker")
    done = subprocess.run(
        [sys.executable, EXAMPLES / "tell_picture.py", "drawn.png", "--drawn", "7", "-o", "told.wav",
         "--captioner", "captioner", "--speaker", "speaker"],
        cwd=tmp_path, env=environment(), capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "drawn.png").is_file()
    assert done.stdout.strip()
    told, own = soundfile.read(tmp_path / "told.wav")
    assert len(told) > 0.05 * own
