"""Trained networks in forms that run elsewhere: stream programs, which need no torch."""

from recurra.export.conversion import HasStreamModules
from recurra.export.program import to_program

__all__ = ["HasStreamModules", "to_program"]
