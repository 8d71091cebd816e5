"""Who enters a run: the net, those that are trained beside it, and baselines that are no nets."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import nn

from recurra.experiment.config import NetConfig
from recurra.experiment.fit import Trained, fit, fresh_net
from recurra.experiment.judge import NETWORK_LABELS, SUBJECT, check_scores, learn, naive_rivals
from recurra.experiment.learnt import Learnt
from recurra.experiment.task import Part, Prepared, Rival, Task
from recurra.training.callback import Callback
from recurra.training.progress import Progress

RIVALS = "baselines"
"""The folder of what is trained beside a run's net."""


class Baselines(NamedTuple):
    """What a run's nets are compared with that is no net: what was learnt, and answers for the test part."""

    learnt: Mapping[str, Learnt]
    rivals: Sequence[Rival]


def baselines_of(task: Task, prepared: Prepared, part: Part | None) -> Baselines:
    """Learn and judge what needs no net; nothing where there is no part to judge on.

    Raises:
        ConfigError: A metric of the task is unknown, or its reference is none of these.
    """
    if part is None:
        return Baselines({}, ())
    learnt = learn(task, prepared)
    rivals = naive_rivals(task, prepared.schema, learnt, part)
    check_scores(task, prepared.schema, part, rivals)
    return Baselines(learnt, rivals)


def entrants(task: Task, prepared: Prepared) -> dict[str, tuple[Prepared, nn.Module]]:
    """The net and its rivals with fresh weights, each with what it trains on."""
    settings: NetConfig = prepared.config
    networks = {SUBJECT: settings.network}
    if prepared.test is not None:
        others = (name for name in settings.baselines if name in NETWORK_LABELS)
        networks |= {name: name for name in others if name != settings.network}
    found = {}
    for name, network in networks.items():
        config = settings.model_copy(update={"network": network})
        if network in NETWORK_LABELS:  # without a state that goes from chunk to chunk
            config = config.model_copy(update={"tbptt_steps": None})
        if name != SUBJECT and config.tensorboard is not None:
            config = config.model_copy(update={"tensorboard": f"{config.tensorboard}/{name}"})
        own = dataclasses.replace(prepared, config=config)
        found[name] = (own, fresh_net(task, own))
    return found


def fit_all(
    task: Task,
    nets: Mapping[str, tuple[Prepared, nn.Module]],
    out: Path,
    *,
    resume: bool,
    progress: Progress,
    callbacks: Sequence[Callback] = (),
) -> dict[str, Trained] | None:
    """Train the net and its rivals on the same data. None: Ctrl-C stopped it; callbacks hear of the net."""
    trained: dict[str, Trained] = {}
    with progress.bar("networks", len(nets)) as bar:
        for number, (name, (own, model)) in enumerate(nets.items(), start=1):
            network = own.config.network.replace("_", "-")
            bar.advance(0, description=f"network {number} of {len(nets)}", note=network)
            folder = out if name == SUBJECT else out / RIVALS / name
            heard = callbacks if name == SUBJECT else ()
            trained[name] = fit(
                task, own, model, folder=folder, resume=resume, progress=progress, callbacks=heard
            )
            if trained[name].history.interrupted:
                return None
            bar.advance()
    return trained
