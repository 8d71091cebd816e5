"""Time limits belong to the suite: a first call that loads a table of time zones is slow, not wrong."""

from hypothesis import settings

settings.register_profile("data", deadline=None)
settings.load_profile("data")
