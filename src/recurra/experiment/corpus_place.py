"""Where large corpora lie as numbers while a run trains: in its folder, so that a resumed run finds them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recurra.files import storage_errors, temporary_beside

FOLDER = "corpus"


class CorpusPlace:
    """A folder for tokenised corpora, which is made when something is put there.

    Corpora are tokenised before a run is opened, so that mistakes are told before it is; until then they lie
    beside it, under a name that goes when its process is no more.

    Args:
        run: The folder of the run.
        resume: Whether the run has begun.

    Attributes:
        path: The folder, at present.
    """

    def __init__(self, run: Path, *, resume: bool) -> None:
        self._run, self._settled = run, resume and (run / FOLDER).exists()
        self.path = run / FOLDER if resume else temporary_beside(run.with_name(f"{run.name}.{FOLDER}"))

    def settle(self) -> tuple[str, ...]:
        """Go to the folder of the run, which is open now; says how much there is, if any.

        Raises:
            StorageError: It cannot be moved there.
        """
        self._settled, before, self.path = True, self.path, self._run / FOLDER
        if before != self.path and before.exists():
            with storage_errors(self.path):
                before.replace(self.path)
        size = sum(one.stat().st_size for one in self.path.rglob("*"))
        return (f"until training ends, {size / 1e6:,.0f} MB of numbers lie in {self.path}",) if size else ()

    def remove(self) -> None:
        """Take all of it away."""
        shutil.rmtree(self.path, ignore_errors=True)

    def forsake(self) -> None:
        """Take it away if there is no run that may go on with it."""
        if not self._settled:
            self.remove()


@contextmanager
def corpus_place(run: Path, *, resume: bool) -> Iterator[CorpusPlace]:
    """A place in which nothing stays of a run that is not opened in the block."""
    place = CorpusPlace(run, resume=resume)
    try:
        yield place
    finally:
        place.forsake()
