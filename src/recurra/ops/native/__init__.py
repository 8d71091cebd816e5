"""The recurrences by recurra's compiled engine, as torch operators."""

from recurra import native
from recurra.ops.native.arguments import Arguments
from recurra.ops.native.operands import Operands, given_by
from recurra.ops.native.operator import define_operator
from recurra.ops.native.plain import run_plainly

__all__ = ["Arguments", "Operands", "define_operator", "given_by", "run_plainly"]

if native.unavailable_reason() is None:
    native.engine().adopt_openmp()  # torch's products run on these threads, too
