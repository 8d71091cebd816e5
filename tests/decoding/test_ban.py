"""What completes a banned text, against trying it."""

import random
from typing import Any

import pytest

from recurra.decoding.ban import Ban


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("in_words", [False, True])
def test_a_symbol_is_banned_where_the_text_would_hold_a_banned_one_anew(seed: int, in_words: bool) -> None:
    draw = random.Random(seed)

    def text(low: int, high: int) -> Any:
        letters = draw.choices("ab", k=draw.randint(low, high))
        return tuple(letters) if in_words else "".join(letters)

    banned, symbols, own = ([text(1, 3) for _ in range(count)] for count in (2, 6, 2))
    ban = Ban([*banned, ()], symbols)
    before = text(0, 5)

    def completes(symbol: Any) -> bool:
        whole = before + symbol
        places = ((one, at) for one in banned for at in range(len(whole)))
        ends = (at + len(one) for one, at in places if whole[at : at + len(one)] == one)
        return any(end > len(before) for end in ends)

    expected = {number for number, one in enumerate([*symbols, *own]) if completes(one)}
    assert ban.completing(before, own) == expected
    assert ban.completing(before[-ban.longest :], own) == expected
