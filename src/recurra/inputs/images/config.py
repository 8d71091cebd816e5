"""The settings of images as input."""

from typing import Annotated, Literal

from pydantic import Field

from recurra.config import Config, Search

Size = Literal["auto"] | Annotated[int, Field(ge=1, le=16_384)]


class ImagesConfig(Config):
    """How images become steps, and how training varies them.

    Attributes:
        path: Column with the paths of the images, from where the table lies; auto takes the first that holds
            names of such files.
        image: Column, or array of an npz file, with the numbers of each image, [row][column] or
            [row][column][channel]; auto takes the first that looks so.
        white: Number of a white pixel in arrays, 0 being black; auto takes the first of 1, 255 and 65,535
            that none exceeds.
        view: What a step is: a row of pixels from the top, a column from the left, a cell of a grid in
            reading order, or all of the image (vector); auto takes columns where images are twice as wide as
            high, else rows.
        height, width: Pixels that images are scaled to; auto takes the usual size of the training part, at
            most 64 (of grids and vectors 128), but along the way of rows or columns keeps the shape.
        fit: How an image of another shape comes to a size of which both numbers are given: pad adds its
            border's colour, stretch changes its shape, crop takes the middle.
        color: Whether colours are read; auto reads them where an image of the training part has some.
        stack: Rows or columns that are read as one step.
        patch: Pixels of a cell of the grid, both ways.
        standardize: Whether pixels are scaled by mean and deviation of each channel in the training part;
            otherwise they go from 0 to 1.
        max_length: Most steps that are read of rows and columns; what follows is cut off, and said.
        front: Whether a small convolutional net, trained along with the rest, stands before the net; without
            it a step is the pixels themselves, and nets stream. auto has it, but for vectors.
        front_width: Channels of its first block; each later one has twice as many, up to eight times.
        front_blocks: How many blocks it has; auto goes by the size of the images.
        places: Whether the cells of a grid are told where they stand, by numbers that are learnt for each.
        shift: Largest share of the shorter side by which training moves images.
        rotation: Largest number of degrees by which it turns them; of long ones less, so that their ends move
            as far as those of a square.
        scaling: Largest share by which it makes them larger or smaller, each way.
        shear: Largest share by which it slants them.
        elastic: How far it moves points at random, as a share of the shorter side: handwriting of others.
        contrast: Largest share by which it changes contrast, and, in deviations, brightness.
        noise: Random numbers that it adds, in deviations.
        mirror: Share of the images in which it swaps left and right.
        flip: Share in which it swaps top and bottom.
    """

    path: str = "auto"
    image: str = "auto"
    white: Literal["auto"] | Annotated[float, Field(gt=0, allow_inf_nan=False)] = "auto"
    view: Literal["auto", "rows", "columns", "grid", "vector"] = "auto"
    height: Size = "auto"
    width: Size = "auto"
    fit: Literal["pad", "stretch", "crop"] = "pad"
    color: Literal["auto"] | bool = "auto"
    stack: int = Field(default=1, ge=1, le=64)
    patch: int = Field(default=8, ge=1, le=256)
    standardize: bool = True
    max_length: int = Field(default=4_000, ge=1, le=1_000_000)
    front: Literal["auto", "convolution", "none"] = "auto"
    front_width: Annotated[int, Search(8, 64, log=True)] = Field(default=16, ge=1, le=4_096)
    front_blocks: Literal["auto"] | Annotated[int, Field(ge=1, le=16)] = "auto"
    places: bool = True
    shift: Annotated[float, Search(0.0, 0.2)] = Field(default=0.05, ge=0, lt=1)
    rotation: Annotated[float, Search(0.0, 30.0)] = Field(default=5.0, ge=0, le=180)
    scaling: Annotated[float, Search(0.0, 0.3)] = Field(default=0.1, ge=0, lt=0.9)
    shear: Annotated[float, Search(0.0, 0.3)] = Field(default=0.1, ge=0, le=2)
    elastic: Annotated[float, Search(0.0, 0.1)] = Field(default=0.0, ge=0, le=1)
    contrast: Annotated[float, Search(0.0, 0.5)] = Field(default=0.1, ge=0, lt=1)
    noise: Annotated[float, Search(0.0, 0.3)] = Field(default=0.0, ge=0, le=10)
    mirror: float = Field(default=0.0, ge=0, le=1)
    flip: float = Field(default=0.0, ge=0, le=1)
