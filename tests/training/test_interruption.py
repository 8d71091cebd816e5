"""Ctrl-C."""

import os
import signal
import threading

import pytest

from recurra.training.interruption import Interruption, interruptible


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("interruption", [Interruption(), Interruption.shared()])
def test_the_first_asks_and_the_second_stops(interruption: Interruption) -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruptible(interruption):
        assert not interruption.requested
        press_ctrl_c()
        assert interruption.requested
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_flag_can_be_shared() -> None:
    one = Interruption()
    Interruption(one.flag).request()
    assert one.requested


def test_other_threads_leave_the_handler_alone() -> None:
    handlers = []

    def work() -> None:
        with interruptible(Interruption()):
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGINT)]
