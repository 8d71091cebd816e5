"""Exported C, compiled strictly and run in a process of its own."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from recurra.native import engine
from recurra.streaming import Program

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")


class Toolchain(NamedTuple):
    """A compiler, how it is called, and what runs what it makes."""

    compiler: str
    flags: tuple[str, ...]
    runner: tuple[str, ...] = ()


@cache
def missing(by: Toolchain) -> str:
    """Why a compiler cannot be used here; "" where it can."""
    absent = [one for one in (by.compiler, *by.runner[:1]) if not shutil.which(one)]
    if absent:
        return f"not installed: {', '.join(absent)}"
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.c"
        empty.write_text("int main(void) { return 0; }\n")
        command = [by.compiler, *by.flags, "-o", empty.with_suffix(""), empty]
        is_linked = subprocess.run(command, capture_output=True, check=False).returncode == 0
    return "" if is_linked else f"{by.compiler} has not what {' '.join(by.flags)} links"


COMPILER = shutil.which("gcc") or shutil.which("cc") or ""
SANITIZERS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
CHECKED = Toolchain(COMPILER or "gcc", SANITIZERS)
FAST = Toolchain(COMPILER or "gcc", ("-O2", "-march=native"))
ARM = "arm-linux-gnueabihf-gcc"
EMULATED = ("-O2", "-static")
ELSEWHERE = {
    "clang with sanitizers": Toolchain("clang", SANITIZERS),
    "clang": Toolchain("clang", ("-O2", "-march=native")),
    "arm": Toolchain(ARM, EMULATED, ("qemu-arm",)),
    "arm that fuses": Toolchain(ARM, (*EMULATED, "-mfpu=neon-vfpv4"), ("qemu-arm",)),
}
"""Other compilers and processors than those of the tests."""

needs_compiler = pytest.mark.skipif(not COMPILER, reason="there is no C compiler here")

FEATURES_MAIN = """
#include <stdio.h>
#include "{name}.h"
static {name}_state state;
int main(void) {{
  float input[{upper}_INPUT_SIZE], output[{upper}_OUTPUT_SIZE];
  {name}_init(&state);
  while (fread(input, sizeof input, 1, stdin) == 1) {{
    {name}_step(&state, input, output);
    fwrite(output, sizeof output, 1, stdout);
  }}
  return 0;
}}
"""
IDS_MAIN = """
#include <stdio.h>
#include "{name}.h"
static {name}_state state;
int main(void) {{
  int32_t id;
  float output[{upper}_OUTPUT_SIZE];
  {name}_init(&state);
  while (fread(&id, sizeof id, 1, stdin) == 1)
    if ({name}_step(&state, id, output) == 0) fwrite(output, sizeof output, 1, stdout);
  return 0;
}}
"""


def build(folder: Path, name: str, main: str, by: Toolchain = CHECKED) -> Path:
    """Compile NAME.c of a folder with a main of its own."""
    (folder / "main.c").write_text(main.format(name=name, upper=name.upper()))
    binary = folder / f"{name}_{abs(hash(by)):x}"
    files = [folder / "main.c", folder / f"{name}.c"]
    subprocess.run([by.compiler, *STRICT, *by.flags, "-o", binary, *files, "-lm"], check=True)
    return binary


def run(
    binary: Path, given: Any, output_size: int, runner: Sequence[str] = ()
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What a program says of the steps that come on its input."""
    done = subprocess.run([*runner, binary], input=given.tobytes(), stdout=subprocess.PIPE, check=True)
    return np.frombuffer(done.stdout, np.float32).reshape(-1, output_size)


def outputs_of(
    folder: Path, name: str, program: Program, given: Any, by: Toolchain = CHECKED
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What exported files say of steps."""
    main = IDS_MAIN if program.takes_ids else FEATURES_MAIN
    steps = given.astype(np.int32 if program.takes_ids else np.float32)
    return run(build(folder, name, main, by), steps, program.output_size, by.runner)


@cache
def fuses_as_the_engine(by: Toolchain = FAST) -> bool:
    """Whether what a compiler makes and the engine both have fused multiply-adds."""
    asked = [by.compiler, *by.flags, "-dM", "-E", "-x", "c", "-"]
    found = subprocess.run(asked, input="", text=True, stdout=subprocess.PIPE, check=True).stdout
    has = any(f"#define {one} " in found for one in ("__FP_FAST_FMAF", "__FMA__", "__ARM_FEATURE_FMA"))
    return has and engine().instruction_set() != "baseline"
