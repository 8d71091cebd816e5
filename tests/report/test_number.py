"""Numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.report.number import column, count, duration, fixed, percent, plain, plural, signed_percent


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.893, 1.193, 2.395], ["0.893", "1.193", "2.395"]),
        ([366.76, 353.86, 1785.4], ["367", "354", "1\u202f785"]),
        ([12.0, None, math.nan], ["12.0", "\u2013", "\u2013"]),
        ([0.0, 0.25], ["0.000", "0.250"]),
        ([3e-7, 5.25e-6], ["3.00\u00d710⁻⁷", "5.25\u00d710⁻⁶"]),
        ([-4.5, 2.25], ["\u22124.50", "2.25"]),
        ([2e12], ["2.00\u00d710¹²"]),
        ([1000.0, 0.5], ["1\u202f000.0", "0.5"]),
        ([], []),
        ([None], ["\u2013"]),
    ],
)
def test_a_column_shares_its_decimals(values, texts):
    assert column(values) == texts


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=7))
def test_the_largest_number_keeps_three_digits(values):
    largest = max(values)
    text = column(values)[values.index(largest)].replace("\u202f", "")
    assert float(text) == pytest.approx(largest, rel=0.006)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0\u202fs"),
        (0.0042, "4\u202fms"),
        (3.14, "3.1\u202fs"),
        (59.7, "60\u202fs"),
        (171.3, "3\u202fmin"),
        (5880.0, "98\u202fmin"),
        (7260.0, "2\u202fh 01\u202fmin"),
        (None, "\u2013"),
        (math.nan, "\u2013"),
    ],
)
def test_durations_use_the_unit_that_people_would_say(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0.0\u202f%"),
        (-0.234, "\u221223\u202f%"),
        (0.0051, "+0.5\u202f%"),
        (-0.0004, "0.0\u202f%"),
        (0.051, "+5.1\u202f%"),
        (1.5, "+150\u202f%"),
        (None, "\u2013"),
    ],
)
def test_changes_have_a_sign(share, text):
    assert signed_percent(share) == text


def test_other_forms():
    assert percent(0.7951, 1) == "79.5\u202f%"
    assert percent(None) == "\u2013"
    assert count(51234) == "51\u202f234"
    assert count(None) == "\u2013"
    assert plain(0.0) == "0"
    assert plain(0.0030, 2) == "0.0030"
    assert fixed(0.0, None) == "0"


@pytest.mark.parametrize(
    ("noun", "several"),
    [
        ("series", "series"),
        ("class", "classes"),
        ("tag", "tags"),
        ("category", "categories"),
        ("day", "days"),
    ],
)
def test_nouns_have_a_plural(noun, several):
    assert plural(noun) == several
