"""Workers of a Ray cluster that train one model: Ray Train starts them, and replaces them when one dies.

Then all begin again from the newest checkpoint, which they find in the folder of the run: the machines of the
cluster must share it. What a worker has to say goes through a desk, an actor beside the workers: lines for
people, an error of ours, and on the way back that Ctrl-C was pressed.
"""

import contextlib
import io
import os
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from recurra.cluster import SILENCE, check_answers, cluster_told, connected, put, ray_module
from recurra.errors import ClusterError, ConfigError, RecurraError
from recurra.training.distributed import PATIENCE, Group, Share
from recurra.training.interruption import Interruption

GLANCE = 0.5
"""Seconds between two looks at the desk."""
START = "600"
"""Seconds that workers may take to start: they import torch, on machines that may be busy."""
_UNSHARED = "cluster storage"  # what Ray says of a folder that not all machines see


class Desk:
    """Where workers and the process that started them meet."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._error: RecurraError | None = None
        self._stop = False

    def tell(self, line: str) -> None:
        """Leave a line for people."""
        self._lines.append(line)

    def fail(self, error: RecurraError) -> None:
        """Leave the error that a new attempt would meet again."""
        self._error = self._error or error

    def look(self, stop: bool) -> tuple[list[str], RecurraError | None]:
        """What was left since the last time; `stop` asks the workers to end."""
        self._stop = stop
        lines, self._lines = self._lines, []
        return lines, self._error

    def asked(self) -> tuple[bool, bool]:
        """Whether the workers are to end, and whether they failed for good."""
        return self._stop, self._error is not None


def run_on_ray(
    work: Share,
    count: int,
    *,
    device: str,
    restarts: int,
    folder: Path | None,
    interruption: Interruption,
    say: Callable[[str], None],
) -> Any:
    """Do a piece of work in workers of a cluster.

    Args:
        work: Called in each with its group; called again in all of them after one died.
        count: How many workers.
        device: "cpu", or "cuda" for a GPU each; "auto" takes GPUs where there are enough.
        restarts: How often workers are replaced.
        folder: What work keeps there must let it go on; the machines share it. None: nothing is kept.
        interruption: Passed on to them.
        say: Is given what the first worker writes to stderr, line by line.

    Returns:
        The first worker's result.

    Raises:
        MissingDependencyError: Ray is not installed.
        ConfigError: There are not as many processors, or not all machines see the folder.
        ClusterError: The cluster went away, or workers died more often than they may be replaced.
        RecurraError: As in the work.
    """
    ray = connected(count, say)
    os.environ.setdefault("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", START)
    train = ray_module("ray.train")
    on_gpu = device.startswith("cuda") or (
        device == "auto" and ray.cluster_resources().get("GPU", 0) >= count
    )
    with _ground(folder) as ground, cluster_told(_kept(folder)):
        desk = ray.remote(num_cpus=0)(Desk).remote()
        trainer = ray_module("ray.train.torch").TorchTrainer(
            _share,
            train_loop_config={"work": put(ray, work), "desk": desk, "place": str(Path.cwd())},
            scaling_config=train.ScalingConfig(num_workers=count, use_gpu=on_gpu),
            torch_config=ray_module("ray.train.torch").TorchConfig(
                backend="nccl" if on_gpu else "gloo", timeout_s=int(PATIENCE.total_seconds())
            ),
            run_config=train.RunConfig(
                name="workers",
                storage_path=str(ground),
                failure_config=train.FailureConfig(max_failures=restarts),
            ),
        )
        return _watched(ray, trainer, desk, interruption, say, folder)


def _watched(
    ray: Any, trainer: Any, desk: Any, interruption: Interruption, say: Callable[[str], None], folder: Any
) -> Any:
    """The result of what a trainer runs, while people are told what is said of it."""
    ended: list[Any] = []

    def run() -> None:
        try:
            ended.append(trainer.fit().return_value)
        except BaseException as error:  # noqa: BLE001 - it is looked at where it can be raised
            ended.append(error)

    address = ray.get_runtime_context().gcs_address
    running = threading.Thread(target=run, daemon=True)
    running.start()
    asked, over = desk.look.remote(interruption.requested), False
    while not over:
        running.join(GLANCE)
        check_answers(address, _kept(folder))
        over = not running.is_alive()
        if not ray.wait([asked], timeout=SILENCE if over else GLANCE)[0]:
            continue  # it is only starting, or machines are busy
        for line in ray.get(asked)[0]:
            say(line)
        asked = desk.look.remote(interruption.requested)
    lines, error = ray.get(asked, timeout=SILENCE)
    for line in lines:
        say(line)
    if error is not None:
        raise error
    if isinstance(ended[0], BaseException):
        raise failure_of(ended[0], folder) from ended[0]
    return ended[0]


def failure_of(error: BaseException, folder: Path | None) -> RecurraError:
    """What Ray Train failed with, in our words."""
    lines = [line for line in str(error).strip().splitlines() if line.strip()] or [type(error).__name__]
    if _UNSHARED in str(error):
        return ConfigError(
            f"not all machines of the cluster see {folder or tempfile.gettempdir()}",
            "a folder that they share",
            "Choose one for the run (--out).",
        )
    told = ClusterError(
        f"the workers of the training failed ({lines[-1].strip().partition('. ')[0]})",
        "all of them to finish",
        f"Check their memory, or allow more of max_restarts. {_kept(folder)}",
    )
    told.add_note(str(error))
    return told


def _kept(folder: Path | None) -> str:
    if folder is None:
        return "Nothing was kept."
    return f"Its checkpoints stay in {folder}: go on with --resume."


@contextlib.contextmanager
def _ground(folder: Path | None) -> Iterator[Path]:
    """Where Ray Train puts its own files, which all machines must see and nobody needs afterwards."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=".ray-", dir=None if folder is None else folder.absolute(), ignore_cleanup_errors=True
    ) as ground:
        yield Path(ground)


def _share(given: dict[str, Any]) -> Any:
    """What a worker does."""
    ray, desk = ray_module(), given["desk"]
    if ray.get(desk.asked.remote())[1]:
        return None
    context = ray_module("ray.train").get_context()
    group = Group(context.get_world_rank(), context.get_world_size(), context.get_local_rank())
    if Path(given["place"]).is_dir():
        os.chdir(given["place"])  # relative paths are those of who started it
    # Arrays of the work lie in memory that all workers of a machine share; nothing writes into them.
    warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
    interruption = Interruption()
    threading.Thread(target=_listen, args=(ray, desk, interruption), daemon=True).start()
    heard = contextlib.redirect_stderr(_Lines(desk)) if group.rank == 0 else contextlib.nullcontext()
    try:
        with heard:
            return ray.get(given["work"])(group, interruption)
    except RecurraError as error:
        ray.get(desk.fail.remote(error))
        raise


def _listen(ray: Any, desk: Any, interruption: Interruption) -> None:
    """Pass on that the run is to stop."""
    while not interruption.requested:
        time.sleep(2 * GLANCE)
        if ray.get(desk.asked.remote())[0]:
            interruption.request()


class _Lines(io.TextIOBase):
    """What is written, left at the desk line by line."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk
        self._held = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._held = (self._held + text).split("\n")
        for line in lines:
            self._desk.tell.remote(line)
        return len(text)
