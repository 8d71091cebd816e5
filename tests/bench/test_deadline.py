"""A run ends in time, whatever it is at."""

import signal
import threading
import time

import pytest

from recurra.bench.deadline import DeadlineReached, deadline

needs_alarms = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no alarms")


@needs_alarms
def test_what_goes_on_for_ever_is_left():
    began = time.monotonic()
    with deadline(0.05):
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # noqa: BLE001 - it does not hold back the deadline
                continue
    assert 0.04 < time.monotonic() - began < 5


@needs_alarms
def test_what_ends_by_itself_is_not_disturbed_later():
    before = signal.getsignal(signal.SIGALRM)
    with deadline(0.02):
        pass
    assert signal.getsignal(signal.SIGALRM) is before
    time.sleep(0.04)


@needs_alarms
def test_errors_go_through():
    with pytest.raises(ZeroDivisionError), deadline(5.0):
        raise ZeroDivisionError


def test_without_an_end_and_in_other_threads_there_is_none():
    with deadline(None):
        time.sleep(0.001)
    reached = []

    def run():
        with deadline(0.001):
            time.sleep(0.01)
            reached.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert reached == [True]
    assert not issubclass(DeadlineReached, Exception)
