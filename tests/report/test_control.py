"""What a terminal or a browser would obey is shown instead."""

from tests.report.test_verdict import record

from recurra.cli.score_table import print_scores
from recurra.report.control import visible
from recurra.report.page import write_report
from recurra.report.record import write_metrics

WILD = "\x1b[2Jred\x07\x9b"
SHOWN = r"\x1b[2Jred\x07\x9b"


def test_control_characters_are_seen_and_other_letters_stay() -> None:
    assert visible(f"{WILD}\n\té 字\N{NARROW NO-BREAK SPACE}") == f"{SHOWN}\n\té 字\N{NARROW NO-BREAK SPACE}"


def test_they_reach_neither_terminal_nor_page(capsys, tmp_path) -> None:
    metrics = record(title=f"{WILD}, 2 classes")
    metrics = metrics.model_copy(
        update={"models": [one.model_copy(update={"label": one.label + WILD}) for one in metrics.models]}
    )
    print_scores(metrics)
    out = capsys.readouterr().out
    write_metrics(tmp_path, metrics)
    page = write_report(tmp_path).read_text()
    for text in (out, page):
        assert SHOWN in text
        assert not set("\x1b\x07\x9b") & set(text)
