"""Scores and the baselines that stand beside them: one file per family, numpy only."""
