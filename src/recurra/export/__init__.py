"""From trained modules to stream programs, which need no torch, and to ONNX models."""

from recurra.export.conversion import HasStreamModules
from recurra.export.onnx import to_onnx, translations
from recurra.export.program import to_program

__all__ = ["HasStreamModules", "to_onnx", "to_program", "translations"]
