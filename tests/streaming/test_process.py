"""Sessions in a process: many that come and go, threads, forks, and how soon a process is ready."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from tests.streaming.example import make_program

from recurra.errors import SessionError

PROGRAM = make_program(["lstm", "layer_norm_lstm", "gru"], 3, 5)
LARGE = make_program(["lstm", "gru"], 64, 192)
MIB = 1 << 20


def memory() -> int:
    """What this process keeps in memory, in bytes; only Linux tells."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def random_steps(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="nothing tells how much memory is used")
@pytest.mark.parametrize("kind", ["session", "pool"])
def test_ten_thousand_that_come_and_go_leave_nothing(kind: str) -> None:
    steps = random_steps(2, 3)

    def come_and_go(times: int) -> None:
        for _ in range(times):
            if kind == "session":
                PROGRAM.session().fork().step(steps[0])
            else:
                pool = PROGRAM.pool(50, threads=2)
                pool.step(pool.create(2), steps)

    come_and_go(500)
    before = memory()
    come_and_go(10_000)
    assert memory() - before < 4 * MIB


@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_threads_with_a_session_each_compute_what_one_thread_does(weights: str) -> None:
    """Also the first session of all, which packs the weights for the others."""
    program = make_program(["lstm", "gru"], 64, 192)
    chunks = random_steps(8, 40, 64)
    expected = [LARGE.session(weights).run(chunk).tobytes() for chunk in chunks]
    begin = threading.Barrier(8)

    def run(chunk: np.ndarray) -> bytes:
        begin.wait()
        session = program.session(weights)
        return b"".join([session.run(chunk[:25]).tobytes(), *(session.step(x).tobytes() for x in chunk[25:])])

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(run, chunks)) == expected


def test_threads_with_a_pool_each_compute_what_one_thread_does() -> None:
    steps = random_steps(7, 33, 64)

    def run(threads: int) -> bytes:
        pool = LARGE.pool(33, threads=threads)
        ids = pool.create(33)
        return b"".join(pool.step(ids, one).tobytes() for one in steps)

    expected = run(1)
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(run, [1, 2, 3, 2])) == {expected}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_goes_on_where_a_pool_with_threads_was() -> None:
    pool = LARGE.pool(65, threads=3)
    ids, steps = pool.create(65), random_steps(4, 65, 64)
    pool.step(ids, steps[0])
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, pool.step(ids, steps[1])[::13].tobytes())
        finally:
            os._exit(0)
    os.close(write)
    expected = pool.step(ids, steps[1])[::13].tobytes()
    with os.fdopen(read, "rb") as found:
        assert found.read() == expected
    assert os.waitpid(child, 0)[1] == 0


def test_ids_may_be_written_to_during_a_step() -> None:
    """Without Python's lock anybody can do so: the step goes on with the ids that were given."""
    pool = LARGE.pool(700, threads=1)
    steps = random_steps(700, 64)
    ids = pool.create(700)
    given, expected = ids.copy(), pool.step(ids, steps)
    found, is_over = [], threading.Event()

    def step() -> None:
        try:
            for _ in range(30):
                pool.reset(ids)
                given[:] = ids
                with suppress(SessionError):  # where something else was written before the step began
                    found.append(pool.step(given, steps).tobytes() == expected.tobytes())
        finally:
            is_over.set()

    thread = threading.Thread(target=step)
    thread.start()
    while not is_over.is_set():
        given[::2] = 1 << 60
        given[1::2] = -1
    thread.join()
    assert found
    assert all(found)


def test_ids_of_an_embedding_may_be_written_to_during_a_run() -> None:
    """What is read then is not foretold, but it is a row of the embedding: the outputs stay finite."""
    program = make_program(["gru"], 64, 192, vocabulary=7)
    session = program.session()
    ids = np.ones(1000, np.int64)
    found: list[np.ndarray] = []
    thread = threading.Thread(target=lambda: found.append(session.run(ids)))
    thread.start()
    while thread.is_alive():
        if session_is_running(session):
            ids[::2] = 1 << 44
            ids[1::2] = -(1 << 44)
    thread.join()
    assert len(found) == 1
    assert np.isfinite(found[0]).all()


def session_is_running(session: object) -> bool:
    """Whether another thread is within a call, so that it has checked its arguments."""
    try:
        session.reset()  # type: ignore[attr-defined]
    except SessionError:
        return True
    return False


def test_a_process_that_steps_loads_little(tmp_path: Path) -> None:
    """What a start at once depends on, told by modules: a clock says little on a busy or slow machine."""
    LARGE.save(tmp_path / "program")
    script = (
        "import sys; from recurra.streaming import Program;"
        "Program.load(sys.argv[1]).session().step([0.5] * 64); print(*sys.modules, sep=chr(10))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "program")], check=True, capture_output=True, text=True
    )
    loaded = done.stdout.split()
    heavy = ("torch", "scipy", "sklearn", "polars", "pandas", "matplotlib", "jinja2", "rich")
    assert "numpy" in loaded
    assert not {name for name in loaded if name.partition(".")[0] in heavy}
    assert sum(name.startswith("recurra") for name in loaded) <= 40


def last_words(ending: str, program: Path, **environment: str) -> str:
    """What a process with live sessions says on stderr when it ends."""
    script = (
        "import ctypes, sys, threading; from recurra.streaming import Program;"
        "program = Program.load(sys.argv[1]); session, pool = program.session(), program.pool(3);"
        f"session.step([0.5] * 64); {ending}"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(program)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    return done.stderr


def test_objects_that_python_leaves_alive_are_not_called_leaks(tmp_path: Path) -> None:
    LARGE.save(tmp_path / "program")
    immortal = "ctypes.pythonapi.Py_IncRef(ctypes.py_object(session._engine))"
    assert last_words(immortal, tmp_path / "program") == ""
    assert "StreamSession" in last_words(immortal, tmp_path / "program", RECURRA_LEAKS="1")
    kept = "sys.kept = [session, pool, program]; sys.kept.append(sys.kept)"
    assert last_words(kept, tmp_path / "program", RECURRA_LEAKS="1") == ""
