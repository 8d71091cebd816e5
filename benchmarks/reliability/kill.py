"""Training that is killed at random moments and resumed ends with the same bits, and leaves no litter.

    python benchmarks/reliability/kill.py [--kills 100] [--seed 0] [--json]

Trains one run undisturbed. Then trains it again and again, with SIGKILL after a random time, and resumes
until it is done; then compares every file of both that holds numbers. In the same way it kills `recurra
stream` with a state that is saved at every row, and compares what it said with a stream that nobody killed.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETTINGS = ("hidden_size=8", "max_epochs=60", "baselines=feed_forward", "device=cpu", "--quiet")
TRAIN = ("train", "forecast", "sample:sunspots", "--horizon", "3", "steps_per_epoch=9", *SETTINGS)
COMPARED = ("model.safetensors", "metrics.json", "history.jsonl", "recent.parquet")
CLOCK = ("second", "checksum", "finished", "command")  # what tells of the clock or the folder, and may differ


def started(*words: str, **options: object) -> "subprocess.Popen[str]":
    """The command in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "recurra", *words]
    return subprocess.Popen(command, env=environment, text=True, stderr=subprocess.DEVNULL, **options)


def killed_after(process: "subprocess.Popen[str]", seconds: float) -> bool:
    """Whether it had to be killed, as it was not done by then."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def without_times(node: object) -> object:
    """A document without what the clock said."""
    if isinstance(node, dict):
        return {k: without_times(v) for k, v in node.items() if not any(one in k for one in CLOCK)}
    return [without_times(one) for one in node] if isinstance(node, list) else node


def content(path: Path) -> object:
    """What a file says, without what the clock said."""
    if path.suffix == ".jsonl":
        return [without_times(json.loads(line)) for line in path.read_text().splitlines()]
    return without_times(json.loads(path.read_text())) if path.suffix == ".json" else path.read_bytes()


def litter(folder: Path) -> list[str]:
    """Temporary files and folders that nobody cleared away."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*"))


def killed_run(out: Path, source: random.Random, longest: float) -> int:
    """Train a run with kills until it is done; how often it was killed."""
    kills = 0
    while True:
        resume = ["--resume"] if (out / "config.yaml").exists() else []
        if (out / "manifest.json").exists():
            return kills
        process = started(*TRAIN, "--out", str(out), *resume, stdout=subprocess.DEVNULL)
        kills += killed_after(process, source.uniform(0.3, 1.1) * longest)


def killed_stream(run: Path, state: Path, rows: list[str], source: random.Random) -> tuple[list[str], int]:
    """The answers of a stream that is killed again and again; rows that its state lacks are sent anew."""
    answers, kills = [""] * len(rows), 0
    while True:
        done = json.loads(state.read_text())["rows"] if state.exists() else 0
        if done == len(rows):
            return answers, kills
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = started("stream", str(run), "--state", str(state), "--save-every", "1", **pipes)
        assert process.stdin is not None
        assert process.stdout is not None
        last = min(len(rows), done + source.randint(1, 9))
        for number in range(done, last):
            process.stdin.write(rows[number])
            process.stdin.flush()
            answers[number] = process.stdout.readline()
        if last < len(rows):
            time.sleep(source.uniform(0, 0.01))
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()


def main() -> int:
    """Kill, resume, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--kills", type=int, default=100, help="of trainings, at least; half as many of streams"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    source, folder = random.Random(options.seed), Path(tempfile.mkdtemp(prefix="recurra-kill-"))
    began = time.perf_counter()
    whole = folder / "whole"
    if started(*TRAIN, "--out", str(whole), stdout=subprocess.DEVNULL).wait():
        return 1
    longest = time.perf_counter() - began
    kills, runs, faults = 0, 0, []
    while kills < options.kills:
        out = folder / "run"
        kills, runs = kills + killed_run(out, source, longest), runs + 1
        faults += [name for name in COMPARED if content(out / name) != content(whole / name)]
        faults += [f"left {name}" for name in litter(out)]
        shutil.rmtree(out)
    rows = [json.dumps({"ds": f"{year}-01-01", "y": 50 + year % 11}) + "\n" for year in range(2009, 2050)]
    expected = started("stream", str(whole), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    said = expected.communicate("".join(rows))[0].splitlines(keepends=True)
    stream_kills = 0
    while stream_kills < options.kills // 2:
        state = folder / "state.json"
        answers, more = killed_stream(whole, state, rows, source)
        stream_kills += more
        faults += ["stream"] if answers != said else []
        faults += [f"left {name}" for name in litter(folder)]
        state.unlink()
    counts = {"kills": kills, "runs": runs, "stream_kills": stream_kills, "faults": len(faults)}
    counts["seconds"] = round(time.perf_counter() - began)
    print(json.dumps(counts) if options.json else ", ".join(f"{one}: {n:,}" for one, n in counts.items()))
    for fault in sorted(set(faults)):
        print(f"  {fault}", file=sys.stderr)
    shutil.rmtree(folder)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
