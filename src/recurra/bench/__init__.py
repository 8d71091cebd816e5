"""Races between recurra and its peers: the same work, the same threads, the same run, in turns.

A `race` sets an entrant of ours beside the peers at one size: no time is taken before `parity` has found that
both computed the same, then the `stopwatch` has them run in turns. Sections of races stand in `training` and
`streaming`; a `plan` chooses among them, the `schedule` runs their tables within a time, and the means of
what they found are set beside the `target`. Peers that are not installed are left out.
"""
