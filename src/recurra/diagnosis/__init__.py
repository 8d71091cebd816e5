"""What goes on in a recurrent net, in figures, and what they mean: no task is known here.

`measure(model, batch, objective)` gives all of it for every recurrent layer that a model holds, found by its
type; the model is left as it was. From a run's history `training_health(steps, epochs)` tells the rest.

```
seen              runs a model once forward and back, and takes its recurrent layers apart into passages
passage           one direction of one layer over a batch, step by step: states, gates, Jacobians
gradient_flow     how far back the gradient of a loss comes: its norm after k steps, decay, half-life
jacobian          what a step does to small differences: singular values, products, Lyapunov exponents
memory_horizon    how far back an input still changes an output: by perturbation, by gradient
dependence        how far back data depend on themselves: correlation, mutual information
missed            which inputs the errors of a net still depend on, and how far back those lie
blind             what telling rows apart takes off the loss, and what constants alone do
state_health      saturation, dead units, effective rank, drift, time constants of gates
training_health   clipping, updates, spikes, plateaus, overfitting, from a history
attribution       which inputs made a result: integrated gradients; site says where in the net
loss_attribution  the same of a batch's loss, without knowing the net
occlusion         what is lost of it without a step or a feature
question          what made an answer: what a task asks for one of its rows
explanation       the answer to it: shares of steps and columns, and telling units
trace             what every unit does over a text or a series
success           whether training got what it needed, or constants alone
verdict           what figures mean: findings with thresholds
remedy            what helps, as changes of settings
```

Every result is a `Measurement`: a frozen value with `to_dict()`. Work is bounded by `Limits`.

>>> import torch
>>> from recurra.cells import LSTM
>>> from recurra.diagnosis import gradient_flow, look, undisturbed
>>> from recurra.layers import Recurrent
>>> layer, input = Recurrent(LSTM(3, 5)), torch.randn(2, 30, 3)
>>> with undisturbed(layer):
...     seen = look(layer, lambda: layer(input)[0][:, -1].square().mean())
>>> flow = gradient_flow(seen.passages[0])
>>> flow.norms.shape, 0 < flow.factor < 1
((1, 30), True)
"""

from recurra.diagnosis.attribution import Attribution, halving_gradients, integrated_gradients
from recurra.diagnosis.blind import Blind
from recurra.diagnosis.dependence import Dependence, dependence
from recurra.diagnosis.explanation import METHODS, Explanation, UnitTrace, explained
from recurra.diagnosis.finding import HEALTHY, Finding, Remedy, changes_of
from recurra.diagnosis.gradient_flow import GradientFlow, gradient_flow, half_life
from recurra.diagnosis.information import mutual_information
from recurra.diagnosis.jacobian import Spectrum, StepJacobian, jacobian_of_step, spectrum, step_jacobian
from recurra.diagnosis.limits import Limits
from recurra.diagnosis.loss_attribution import loss_attribution
from recurra.diagnosis.measure import (
    DirectionMeasurements,
    Measurements,
    StackMeasurements,
    measure,
)
from recurra.diagnosis.measurement import Measurement
from recurra.diagnosis.memory_horizon import MemoryHorizon, memory_horizon
from recurra.diagnosis.missed import Missed
from recurra.diagnosis.observation import loss_of, observe
from recurra.diagnosis.occlusion import Occlusion, occlusion, occlusion_map
from recurra.diagnosis.passage import Passage
from recurra.diagnosis.question import LOG_ODDS, Column, Question, log_odds, reading_at
from recurra.diagnosis.seen import Seen, look, recurrent_modules
from recurra.diagnosis.site import Site, answering
from recurra.diagnosis.stack import stacks_of
from recurra.diagnosis.state_health import Retention, Saturation, StateHealth, state_health
from recurra.diagnosis.trace import Trace, trace
from recurra.diagnosis.training_health import TrainingHealth, training_health
from recurra.diagnosis.undisturbed import undisturbed
from recurra.diagnosis.verdict import findings, overall

__all__ = [
    "HEALTHY",
    "LOG_ODDS",
    "METHODS",
    "Attribution",
    "Blind",
    "Column",
    "Dependence",
    "DirectionMeasurements",
    "Explanation",
    "Finding",
    "GradientFlow",
    "Limits",
    "Measurement",
    "Measurements",
    "MemoryHorizon",
    "Missed",
    "Occlusion",
    "Passage",
    "Question",
    "Remedy",
    "Retention",
    "Saturation",
    "Seen",
    "Site",
    "Spectrum",
    "StackMeasurements",
    "StateHealth",
    "StepJacobian",
    "Trace",
    "TrainingHealth",
    "UnitTrace",
    "answering",
    "changes_of",
    "dependence",
    "explained",
    "findings",
    "gradient_flow",
    "half_life",
    "halving_gradients",
    "integrated_gradients",
    "jacobian_of_step",
    "log_odds",
    "look",
    "loss_attribution",
    "loss_of",
    "measure",
    "memory_horizon",
    "mutual_information",
    "observe",
    "occlusion",
    "occlusion_map",
    "overall",
    "reading_at",
    "recurrent_modules",
    "spectrum",
    "stacks_of",
    "state_health",
    "step_jacobian",
    "trace",
    "training_health",
    "undisturbed",
]
