"""Exported C as WebAssembly: clang compiles it for wasm32, without a C library."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from recurra.errors import MissingDependencyError
from recurra.export.c import CSource
from recurra.files import read_bytes, storage_errors

_PLATFORM = Path(__file__).with_name("freestanding")
_REMEDY = "Install clang and lld (Debian: apt install clang lld; macOS: brew install llvm lld)."
_FLAGS = (
    "--target=wasm32", "-std=c99", "-O2", "-nostdlib", "-ffreestanding", "-fno-math-errno", "-mbulk-memory",
    "-Wl,--no-entry", "-Wl,--export=__heap_base", "-Wl,--strip-all", "-Wl,-z,stack-size=16384",
)  # fmt: skip
_SIZE = """#include "{name}.h"
int32_t {name}_state_bytes(void);
int32_t {name}_state_bytes(void) {{ return (int32_t)sizeof({name}_state); }}
"""
FUNCTIONS = ("init", "reset", "step", "state_bytes")
"""What a module has, each as NAME_init and so on; `state_bytes` is of a state as it lies in memory."""


def to_wasm(source: CSource, name: str) -> bytes:
    """Compile a net for any WebAssembly with bulk memory; it imports nothing.

    Args:
        source: It, in C.
        name: As it was called there.

    Raises:
        MissingDependencyError: There is no clang, or it has no wasm32 or no linker for it.
        StorageError: There is no room for temporary files.
    """
    clang = shutil.which("clang")
    if clang is None:
        raise MissingDependencyError("--to wasm without clang, which compiles it", "clang and lld", _REMEDY)
    with storage_errors(Path(tempfile.gettempdir())), tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / f"{name}.h").write_text(source.header)
        (folder / f"{name}.c").write_text(source.source)
        (folder / "size.c").write_text(_SIZE.format(name=name))
        exported = [f"-Wl,--export={name}_{function}" for function in FUNCTIONS]
        files = [folder / f"{name}.c", folder / "size.c", _PLATFORM / "math.c"]
        command: list[str | Path] = [
            clang,
            *_FLAGS,
            *exported,
            "-I",
            _PLATFORM,
            "-I",
            folder,
            "-o",
            folder / "out",
            *files,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            said = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
            raise MissingDependencyError(
                f"{clang}, which says: {said}", "one with the target wasm32, and wasm-ld", _REMEDY
            )
        return read_bytes(folder / "out")
