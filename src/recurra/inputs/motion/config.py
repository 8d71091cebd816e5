"""The settings of motion as input."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from recurra.config import Config, Search

_FARTHEST = 1_000  # frames back that moves are told over: a stream keeps so many


class MotionConfig(Config):
    """How joints become steps, and how training varies them.

    Attributes:
        frames: Column, or array of an npz file, with the positions of the joints in every frame; auto takes
            the first that holds such, or the columns NAME_x, NAME_y, NAME_z of five joints or more.
        unique_id: Column that says which sequence a row of a long table belongs to, or none; auto takes
            `unique_id` or `id` where its values repeat. Frames go by `time`, `timestamp` or the like where
            there is one, else by their order.
        root: Name or number (from 0) of the joint that the others are seen from; auto takes the one in the
            middle of the body.
        turn: Whether bodies are turned about the vertical, so that all face the same way in the first frame.
        spans: Over how many frames steps hold how far each joint has moved: several show slow and fast moves;
            none for none.
        bones: Whether steps hold each joint as seen from the next one towards the root.
        standardize: Whether numbers are scaled by mean and deviation in the training part.
        scaled_by: Whether that is the deviation of each number, or one for all of a kind (positions, moves
            over a span, bones), so that joints that hardly move, and what trackers add to them, stay small.
        max_length: Most frames that are read; what follows is cut off, and said.
        rotation: Largest number of degrees by which training turns bodies about the vertical; `turn` turns
            them back, so that nothing comes of it.
        scaling: Largest share by which it stretches bodies along each axis.
        stretch: Largest share by which it makes motions faster or slower.
        noise: Random numbers added to positions, as a share of the size of the body.
        sway: How far, as a share of that size, each joint drifts slowly about the one that it hangs on, as
            trackers have it.
        mirror: Share of the motions in which it swaps left and right.
        limbs: Share of the motions in which each limb moves, by a coin, as in another motion of the same
            class.
    """

    frames: str = "auto"
    unique_id: str = "auto"
    root: int | str = "auto"
    turn: bool = False
    spans: tuple[int, ...] = (1, 2, 4)
    bones: bool = False
    standardize: bool = True
    scaled_by: Literal["number", "kind"] = "number"
    max_length: int = Field(default=10_000, ge=1, le=100_000_000)
    rotation: Annotated[float, Search(0.0, 30.0)] = Field(default=10.0, ge=0, le=180)
    scaling: Annotated[float, Search(0.0, 0.3)] = Field(default=0.1, ge=0, lt=0.9)
    stretch: Annotated[float, Search(0.0, 0.4)] = Field(default=0.1, ge=0, lt=0.9)
    noise: Annotated[float, Search(0.0, 0.05)] = Field(default=0.0, ge=0, le=1)
    sway: Annotated[float, Search(0.0, 0.05)] = Field(default=0.0, ge=0, le=1)
    mirror: float = Field(default=0.0, ge=0, le=1)
    limbs: Annotated[float, Search(0.0, 0.8)] = Field(default=0.0, ge=0, le=1)

    @field_validator("spans", mode="before")
    @classmethod
    def _are_frames(cls, value: Any) -> tuple[int, ...]:
        parts = value.split(",") if isinstance(value, str) else [value] if isinstance(value, int) else value
        try:
            spans = tuple(sorted({int(str(part)) for part in ([] if value in (None, "none") else parts)}))
        except (TypeError, ValueError):
            spans = (0,)
        if not all(1 <= span <= _FARTHEST for span in spans):
            raise ValueError(
                f"whole numbers from 1 to {_FARTHEST:,} with commas between, such as 1,2,4, or none"
            )
        return spans
