"""Stream programs as C: one header and one source file, without heap or dependencies."""

from recurra.export.c.source import CSource, c_source

__all__ = ["CSource", "c_source"]
