"""The engine's operators keep what torch expects of an operator."""

import pytest
import torch
from torch.library import opcheck

import recurra.layers  # noqa: F401  # defines the operators
from recurra.ops.native.arguments import BOTH, FORWARD, REVERSE, Arguments
from recurra.ops.native.sizes import GATES

pytest.importorskip("recurra.native._engine")

BATCH, TIME, FEATURES, HIDDEN = 5, 7, 3, 4
ONLY_REGISTRATION = ("test_schema", "test_autograd_registration", "test_faketensor")


def given(
    name, directions=1, dtype=torch.float32, direction=FORWARD, saves=True, peepholes=False, outputs=HIDDEN
):
    """The arguments of an operator, all of its own ones among them."""
    rows = GATES[name] * HIDDEN
    has_cell, is_normalized = "lstm" in name, name == "layer_norm_lstm"

    def random(*shape, when=True):
        return (0.5 * torch.randn(shape, dtype=dtype)).requires_grad_() if when else None

    return Arguments(
        input=torch.randn(BATCH, TIME, FEATURES, dtype=dtype, requires_grad=True),
        weight_ih=random(directions * rows, FEATURES),
        weight_hh=random(directions * rows, outputs),
        bias_ih=random(directions * rows),
        bias_hh=random(directions * rows, when=not is_normalized),
        weight_peephole=random(directions * 3 * HIDDEN, when=peepholes),
        weight_hr=random(directions * outputs, HIDDEN, when=outputs != HIDDEN),
        gain_ih=random(directions * rows, when=is_normalized),
        gain_hh=random(directions * rows, when=is_normalized),
        gain_cell=random(directions * HIDDEN, when=is_normalized),
        bias_cell=random(directions * HIDDEN, when=is_normalized),
        hidden=random(directions, BATCH, outputs),
        cell=random(directions, BATCH, HIDDEN, when=has_cell),
        epsilon=1e-5 if is_normalized else 0.0,
        direction=direction,
        saves=saves,
    )


def with_all_options(name):
    plain = given(name, directions=2, direction=BOTH)
    has_cell = plain.cell is not None
    return plain._replace(
        lengths=torch.tensor([7, 0, 3, 5, 1]),
        resets=torch.rand(BATCH, TIME) < 0.3,
        mask=torch.full((2, BATCH, HIDDEN), 1.25),
        kept_hidden=torch.rand(2, BATCH, TIME, HIDDEN) < 0.2,
        kept_cell=torch.rand(2, BATCH, TIME, HIDDEN) < 0.2 if has_cell else None,
        rate_hidden=0.2,
        rate_cell=0.2 if has_cell else 0.0,
    )


def check(name, arguments, **options):
    opcheck(getattr(torch.ops.recurra, name).default, tuple(arguments), **options)


@pytest.mark.parametrize("name", GATES)
def test_operator(name):
    check(name, given(name))
    check(name, given(name, direction=REVERSE, saves=False, dtype=torch.float64))


@pytest.mark.parametrize("name", GATES)
def test_operator_with_all_options(name):
    # What is kept of no valid step is left as it was, so one cannot ask for the same numbers everywhere.
    check(name, with_all_options(name), test_utils=ONLY_REGISTRATION)


def test_operator_with_peepholes_and_a_projection():
    check("lstm", given("lstm", peepholes=True, outputs=3))
    both = given("lstm", directions=2, direction=BOTH, peepholes=True, outputs=3)
    check("lstm", both, test_utils=ONLY_REGISTRATION)


@pytest.mark.parametrize("name", GATES)
def test_shapes_that_are_told_are_those_that_come(name):
    for arguments in (given(name), given(name, saves=False), with_all_options(name)):
        operator = getattr(torch.ops.recurra, name)
        with torch.no_grad():
            real = operator(*arguments)
            told = operator(*(v.to("meta") if isinstance(v, torch.Tensor) else v for v in arguments))
        for one, two in zip(told, real, strict=True):
            if one is None or two is None:
                assert one is two
                continue
            assert (one.shape, one.stride(), one.dtype) == (two.shape, two.stride(), two.dtype)


@pytest.mark.parametrize("name", GATES)
def test_backward_operator(name):
    time_last = torch.randn(BATCH, FEATURES, TIME).transpose(1, 2)
    time_first = torch.randn(TIME, BATCH, FEATURES).transpose(0, 1)
    for arguments in (
        given(name),
        given(name, saves=False),
        with_all_options(name),
        given(name)._replace(input=time_last),
        given(name)._replace(input=time_first),
    ):
        detached = [v.detach() if isinstance(v, torch.Tensor) else v for v in arguments]
        outputs, hidden, cell, saved = getattr(torch.ops.recurra, name)(*detached)
        gradients = [
            torch.randn_like(outputs),
            torch.randn_like(hidden),
            None if cell is None else torch.randn_like(cell),
        ]
        for wanted in (gradients, [gradients[0], None, None], [None, gradients[1], None]):
            check(
                f"{name}_backward",
                [*detached, outputs, saved, *wanted, wanted[0] is not None],
                test_utils=("test_schema", "test_faketensor"),
            )
