"""The recurrences as functions of tensors: `from recurra.ops.lstm import lstm`.

One folder each, a readable reference beside the fast versions.
"""
