"""Every place where ministack's own code is replaced, and nothing else.

Each patch names the function it stands in for and why, with the hash of the source it was written against:
tests/contract/test_emulator_patches.py fails when the pin moves and one of them has changed.
"""

import hashlib
import importlib
import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.aws import callbacks, machines, mail, pipes, schedules, targets, trail

Function = Callable[..., Any]
_RAISED = "__dragoman_raised__"
_END_OF_LOG = "\x00"


@dataclass(frozen=True)
class Patch:
    """`replacement` gets the upstream object and returns what takes its place; `digest` is of the upstream source."""

    module: str
    name: str
    why: str
    digest: str
    replacement: Callable[[Any], Any]

    def apply(self) -> None:
        """Put the replacement in place."""
        owner, attribute = self._owner()
        setattr(owner, attribute, self.replacement(getattr(owner, attribute)))

    def _owner(self) -> tuple[Any, str]:
        path, _, attribute = self.name.rpartition(".")
        owner: Any = importlib.import_module(self.module)
        return (getattr(owner, path) if path else owner), attribute


def source_digest(source: str) -> str:
    """A short hash of a piece of upstream source."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def _raise_by_name(script: str) -> str:
    """The Lambda worker reports an exception's class, survives it, and marks the end of the invocation's log."""
    before = (
        '_real_stdout.write(json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()}) + "\\n")'
    )
    after = (
        '_real_stdout.write(json.dumps({"status": "ok", "result": {"' + _RAISED + '": {"errorMessage": str(e), '
        '"errorType": type(e).__name__, "stackTrace": traceback.format_tb(e.__traceback__)}}}) + "\\n")'
    )
    flush = "        _real_stdout.flush()\n\nrun()"
    if script.count(before) != 1 or script.count(flush) != 1:
        raise RuntimeError("ministack's Lambda worker script is not the one this patch was written for")
    mark = '        sys.stderr.write("\\x00\\n"); sys.stderr.flush()\n'
    return script.replace(before, after).replace(flush, mark + flush)


def _error_types(upstream: Function) -> Function:
    """Turn the worker's marked result into the error payload AWS gives a failed invocation."""

    def execute(func: Any, event: Any, request_id: str) -> Any:
        result = upstream(func, event, request_id)
        body = result.get("body")
        if isinstance(body, dict) and _RAISED in body:
            return {"body": {**body[_RAISED], "requestId": request_id}, "error": True, "log": result.get("log", "")}
        return result

    return execute


def _drain_to_mark(_upstream: Function) -> Function:
    """The lines a Python handler wrote, up to the worker's mark; from other runtimes and dead workers what is there."""

    def drain(worker: Any, *_limits: float) -> str:
        lines: list[str] = []
        python = worker.config.get("Runtime", "python").startswith("python")
        alive = worker._proc is not None and worker._proc.poll() is None
        try:
            while True:
                line = worker._stderr_queue.get(timeout=0.25 if python and alive else 0.005)
                if line.rstrip("\n") == _END_OF_LOG:
                    break
                lines.append(line)
        except queue.Empty:
            pass
        return "\n".join(lines)

    return drain


_STEPFUNCTIONS = "ministack.services.stepfunctions"
PATCHES = (
    Patch(
        _STEPFUNCTIONS,
        "_run_execution",
        "its interpreter sleeps 150 ms an execution, reads missing paths as null and knows neither timeouts nor jitter",
        "996dff84e0e0605a",
        lambda _upstream: machines.run_execution,
    ),
    Patch(
        _STEPFUNCTIONS,
        "_start_sync_execution",
        "it keeps every execution for ever, takes Standard machines and bad input, and never answers TIMED_OUT",
        "8600470a0208036c",
        lambda _upstream: machines.start_sync_execution,
    ),
    Patch(
        _STEPFUNCTIONS,
        "_start_execution",
        "it takes any input and name, and refuses the same start twice, which AWS answers as it did the first",
        "9923282fc76c57b9",
        machines.start_execution,
    ),
    Patch(
        _STEPFUNCTIONS,
        "_stop_execution",
        "it tells nobody, so that an execution that waits waits on",
        "44d2d84ccd5c9702",
        machines.stop_execution,
    ),
    Patch(
        _STEPFUNCTIONS,
        "_send_task_success",
        "its tokens end with the process, and an answer to one that is over is taken",
        "12eff48bce57f5ab",
        lambda _upstream: callbacks.send_task_success,
    ),
    Patch(
        _STEPFUNCTIONS,
        "_send_task_failure",
        "as _send_task_success",
        "c2a489b4ed330840",
        lambda _upstream: callbacks.send_task_failure,
    ),
    Patch(
        _STEPFUNCTIONS,
        "_send_task_heartbeat",
        "it knows no HeartbeatSeconds",
        "56879a4655d159a2",
        lambda _upstream: callbacks.send_task_heartbeat,
    ),
    Patch(
        "ministack.core.lambda_runtime",
        "_PYTHON_WORKER_SCRIPT",
        "it drops the exception's class, and its caller kills the worker for any exception",
        "57e8a34f9565fc9d",
        _raise_by_name,
    ),
    Patch(
        "ministack.services.lambda_svc",
        "_execute_function_warm",
        "it reports every exception as Runtime.HandlerError, so that Catch by name never matches",
        "62b9218bef5b948a",
        _error_types,
    ),
    Patch(
        "ministack.core.lambda_runtime",
        "Worker._drain_stderr_bounded",
        "it waits 50 ms for a handler that logged nothing, and 5 ms for any other",
        "3fd7cc742872e604",
        _drain_to_mark,
    ),
    Patch(
        "ministack.core.concurrency",
        "esm_wake.set",
        "a long poll looks every 100 ms, and our pollers want to know of a message when it comes",
        "",
        pipes.announce,
    ),
    Patch(
        "ministack.services.eventbridge",
        "_invoke_target",
        "it ignores queue policies and dead-letter queues",
        "550e304af0809563",
        targets.checked,
    ),
    Patch(
        "ministack.services.eventbridge",
        "_dispatch_to_stepfunctions",
        "it asks no role, and tells nobody of a start that is refused",
        "d36195e1c480b1ab",
        lambda _upstream: targets.dispatch_to_machine,
    ),
    Patch(
        "ministack.services.eventbridge",
        "_put_events",
        "it refuses what only AWS may say, and here there is nobody else to say it",
        "ebcda0f38061fc62",
        targets.from_aws,
    ),
    Patch(
        "ministack.services.scheduler",
        "_tick_schedules",
        "it reads every expression as UTC, asks no role and knows no dead-letter queue",
        "0ece514e91205b1d",
        lambda _upstream: schedules.tick,
    ),
    Patch(
        "ministack.app",
        "_enforce_ses_v2",
        "it asks for SendEmail on * whatever is sent, and whoever sends it",
        "5dc09e3bd48720ae",
        mail.permitting,
    ),
    Patch(
        "ministack.services.ses_v2",
        "handle_request",
        "it keeps e-mails in memory, without their attachments",
        "cab4023919ec58ca",
        mail.sending,
    ),
    Patch(
        "ministack.services.ec2",
        "handle_request",
        "its CloudTrail knows neither users nor instances, and no bus hears of a change",
        "c94222d74c0d69af",
        trail.watching,
    ),
    Patch(
        "ministack.services.ec2",
        "_matches_filters",
        "it passes over the filter instance-id, so that a question about one instance is answered with all",
        "b8544091248ce951",
        trail.by_id,
    ),
)


def apply() -> None:
    """Apply every patch, once a process."""
    for patch in PATCHES:
        patch.apply()
