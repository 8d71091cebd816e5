"""A linear chain against all its sequences, one by one."""

import itertools

import numpy as np
import pytest
import torch
from tests.trial import unchecked
from torch import Tensor

from recurra.errors import ConfigError, ShapeError
from recurra.layers import LinearChainCRF
from recurra.layers.tag_scheme import allowed_transitions, tag_scheme

TAGS, TIME = 3, 5
LENGTHS = torch.tensor([5, 1, 3, 0])


def chain(allowed=None, tags: int = TAGS) -> LinearChainCRF:
    torch.manual_seed(0)
    crf = LinearChainCRF(tags, allowed).double()
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    return crf


def every_path(crf: LinearChainCRF, scores: Tensor, length: int) -> dict[tuple[int, ...], float]:
    start, end, moves = (crf.start.detach(), crf.end.detach(), crf.transitions.detach())
    found = {}
    for path in itertools.product(range(scores.shape[-1]), repeat=length):
        total = start[path[0]] + end[path[-1]] + sum(scores[step, tag] for step, tag in enumerate(path))
        found[path] = float(total + sum(moves[pair] for pair in itertools.pairwise(path)))
    return found


def test_likelihood_best_path_and_marginals_are_those_of_all_paths() -> None:
    crf = chain()
    scores = torch.randn(4, TIME, TAGS, dtype=torch.float64)
    tags = torch.randint(TAGS, (4, TIME))
    losses = crf.negative_log_likelihood(scores, tags, LENGTHS)
    best, marginals = crf.decode(scores, LENGTHS), crf.marginals(scores, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        assert (best[row, length:] == -1).all()
        assert not marginals[row, length:].any()
        if length == 0:
            assert losses[row] == 0
            continue
        paths = every_path(crf, scores[row], length)
        total = np.logaddexp.reduce(list(paths.values()))
        assert losses[row].item() == pytest.approx(total - paths[tuple(tags[row, :length].tolist())])
        assert tuple(best[row, :length].tolist()) == max(paths, key=paths.__getitem__)
        for step, tag in itertools.product(range(length), range(TAGS)):
            share = sum(np.exp(score - total) for path, score in paths.items() if path[step] == tag)
            assert marginals[row, step, tag].item() == pytest.approx(share)


def test_gradients() -> None:
    crf = chain()
    scores = torch.randn(2, TIME, TAGS, dtype=torch.float64, requires_grad=True)
    tags, lengths = torch.randint(TAGS, (2, TIME)), torch.tensor([5, 3])

    def loss(scores: Tensor, *_: Tensor) -> Tensor:
        return crf.negative_log_likelihood(scores, tags, lengths).sum()

    assert torch.autograd.gradcheck(loss, (scores, *crf.parameters()))


def test_what_lies_past_a_length_changes_nothing() -> None:
    crf = chain()
    scores, tags = torch.randn(2, TIME, TAGS, dtype=torch.float64), torch.randint(TAGS, (2, TIME))
    lengths = torch.tensor([3, 2])
    spoilt, wrong = scores.clone(), tags.clone()
    spoilt[0, 3:], spoilt[1, 2:], wrong[0, 3:], wrong[1, 2:] = 1e3, -1e3, -100, -100
    for name in ("decode", "marginals"):
        assert torch.equal(getattr(crf, name)(scores, lengths), getattr(crf, name)(spoilt, lengths))
    one, two = (crf.negative_log_likelihood(*pair, lengths) for pair in ((scores, tags), (spoilt, wrong)))
    assert torch.equal(one, two)


def test_padding_that_is_no_number_reaches_no_gradient() -> None:
    crf = chain()
    scores = torch.randn(4, TIME, TAGS, dtype=torch.float64)
    for row, length in enumerate(LENGTHS.tolist()):
        scores[row, length:] = torch.nan
    scores.requires_grad_()
    tags = torch.randint(TAGS, (4, TIME))
    losses = crf.negative_log_likelihood(scores, tags, LENGTHS)
    gradients = torch.autograd.grad(losses.sum(), [scores, *crf.parameters()])
    assert losses[3] == 0
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert not gradients[0][3].any()
    assert gradients[0][0].all()
    assert crf.marginals(scores, LENGTHS).isfinite().all()


def test_the_best_allowed_path_is_found_where_a_better_one_is_forbidden() -> None:
    tags = ("O", "B-x", "I-x")
    allowed = allowed_transitions(tags)
    assert allowed is not None
    crf = chain(allowed)
    scores = 3 * torch.randn(20, 4, TAGS, dtype=torch.float64)
    lengths = torch.full((20,), 4)
    best, forbidden_somewhere = crf.decode(scores, lengths), 0
    for row in range(20):
        paths = every_path(crf, scores[row], 4)
        kept = {
            path: total
            for path, total in paths.items()
            if allowed.start[path[0]]
            and allowed.end[path[-1]]
            and all(allowed.transitions[pair] for pair in itertools.pairwise(path))
        }
        assert tuple(best[row].tolist()) == max(kept, key=kept.__getitem__)
        forbidden_somewhere += max(paths, key=paths.__getitem__) not in kept
    assert forbidden_somewhere
    assert not crf.marginals(scores, lengths)[:, 0, 2].any(), "I opens no sequence"


def test_what_is_allowed_is_not_saved_with_the_weights() -> None:
    assert set(chain().state_dict()) == {"start", "end", "transitions"}


without_type_checks = pytest.fixture(unchecked)


def test_wrong_input_is_refused(without_type_checks: None) -> None:
    crf, scores, lengths = LinearChainCRF(3), torch.randn(2, 5, 3), torch.tensor([5, 4])
    tags = torch.zeros(2, 5, dtype=torch.int64)
    for wrong in (scores[0], torch.randn(2, 5, 4), scores[:, :0]):
        for call in (crf.decode, crf.marginals):
            with pytest.raises(ShapeError, match="scores of shape"):
                call(wrong, lengths)
    with pytest.raises(ShapeError, match="lengths between 4 and 6"):
        crf.decode(scores, torch.tensor([6, 4]))
    with pytest.raises(ShapeError, match="tags of shape"):
        crf.negative_log_likelihood(scores, tags[:, :4], lengths)
    for wrong_tag in (3, -1):
        with pytest.raises(ShapeError, match="tags between"):
            crf.negative_log_likelihood(scores, tags.index_fill(1, torch.tensor([1]), wrong_tag), lengths)
    with pytest.raises(ConfigError, match="0 tags"):
        LinearChainCRF(0)
    with pytest.raises(ConfigError, match=r"allowed\.start of shape \(3,\)"):
        LinearChainCRF(4, allowed_transitions(("O", "B-x", "I-x")))


@pytest.mark.parametrize("tags", [("O", "B-x", "I-x", "B-y", "I-y"), ("O", "B-x", "I-x", "E-x", "S-x")])
def test_the_best_path_keeps_to_the_scheme(tags: tuple[str, ...]) -> None:
    crf = chain(allowed_transitions(tags), tags=len(tags))
    scores = 10 * torch.randn(40, 7, len(tags), dtype=torch.float64)
    lengths = torch.arange(40) % 7 + 1
    for row, length in zip(crf.decode(scores, lengths), lengths.tolist(), strict=True):
        told = ["O", *(tags[one] for one in row[:length]), "O"]
        for before, after in itertools.pairwise(told):
            if after[0] in "IE":
                assert before[0] in "BI"
                assert before[2:] == after[2:]
            elif tag_scheme(tags) == "iobes":
                assert before[0] in "OES"


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        (("O", "B-x", "I-x"), "bio"),
        (("O", "B-x", "I-x", "E-x", "S-y"), "iobes"),
        (("NOUN", "VERB"), "plain"),
        (("O", "X-y"), "plain"),
        (("O", "B-x", "NOUN"), "plain"),
        (("B-x", "I-x"), "plain"),
    ],
)
def test_the_scheme_of_tags(tags: tuple[str, ...], scheme: str) -> None:
    assert tag_scheme(tags) == scheme
    assert (allowed_transitions(tags) is None) == (scheme == "plain")
