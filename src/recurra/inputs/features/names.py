"""What items of a file are called, and which of them a row of a table means."""

from collections.abc import Sequence
from pathlib import Path

from recurra.data.image import is_image
from recurra.data.stored import is_stored
from recurra.data.video import is_video
from recurra.errors import DataError


class Names:
    """Finds items by their names, which may be paths.

    A path means an item whose name it ends in, or that ends in it, folder by folder: "photos/cat/1.jpg" is
    "cat/1.jpg" and "1.jpg", and not "dog/1.jpg". Ends such as .jpg and .npy do not count, unless that leaves
    several.

    Args:
        names: Of all items.
        path: The file, for errors.

    Raises:
        DataError: Two items are called the same.

    >>> names = Names(["cat/1.jpg", "dog/1.jpg"], Path("feats.npz"))
    >>> names.row_of("/home/photos/dog/1.png"), names.row_of("cow/1.jpg")
    (1, None)
    """

    def __init__(self, names: Sequence[str], path: Path) -> None:
        self._path, self._names = path, names
        self._rows: dict[str, int] = {}
        self._alike: dict[str, list[int]] = {}
        for row, name in enumerate(names):
            if self._rows.setdefault(name, row) != row:
                raise DataError(
                    f"{path}: rows {self._rows[name] + 1} and {row + 1} are both called {name!r}",
                    "a name for each",
                    "Rename one, or choose other names with names=.",
                )
            self._alike.setdefault(_parts(name)[-1], []).append(row)

    def row_of(self, name: str) -> int | None:
        """The item that a name means; None where there is none.

        Raises:
            DataError: It may be several.
        """
        if name in self._rows:
            return self._rows[name]
        parts = _parts(name)
        found = [row for row in self._alike.get(parts[-1], ()) if _agree(parts, _parts(self._names[row]))]
        if len(found) > 1:
            found = [row for row in found if Path(self._names[row]).name == Path(name).name] or found
        if len(found) > 1:
            first, second = (self._names[row] for row in found[:2])
            raise DataError(
                f"{name!r}, which may be {first!r} or {second!r} of {self._path}",
                "a name that is one alone",
                "Write more of its folders.",
            )
        return found[0] if found else None


def _parts(name: str) -> tuple[str, ...]:
    """The folders of a path and the name of the file, without an end that says what it is."""
    path = Path(name)
    known = is_image(path) or is_video(path) or is_stored(path)
    return (path.with_suffix("") if known and path.stem else path).parts or (name,)


def _agree(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether one path ends in the other."""
    shorter = min(len(first), len(second))
    return tuple(first[-shorter:]) == tuple(second[-shorter:])
