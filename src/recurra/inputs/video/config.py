"""The settings of videos as input."""

from typing import Annotated, Literal

from pydantic import Field

from recurra.config import Config, Search


class VideoConfig(Config):
    """How videos become steps, and how training varies them.

    Attributes:
        path: Column with the paths of the videos, from where the table lies; auto takes the first that holds
            names of such files.
        rate: Frames a second that are read, by their times: at each moment the one that is shown then.
        height, width: Pixels that frames are scaled to, whatever their shape; multiples of the patch.
        color: Whether colours are read.
        front_readout: What is read of each frame once convolutions have seen it: of each of their channels
            the point where it is large, how fast that moves, and how large it is (points), or all channels of
            all cells side by side (cells), for scenes where things have their place.
        patch: Pixels of the cells that the front of convolutions sees a frame in, both ways; auto is 4 for
            points, 8 for cells.
        frame_size: Features of a frame; as many as the layer over them gives (twice hidden_size in both
            directions) let residual=true take them past it, too.
        front_width: Channels of the front's first block; each later one has twice as many, up to eight times.
        front_blocks: How many blocks it has; auto goes by the size of a patch: one for each halving, and of
            points one more.
        standardize: Whether pixels are scaled by mean and deviation of each channel in the training part;
            otherwise they go from 0 to 1.
        max_seconds: Longest video that is read; what follows is cut off, and said.
        shift: Largest share of the shorter side by which training moves all frames of a video.
        contrast: Largest share by which it changes contrast, and, in deviations, brightness.
        stretch: Largest share by which it makes videos slower or faster.
        noise: Random numbers that it adds, in deviations.
        mirror: Share of the videos in which it swaps left and right.
    """

    path: str = "auto"
    rate: Annotated[float, Search(2.0, 15.0)] = Field(default=8.0, gt=0, le=1000)
    height: int = Field(default=32, ge=1, le=4096)
    width: int = Field(default=32, ge=1, le=4096)
    color: bool = True
    front_readout: Literal["points", "cells"] = "points"
    patch: Literal["auto"] | Annotated[int, Field(ge=1, le=256)] = "auto"
    frame_size: Annotated[int, Search(32, 256, log=True)] = Field(default=128, ge=1, le=16_384)
    front_width: Annotated[int, Search(8, 64, log=True)] = Field(default=16, ge=1, le=4096)
    front_blocks: Literal["auto"] | Annotated[int, Field(ge=1, le=16)] = "auto"
    standardize: bool = True
    max_seconds: float = Field(default=30.0, gt=0, le=86_400)
    shift: Annotated[float, Search(0.0, 0.2)] = Field(default=0.05, ge=0, lt=0.5)
    contrast: Annotated[float, Search(0.0, 0.5)] = Field(default=0.1, ge=0, lt=1)
    stretch: Annotated[float, Search(0.0, 0.3)] = Field(default=0.0, ge=0, lt=0.9)
    noise: Annotated[float, Search(0.0, 0.3)] = Field(default=0.0, ge=0, le=10)
    mirror: float = Field(default=0.0, ge=0, le=1)

    @property
    def pixels_of_cell(self) -> int:
        """Pixels of a cell, both ways."""
        if self.patch == "auto":
            return 4 if self.front_readout == "points" else 8
        return self.patch
