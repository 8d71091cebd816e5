"""Exported C, compiled strictly and run in a process of its own."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recurra.native import engine
from recurra.streaming import Program

COMPILER = shutil.which("gcc") or shutil.which("cc") or ""
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
CHECKED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
FAST = ("-O2", "-march=native")

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


def build(folder: Path, name: str, main: str, flags: tuple[str, ...] = CHECKED) -> Path:
    """Compile NAME.c of a folder with a main of its own."""
    (folder / "main.c").write_text(main.format(name=name, upper=name.upper()))
    binary = folder / f"{name}_{'_'.join(flags)[:12].strip('-')}"
    files = [folder / "main.c", folder / f"{name}.c"]
    subprocess.run([COMPILER, *STRICT, *flags, "-o", binary, *files, "-lm"], check=True)
    return binary


def run(binary: Path, given: Any, output_size: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What a program says of the steps that come on its input."""
    done = subprocess.run([binary], input=given.tobytes(), stdout=subprocess.PIPE, check=True)
    return np.frombuffer(done.stdout, np.float32).reshape(-1, output_size)


def outputs_of(
    folder: Path, name: str, program: Program, given: Any, flags: tuple[str, ...] = CHECKED
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What exported files say of steps."""
    main = IDS_MAIN if program.takes_ids else FEATURES_MAIN
    steps = given.astype(np.int32 if program.takes_ids else np.float32)
    return run(build(folder, name, main, flags), steps, program.output_size)


@cache
def fuses_as_the_engine() -> bool:
    """Whether compiler and engine both have fused multiply-adds."""
    found = subprocess.run(
        [COMPILER, *FAST, "-dM", "-E", "-"], input="", text=True, stdout=subprocess.PIPE, check=True
    )
    return "__FP_FAST_FMAF" in found.stdout and engine().instruction_set() != "baseline"
