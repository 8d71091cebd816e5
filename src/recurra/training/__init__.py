"""Training: the ladder `fit` > `epoch` > `chunk` > `step` (loop.py), and a file for each thing it uses."""
