"""Videos from folders and tables; only the times of their frames are read here."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from recurra.data.naming import counted
from recurra.data.video import Video, is_video, open_video
from recurra.errors import DataError
from recurra.inputs.examples import Examples, Keep, placed
from recurra.inputs.files import PATH, files_in, named_path_column, path_in, rows_of_file, rows_of_files
from recurra.inputs.rows import Rows, check_not_told, path_of, read_rows
from recurra.inputs.video.config import VideoConfig


def read(source: Any, config: VideoConfig, keep: Keep) -> Examples:
    """Read where videos are.

    Args:
        source: A folder of videos, whose label is the folder they lie in or, where all lie in one, their name
            before "_", and whose text stands in NAME.txt beside NAME.mp4; a table with a column of paths; a
            single video.
        config: The settings.
        keep: Which columns the task keeps.

    Raises:
        DataError: There is none, or one cannot be read; the message names it.
    """
    path, column = path_of(source), PATH
    if path is not None and path.is_dir():
        files = files_in(path, is_video)
        if not files:
            raise DataError(f"{path} holds no videos", "MP4, MKV, WebM or AVI files", "Check the folder.")
        rows = rows_of_files(path, files, "video")
    elif path is not None and is_video(path):
        rows = rows_of_file(path)
    else:
        rows = read_rows(source)
        column = named_path_column(rows, config.path, is_video, "video", "clips/one.mp4")
    inside = path is None or path.is_dir() or is_video(path)
    kept = keep(rows.frame.drop(column))
    check_not_told(rows, "path", [column], kept)
    videos = _videos(rows, Path() if inside or path is None else path.parent, column)
    cut = sum(one.seconds > config.max_seconds for one in videos)
    if cut:
        rows = rows.noting(f"cut {counted(cut, 'video')} at {config.max_seconds:g} seconds (max_seconds)")
        videos = [replace(one, seconds=min(one.seconds, config.max_seconds)) for one in videos]
    return rows.examples(videos, rows.frame.columns, reads=[column], kept=kept, settings={"path": column})


def _videos(rows: Rows, base: Path, column: str) -> Sequence[Video]:
    """The videos that rows name, each file opened once; an error says which row it is."""
    known: dict[Path, Video] = {}
    found = []
    for name, place in zip(rows.frame[column].to_list(), rows.places, strict=True):
        path = path_in(base, name, column, place, "video")
        try:
            video = known[path] if path in known else open_video(path)
        except DataError as error:
            raise placed(place, error) from error
        known[path] = video
        found.append(video)
    return found
