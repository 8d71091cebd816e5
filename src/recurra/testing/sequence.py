"""Promises about sequences."""

import torch
from torch import Tensor

from recurra.layers import unroll
from recurra.ops.walk import State, Walk, mapped
from recurra.testing.promise import BrokenPromiseError, Subject, require, require_same


def chunks_are_the_whole(subject: Subject) -> None:
    """A sequence in chunks, with the state carried over, gives what it gives at once; so do single steps."""
    cell, inputs, state = subject.cell, subject.sequence(), subject.state()
    whole = unroll(cell, inputs, state)
    for size in (1, 2):
        outputs, carried = [], state
        for chunk in torch.split(inputs, size, dim=1):
            output, carried = unroll(cell, chunk, carried)
            outputs.append(output)
        require_same(
            f"chunks of {size}",
            [torch.cat(outputs, dim=1), *carried],
            _listed(whole),
            "Return everything that the next step needs in the state.",
        )


def rows_are_independent(subject: Subject) -> None:
    """A row gives the same alone as in a batch, and beside any other rows."""
    cell, inputs, state = subject.cell, subject.sequence(), subject.state()
    remedy = "Compute every row from its own input and state only."
    alone = [
        _listed(unroll(cell, inputs[row : row + 1], _row(state, row))) for row in range(subject.batch_size)
    ]
    require_same(
        "the rows one by one",
        [torch.cat(parts) for parts in zip(*alone, strict=True)],
        _listed(unroll(cell, inputs, state)),
        remedy,
    )
    others = torch.cat([inputs[:1], subject.sequence(3)[1:]])
    cell.train()
    one, two = (_seeded(subject, values) for values in (inputs, others))
    cell.eval()
    require_same(
        "the first row in training mode, beside other rows",
        [part[:1] for part in two],
        [part[:1] for part in one],
        f"{remedy} Layer normalisation can take the place of batch normalisation.",
    )


def padding_changes_nothing(subject: Subject) -> None:
    """What lies past a row's length reaches no output, no state and no gradient, even if it is NaN."""
    cell, inputs, state = subject.cell, subject.sequence(), subject.state()
    lengths = torch.arange(subject.batch_size) % (subject.time_steps + 1)
    padding = torch.arange(subject.time_steps) >= lengths.unsqueeze(1)
    padded = inputs.masked_fill(padding.unsqueeze(-1), torch.nan).requires_grad_()
    outputs, final = unroll(cell, padded, state, Walk(lengths=lengths))
    expected_outputs, expected_final = unroll(cell, inputs, state, Walk(lengths=lengths))
    remedy = "Compute every step from its own input and the state before it only."
    require_same("NaN in the padding", [outputs, *final], [expected_outputs, *expected_final], remedy)
    for row, length in enumerate(lengths.tolist()):
        one = _row(state, row)
        alone = (
            unroll(cell, inputs[row : row + 1, :length], one) if length else (outputs[row : row + 1, :0], one)
        )
        padded_row = [outputs[row : row + 1, :length], *(field[row : row + 1] for field in final)]
        require_same(f"a row of length {length}", padded_row, _listed(alone), remedy)
    total = outputs.sum() + torch.stack([field.sum() for field in final]).sum()
    require(
        total.requires_grad,
        "outputs that no gradient flows through",
        "a gradient of the input",
        "Use differentiable operations only: no torch.no_grad, no detach, no .data.",
    )
    (gradient,) = torch.autograd.grad(total, padded)
    require(
        bool((gradient[padding] == 0).all()) and bool(gradient.isfinite().all()),
        "a gradient in the padding",
        "exactly zero",
        remedy,
    )


def resets_start_anew(subject: Subject) -> None:
    """A reset in mid-sequence gives what a sequence of its own gives, from a state of zeros."""
    cell, inputs, state = subject.cell, subject.sequence(), subject.state()
    cut = subject.time_steps // 2
    resets = torch.zeros(inputs.shape[:2], dtype=torch.bool)
    resets[:, cut] = True
    outputs, final = unroll(cell, inputs, state, Walk(resets=resets))
    before, _ = unroll(cell, inputs[:, :cut], state)
    after, last = unroll(cell, inputs[:, cut:], mapped(torch.zeros_like, state))
    require_same(
        "a reset in mid-sequence",
        [outputs, *final],
        [torch.cat([before, after], dim=1), *last],
        "Keep everything that a step needs in the state, and let zeros be a state.",
    )
    require(
        bool(outputs.isfinite().all()),
        "numbers that are not finite after a reset",
        "a state of zeros to be a state",
        "Write the step so that it can start from zeros in every field.",
    )


def reverse_is_flipped(subject: Subject) -> None:
    """Running backwards is flipping, running and flipping."""
    cell, inputs, state = subject.cell, subject.sequence(), subject.state()
    outputs, final = unroll(cell, inputs.flip(1), state)
    require_same(
        "the reverse direction",
        _listed(unroll(cell, inputs, state, Walk(reverse=True))),
        [outputs.flip(1), *final],
        "Compute every step from its own input and the state before it only.",
    )


def same_seed_same_bits(subject: Subject) -> None:
    """Two runs with the same seed give the same bits, in training mode too."""
    for training in (False, True):
        subject.cell.train(training)
        runs = [_seeded(subject, subject.sequence()) for _ in range(2)]
        subject.cell.eval()
        for one, two in zip(*runs, strict=True):
            if not torch.equal(one, two):
                mode = "training" if training else "evaluation"
                raise BrokenPromiseError(
                    f"two runs with seed {subject.seed} differ in {mode} mode",
                    "the same bits",
                    "Draw random numbers from torch's default generator only.",
                )


def _seeded(subject: Subject, inputs: Tensor) -> list[Tensor]:
    torch.manual_seed(subject.seed)
    return _listed(unroll(subject.cell, inputs, subject.state()))


def _row(state: State, row: int) -> State:
    return mapped(lambda field: field[row : row + 1], state)


def _listed(result: tuple[Tensor, State]) -> list[Tensor]:
    return [result[0], *result[1]]
