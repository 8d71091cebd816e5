"""Where the program starts. A stream must be ready at once, so a plain `recurra stream` goes past typer.

Whatever is not plain (help, a mistake) takes the long way, which has the words for it.
"""

import os
import sys

from recurra.cli.stream_options import plain_stream


def main() -> int:
    """Run the program with the process's arguments; the exit code, as of `recurra.cli.app.main`."""
    options = plain_stream(sys.argv[1:])
    if options is not None:
        # A stream never calls NumPy's BLAS, whose threads would take a quarter of the start.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from recurra.cli.live import run_stream

        return run_stream(options)
    from recurra.cli.app import main as whole

    return whole()
