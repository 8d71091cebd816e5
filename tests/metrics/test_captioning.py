import math

import pytest

from recurra.metrics.captioning import Cider, best_constants, caption_scores


def test_likeness_by_hand() -> None:
    # "a" stands in both rows and counts nothing; "cat" and "runs" count log 2 each
    cider = Cider([["a cat sits"], ["a dog runs"]])
    told = cider.scores(["a cat sits", "a cat runs"])
    assert told[0] == pytest.approx(10 * 3 / 4)  # of three orders: there is no phrase of four words
    assert told[1] == pytest.approx(10 * (1 / 2) / 4)  # one of two words, no phrase


def test_lengths_repeated_words_and_several_descriptions_by_hand() -> None:
    cider = Cider([["red", "blue sky"], ["x"], ["y"]])
    once, rare = math.log(3), 10 / 4
    assert cider.scores(["red", "", ""])[0] == pytest.approx(rare * (1 + 0) / 2)
    # "blue": its cosine to "blue sky" is 1/√2, and it is a word shorter
    near = math.exp(-1 / 72)
    assert cider.scores(["blue", "", ""])[0] == pytest.approx(rare * near / math.sqrt(2) / 2)
    # "red red": twice the weight counts no more than once: min(2, 1) * 1 / (2 * 1)
    assert cider.scores(["red red", "", ""])[0] == pytest.approx(rare * (near * once**2 / (2 * once**2)) / 2)


def test_what_stands_everywhere_counts_nothing() -> None:
    assert Cider([["a"], ["a"]]).scores(["a", "a"]).tolist() == [0, 0]


def test_scores_of_several_right_descriptions() -> None:
    truth = [["a red ball on the grass", "one ball"], ["two dogs run over a field"]]
    found = caption_scores(["one ball", "two dogs run over a field"], truth)
    assert found["exact_match"] == 1
    assert found["bleu_4"] == pytest.approx(100)
    assert next(iter(found)) == "cider"
    wrong = caption_scores(["one", "two dogs run over a street"], truth)
    assert wrong["exact_match"] == 0
    assert all(wrong[name] < found[name] for name in found)
    assert "cider" not in caption_scores(["one"], [["one"]])


def test_the_best_text_for_all() -> None:
    truth = [
        ["a dog runs on the grass"],
        ["a dog runs on sand"],
        ["a dog runs home"],
        ["four cars wait here"],
    ]
    found = best_constants(truth)
    assert found["cider"].startswith("a dog runs")
    assert found["bleu_4"].startswith("a dog runs")
    cider = Cider(truth)
    assert cider.constant(found["cider"]) == max(cider.constant(row[0]) for row in truth)


def test_the_description_that_is_most_like_the_others() -> None:
    truth = [["a cat sits there", "a black cat sits there", "look"], ["nothing"], ["a thing"]]
    assert Cider(truth).central() == [0, 0, 0]
