"""The learning rate over the run."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recurra.training.config import TrainingConfig
from recurra.training.schedule import Schedule, depends_on_max_epochs

NAMES = ["constant", "cosine", "one_cycle", "plateau", "step"]


@given(name=st.sampled_from(NAMES), warmup=st.sampled_from([None, 0.0, 0.2]), progress=st.floats(0, 1))
def test_factors_lie_between_0_and_1(name: str, warmup: float | None, progress: float) -> None:
    assert 0 <= Schedule(TrainingConfig(schedule=name, warmup=warmup)).factor(progress) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_warm_up_rises_to_the_full_rate(name: str) -> None:
    schedule = Schedule(TrainingConfig(schedule=name, warmup=0.25, decay_epochs=20))
    rising = [schedule.factor(progress / 100) for progress in range(26)]
    assert rising == sorted(rising)
    assert rising[0] < 0.05
    assert rising[-1] == pytest.approx(1)


def test_cosine_ends_at_zero_and_passes_a_half_in_the_middle() -> None:
    schedule = Schedule(TrainingConfig(schedule="cosine"))
    assert [schedule.factor(progress) for progress in (0.0, 0.5, 1.0)] == pytest.approx([1, 0.5, 0])


def test_one_cycle_is_torchs() -> None:
    steps = 101
    parameter = torch.nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.SGD([parameter], 1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=steps, cycle_momentum=False)
    ours = Schedule(TrainingConfig(schedule="one_cycle"))
    for step in range(steps):
        # torch's rise ends a fraction of a step early, at pct_start * steps - 1
        rise = 0.3 * steps - 1
        progress = 0.3 * step / rise if step <= rise else 0.3 + 0.7 * (step - rise) / (steps - 1 - rise)
        assert ours.factor(progress) == pytest.approx(theirs.get_last_lr()[0], abs=1e-6)
        optimizer.step()
        if step < steps - 1:
            theirs.step()


def test_step_decays_at_the_ends_of_epochs() -> None:
    schedule = Schedule(TrainingConfig(schedule="step", max_epochs=6, decay_epochs=2, decay_factor=0.1))
    factors = [schedule.factor((epoch + 0.5) / 6) for epoch in range(6)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_plateau_decays_after_epochs_without_improvement() -> None:
    schedule = Schedule(TrainingConfig(schedule="plateau", decay_epochs=2, decay_factor=0.5))
    factors = []
    for improved in [True, False, True, False, False, False, False, True]:
        schedule.after_epoch(improved=improved)
        factors.append(schedule.factor(0.5))
    assert factors == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25]


@pytest.mark.parametrize(
    ("settings", "depends"),
    [
        ({"schedule": "constant"}, False),
        ({"schedule": "plateau"}, False),
        ({"schedule": "step"}, False),
        ({"schedule": "cosine"}, True),
        ({"schedule": "one_cycle"}, True),
        ({"schedule": "constant", "warmup": 0.1}, True),
        ({"schedule": "constant", "averaging": "swa"}, True),
    ],
)
def test_schedules_know_whether_they_depend_on_the_length_of_the_run(
    settings: dict[str, object], depends: bool
) -> None:
    config = TrainingConfig.model_validate(settings)
    assert depends_on_max_epochs(config) == depends
    if not depends:
        longer = config.model_copy(update={"max_epochs": 2 * config.max_epochs})
        for epoch in range(config.max_epochs):
            progress = (epoch + 0.5) / config.max_epochs
            assert Schedule(longer).factor(progress / 2) == Schedule(config).factor(progress)
