"""The type checks that tests run under are there, and find what they should."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import jaxtyping
import pytest
import torch
from beartype import beartype
from jaxtyping import Float
from tests.trial import unchecked
from tests.type_checks import is_open, is_shape, parts_of, typed
from torch import Tensor

from recurra.files import write_bytes

ROWS = Float[Tensor, "rows"]
without_type_checks = pytest.fixture(unchecked)


@typed(typechecker=beartype)
def repeated(text: str, times: int | None = None) -> str:
    return text * times if times else 3  # type: ignore[return-value]


@typed(typechecker=beartype)
def summed(one: Float[Tensor, "rows"], two: Float[Tensor, "rows"] | None = None) -> Tensor:
    return one + (0 if two is None else two)


@typed(typechecker=beartype)
def nested(one: Float[Tensor, "rows"]) -> Float[Tensor, "rows"]:
    return one if len(one) == 2 else torch.ones(len(one) + len(nested(torch.ones(2))) - 2)


@typed(typechecker=beartype)
def shortened(one: Float[Tensor, "rows"]) -> Float[Tensor, "rows"]:
    return one[1:]


def test_arguments_and_results_are_checked() -> None:
    assert repeated("ab", times=2) == "abab"
    for wrong in (lambda: repeated(1, 2), lambda: repeated("ab", times="2"), lambda: repeated("ab")):
        with pytest.raises(jaxtyping.TypeCheckError):
            wrong()


def test_the_package_is_checked() -> None:
    with pytest.raises(jaxtyping.TypeCheckError, match="path"):
        write_bytes("a text", b"")  # type: ignore[arg-type]


def test_shapes_are_checked() -> None:
    assert summed(torch.ones(3), torch.ones(3)).tolist() == [2, 2, 2]
    with pytest.raises(jaxtyping.TypeCheckError):
        summed(torch.ones(3), torch.ones(1))
    with pytest.raises(jaxtyping.TypeCheckError):
        shortened(torch.ones(3))


@pytest.mark.usefixtures("without_type_checks")
def test_they_can_be_left_out() -> None:
    assert repeated(2, 3) == 6
    assert repeated("ab") == 3


@pytest.mark.parametrize(
    "annotation",
    [ROWS, ROWS | None, dict[str, list[ROWS]], Callable[[ROWS], int], Annotated[ROWS, "text"]],
    ids=str,
)
def test_shapes_are_found_wherever_they_stand(annotation: Any) -> None:
    assert any(map(is_shape, parts_of(annotation)))


@pytest.mark.parametrize(
    "annotation", [int, None, Tensor, dict[str, list[int]], int | None, Annotated[Tensor, "rows"]]
)
def test_other_types_hold_none(annotation: Any) -> None:
    assert not any(map(is_shape, parts_of(annotation)))


def test_names_are_found_and_texts_are_none() -> None:
    sized = Float[Tensor, "{count}"]
    assert all(any(map(is_open, parts_of(one))) for one in ("Tensor", list["Tensor"], sized | None))
    assert not any(map(is_open, parts_of(dict[Literal["a"], Annotated[Tensor, "rows"]])))


@typed(typechecker=beartype)
def filled(count: int, rows: int) -> Float[Tensor, "{count}"]:
    return torch.ones(rows)


def test_sizes_are_those_that_arguments_say() -> None:
    assert len(filled(3, 3)) == 3
    with pytest.raises(jaxtyping.TypeCheckError):
        filled(3, 5)


def test_axes_are_those_of_one_call() -> None:
    assert [len(summed(torch.ones(size), torch.ones(size))) for size in (3, 5)] == [3, 5]
    assert len(nested(torch.ones(3))) == 3
