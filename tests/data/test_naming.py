from recurra.data.naming import counted, listed, suggestion


def test_long_lists_are_cut() -> None:
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(["a", "b", "c"], limit=1) == "a and 2 more"
    assert listed([]) == "none"


def test_the_nearest_name_is_suggested_in_its_own_spelling() -> None:
    assert suggestion("prise", ["Price", "size"], "Look.") == "Did you mean 'Price'?"
    assert suggestion("zzz", ["Price", "size"], "Look.") == "Look."


def test_one_is_no_plural() -> None:
    assert [counted(1, "row"), counted(2043, "row"), counted(5, "series")] == [
        "1 row",
        "2,043 rows",
        "5 series",
    ]
