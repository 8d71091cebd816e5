"""The type checks that tests run under are there, and find what they should."""

import jaxtyping
import pytest
import torch
from beartype import beartype
from jaxtyping import Float
from tests.trial import unchecked
from tests.type_checks import is_plain, typed
from torch import Tensor

from recurra.files import write_bytes

without_type_checks = pytest.fixture(unchecked)


@typed(typechecker=beartype)
def repeated(text: str, times: int | None = None) -> str:
    return text * times if times else 3  # type: ignore[return-value]


@typed(typechecker=beartype)
def summed(one: Float[Tensor, "rows"], two: Float[Tensor, "rows"] | None = None) -> Tensor:
    return one + (0 if two is None else two)


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


@pytest.mark.usefixtures("without_type_checks")
def test_they_can_be_left_out() -> None:
    assert repeated(2, 3) == 6
    assert repeated("ab") == 3


def test_shapes_are_found_wherever_they_stand() -> None:
    shape = Float[Tensor, "rows"]
    assert all(map(is_plain, (int, None, Tensor, dict[str, list[int]], int | None)))
    assert not any(map(is_plain, (shape, shape | None, dict[str, list[shape]], "Tensor", list["Tensor"])))
