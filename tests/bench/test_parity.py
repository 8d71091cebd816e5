"""Two implementations agree within a tolerance, or the tensor that differs is named."""

import numpy as np
import pytest

from recurra.bench.parity import differences

TENSOR = np.array([[1.0, -4.0], [2.0, 0.5]])


def test_equal_results_differ_nowhere():
    assert differences({"outputs": TENSOR}, {"outputs": TENSOR.copy()}, 1e-9) == []


def test_differences_are_relative_to_the_largest_number_of_the_peer():
    other = TENSOR + np.array([[0, 0], [0, 0.004]])
    (found,) = differences({"outputs": TENSOR}, {"outputs": other}, 1e-4)
    assert found.tensor == "outputs"
    assert found.amount == pytest.approx(0.001)
    assert differences({"outputs": TENSOR}, {"outputs": other}, 1e-2) == []
    assert str(found) == "outputs differs by 1.0e-03 (at most 1e-04)"


def test_the_worst_tensor_comes_first():
    ours = {"outputs": TENSOR, "final hidden": TENSOR, "gradient of input": TENSOR}
    theirs = {"outputs": TENSOR, "final hidden": TENSOR + 0.01, "gradient of input": TENSOR + 1}
    assert [each.tensor for each in differences(ours, theirs, 1e-6)] == ["gradient of input", "final hidden"]


@pytest.mark.parametrize(
    "other",
    [{}, {"outputs": TENSOR[:1]}, {"outputs": TENSOR * np.nan}, {"outputs": np.full_like(TENSOR, np.inf)}],
    ids=["missing", "another shape", "NaN", "infinite"],
)
def test_what_cannot_be_compared_differs(other):
    for ours, theirs in (({"outputs": TENSOR}, other), (other, {"outputs": TENSOR})):
        (found,) = differences(ours, theirs, 1e9)
        assert found.amount == float("inf")


def test_where_the_peer_has_only_zeros_the_difference_counts_as_it_is():
    (found,) = differences({"outputs": 0.25 * np.ones(3)}, {"outputs": np.zeros(3)}, 0.2)
    assert found.amount == 0.25
    assert differences({"outputs": np.zeros(0)}, {"outputs": np.zeros(0)}, 0.0) == []
