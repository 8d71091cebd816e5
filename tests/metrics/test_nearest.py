"""The nearest text by its letters."""

from recurra.metrics.nearest import nearest


def test_the_text_with_most_in_common_is_found() -> None:
    known = ["the red house", "a blue boat", "green grass"]
    assert nearest(known, ["blue boats", "the house", "a green lawn", "red"]) == [1, 0, 2, 0]
    many = ["grass", "boat"] * 200
    assert nearest(known, many) == [2, 1] * 200
    assert nearest(known, []) == []
