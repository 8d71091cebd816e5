"""Every kind of file in a run folder, altered thousands of times: read, or refused by an error of ours.

    python benchmarks/reliability/fuzz.py [--mutations 10000] [--seed 0] [--only history.jsonl] [--json]

Trains small runs of each task. For each kind of file in them, alters one (bytes, tokens, and for sealed
documents values under a fresh seal; every other time the manifest vouches for what came of it), and does one
of the things that people do with a run: report, evaluate, predict, load, stream. Whatever else than success
or a RecurraError comes out is a fault; its file is kept. The work is done in processes of bounded memory, so
that one that dies or hangs is a fault, too, and the rest goes on. Progress goes to stderr.
"""

import argparse
import io
import json
import multiprocessing
import random
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from recurra import Classifier, Forecaster, Tagger
from recurra.cli.app import main as recurra
from recurra.cli.live import run_stream
from recurra.cli.stream_options import Options
from recurra.errors import RecurraError
from recurra.files import write_document, write_manifest
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
    found |= {"judge": command("evaluate", JOBS[run.name][1])} if name.startswith("baselines/") else {}
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
    run: Path, name: str, numbers: range, seed: int, kept: Path
) -> Iterator[tuple[int, str | None]]:
    """Alter one file again and again, each time for one use, and put it back.

    Args:
        run: The run.
        name: Of the file in it.
        numbers: Of the alterations; each is the same one whenever it is made.
        seed: Of all chance.
        kept: Where altered files with which something went wrong are left.

    Yields:
        Before each use the number and None, after it the number and the fault, if there is one.
    """
    path, manifest = run / name, run / "manifest.json"
    whole, vouched = path.read_bytes(), manifest.read_bytes()
    sealed = path.suffix == ".json" and b'"checksum"' in whole
    for number in numbers:
        source = random.Random(f"{seed}/{run.name}/{name}/{number}")
        if sealed and number % 2:
            document = json.loads(whole)
            version = document.pop("format")
            document.pop("checksum")
            write_document(path, resealed(document, source), version=version)
        else:
            path.write_bytes(altered(whole, source))
        if number % 4 < 2 and path != manifest:  # so that what it vouches for is looked at
            write_manifest(run, json.loads(vouched)["files"])
        what, use = source.choice([*uses(run, name).items()])
        yield number, None
        fault = fault_of(use)
        if fault is not None:
            shutil.copy(path, kept / kept_name(run, name, number))
            yield number, f"{what}: {fault}"
        path.write_bytes(whole)
        manifest.write_bytes(vouched)


def kept_name(run: Path, name: str, number: int) -> str:
    """Of an altered file with which something went wrong."""
    return f"{run.name}-{name.replace('/', '-')}-{number}"


def work(
    run: Path, name: str, numbers: range, seed: int, kept: Path, progress: Connection, memory: int
) -> None:
    """Do it in a process of its own, of so many bytes at most, and tell each step."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    for step in faults_of(run, name, numbers, seed, kept):
        progress.send(step)


def watched(
    run: Path, name: str, numbers: range, seed: int, kept: Path, *, memory: int, patience: float
) -> Iterator[tuple[int, str | None]]:
    """The same in a process that is watched: that it dies or hangs is a fault, and another goes on behind it.

    The process may take so many bytes of memory, and one use so many seconds of patience.
    """
    path, manifest = run / name, run / "manifest.json"
    whole, vouched = path.read_bytes(), manifest.read_bytes()
    while numbers:
        ours, theirs = multiprocessing.get_context("spawn").Pipe(duplex=False)
        arguments = (run, name, numbers, seed, kept, theirs, memory)
        process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
        process.start()
        theirs.close()
        number, end = numbers.start, "it hung"
        try:
            while ours.poll(patience):
                number, fault = ours.recv()
                yield number, fault
        except EOFError:
            process.join()
            end = f"the process ended with {process.exitcode}"
        process.kill()
        process.join()
        if process.exitcode == 0:
            return
        shutil.copy(path, kept / kept_name(run, name, number))
        yield number, end
        path.write_bytes(whole)
        manifest.write_bytes(vouched)
        numbers = range(number + 1, numbers.stop)


def kind_of(name: str) -> str:
    """What a file is, wherever in a run it stands: `learnt.json`, `stream/config.json`."""
    first, last = name.partition("/")[0], name.rpartition("/")[2]
    return f"{first}/{last}" if first in ("checkpoints", "stream") else last


def trained(folder: Path, only: str) -> dict[str, list[tuple[Path, str]]]:
    """Small runs of each task; of each kind of file the runs and names where there is one."""
    found: dict[str, list[tuple[Path, str]]] = {}
    for task, words in JOBS.items():
        run = folder / task
        with redirect_stdout(StringIO()):
            if recurra(["train", *words, *TINY, "--out", str(run)]):
                sys.exit(1)
        for path in sorted(run.rglob("*")):
            name = str(path.relative_to(run))
            if path.suffix in SUFFIXES and only in name:
                found.setdefault(kind_of(name), []).append((run, name))
    return found


def main() -> int:
    """Train, alter, count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutations", type=int, default=10_000, help="alterations of each kind of file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="files whose name holds this")
    parser.add_argument("--memory", type=float, default=4, help="GiB that the work may take")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began, memory = time.perf_counter(), int(options.memory * 2**30)
    folder = Path(tempfile.mkdtemp(prefix="recurra-fuzz-"))
    kept = folder / "faults"
    kept.mkdir()
    faults: dict[str, Counter[str]] = {}
    tried = 0
    for kind, places in trained(folder, options.only).items():
        since, own = time.perf_counter(), Counter[str]()
        for index, (run, name) in enumerate(places):
            share = range(index, options.mutations, len(places))
            numbers = range(len(share))
            for number, fault in watched(run, name, numbers, options.seed, kept, memory=memory, patience=120):
                if fault is not None:
                    print(f"  {kept_name(run, name, number)}: {fault}", file=sys.stderr)
                    own[":".join(fault.split(":")[:2])] += 1
                elif number % 500 == 0:
                    print(f"{name} of {run.name}: {number:,} of {len(share):,}", file=sys.stderr)
        tried += options.mutations
        faults |= {kind: own} if own else {}
        seconds = time.perf_counter() - since
        print(
            f"{kind}: {options.mutations:,} alterations, {own.total():,} faults, {seconds:.0f} s", flush=True
        )
    count = sum(own.total() for own in faults.values())
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
