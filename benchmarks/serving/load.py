"""Many live sessions on one server: how long answers take, what a session costs, and whether all are right.

    python benchmarks/serving/load.py --sessions 10000 --rate 10 --seconds 600

A server of a GRU with 128 units runs in a process of its own (with two processors on one of them, the clients
on the other). Every session is a WebSocket that sends a step at a time, evenly in time, all sessions spread
over the period; one whose answer is late skips no step but sends it late, and that counts. Each answer is
held against the text that the same steps give offline. `--kill` kills the server in the middle (kill -9) and
starts it again: sessions go on by their tokens, from the last snapshot. `--peer` asks a plain FastAPI loop
around ONNX Runtime in place of recurra: the same net, a session's state in a dictionary, a call for each
step. The last line of the output is JSON.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from client import Traffic
from recurra.experiment.row import JSONWriter
from recurra.streaming import GRU, Affine, Program

HIDDEN, STREAMS = 128, 64


def make_program() -> Program:
    """A GRU-128 with a number in and a number out."""
    random = np.random.default_rng(0)

    def weights(*shape: int) -> np.ndarray:
        return random.normal(0, HIDDEN**-0.5, shape).astype(np.float32)

    gru = GRU(weights(3 * HIDDEN, 1), weights(3 * HIDDEN, HIDDEN), weights(3 * HIDDEN), weights(3 * HIDDEN))
    return Program([gru, Affine(weights(1, HIDDEN))], {"inputs": ["x"]})


def expected(program: Program, steps: int) -> list[tuple[list[bytes], list[bytes]]]:
    """Of each of some streams its messages and the answers to them, as bytes."""
    writer, streams = JSONWriter(bare=False), []
    for stream in range(STREAMS):
        random, session = np.random.default_rng(stream), program.session()
        numbers = [round(float(one), 4) for one in random.normal(size=steps)]
        rows = [json.dumps({"x": one, "$row": step}) for step, one in enumerate(numbers, start=1)]
        told = [
            writer.text({"$row": step}, {"output": session.step(np.array([one], np.float32))}).rstrip("\n")
            for step, one in enumerate(numbers, start=1)
        ]
        streams.append(([one.encode() for one in rows], [one.encode() for one in told]))
    return streams


def start_server(folder: Path, port: int, options: argparse.Namespace) -> "subprocess.Popen[bytes]":
    """The server, once it answers."""
    if options.peer:
        command = [sys.executable, str(Path(__file__).with_name("peer.py")), str(folder), str(port)]
    else:
        command = [sys.executable, "-m", "recurra", "serve", str(folder / "net"), "--port", str(port)]
        command += ["--state", str(folder / "state"), f"max_sessions={options.sessions + 64}"]
        command += [f"max_sessions_per_client={options.sessions + 64}", "idle_seconds=3600"]
    server = subprocess.Popen(command)
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(server.pid, {0})
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.1)
    raise SystemExit("the server does not start")


def processor_seconds(process: int) -> float:
    """Time that a process used its processors."""
    usage = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(usage[11]) + int(usage[12])) / os.sysconf("SC_CLK_TCK")


def resident(process: int) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def run(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """The load, and what came of it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = make_program()
    program.save(folder / "net")
    streams = expected(program, int(options.rate * (options.seconds + 60)) + 10)
    server = start_server(folder, port, options)
    try:
        before = resident(server.pid)
        traffic = Traffic(
            port, "/v1/models/net/stream", streams, options.sessions, options.rate, exact=not options.peer
        )
        await traffic.connect()
        memory = (resident(server.pid) - before) / options.sessions
        begun = processor_seconds(server.pid)
        load = asyncio.create_task(traffic.run(options.seconds))
        if options.kill:
            await asyncio.sleep(options.seconds / 2)
            server.kill()
            server.wait()
            traffic.note_kill()
            server = start_server(folder, port, options)
        await load
        with_steps = (resident(server.pid) - before) / options.sessions
        used = processor_seconds(server.pid) - (0.0 if options.kill else begun)
        result = traffic.result()
        return {
            "what": "peer" if options.peer else "recurra",
            "sessions": options.sessions,
            "rate": options.rate,
            "seconds": options.seconds,
            "memory_per_session_kib": round(memory / 1024, 1),
            "memory_with_steps_kib": round(with_steps / 1024, 1),
            "server_us_of_processor_per_answer": round(used / max(1, traffic.answered) * 1e6, 1),
            **result,
        }
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def main() -> None:
    """Read the options, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=10.0, help="steps a second of each session")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--kill", action="store_true", help="kill -9 and start again in the middle")
    parser.add_argument("--peer", action="store_true", help="a plain FastAPI loop around ONNX Runtime")
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {1})
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(run(options, Path(folder)))))


if __name__ == "__main__":
    main()
