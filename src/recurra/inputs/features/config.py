"""The settings of features as input."""

from typing import Annotated, Literal

from pydantic import Field

from recurra.config import Config, Option


class FeaturesConfig(Config):
    """Where features lie that were computed elsewhere, and how they become steps.

    Attributes:
        features: File (npz, npy or safetensors) with the features of all rows: an array (rows, cells,
            channels), (rows, rows of cells, columns, channels) or (rows, channels) and beside it `names`, or
            an array for each name; none where each row has a file of its own.
        path: Column of the table with the names that stand in that file (of images, their paths will do), or
            with paths of files, one for each row; auto looks for it.
        array: Array of the features in a file; auto takes `features`, `embeddings` or the like, or the only
            one that may be meant.
        names: Array of what each row of the features is called; auto takes `names`, `ids`, `paths` or the
            like. Without one they go by the order of the table.
        channels: Which axis of the features of a row holds the channels; auto takes the last, but the first
            of three where that is the longest.
        layout: Whether cells are those of a picture, row by row, where there is a square number of them;
            auto takes them so where a row names a picture, and for three axes.
        standardize: Whether numbers are scaled by mean and deviation of each channel in the training part.
        max_length: Most steps that are read; what follows is cut off, and said.
    """

    features: Annotated[str, Option("FILE", again=True)] = "none"
    path: str = "auto"
    array: str = "auto"
    names: str = "auto"
    channels: Literal["auto", "last", "first"] = "auto"
    layout: Literal["auto", "grid", "steps"] = "auto"
    standardize: bool = True
    max_length: int = Field(default=4_000, ge=1, le=1_000_000)
