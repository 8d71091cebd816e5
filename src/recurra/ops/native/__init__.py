"""The recurrences by recurra's compiled engine, as torch operators."""

from recurra import native
from recurra.ops.native.operator import define_operator

__all__ = ["define_operator"]

if native.unavailable_reason() is None:
    native.engine().adopt_openmp()  # torch's products run on these threads, too
