"""Progress bars and messages on stderr."""

import pickle

import pytest

from recurra.training.progress import Progress


def test_nothing_is_drawn_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    assert list(progress.track([3, 5, 7], "counting")) == [3, 5, 7]
    with progress.bar("waiting", None) as bar:
        bar.advance(note="loss 1")
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "150")


@pytest.mark.usefixtures("terminal")
def test_bars_show_what_is_done_and_noted(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(enabled=True)
    with progress.bar("epoch 1", 4, done=1) as bar:
        bar.advance(note="loss 0.25")
        bar.advance(description="epoch 2", note="loss 0.125")
        assert list(progress.track(iter(range(3)), "validating", 3)) == [0, 1, 2]
        progress.say("[a message] above")
    out, err = capsys.readouterr()
    assert out == ""
    assert "epoch 2" in err
    assert "75%" in err
    assert "loss 0.125" in err
    assert "[a message] above" in err
    with progress.bar("again", 1):
        pass


def test_messages_are_written_without_bars_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Progress(enabled=False).say("word " * 50)
    assert capsys.readouterr() == ("", "word " * 50 + "\n")
    Progress.silent().say("unheard")
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("terminal")
def test_colours_can_be_turned_off(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    coloured = "\x1b[3"
    list(Progress(enabled=True).track(range(3), "counting"))
    assert coloured in capsys.readouterr().err
    monkeypatch.setenv("NO_COLOR", "1")
    list(Progress(enabled=True).track(range(3), "counting"))
    assert coloured not in capsys.readouterr().err


def test_a_progress_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(Progress(enabled=True))).enabled
