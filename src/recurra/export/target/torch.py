"""model.pt2, which `torch.export.load` reads; nothing of recurra is needed then."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from recurra.errors import ConfigError, DamagedError
from recurra.export.exportable import Exportable, needed
from recurra.export.target.target import Snippet, Target, Written
from recurra.export.torch_program import to_torch_program

FILE = "model.pt2"


def write(net: Exportable, folder: Path, name: str, int8: bool) -> Written:
    """Write whole sequences as a program of `torch.export`."""
    del name
    if int8:
        raise ConfigError("--int8 with --to torch", "float32", "Leave --int8 out, or export to onnx or c.")
    module, values = needed(net.whole), net.random_values()
    dynamic = torch.export.Dim.DYNAMIC
    lengths = torch.tensor([values.shape[1], 2])
    shapes = ({0: dynamic, 1: dynamic}, {0: dynamic})
    torch.export.save(to_torch_program(module, (values, lengths), shapes), folder / FILE)
    shown = (
        "torch.zeros(3, 7, dtype=torch.int64)"
        if net.features is None
        else f"torch.zeros(3, 7, {net.features})"
    )
    text = f"""import torch

model = torch.export.load("{FILE}").module()
values = {shown}
lengths = torch.tensor([7, 4, 2])
with torch.no_grad():
    told = model(values, lengths)
print(told.shape)"""
    return Written([Snippet("Whole sequences", "python", text)], [])


def reopen(folder: Path, about: Mapping[str, Any]) -> Callable[..., Any]:
    """The program, which maps values and lengths to results.

    Raises:
        DamagedError: It cannot be read.
    """
    del about
    try:
        found: Callable[..., Any] = torch.export.load(folder / FILE).module()
    except Exception as error:  # what torch raises has no type of its own
        raise DamagedError(
            f"{folder / FILE} ({error})", "a program of torch.export", "Export it again."
        ) from error
    return found


TORCH = Target("torch", write, reopen)
