"""The settings of strokes as input."""

from typing import Annotated, Literal

from pydantic import Field

from recurra.config import Config, Search


class StrokesConfig(Config):
    """How pen strokes become steps, and how training varies them.

    Attributes:
        strokes: Column, or array of an npz file, with the points of the pen; auto takes the first that holds
            such, or the columns x, y and pen (or stroke).
        unique_id: Column that says which ink a row of a long table belongs to, or none; auto takes
            `unique_id` or `id` where its values repeat.
        layout: How lists of a stroke are nested: points of [x, y], or axes, [x of all points, y of all]; auto
            looks.
        pen: What 1 says of a pen beside its points: that it is lifted after the point, or that it touches the
            paper there.
        y_axis: Which way the second number of a point goes; auto takes up for UNIPEN and down else, on a
            stream as in the files of training.
        size: Whether each ink is seen in its own height, or all in that of the training part.
        spacing: How far apart points are taken anew along the line, as a share of the height; 0 leaves them.
        position: Whether steps hold where the pen is, its height alone, or neither.
        timing: Whether they hold how much time has passed since the last one.
        pressure: Whether they hold how hard the pen presses.
        standardize: Whether each number is scaled by its mean and deviation in the training part.
        max_length: Most points that are read; what follows is cut off, and said.
        slant: Largest number of degrees by which training slants ink to either side.
        rotation: Largest number of degrees by which it turns it.
        scaling: Largest share by which it stretches it along each axis.
        noise: Random numbers added to points, as a share of the height.
    """

    strokes: str = "auto"
    unique_id: str = "auto"
    layout: Literal["auto", "points", "axes"] = "auto"
    pen: Literal["lift", "touch"] = "lift"
    y_axis: Literal["auto", "down", "up"] = "auto"
    size: Literal["ink", "data"] = "ink"
    spacing: Annotated[float, Search(0.02, 0.2)] = Field(default=0.07, ge=0, le=10)
    position: Literal["both", "height", "none"] = "both"
    timing: bool = False
    pressure: bool = False
    standardize: bool = True
    max_length: int = Field(default=10_000, ge=1, le=100_000_000)
    slant: Annotated[float, Search(0.0, 30.0)] = Field(default=15.0, ge=0, le=80)
    rotation: Annotated[float, Search(0.0, 20.0)] = Field(default=5.0, ge=0, le=180)
    scaling: Annotated[float, Search(0.0, 0.3)] = Field(default=0.15, ge=0, lt=0.9)
    noise: Annotated[float, Search(0.0, 0.05)] = Field(default=0.0, ge=0, le=1)
