import pytest

from recurra.metrics.transcription import normalized, transcription_scores, word_chunks


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("spaces", "Don't  panic — it's 3,5 well-known!"),
        ("case", "don't  panic — it's 3,5 well-known!"),
        ("words", "don't panic it's 3 5 well-known"),
    ],
)
def test_what_of_a_text_is_told(how, wanted: str) -> None:
    assert normalized("  Don't  panic \N{EM DASH} it's\n3,5 well-known! ", how) == " ".join(wanted.split())


def test_accents_are_composed() -> None:
    assert normalized("cafe\N{COMBINING ACUTE ACCENT}", "spaces") == "caf\N{LATIN SMALL LETTER E WITH ACUTE}"


def test_rates_are_over_all_texts_together() -> None:
    found = transcription_scores(["one two", "a b d e"], ["one two", "a b c"])
    assert found["wer"] == pytest.approx(2 / 5)
    assert found["cer"] == pytest.approx(3 / 12)
    assert found["exact_match"] == 0.5


def test_a_truth_without_words() -> None:
    assert transcription_scores([""], [""]) == {"wer": 0.0, "cer": 0.0, "exact_match": 1.0}
    assert transcription_scores(["a"], [""])["wer"] == 1.0
    assert transcription_scores(["a", "b"], ["", "b"])["wer"] == 1.0


def test_words_beside_each_other() -> None:
    found = word_chunks("a x c d", "a b c")
    assert [(one.kind, one.truth, one.told) for one in found] == [
        ("equal", ("a",), ("a",)),
        ("substitute", ("b",), ("x",)),
        ("equal", ("c",), ("c",)),
        ("insert", (), ("d",)),
    ]
    assert [one.kind for one in word_chunks("", "a")] == ["delete"]
