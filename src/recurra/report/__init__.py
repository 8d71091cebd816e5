"""One offline HTML file from a run's records, without torch.

It knows no task: a task describes its metrics (`record`) and says what there is to see in sections of
pieces (`section`, `piece`). `history` reads the course of training, `figure` and `training_figure` draw,
`comparison`, `verdict`, `heading`, `table` put into words and numbers, `drawing` and `page` bring together.
`write_report` is loaded when first used: those who only write records need not wait for matplotlib.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recurra.report.page import write_report

__all__ = ["write_report"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'recurra.report' has no attribute {name!r}")
    return getattr(importlib.import_module("recurra.report.page"), name)
