"""Races between recurra and its peers: the same work, the same threads, the same run, in turns.

An `entrant` is one implementation, ready to run. A `race` sets ours beside the peers at one size: no time is
taken before `parity` has found that both computed the same. A `section` is a list of races with a common
table, the `schedule` runs sections within a time, a `standing` is what a race found; the `mean` of some is
set beside its `target`. `peers` has one file for every implementation raced against; those that are not
installed are left out.
"""
