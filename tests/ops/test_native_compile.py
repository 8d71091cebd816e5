"""torch.compile and torch.export take every layer whole, with the engine in it.

All of it runs in one other process, since the type checks of our tests cannot be compiled.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("recurra.native._engine")

ROOT = Path(__file__).parents[2]


def run(*arguments):
    program = Path(__file__).with_name("compiled_layers.py")
    result = subprocess.run(
        [sys.executable, program, *arguments],
        check=False,
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TORCHINDUCTOR_COMPILE_THREADS": "1",
            "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",
        },
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_layer_compiles_and_exports():
    run()


@pytest.mark.skipif(shutil.which("g++") is None, reason="inductor compiles C++")
def test_a_layer_trains_by_the_default_backend_of_compile():
    run("inductor")
