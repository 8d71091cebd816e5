"""Columns of text, as wide as they need, in parts where they are too wide."""

from recurra.cli.columns import Column, in_parts, lay_out

NAMES = Column(["name"], ["a", "long one"], is_text=True)
FIGURES = Column(["all", "ms"], ["1.5", "12,345"])


def test_headings_stand_at_the_bottom_and_figures_at_the_right():
    assert lay_out([NAMES, FIGURES], str) == [
        "             all",
        "name          ms",
        "────────────────",
        "a            1.5",
        "long one  12,345",
    ]


def test_headings_are_emphasized_and_rows_are_not():
    lines = lay_out([NAMES], lambda line: f"<{line}>")
    assert lines == ["<name>", "────────", "a", "long one"]


def test_what_has_no_room_stands_in_another_part_beside_the_same_keys():
    assert in_parts([NAMES, FIGURES, FIGURES], 1, 24) == [[NAMES, FIGURES, FIGURES]]
    assert in_parts([NAMES, FIGURES, FIGURES], 1, 23) == [[NAMES, FIGURES], [NAMES, FIGURES]]
    assert in_parts([NAMES, FIGURES], 1, 3) == [[NAMES, FIGURES]]  # it cannot be narrower
    assert in_parts([NAMES], 1, 3) == [[NAMES]]
