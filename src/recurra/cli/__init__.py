"""The command line: one file per command, and the few things they share.

`app` joins the commands and turns errors into messages and exit codes, `help` prints help that begins with
examples, `screen` writes to the terminal, `setting` reads `key=value`, `score_table` shows scores beside the
baselines. Commands import what they need when they run, so that help answers at once.
"""
