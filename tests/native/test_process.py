"""The engine and the process that it runs in: Ctrl-C, threads, forks. Each test is a process of its own."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("recurra.native._engine")

PREAMBLE = """
import os, signal, sys, threading, time
import torch
from recurra.cells import GRU, LSTM
from recurra.layers import Recurrent

signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background of a shell ignores it

def tasks():
    return len(os.listdir("/proc/self/task"))

def outcome(layer, inputs):
    leaf = inputs.clone().requires_grad_()
    outputs, state = layer(leaf)
    gradients = torch.autograd.grad(outputs.sin().sum(), [leaf, *layer.parameters()])
    return [outputs.detach(), *(field.detach() for field in state), *gradients]

def same(one, two):
    return all(torch.equal(a, b) for a, b in zip(one, two, strict=True))

def wide(batch=2):  # threads share its units
    return Recurrent(LSTM(1, 100), backend="native"), torch.randn(batch, 9, 1)
"""

LONG_CALL = """
torch.set_num_threads({threads})
layer, inputs = Recurrent(GRU(1, 512), backend="native"), torch.randn(1, 30000, 1)
sent = []
own = hasattr(time, "pthread_getcpuclockid")  # a clock that stands still while others have the processor
clock = time.pthread_getcpuclockid(threading.get_ident()) if own else time.CLOCK_MONOTONIC
def press():
    sent.append(time.clock_gettime(clock))
    os.kill(os.getpid(), signal.SIGINT)
def seconds(call, steps):
    began = time.clock_gettime(clock)
    call(inputs[:, :steps])
    return time.clock_gettime(clock) - began
def seconds_until_stopped(call):
    try:
        while not sent:  # a press that comes late meets another call
            call()
    except KeyboardInterrupt:
        return time.clock_gettime(clock) - sent[0]
    sys.exit("the call ended first")
"""


def run(program: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", PREAMBLE + program],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "4"},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip()


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.mark.parametrize(("threads", "mode"), [(1, "enable_grad"), (2, "no_grad")])
def test_ctrl_c_stops_a_call_at_once(threads, mode):
    told = run(
        LONG_CALL.format(threads=threads)
        + f"""
with torch.{mode}():
    whole = 10 * seconds(layer, 3000)
    threading.Timer(0.3, press).start()
    took = seconds_until_stopped(lambda: layer(inputs))
assert took < whole / 3, (took, whole)
print(layer(inputs[:, :10])[0].shape)
"""
    )
    assert told == "torch.Size([1, 10, 512])"


def test_ctrl_c_stops_a_backward_pass():
    run(
        LONG_CALL.format(threads=2)
        + """
whole = 5 * seconds(layer, 3000)
leaf = inputs[:, :15000].requires_grad_()
total = layer(leaf)[0].sum()
threading.Timer(0.2, press).start()
took = seconds_until_stopped(lambda: total.backward(retain_graph=True))
assert took < whole / 3, (took, whole)
"""
    )


def test_a_handler_that_only_notes_the_signal_does_not_stop_a_call():
    run(
        LONG_CALL.format(threads=2)
        + """
short = inputs[:, :8000]
with torch.no_grad():
    expected, _ = layer(short)
    noted = []
    signal.signal(signal.SIGINT, lambda *_: noted.append(1))
    timer = threading.Timer(0.05, press)
    timer.start()
    outputs, _ = layer(short)
    timer.join()
assert noted and torch.equal(outputs, expected)
"""
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_a_handler_may_call_a_layer(threads):
    run(
        LONG_CALL.format(threads=threads)
        + """
small, few = Recurrent(GRU(1, 5), backend="native"), torch.randn(1, 4, 1)
short = inputs[:, :8000]
with torch.no_grad():
    expected, (right, _) = layer(short), small(few)
    noted = []
    signal.signal(signal.SIGINT, lambda *_: noted.append(torch.equal(small(few)[0], right)))
    timers = [threading.Timer(0.04 * number, press) for number in range(1, 4)]
    for timer in timers:
        timer.start()
    outputs, _ = layer(short)
    for timer in timers:
        timer.join()
assert noted and all(noted) and torch.equal(outputs, expected[0])
"""
    )


def test_a_call_of_another_thread_does_not_take_the_signal():
    run(
        LONG_CALL.format(threads=1)
        + """
with torch.no_grad():
    whole = 10 * seconds(layer, 3000)
over = threading.Event()
def work():
    while not over.is_set():
        with torch.no_grad():
            layer(inputs[:, :300])
other = threading.Thread(target=work, daemon=True)
other.start()
threading.Timer(0.5, press).start()
with torch.no_grad():
    took = seconds_until_stopped(lambda: layer(inputs))
over.set()
other.join()
assert took < whole / 3, (took, whole)
"""
    )


@linux
@pytest.mark.parametrize("threads", [1, 3])
def test_there_are_never_more_threads_than_torch_has(threads):
    run(
        f"""
threads = {threads}
torch.set_num_threads(threads)
torch.mm(torch.randn(500, 500), torch.randn(500, 500))  # torch starts its own
torch.randn(1000, 1000, requires_grad=True).sin().sum().backward()
before = tasks()
layer, inputs = wide()
for _ in range(100):
    outcome(layer, inputs)
    outcome(layer, torch.randn(33, 2, 1))
assert tasks() <= before + threads - 1, (tasks(), before)
"""
    )


def test_idle_threads_sleep():
    run("""
torch.set_num_threads(3)
outcome(*wide())
before = time.process_time()
time.sleep(0.3)
used = time.process_time() - before
assert used < 0.05, used
""")


def test_two_threads_at_once():
    run("""
torch.set_num_threads(3)
cases = [wide(), wide(33), wide(1)]
expected = [outcome(*case) for case in cases]
wrong = []
def work(first):
    for number in range(first, first + 60):
        case = number % len(cases)
        for one, two in zip(outcome(*cases[case]), expected[case], strict=True):
            if not torch.allclose(one, two, rtol=1e-5, atol=1e-5):
                wrong.append(case)
workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
assert not wrong, wrong
""")


def test_a_forked_child_computes():
    """Unlike torch's own products, which hang in a child when they had several threads before."""
    run("""
import multiprocessing, warnings
warnings.simplefilter("ignore")  # from Python 3.12 on: a process with threads is forked
torch.set_num_threads(3)
layer, inputs = wide()
def forward():
    with torch.no_grad():
        outputs, state = layer(inputs)
    return [outputs, *state]
expected = forward()
def child(queue):
    is_right = same(forward(), expected)
    torch.set_num_threads(1)
    is_right &= torch.allclose(outcome(layer, inputs)[0], expected[0], atol=1e-6)
    queue.put(is_right)
context = multiprocessing.get_context("fork")
for _ in range(3):
    queue = context.Queue()
    process = context.Process(target=child, args=(queue,), daemon=True)
    process.start()
    assert queue.get(timeout=30)
    process.join(timeout=30)
    assert process.exitcode == 0
assert same(forward(), expected)
""")
