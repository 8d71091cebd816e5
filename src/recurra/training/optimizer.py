"""torch's optimisers, by name."""

from torch import nn, optim

from recurra.training.config import TrainingConfig


def make_optimizer(model: nn.Module, config: TrainingConfig) -> optim.Optimizer:
    """The optimiser that a config asks for, over a model's trainable parameters.

    Weight decay applies to matrices only. Pulling biases, gains and initial states towards zero limits no
    capacity, and a forget gate's bias of 1 is there for a reason.
    """
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {
            "params": [parameter for parameter in trainable if parameter.ndim > 1],
            "weight_decay": config.weight_decay,
        },
        {"params": [parameter for parameter in trainable if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
    rate, momentum = config.learning_rate, config.momentum
    match config.optimizer:
        case "adam":
            return optim.Adam(groups, rate, fused=True)
        case "adamw":
            return optim.AdamW(groups, rate, fused=True)
        case "sgd":
            return optim.SGD(groups, rate, 0.9 if momentum is None else momentum, fused=True)
        case "rmsprop":
            return optim.RMSprop(groups, rate, momentum=momentum or 0.0)
        case "nadam":
            return optim.NAdam(groups, rate)


def set_learning_rate(optimizer: optim.Optimizer, rate: float) -> None:
    """Give every parameter group the same learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate
