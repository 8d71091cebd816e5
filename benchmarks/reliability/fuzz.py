"""Every file that a run folder holds, altered in thousands of ways: read, or refused with an error of ours.

    python benchmarks/reliability/fuzz.py [--mutations 10000] [--seed 0] [--only history.jsonl] [--json]

Trains small runs of each task, then for each of their files: alters it (bytes, tokens, and for sealed
documents values under a fresh seal), and does what people do with a run: report, evaluate, predict, load,
stream. Whatever else than success or a RecurraError comes out is a fault; its file is kept.
"""

import argparse
import io
import json
import random
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from recurra import Classifier, Forecaster, Tagger
from recurra.cli.app import main as recurra
from recurra.cli.live import run_stream
from recurra.cli.stream_options import Options
from recurra.errors import RecurraError
from recurra.files import write_document
from recurra.report import write_report
from recurra.streaming import PROGRAM
from recurra.training.checkpoint import checkpoints, load_checkpoint

TINY = ("hidden_size=4", "max_epochs=1", "baselines=", "device=cpu", "--quiet")
SERIES = ("forecast", "sample:sunspots", "--horizon", "3", "steps_per_epoch=2")
JOBS = {
    "forecast": (*SERIES, "preset=streaming"),
    "forecast-of-windows": (*SERIES, "validation_size=6"),
    "classify": ("classify", "sample:iris"),
    "tag": ("tag", "sample:python", "bidirectional=false", "embedding_size=4"),
}
STREAMED = {
    "forecast": '{"ds": "2009-01-01", "y": 3}\n{"ds": "2012-01-01", "y": null}\n',
    "classify": '{"sepal_length": 1, "sepal_width": 1, "petal_length": 1, "petal_width": 1}\n',
    "tag": '{"text": "import"}\n',
}
TOKENS = [
    b"[" * 3000,
    b"{" * 50,
    b"\\ud800",
    b"NaN",
    b"1e999",
    b"-1",
    b"null",
    b"true",
    b'""',
    b": ",
    b"- ",
    b"&a *a",
    b"\x00",
    b"\xff\xfe",
    b"9" * 400,
    b"!!python/object:os.system",
    b"\n",
]
VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    2**70,
    1e308,
    "",
    "\ud800",
    "x" * 300,
    [],
    {},
    [[]],
    {"a": None},
    [1, "a"],
]
SUFFIXES = (".json", ".jsonl", ".yaml", ".safetensors", ".parquet")


def altered(content: bytes, source: random.Random) -> bytes:
    """Some bytes with one to four changes."""
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(content) + 1)
        end = at + source.choice([1, 2, 8, 64, 1024])
        before, middle, after = content[:at], content[at:end], content[end:]
        way = source.choice(["flip", "cut", "end", "twice", "token", "swap"])
        if way == "flip":
            middle = bytes(byte ^ (1 << source.randrange(8)) for byte in middle[:1]) + middle[1:]
        elif way in ("token", "swap"):
            middle = source.choice(TOKENS) + (middle if way == "token" else b"")
        elif way == "twice":
            middle += middle
        else:
            middle, after = b"", after if way == "cut" else b""
        content = before + middle + after
    return content


def resealed(document: Any, source: random.Random) -> Any:
    """A document with another value in one place."""
    places = list(_places(document))
    if not places:
        return document
    holder, key = source.choice(places)
    if source.random() < 0.3 and isinstance(holder, dict):
        del holder[key]
    else:
        holder[key] = source.choice(VALUES)
    return document


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield node, key
        yield from _places(node[key])


