"""The emulator's patches against the pinned ministack: when the pin moves, each must be looked at again."""

import importlib
import inspect
import threading
from importlib.metadata import version
from types import SimpleNamespace

import pytest

from infra.local.aws import patches
from infra.local.aws.patches import PATCHES, Patch, source_digest

PIN = "1.5.33"


def original(patch: Patch) -> object:
    """The upstream object from its source file, whether or not this process has applied the patches."""
    module = importlib.import_module(patch.module)
    source = inspect.getsource(module)
    names = patch.name.split(".")
    if patch.name.isupper() or names[-1].lstrip("_").isupper():
        namespace = SimpleNamespace(text=source[source.index(f"\n{patch.name} = ") :].split("\n'''", 1)[0])
        return str(namespace.text)
    head = "    def " if len(names) > 1 else "def "
    start = source.index(f"\n{head}{names[-1]}(") + 1
    lines = source[start:].splitlines(keepends=True)
    indent = len(head) - len("def ")
    body = [lines[0]]
    for line in lines[1:]:
        if line.strip() and len(line) - len(line.lstrip()) <= indent and not line.lstrip().startswith(")"):
            break
        body.append(line)
    return "".join(body).rstrip() + "\n"


OURS = [patch for patch in PATCHES if patch.digest]


def test_pin_is_the_version_the_patches_were_written_for() -> None:
    assert version("ministack") == PIN


@pytest.mark.parametrize("patch", OURS, ids=lambda patch: patch.name)
def test_patched_source_is_the_one_the_patch_was_written_for(patch: Patch) -> None:
    digest = source_digest(str(original(patch)))
    assert digest == patch.digest, f"{patch.module}.{patch.name} has changed: read it, then set its digest to {digest}"


def test_arrival_event_is_the_one_every_producer_sets() -> None:
    event = importlib.import_module("ministack.core.concurrency").esm_wake
    assert isinstance(event, threading.Event)
    for service in ("sqs", "sns", "eventbridge", "s3"):
        assert importlib.import_module(f"ministack.services.{service}").esm_wake is event
        assert "esm_wake.set()" in inspect.getsource(importlib.import_module(f"ministack.services.{service}"))


def test_every_patch_says_why() -> None:
    assert all(len(patch.why) > 20 for patch in PATCHES)
    assert [patch.name for patch in PATCHES if not patch.digest] == ["esm_wake.set"]


def test_reasons_for_the_patches_still_hold() -> None:
    """What each patch is for, as it stands in the source: a line that is gone may mean a patch that is not needed."""
    needles = {
        "_run_execution": "time.sleep(0.15)",
        "_start_sync_execution": 'if execution["status"] == "FAILED":',
        "_PYTHON_WORKER_SCRIPT": '"error": str(e), "trace": traceback.format_exc()',
        "_execute_function_warm": 'error_type = "Runtime.HandlerError"',
        "Worker._drain_stderr_bounded": "first_line_wait: float = 0.050",
        "_invoke_target": "_dispatch_to_sqs(spec, event_payload",
    }
    assert {name for name, needle in needles.items() if needle in str(original(_named(name)))} == set(needles)
    queue_policy = str(original(_named("_invoke_target")))
    assert "queue_policy_allows" not in queue_policy
    assert "DeadLetterConfig" not in queue_policy


def test_worker_script_patch_refuses_another_script() -> None:
    with pytest.raises(RuntimeError, match="worker script"):
        patches._raise_by_name("print()")


def _named(name: str) -> Patch:
    return next(patch for patch in PATCHES if patch.name == name)
