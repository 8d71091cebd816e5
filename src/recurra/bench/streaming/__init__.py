"""The suites `stream` and `pool`: one step after another, as the values come in."""
