import numpy as np

from recurra.inputs.generated_shapes import every_sentence, shape_pictures


def test_a_fifth_of_the_sentences_is_held_out_but_no_word() -> None:
    sentences = every_sentence()
    assert len(set(sentences)) == len(sentences) == 4 * 16 + 16 * 15 * 4
    pictures, told, held_out = shape_pictures(600)
    assert pictures.shape == (600, 48, 48, 3)
    assert set(told) <= set(sentences)
    split = {held: {text for text, own in zip(told, held_out, strict=True) if own == held} for held in (0, 1)}
    assert not split[0] & split[1]
    assert 0.12 < np.mean(held_out) < 0.28
    words = {held: {word for text in split[held] for word in text.split()} for held in (0, 1)}
    assert words[1] <= words[0]


def test_pictures_show_what_is_said() -> None:
    pictures, told, _ = shape_pictures(300, seed=3)
    reds = [at for at, text in enumerate(told) if text.startswith("a large red") and "small blue" in text]
    assert reds
    for at in reds:
        red, green, blue = np.moveaxis(pictures[at].astype(int), -1, 0)
        inks = (red > green + 80) & (red > blue + 80), (blue > red + 80) & (blue > green + 50)
        places = [np.argwhere(one).mean(axis=0) for one in inks]
        down, right = places[0] - places[1]
        wide = abs(right) > abs(down)
        assert ("left" in told[at]) == (wide and right < 0)
        assert ("right" in told[at]) == (wide and right > 0)
        assert ("above" in told[at]) == (not wide and down < 0)
        assert ("below" in told[at]) == (not wide and down > 0)


def test_the_same_seed_draws_the_same() -> None:
    one, two = shape_pictures(20, seed=5), shape_pictures(20, seed=5)
    assert (one[0] == two[0]).all()
    assert one[1:] == two[1:]
    assert shape_pictures(20, seed=6)[1] != one[1]
