"""The seams of moto that the patches stand in for: these fail loudly when its pin moves."""

import importlib.metadata
import inspect
from typing import Any

import pytest
from moto.stepfunctions.parser import quotas
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import HeartbeatSecondsPath
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSecondsPath
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.json_manipulation import string_to_json
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branch_worker, branches_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service,
    state_task_service_api_gateway,
    state_task_service_dynamodb,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function
from moto.stepfunctions.parser.asl.parse import preprocessor
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.backend import execution_worker


def test_moto_is_the_version_the_patches_were_made_for() -> None:
    assert importlib.metadata.version("moto") == "5.2.5"


@pytest.mark.parametrize(
    ("owner", "code"),
    [
        (state_task_service.StateTaskService, "if env.is_mocked_mode():"),
        (state_task_service.StateTaskService, "env.get_current_mocked_response()"),
        (state_task_service_dynamodb, "def _from_error(self, env: Environment, ex: Exception) -> FailureEvent"),
        (state_task_service_api_gateway, "def _from_error(self, env: Environment, ex: Exception) -> FailureEvent"),
        (state_task_service_api_gateway, "self._SUPPORTED_API_PARAM_BINDINGS.get(self.resource.api_action.lower())"),
        (ErrorEqualsDecl, "error_name: ErrorName = env.stack.pop()"),
        (retrier_decl, "time.sleep(interval_seconds)"),
        (TimeoutSecondsPath, "if not isinstance(seconds, int) and seconds <= 0:"),
        (HeartbeatSecondsPath, "if not isinstance(seconds, int) and seconds <= 0:"),
        (wait_function.WaitFunction, "def _wait_interval(self, env: Environment, wait_seconds: int)"),
        (state, "StateData("),
        (preprocessor, "CustomErrorName("),
        (json_path, "raise NoSuchJsonPathError(json_path=path, data=data)"),
        (string_to_json.StringToJson, "json_obj: json = json.loads(string_json)"),
        (quotas, "to_json_str(value)"),
        (execution_worker.ExecutionWorker, "mock_test_case=self._mock_test_case"),
        (execution_worker.SyncExecutionWorker, "self._execution_logic()"),
        (branch_worker.BranchWorker, "self._worker_thread.start()"),
        (branches_decl.BranchWorkerPool, "self._termination_event.set()"),
    ],
    ids=str,
)
def test_seam_is_where_the_patch_expects_it(owner: Any, code: str) -> None:
    assert code in inspect.getsource(owner)
