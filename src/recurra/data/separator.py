"""Where the table of a text file begins, and what separates its values."""

import re
from collections.abc import Sequence

SEPARATORS = (",", ";", "\t", "|")
_PEEKED_LINES = 20  # that say what separates
_DATA = re.compile(r"\s*([+-]?(\d+([.,]\d*)?|\.\d+)([eE][+-]?\d+)?|\d{4}-\d{1,2}-\d{1,2}.*)\s*")
_TOLD = re.compile(r'"?sep=(.)"?')  # as Excel does
_MOST_ABOVE = 10


def beginning(text: str, name: str) -> tuple[int, str]:
    """How many lines stand above the header of a table, and what separates its values.

    These are a line that says what separates (sep=;), comments (#), and a title or blank lines, if the lines
    below them all have as many values, more than one, and are a header above data. Else none is left out.

    Args:
        text: The beginning of the file.
        name: Its name.
    """
    lines = text.splitlines()
    if lines and (told := _TOLD.fullmatch(lines[0].strip())):
        return 1, told[1]
    whole = separator_of(text, name)
    if not lines or (whole in lines[0] and not lines[0].startswith("#")):
        return 0, whole
    for above in range(1, min(len(lines) - 1, _MOST_ABOVE)):
        separator = separator_of("\n".join(lines[above:]), name)
        if _is_table([line.split(separator) for line in lines[above:] if line.strip()]):
            return above, separator
    return 0, whole


def is_data(names: Sequence[str]) -> bool:
    """Whether what should be names of columns are numbers and dates."""
    return len(names) > 0 and all(_DATA.fullmatch(name) for name in names)


def _is_table(rows: Sequence[Sequence[str]]) -> bool:
    """Whether some lines are a header above data, all with as many values."""
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows[:-1]):
        return False  # the last line may have been cut
    header, first = ([cell.strip().strip('"') for cell in row] for row in rows[:2])
    return any(map(_DATA.fullmatch, first)) and not any(map(_DATA.fullmatch, header)) and all(header)


def separator_of(text: str, name: str) -> str:
    """What separates the values of a file: a tab in .tsv, else what each of the first lines holds as often.

    Args:
        text: The beginning of the file; what stands in quotes does not count.
        name: Its name.
    """
    if ".tsv" in name.lower():
        return "\t"
    outside = re.sub(r'"[^"]*"', "", text)
    lines = [line for line in outside.splitlines() if line.strip()][:_PEEKED_LINES]

    def fits(one: str) -> tuple[float, int, bool]:
        counts = [line.count(one) for line in lines] or [0]
        alike = counts.count(counts[0]) / len(counts) if counts[0] else 0.0
        return alike, counts[0], one == ","

    return max(SEPARATORS, key=fits)
