import os
import signal

import pytest

from resumebert.utils.interruption import Interruption, NotedSignal, signals_interrupt


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_interrupts_inside_the_block_only(signum, code):
    before = signal.getsignal(signum)
    with pytest.raises(Interruption) as interruption, signals_interrupt():
        os.kill(os.getpid(), signum)
    assert interruption.value.exit_code == code
    assert str(interruption.value) == f"ended by {signum.name}"
    assert signal.getsignal(signum) is before


def test_a_loop_notes_one_signal_and_the_second_does_not_wait():
    noted = NotedSignal()
    before = signal.getsignal(signal.SIGTERM)
    noted.start()
    try:
        assert noted.signum == 0
        os.kill(os.getpid(), signal.SIGTERM)
        assert noted.signum == signal.SIGTERM
        with pytest.raises(Interruption):
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        noted.stop()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_comes_twice_at_once_is_one(monkeypatch):
    noted = NotedSignal()
    noted.start()
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert noted.signum == signal.SIGTERM
        monkeypatch.setattr("resumebert.utils.interruption.SECONDS_OF_ONE_SIGNAL", -1.0)
        with pytest.raises(Interruption):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        noted.stop()


def test_a_worker_is_still_ended_by_sigterm_and_not_by_sigint():
    noted = NotedSignal()
    noted.start()
    worker = os.fork()
    if worker == 0:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        os._exit(0)
    noted.stop()
    _, status = os.waitpid(worker, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGTERM
    assert noted.signum == 0
