"""What every accuracy benchmark shares: its arguments, and the line of JSON it ends with."""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

import recurra


def arguments(description: str, *, resumable: bool = False) -> argparse.Namespace:
    """Read --data, --seed, --threads and --json, and --folder of a training that can go on."""
    return parser(description, resumable=resumable).parse_args()


def parser(description: str, *, data: bool = True, resumable: bool = False) -> argparse.ArgumentParser:
    """What reads them, for who adds others; `data` says whether any files are needed."""
    own = argparse.ArgumentParser(description=description)
    if data:
        own.add_argument("--data", type=Path, required=True, help="folder of the data files")
    if resumable:
        own.add_argument("--folder", type=Path, help="keeps checkpoints: a training that was killed goes on")
    own.add_argument("--seed", type=int, default=0)
    own.add_argument("--threads", type=int, default=torch.get_num_threads())
    own.add_argument("--json", action="store_true", help="end with one JSON object on a line")
    return own


def report(run: Callable[[], Mapping[str, Any]], options: argparse.Namespace) -> None:
    """Run a benchmark, print its scores, and with --json the object that machines read."""
    torch.set_num_threads(options.threads)
    began = time.perf_counter()
    result = dict(run())
    result |= {
        "seconds": round(time.perf_counter() - began, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "seed": options.seed,
        "threads": options.threads,
        "versions": {"recurra": recurra.__version__, "torch": torch.__version__},
    }
    for name, value in result.items():
        sys.stderr.write(f"{name:>16}  {value}\n")
    if options.json:
        print(json.dumps(result))
