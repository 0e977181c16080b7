"""The errors a state can end with."""

from collections.abc import Sequence


class StateError(Exception):
    """A named ASL error, with the text AWS puts into `Cause`."""

    def __init__(self, error: str | None, cause: str | None = None) -> None:
        self.error = error
        self.cause = cause
        super().__init__(error)

    def output(self) -> dict[str, str]:
        """The Error Output object a Catch passes on; what is not given is empty text in it."""
        return {"Error": self.error or "", "Cause": self.cause or ""}


class ExecutionTimedOut(Exception):
    """The machine's TimeoutSeconds, or the five minutes of an Express execution, passed."""


class ExecutionStopped(Exception):
    """StopExecution ended the execution from outside."""


RUNTIME = "States.Runtime"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
DATA_LIMIT = "States.DataLimitExceeded"
# "A retry or catch on States.ALL won't catch States.Runtime errors" and the same of DataLimitExceeded:
# docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_NOT_IN_ALL = (RUNTIME, DATA_LIMIT)


def runtime_error(cause: str) -> StateError:
    """The error of a machine that cannot go on: never retried, never caught by States.ALL."""
    return StateError(RUNTIME, cause)


def matches(names: Sequence[str], error: str | None) -> bool:
    """Whether an ErrorEquals list covers `error`, wildcards included."""
    if error in names:
        return True
    if error == HEARTBEAT_TIMEOUT and TIMEOUT in names:
        return True
    if error in _NOT_IN_ALL:
        return False
    return "States.ALL" in names or ("States.TaskFailed" in names and error not in (TIMEOUT, HEARTBEAT_TIMEOUT))
