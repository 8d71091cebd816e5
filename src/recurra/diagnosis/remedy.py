"""What helps against a fault, as changes of the settings that a net was trained with.

Only settings that there are, and values that they do not have already. Whether a change is valid as a whole
is told by the class of the settings, which is not known here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from recurra.diagnosis.finding import Remedy
from recurra.diagnosis.training_health import TrainingHealth

Settings = Mapping[str, Any]

_SIMPLE = ("elman", "elman_relu", "elman_linear")
_FASTEST = {"sgd": 1.0}
_LONG = 100  # steps over which a forget gate of 0.73, where LSTMs begin, keeps nothing at all


def against_vanishing(settings: Settings, steps: int) -> tuple[Remedy, ...]:
    """Let gradients come back over so many steps."""
    gated = _gated(settings)
    spread: dict[str, Any] = {"chrono_steps": max(steps, 3), "forget_bias": None}
    simple = settings.get("cell") in _SIMPLE
    small = {"recurrent_scale": 1.0} if settings.get("recurrent_scale", 1.0) < 1 else {}
    return changing(settings, [
        ({**gated, **(spread if steps > _LONG else {}), **small} if simple else {**spread, **small},
         "An LSTM adds to its memory instead of rewriting it, so gradients pass along it." if simple else
         f"Forget gates then start so that memories last up to {steps} steps, each unit its own time."),
        ({"forget_bias": 2.0, "chrono_steps": None} if not simple else {},
         "Forget gates start more open, so that memories last longer."),
        ({"pooling": "attention"}, "Every step then has a short way to the answer."),
        (turned(settings) if simple else {},
         "What was read is then turned at every step and never shrinks; products of steps are not learnt."),
        ({**_orthogonal(settings), **small},
         "The recurrent matrix then starts without shrinking anything."),
        ({"cell": "elman_relu", "initialization": "identity"} if simple else {},
         "Units that are on then hand on gradients as they are."),
        ({"residual": True} if settings.get("num_layers", 1) > 1 else {},
         "Gradients then have a short way past every layer."),
    ])  # fmt: skip


def against_forgetting(settings: Settings, steps: int) -> tuple[Remedy, ...]:
    """Let states last, and rows be long enough."""
    longer = {
        key: 2 * settings[key] for key in ("sequence_length", "tbptt_steps") if settings.get(key) is not None
    }
    further = changing(settings, [(longer, "Gradients then go back over longer stretches.")])
    return (*against_vanishing(settings, steps), *further)


def against_exploding(settings: Settings) -> tuple[Remedy, ...]:
    """Bound the gradient, and let the recurrence start without stretching anything."""
    clip = settings.get("gradient_clip")
    begin = {"recurrent_scale": 1.0} if settings.get("recurrent_scale", 1.0) > 1 else {}
    bound = {"gradient_clip": 1.0} if clip is None or clip > 1 else {}
    return changing(settings, [
        ({**begin, **bound}, "Gradients are held at this norm, and the recurrence starts without stretching."
         if begin else "Gradients that are longer are shortened to this norm; their direction stays."),
        ({"learning_rate": slower(settings)}, "Smaller steps do less harm where the loss is steep."),
        (_orthogonal(settings), "The recurrent matrix then starts without stretching anything."),
        (_gated(settings) if settings.get("cell") in _SIMPLE else {},
         "Its gates keep the recurrence from feeding on itself."),
        ({"cell": "layer_norm_lstm"} if settings.get("cell") == "lstm" else {},
         "Sums before the gates are then brought to one size."),
    ])  # fmt: skip


def against_saturation(settings: Settings) -> tuple[Remedy, ...]:
    """Bring the sums before the squashing functions back to where those are not flat."""
    large = settings.get("recurrent_scale", 1.0) > 1
    return changing(settings, [
        ({"recurrent_scale": 1.0} if large else {}, "The recurrent weights then start smaller."),
        (_gated(settings, "layer_norm_lstm"), "Sums before the gates are then brought to one size."),
        ({"learning_rate": slower(settings)}, "Smaller steps do not drive weights so far."),
        ({"weight_decay": 1e-4} if not settings.get("weight_decay") else {}, "Weights are kept small."),
    ])  # fmt: skip


def against_dead_units(settings: Settings) -> tuple[Remedy, ...]:
    """Units that come back to life."""
    return changing(settings, [
        (_gated(settings), "None of its functions is flat over half of the numbers."),
        ({"learning_rate": slower(settings)}, "Smaller steps do not throw units out of where they live."),
    ])  # fmt: skip


def against_overfitting(settings: Settings) -> tuple[Remedy, ...]:
    """Make learning by heart harder."""
    dropout, units = settings.get("dropout", 0.0), settings.get("hidden_size", 64)
    return changing(settings, [
        ({"dropout": round(min(0.6, dropout + 0.2), 3)}, "Units cannot rely on each other then."),
        ({"weight_decay": 1e-2} if not settings.get("weight_decay") else {}, "Weights are kept small."),
        ({"hidden_size": max(8, units // 2)}, "A smaller net has less room to learn rows by heart."),
        ({"recurrent_dropout": 0.2} if not settings.get("recurrent_dropout") else {},
         "The recurrence is kept from learning by heart, too."),
        ({"patience": 3} if settings.get("patience") is None else {},
         "The same net, and no time is spent after the best epoch."),
    ])  # fmt: skip


def against_divergence(settings: Settings) -> tuple[Remedy, ...]:
    """Smaller steps, and none that is wild."""
    clip = settings.get("gradient_clip")
    bound = {"gradient_clip": 1.0} if clip is None or clip > 1 else {}
    return changing(settings, [
        ({"learning_rate": slower(settings), **bound}, "Steps were too long for how steep the loss is."),
        ({"warmup": 0.1} if settings.get("warmup") is None and settings.get("schedule") == "cosine" else {},
         "Steps begin small, while the optimiser learns how large gradients are."),
        ({"averaging": "ema"} if settings.get("averaging") == "none" else {},
         "The mean over many steps does not jump about as single ones do."),
    ])  # fmt: skip


def against_underfitting(
    settings: Settings, health: TrainingHealth, missed: int | None = None
) -> tuple[Remedy, ...]:
    """More to learn with, longer steps where they were short, and a memory of what is known to be missed."""
    rate, units = settings.get("learning_rate", 1e-3), settings.get("hidden_size", 64)
    short = health.update_ratio < 1e-4
    longer = ({"max_epochs": 2 * settings.get("max_epochs", 1)}, "More time to learn.")
    faster = ({"learning_rate": rounded(3 * rate)}, "Weights hardly moved; 1e-3 of their length is usual.")
    return changing(settings, [
        *([faster] if short else []),
        *([longer] if health.plateau == 0 else []),
        (_gated(settings) if settings.get("cell") in _SIMPLE else {},
         "Its gates learn to hold what a simple cell has to carry through every step."),
        (turned(settings) if missed else {},
         f"What stood {missed} steps before is then turned from step to step and never shrinks."),
        ({"hidden_size": 2 * units}, "A wider net can tell more apart."),
        *([longer] if health.plateau > 0 else []),
        ({"num_layers": settings.get("num_layers", 1) + 1}, "A deeper net can put more together."),
        ({"dropout": 0.0} if settings.get("dropout") else {}, "Nothing is held back in training."),
    ])  # fmt: skip


def against_low_rank(settings: Settings) -> tuple[Remedy, ...]:
    """States that use more directions."""
    return changing(settings, [
        (_orthogonal(settings), "The recurrent matrix then starts with all directions alike."),
        ({"recurrent_scale": 1.0}, "The recurrent weights then start at their usual size."),
        (_gated(settings) if settings.get("cell") in _SIMPLE else {}, "Its memory holds more at a time."),
        ({"recurrent_dropout": 0.2} if not settings.get("recurrent_dropout") else {},
         "What one unit knows then has to be known by others, too."),
    ])  # fmt: skip


def _orthogonal(settings: Settings) -> dict[str, Any]:
    """An orthogonal start where there is none: by themselves cells have one, or the identity."""
    return {"initialization": "orthogonal"} if settings.get("initialization") == "glorot" else {}


def _gated(settings: Settings, cell: str = "lstm") -> dict[str, Any]:
    """A gated cell, whose matrices are free."""
    return {"cell": cell, **({"orthogonal": False} if settings.get("orthogonal") else {})}


def turned(settings: Settings) -> dict[str, Any]:
    """A linear recurrence whose matrix stays orthogonal, with a start that it takes; nothing where it is."""
    if settings.get("cell") == "elman_linear" and settings.get("orthogonal"):
        return {}
    begin = {"chrono_steps": None, "forget_bias": None, "recurrent_scale": 1.0}
    start = {key: value for key, value in begin.items() if key in settings}
    return {"cell": "elman_linear", "orthogonal": True, **start, **_orthogonal(settings)}


def changing(settings: Settings, proposed: Sequence[tuple[Mapping[str, Any], str]]) -> tuple[Remedy, ...]:
    """Those that change settings which there are, each without what would stay as it is."""
    found = []
    for change, why in proposed:
        new = {key: value for key, value in change.items() if settings.get(key) != value}
        if new and all(key in settings for key in new):
            found.append(Remedy(new, why))
    return tuple(found)


def slower(settings: Settings) -> float:
    """A third of the learning rate, and no more than what trains most recurrent nets at all."""
    rate = float(settings.get("learning_rate", 1e-3))
    return rounded(min(rate / 3, _FASTEST.get(str(settings.get("optimizer")), 1e-2)))


def rounded(value: float) -> float:
    """Two digits, which are enough of a learning rate."""
    return float(f"{value:.2g}")
