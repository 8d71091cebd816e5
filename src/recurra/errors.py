"""The errors that recurra raises. Every message says what was given, what was expected, and what to do.

```
RecurraError
├── UsageError (ValueError)             the caller's mistake; the command line exits with 2
│   ├── ConfigError                     an unknown key, or a value that a key does not take
│   ├── DataError                       a table, series or file that cannot be used as it is
│   ├── ShapeError                      a tensor of the wrong shape, type or device
│   ├── NotFittedError                  predicting before fitting
│   ├── SessionError                    a stream session that is unknown, gone, or in use
│   └── ArtifactError                   a run folder, model or checkpoint that cannot be read
│       ├── DamagedError                truncated, altered, or not ours
│       └── NewerFormatError            written by a newer version of recurra
├── MissingDependencyError (ImportError)  an optional extra is not installed
├── NonFiniteError (ArithmeticError)    training met NaN or infinity
├── OutOfMemoryError (MemoryError)      training needs more memory than there is
├── ServerError (ConnectionError)       a server cannot be reached, fails, or answers too late
├── ClusterError (ConnectionError)      a cluster cannot be reached, went away, or lost too many workers
└── StorageError (OSError)              the disk is full or refuses to be written
```
"""


class DataWarning(UserWarning):
    """Data that can be used, and make answers worse than they need be."""


class UsageHint(UserWarning):
    """A way to do the same that is shorter or faster, said once a process."""


class RecurraError(Exception):
    """Base of all errors of this package.

    Args:
        got: What was given, as a clause: "horizon is 0".
        expected: What would have been right: "a whole number of at least 1".
        remedy: What to do, as a sentence: "Pass horizon=24 for a day of hours."
    """

    exit_code = 1

    def __init__(self, got: str, expected: str, remedy: str) -> None:
        super().__init__(got, expected, remedy)
        self.got = got
        self.expected = expected
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.got}; expected {self.expected}. {self.remedy}"


class UsageError(RecurraError, ValueError):
    """The caller's mistake."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting that does not exist, or a value that it does not take."""


class DataError(UsageError):
    """Data that cannot be used as they are."""


class ShapeError(UsageError):
    """A tensor of the wrong shape, type or device."""


class NotFittedError(UsageError):
    """A model was asked for results before it was fitted."""


class SessionError(UsageError):
    """A stream session is unknown, gone, named twice, or in use by another thread; or there is no room."""


class ArtifactError(UsageError):
    """A run folder, model or checkpoint cannot be read."""


class DamagedError(ArtifactError):
    """A file was truncated or altered, or is not one of ours."""


class NewerFormatError(ArtifactError):
    """A file was written by a newer version of recurra."""


class MissingDependencyError(RecurraError, ImportError):
    """An optional extra is not installed."""


class NonFiniteError(RecurraError, ArithmeticError):
    """Training met NaN or infinity."""


class OutOfMemoryError(RecurraError, MemoryError):
    """Training needs more memory than there is."""


class ServerError(RecurraError, ConnectionError):
    """A server cannot be reached, fails, or answers too late."""


class ClusterError(RecurraError, ConnectionError):
    """A cluster of machines cannot be reached, went away, or lost more workers than may be replaced."""


class StorageError(RecurraError, OSError):
    """The disk is full, or refuses to be written."""
