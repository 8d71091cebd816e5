"""The recurrences by recurra's compiled engine, as torch operators."""

from recurra.ops.native.arguments import Arguments
from recurra.ops.native.direction import Direction, given_by
from recurra.ops.native.operator import define_operator
from recurra.ops.native.plain import run_plainly

__all__ = ["Arguments", "Direction", "define_operator", "given_by", "run_plainly"]
