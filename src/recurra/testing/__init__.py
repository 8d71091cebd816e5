"""Tests for cells of your own: `check_cell(MyCell(3, 5))` names the first promise that is broken."""

from recurra.testing.check import PROMISES, check_cell
from recurra.testing.promise import BrokenPromiseError

__all__ = ["PROMISES", "BrokenPromiseError", "check_cell"]
