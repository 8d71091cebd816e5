"""Every section of training, raced at a tiny size."""

import pytest
import torch

import recurra
from recurra.bench import training
from recurra.bench.batch import draw_batch, flops, own_layer
from recurra.bench.choice import PLAIN_CELLS, VARIANT_CELLS, Choice
from recurra.bench.race import Case, Race, run_race
from recurra.bench.schedule import Section
from recurra.bench.training import SCAN, VARIANT, VARYING, WHOLE

TINY = Choice(batches=[3], times=[5], hidden_sizes=[7], threads=[1])


def races(section: Section, cell: str, *peers: str) -> list[Race]:
    return list(section.races(TINY._replace(cells=[cell]), peers))


def batch(rows: int, steps: int, **options: bool):
    return draw_batch(Case("train", "gru", rows, steps, 3, 1), **options)


@pytest.mark.parametrize("cell", PLAIN_CELLS)
def test_whole_batches_agree_with_torch(cell):
    (race,) = races(WHOLE, cell, "torch.nn")
    found = run_race(race, 0.0)
    assert found.refused == {}
    assert found.ratio("torch.nn") > 0
    assert race.case == ("train", cell, 3, 5, 7, 1)


@pytest.mark.parametrize("cell", PLAIN_CELLS)
def test_whole_batches_agree_with_jax(cell):
    pytest.importorskip("jax")
    (race,) = races(SCAN, cell, "jax")
    found = run_race(race, 0.0)
    assert found.refused == {}
    assert found.ratio("jax") > 0


@pytest.mark.parametrize("cell", PLAIN_CELLS)
def test_lengths_agree_with_packed_sequences(cell):
    (race,) = races(VARYING, cell, "torch.packed", "recurra.dense")
    found = run_race(race, 0.0)
    assert found.refused == {}
    assert set(found.peers) == {"torch.packed", "recurra.dense"}


@pytest.mark.parametrize("cell", VARIANT_CELLS)
def test_variants_agree_with_a_loop(cell):
    (race,) = races(VARIANT, cell, "torch.loop", "recurra.lstm")
    found = run_race(race, 0.0)
    assert found.refused == {}
    assert set(found.peers) == {"torch.loop", "recurra.lstm"}


def test_all_results_are_compared():
    (race,) = races(WHOLE, "lstm", "torch.nn")
    ours, _ = race.assemble()
    weights = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    assert {name: value.shape for name, value in ours.results().items()} == {
        "outputs": (5, 3, 7),
        "final hidden": (3, 7),
        "final cell": (3, 7),
        "gradient of input": (5, 3, 7),
        **dict(
            zip((f"gradient of {name}" for name in weights), [(28, 7), (28, 7), (28,), (28,)], strict=True)
        ),
    }


@pytest.mark.parametrize("section", [WHOLE, VARYING])
def test_a_wrong_gradient_is_refused_by_its_name(section, monkeypatch):
    class Wrong(recurra.GRU):
        def forward(self, *given, **options):
            self.weight_hh_l0.register_hook(lambda gradient: 1.01 * gradient)
            return super().forward(*given, **options)

    monkeypatch.setattr(training, "own_layer", lambda _, hidden: Wrong(hidden, hidden))
    found = run_race(races(section, "gru", *section.peers)[0], 0.0)
    assert found.peers == {}
    assert set(found.refused) == set(section.peers)
    for differences in found.refused.values():
        (difference,) = differences
        assert difference.tensor == "gradient of weight_hh_l0"
        assert difference.amount == pytest.approx(0.01, rel=0.01)


def test_a_wrong_variant_is_refused_against_the_loop_and_the_plain_cell(monkeypatch):
    class Wrong(recurra.layers.Recurrent):
        def forward(self, *given, **options):
            outputs, state = super().forward(*given, **options)
            return outputs, type(state)(state.hidden, 1.1 * state.cell)

    monkeypatch.setattr(training, "Recurrent", Wrong)
    found = run_race(races(VARIANT, "peephole_lstm", *VARIANT.peers)[0], 0.0)
    assert found.peers == {}
    assert all("final cell" in {each.tensor for each in found.refused[peer]} for peer in VARIANT.peers)


def test_a_batch_is_always_the_same_and_its_lengths_are_in_range():
    one, two = (batch(50, 8, varying_lengths=True) for _ in range(2))
    assert torch.equal(one.input, two.input)
    assert torch.equal(one.lengths, two.lengths)
    assert set(one.lengths.tolist()) == set(range(2, 9))
    assert (one.steps, one.valid_steps) == (400, int(one.lengths.sum()))
    whole = batch(50, 8)
    assert (whole.lengths, whole.valid_steps) == (None, 400)
    assert torch.equal(whole.batch_first().input.transpose(0, 1), whole.input)
    assert batch(9, 1, varying_lengths=True).lengths.tolist() == [1] * 9


def test_work_counts_the_products_of_both_passes():
    # forward: 4 gates x (input and recurrent) x 7 x 7 multiplications and additions a step
    assert flops("lstm", 15, 7) == 3 * 15 * 4 * 2 * 7 * 7 * 2
    assert flops("gru", 15, 7) == 3 / 4 * flops("lstm", 15, 7)
    padded, short = (races(each, "elman", "torch.nn")[0].work for each in (WHOLE, VARYING))
    assert short < padded


def test_a_layer_is_raced_by_the_backend_that_users_get():
    assert own_layer("lstm", 7).backend == "auto"
