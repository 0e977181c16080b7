"""The emulator's patches against the pinned ministack: when the pin moves, each must be looked at again."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from infra.local.aws import patches
from infra.local.aws.patches import PATCHES, Patch, source_digest

PIN = "1.5.33"


def module_source(name: str) -> str:
    """A module's text, without importing it: ministack would keep the settings of the moment for the whole run."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text()


def upstream_source(patch: Patch) -> str:
    """The function or string as ministack ships it."""
    source = module_source(patch.module)
    *owners, name = patch.name.split(".")
    if name.isupper():
        return source[source.index(f"\n{name} = ") :].split("\n'''", 1)[0]
    head = "    def " if owners else "def "
    head = head if f"\n{head}{name}(" in source else f"async {head}"
    lines = source[source.index(f"\n{head}{name}(") + 1 :].splitlines(keepends=True)
    indent = len(head) - len(head.lstrip())
    ends = (n for n, line in enumerate(lines) if n and line.strip() and _outside(line, indent))
    return "".join(lines[: next(ends, len(lines))]).rstrip() + "\n"


def _outside(line: str, indent: int) -> bool:
    return len(line) - len(line.lstrip()) <= indent and not line.lstrip().startswith(")")


OURS = [patch for patch in PATCHES if patch.digest]


def test_pin_is_the_version_the_patches_were_written_for() -> None:
    assert version("ministack") == PIN


@pytest.mark.parametrize("patch", OURS, ids=lambda patch: patch.name)
def test_patched_source_is_the_one_the_patch_was_written_for(patch: Patch) -> None:
    digest = source_digest(upstream_source(patch))
    assert digest == patch.digest, f"{patch.module}.{patch.name} has changed: read it, then set its digest to {digest}"


def test_arrival_event_is_the_one_every_producer_sets() -> None:
    assert "\nesm_wake = threading.Event()" in module_source("ministack.core.concurrency")
    for service in ("sqs", "sns", "eventbridge", "s3"):
        source = module_source(f"ministack.services.{service}")
        assert "from ministack.core.concurrency import esm_wake" in source
        assert "esm_wake.set()" in source


def test_every_patch_says_why() -> None:
    assert all(len(patch.why) > 20 for patch in PATCHES)
    assert [patch.name for patch in PATCHES if not patch.digest] == ["esm_wake.set"]


def test_reasons_for_the_patches_still_hold() -> None:
    """What each patch is for, as it stands in the source: a line that is gone may mean a patch that is not needed."""
    needles = {
        "_run_execution": "time.sleep(0.15)",
        "_start_sync_execution": 'if execution["status"] == "FAILED":',
        "_start_execution": "if exec_arn in _executions:",
        "_stop_execution": 'execution["status"] = "ABORTED"',
        "_send_task_success": 'info["event"].set()',
        "_send_task_failure": 'info["event"].set()',
        "_send_task_heartbeat": 'info["heartbeat"] = now_iso()',
        "_PYTHON_WORKER_SCRIPT": '"error": str(e), "trace": traceback.format_exc()',
        "_execute_function_warm": 'error_type = "Runtime.HandlerError"',
        "Worker._drain_stderr_bounded": "first_line_wait: float = 0.050",
        "_invoke_target": "_dispatch_to_sqs(spec, event_payload",
        "_dispatch_to_stepfunctions": "_sfn._start_execution({",
        "_put_events": "NotAuthorizedForSourceException",
        "_matches_filters": 'elif name == "image-id":',
        "_tick_schedules": "_eb._cron_next_fire(fields, last_dt)",
    }
    assert {name for name, needle in needles.items() if needle in upstream_source(_named(name))} == set(needles)
    delivery = upstream_source(_named("_invoke_target"))
    assert "queue_policy_allows" not in delivery
    assert "DeadLetterConfig" not in delivery
    assert '"instance-id"' not in upstream_source(_named("_matches_filters"))


def test_worker_script_patch_refuses_another_script() -> None:
    with pytest.raises(RuntimeError, match="worker script"):
        patches._raise_by_name("print()")


def _named(name: str) -> Patch:
    return next(patch for patch in PATCHES if patch.name == name)
