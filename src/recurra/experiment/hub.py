"""Runs on the Hugging Face Hub, by its own library: put there with a card, and fetched from there."""

import importlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from recurra.errors import MissingDependencyError, StorageError
from recurra.experiment.artifact import load_fitted
from recurra.experiment.export import CARD, card_of_run
from recurra.experiment.run_folder import check_model
from recurra.experiment.task import Task
from recurra.files import storage_errors

PREFIX = "hub:"
_KEPT_HERE = ("checkpoints", "export", ".*")  # of no use to those who answer with the net


class Uploaded(NamedTuple):
    """What was put there.

    Attributes:
        address: Where it is to be seen.
        files: Names of the files.
    """

    address: str
    files: Sequence[str]


def upload(task: Task, run: Path, repo: str, *, public: bool = False) -> Uploaded:
    """Put the folder of a run, or a saved model, into a repository, in one commit, with a card.

    Checkpoints and exports stay here. Of series the last rows of training go with the model, which needs
    them.

    Args:
        task: The task.
        run: The folder.
        repo: "OWNER/NAME" or "NAME"; it is made where there is none.
        public: Whether everyone may see a repository that is made; that of one that exists stays as it is.

    Raises:
        DamagedError: A file of the run is missing, truncated or altered.
        MissingDependencyError: huggingface_hub is not installed.
        StorageError: The Hub cannot be reached, or refuses.
    """
    check_model(run)
    library = _library()
    fitted = load_fitted(task, run, device="cpu")
    with storage_errors(Path(tempfile.gettempdir())), tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        shutil.copytree(run, folder, ignore=shutil.ignore_patterns(*_KEPT_HERE))
        try:
            api = library.HfApi(library_name="recurra")
            whole = api.create_repo(repo, private=not public, exist_ok=True).repo_id
            (folder / CARD).write_text(card_of_run(task, fitted, run, whole), encoding="utf-8")
            api.upload_folder(
                repo_id=whole, folder_path=folder, commit_message=f"Add a net of task {task.name}"
            )
        except Exception as error:  # what the library raises, of many types and of those below it
            raise _refused(f"{repo} could not be written", error) from error
        files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return Uploaded(f"{api.endpoint}/{whole}", files)


def download(repo: str) -> Path:
    """The folder of a repository, fetched once and kept in the library's cache.

    Args:
        repo: "OWNER/NAME", or "OWNER/NAME@REVISION".

    Raises:
        MissingDependencyError: huggingface_hub is not installed.
        StorageError: The Hub cannot be reached, or refuses.
    """
    library = _library()
    name, _, revision = repo.partition("@")
    try:
        return Path(library.snapshot_download(name, revision=revision or None, library_name="recurra"))
    except Exception as error:  # as above
        raise _refused(f"{repo} could not be fetched", error) from error


def _refused(what: str, error: Exception) -> StorageError:
    said = " ".join(str(error).split())[:300]
    return StorageError(
        f"{what} ({said})", "a repository that this account may use", "Log in with: hf auth login"
    )


def _library() -> Any:
    try:
        return importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise MissingDependencyError(
            "the Hugging Face Hub without huggingface_hub",
            "huggingface_hub to be installed",
            "Run: pip install 'recurra[hub]'",
        ) from error