def uses(run: Path, name: str) -> dict[str, Callable[[], object]]:
    """What people do with a run whose file was altered."""

    def command(*words: str) -> Callable[[], object]:
        return lambda: recurra([words[0], str(run), *words[1:]])

    def read_checkpoint() -> None:
        for place in checkpoints(run / "checkpoints"):
            load_checkpoint(place)

    if name.startswith("checkpoints"):
        return {"checkpoint": read_checkpoint}

    def stream() -> None:
        stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(STREAMED[task].encode()))
        try:
            run_stream(Options(run, level="80" if task == "forecast" else None))
        finally:
            sys.stdin = stdin

    task = run.name.partition("-")[0]
    if name.startswith("stream/"):
        return {"stream": stream}
    kinds = {"forecast": Forecaster, "classify": Classifier, "tag": Tagger}
    found = {"load": lambda: kinds[task].load(run), "report": lambda: write_report(run)}
    found |= {} if (run / PROGRAM).is_dir() or task != "forecast" else {"stream": stream}
    return {**found, "evaluate": command("evaluate"), "predict": command("predict")}


def fault_of(use: Callable[[], object]) -> str | None:
    """What came out that should not: the error's name and words."""
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            use()
    except RecurraError:
        return None
    except Exception as error:  # noqa: BLE001 - every one of them is a fault
        if type(error).__name__ == "TypeCheckError":  # of the checker that tests run under, and nobody else
            return None
        return f"{type(error).__name__}: {str(error)[:200]}"
    return None


def faults_of(
    run: Path, name: str, mutations: int, source: random.Random, kept: Path, *, one_use: bool = False
) -> dict[str, int]:
    """Alter one file again and again; each kind of fault, and how often it came.

    Args:
        run: The run.
        name: Of the file in it.
        mutations: How often.
        source: Of chance.
        kept: Where altered files with which something went wrong are left.
        one_use: Whether one thing is done with each altered file, by chance, instead of all.
    """
    path = run / name
    whole = path.read_bytes()
    sealed = path.suffix == ".json" and b'"checksum"' in whole
    manifest = run / "manifest.json"
    vouched = manifest.read_bytes()
    found: dict[str, int] = {}
    for number in range(mutations):
        if sealed and number % 2:
            document = json.loads(whole)
            version = document.pop("format")
            document.pop("checksum")
            write_document(path, resealed(document, source), version=version)
        else:
            path.write_bytes(altered(whole, source))
        if number % 4 < 2 and path != manifest:
            manifest.unlink(missing_ok=True)  # so that what it vouches for is looked at
        todo = [*uses(run, name).items()]
        for what, use in [source.choice(todo)] if one_use else todo:
            fault = fault_of(use)
            if fault is not None:
                key = f"{what}: {fault.partition(':')[0]}"
                if key not in found:
                    shutil.copy(path, kept / f"{run.name}-{name.replace('/', '-')}-{len(found)}")
                    print(f"  {run.name}/{name} {what}: {fault}", file=sys.stderr)
                found[key] = found.get(key, 0) + 1
        path.write_bytes(whole)
        manifest.write_bytes(vouched)
    return found


def main() -> int:
    """Train, alter, count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutations", type=int, default=10_000, help="alterations of each file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="files whose name holds this")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    source, began = random.Random(options.seed), time.perf_counter()
    faults: dict[str, dict[str, int]] = {}
    tried = 0
    folder = Path(tempfile.mkdtemp(prefix="recurra-fuzz-"))
    kept = folder / "faults"
    kept.mkdir()
    for task, words in JOBS.items():
        run = folder / task
        with redirect_stdout(StringIO()):
            if recurra(["train", *words, *TINY, "--out", str(run)]):
                return 1
        for path in sorted(run.rglob("*")):
            name = str(path.relative_to(run))
            if path.suffix in SUFFIXES and options.only in name:
                found = faults_of(run, name, options.mutations, source, kept)
                tried += options.mutations
                if found:
                    faults[f"{task}/{name}"] = found
    count = sum(sum(own.values()) for own in faults.values())
    seconds = round(time.perf_counter() - began, 1)
    if not count:
        shutil.rmtree(folder)
    if options.json:
        print(json.dumps({"alterations": tried, "faults": count, "seconds": seconds, "by_file": faults}))
    else:
        print(
            f"{tried:,} alterations, {count:,} faults, {seconds} s" + (f", kept in {kept}" if count else "")
        )
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
