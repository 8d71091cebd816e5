"""The nets that a comparison names: any cell, in one direction or (`bilstm`) in two, and nets without one."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from recurra.cells.registry import CELLS
from recurra.data.naming import listed, suggestion
from recurra.errors import ConfigError
from recurra.experiment.judge import NETWORK_LABELS

USUAL = ("elman", "lstm", "gru", "bilstm", "feed_forward", "convolutional")
OTHER_NAMES: Mapping[str, str] = MappingProxyType({
    "feedforward": "feed_forward",
    "mlp": "feed_forward",
    "tcn": "convolutional",
    "cnn": "convolutional",
    "rnn": "elman",
})  # fmt: skip
"""What others call some of them."""
CHOSEN = ("cell", "bidirectional", "network")
"""The settings that a model's name stands for."""
BOTH = "bi"


def contestants() -> dict[str, dict[str, Any]]:
    """Every name there is -> the settings that it stands for."""
    one_way = {name: {"cell": name, "bidirectional": False} for name in CELLS}
    both_ways = {f"{BOTH}{name}": {"cell": name, "bidirectional": True} for name in CELLS}
    without = {name: {"network": name, "bidirectional": False} for name in NETWORK_LABELS}
    return {**one_way, **both_ways, **without}


def named(models: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The models of some names, each once -> the settings that they stand for.

    Raises:
        ConfigError: There is no such model; the message lists all, and names the nearest.
    """
    known = contestants()
    found = {}
    for model in models:
        name = model.strip().lower().replace("-", "_")
        name = OTHER_NAMES.get(name, name)
        if name.startswith(f"{BOTH}_") and name.removeprefix(f"{BOTH}_") in CELLS:
            name = name.replace("_", "", 1)
        if name not in known:
            every = [*CELLS, *(f"{BOTH}{one}" for one in CELLS), *NETWORK_LABELS, *OTHER_NAMES]
            remedy = suggestion(name, every, "Choose some of these.")
            raise ConfigError(f"model {model!r}", f"some of {listed(every, len(every))}", remedy)
        found[name] = known[name]
    if not found:
        raise ConfigError("no models", f"some, such as {','.join(USUAL)}", "Name them: --models lstm,gru.")
    return found
