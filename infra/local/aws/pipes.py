"""EventBridge Pipes from SQS to Step Functions: ministack registers them but never polls their queues.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html
"""

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from infra.local.aws import clients, deployed, iam, inprocess, machines
from infra.local.aws.asl.paths import InvalidPath, PathNotFound, select

Json = Any
_log = logging.getLogger(__name__)
_MAX_RECEIVE = 10
# How long a quiet poller sleeps before it looks for messages whose visibility timeout or delay has passed.
_IDLE_SECONDS = 0.5
_PAUSE_AFTER_DENIAL_SECONDS = 5.0
_PLACEHOLDER = re.compile(r"<(\$[^<>]*|aws\.pipes\.[\w.-]+)>")
arrivals = threading.Condition()


def announce(upstream: Callable[[], None]) -> Callable[[], None]:
    """Stands in for the `set` of ministack's arrival event, which every producer calls: wakes the pollers too."""

    def arrived() -> None:
        upstream()
        with arrivals:
            arrivals.notify_all()

    return arrived


@dataclass(frozen=True)
class Pipe:
    """A deployed pipe with an SQS source and a state machine target."""

    name: str
    arn: str
    role_arn: str
    source: str
    target: str
    batch_size: int
    invocation: str
    input_template: str | None
    filters: tuple[str, ...]

    @property
    def queue_url(self) -> str:
        """The queue's name, which ministack takes for its URL."""
        return self.source.rpartition(":")[2]


class PipeWorkers:
    """Runs every deployed pipe that is RUNNING, each with up to `concurrency` executions at once."""

    def __init__(self, concurrency: int = 8) -> None:
        self._concurrency = concurrency
        self._pollers: dict[str, _Poller] = {}

    def start(self) -> None:
        """Start, or follow a changed deployment."""
        wanted = {pipe.name: pipe for pipe in pipes()}
        for name in [name for name, poller in self._pollers.items() if wanted.get(name) != poller.pipe]:
            self._pollers.pop(name).stop()
        for name in wanted.keys() - self._pollers.keys():
            self._pollers[name] = _Poller(wanted[name], self._concurrency)

    def stop(self, patience: float = 10.0) -> None:
        """Take no more messages, and wait at most `patience` seconds for the executions under way.

        The messages of those that take longer stay in their queue.
        """
        deadline = time.monotonic() + patience
        for poller in self._pollers.values():
            poller.ask_to_stop()
        for poller in self._pollers.values():
            poller.stop(deadline - time.monotonic())
        self._pollers.clear()


def pipes() -> list[Pipe]:
    """The deployed pipes this module can run. Raises ValueError for one it cannot."""
    declared = deployed.resources("AWS::Pipes::Pipe")
    return [_pipe(resource) for resource in declared if resource.properties.get("DesiredState") != "STOPPED"]


def _pipe(resource: deployed.Resource) -> Pipe:
    properties = resource.properties
    if (
        ":sqs:" not in properties["Source"]
        or ":stateMachine:" not in properties["Target"]
        or "Enrichment" in properties
    ):
        raise ValueError(f"pipe {resource.physical_id}: on one machine only SQS to Step Functions, not enriched, runs")
    source = properties.get("SourceParameters") or {}
    target = properties.get("TargetParameters") or {}
    return Pipe(
        name=resource.physical_id,
        arn=f"arn:aws:pipes:{clients.REGION}:{clients.ACCOUNT_ID}:pipe/{resource.physical_id}",
        role_arn=properties["RoleArn"],
        source=properties["Source"],
        target=properties["Target"],
        batch_size=int((source.get("SqsQueueParameters") or {}).get("BatchSize", 10)),
        invocation=(target.get("StepFunctionStateMachineParameters") or {}).get("InvocationType", "REQUEST_RESPONSE"),
        input_template=target.get("InputTemplate"),
        filters=tuple(f["Pattern"] for f in (source.get("FilterCriteria") or {}).get("Filters", ())),
    )


class _Poller:
    """One thread that receives, and a bounded pool that executes."""

    def __init__(self, pipe: Pipe, concurrency: int) -> None:
        self.pipe = pipe
        self._concurrency = concurrency
        self._free = threading.Semaphore(concurrency)
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix=f"pipe-{pipe.name}")
        self._thread = threading.Thread(target=self._poll, name=f"pipe-{pipe.name}", daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stopping.set()
        with arrivals:
            arrivals.notify_all()

    def stop(self, patience: float = 10.0) -> None:
        deadline = time.monotonic() + patience
        self.ask_to_stop()
        self._thread.join(max(0.0, patience))
        for _ in range(self._concurrency):
            if not self._free.acquire(timeout=max(0.0, deadline - time.monotonic())):
                _log.warning("pipe %s: gave up waiting for its executions", self.pipe.name)
                break
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _poll(self) -> None:
        while not self._stopping.is_set():
            try:
                if not self._round():
                    with arrivals:
                        arrivals.wait(_IDLE_SECONDS)
            except iam.AccessDenied as denied:
                _log.error("pipe %s: %s", self.pipe.name, denied)
                self._stopping.wait(_PAUSE_AFTER_DENIAL_SECONDS)
            except Exception:  # noqa: BLE001
                # The outermost loop of the pipe: messages stay in the queue and come again.
                _log.exception("pipe %s failed", self.pipe.name)
                self._stopping.wait(1.0)

    def _round(self) -> bool:
        """Receive once and hand out what came; whether anything did."""
        self._free.acquire()
        slots = 1
        while slots < _MAX_RECEIVE and self._free.acquire(blocking=False):
            slots += 1
        batches: list[list[Json]] = []
        try:
            batches = self._receive(slots)
        finally:
            for _ in range(slots - len(batches)):
                self._free.release()
        for batch in batches:
            self._pool.submit(self._deliver, batch)
        return bool(batches)

    def _receive(self, slots: int) -> list[list[Json]]:
        pipe = self.pipe
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
            iam.require(pipe.role_arn, action, pipe.source)
        request = {
            "QueueUrl": pipe.queue_url,
            "MaxNumberOfMessages": min(_MAX_RECEIVE, slots * pipe.batch_size),
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        messages = _sqs("ReceiveMessage", request).get("Messages", [])
        records = [_record(message, pipe) for message in messages]
        kept = [record for record in records if _wanted(record, pipe.filters)]
        self._delete(record for record in records if record not in kept)
        return [kept[start : start + pipe.batch_size] for start in range(0, len(kept), pipe.batch_size)]

    def _deliver(self, batch: list[Json]) -> None:
        try:
            self._delete(_handled(batch, self._execute([_target_input(record, self.pipe) for record in batch])))
        except iam.AccessDenied as denied:
            _log.error("pipe %s: %s", self.pipe.name, denied)
        except Exception:  # noqa: BLE001
            # The outermost place of a delivery: the messages stay in the queue and come again.
            _log.exception("pipe %s failed", self.pipe.name)
        finally:
            self._free.release()

    def _execute(self, records: list[Json]) -> Json | None:
        """The output of a synchronous execution, an empty object for an asynchronous one, None for a failure."""
        pipe = self.pipe
        request = {"stateMachineArn": pipe.target, "input": json.dumps(records, ensure_ascii=False)}
        if pipe.invocation == "FIRE_AND_FORGET":
            iam.require(pipe.role_arn, "states:StartExecution", pipe.target)
            return {} if not inprocess.call("states", "AWSStepFunctions.StartExecution", request).error else None
        iam.require(pipe.role_arn, "states:StartSyncExecution", pipe.target)
        status, _headers, body = machines.start_sync_execution(request)
        answer = json.loads(body)
        if status != 200 or answer["status"] != "SUCCEEDED":
            outcome = answer.get("status", status)
            _log.warning("pipe %s: an execution ended %s: %s", pipe.name, outcome, answer.get("error"))
            return None
        return json.loads(answer["output"])

    def _delete(self, records: Iterable[Json]) -> None:
        for record in records:
            _sqs("DeleteMessage", {"QueueUrl": self.pipe.queue_url, "ReceiptHandle": record["receiptHandle"]})


def _sqs(action: str, request: Mapping[str, Json]) -> Json:
    reply = inprocess.call("sqs", f"AmazonSQS.{action}", request)
    if reply.error:
        raise RuntimeError(f"{action}: {reply.error}: {reply.message}")
    return reply.body


def _record(message: Mapping[str, Json], pipe: Pipe) -> Json:
    """A message as Pipes shows it to filters and targets."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {key[0].lower() + key[1:]: value for key, value in attribute.items()}
            for name, attribute in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": pipe.source,
        "awsRegion": clients.REGION,
    }


def _parsed(record: Mapping[str, Json]) -> Json:
    """The record with a JSON body parsed, as filters and templates see it."""
    try:
        return {**record, "body": json.loads(record["body"])}
    except json.JSONDecodeError:
        return dict(record)


def _wanted(record: Mapping[str, Json], filters: tuple[str, ...]) -> bool:
    from ministack.services import eventbridge  # noqa: PLC0415 - after its environment is set

    if not filters:
        return True
    document = _parsed(record)
    patterns = (json.loads(pattern) for pattern in filters)
    return any(
        eventbridge._matches_detail(document, alternative)
        for pattern in patterns
        for alternative in eventbridge._compile_pattern(pattern)
    )


def _target_input(record: Mapping[str, Json], pipe: Pipe) -> Json:
    """What the machine gets for one record.

    In an InputTemplate, a placeholder outside quotes becomes the JSON of its value, one inside quotes its text. A body
    that is JSON is parsed ("Implicit body data parsing", eb-pipes-input-transformation.html).
    """
    if not pipe.input_template:
        return record
    document = _parsed(record)
    variables = {
        "aws.pipes.pipe-arn": pipe.arn,
        "aws.pipes.pipe-name": pipe.name,
        "aws.pipes.source-arn": pipe.source,
        "aws.pipes.target-arn": pipe.target,
        "aws.pipes.event.ingestion-time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "aws.pipes.event": record,
        "aws.pipes.event.json": record,
    }

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        value = variables[name] if name in variables else _at(name, document)
        if not _quoted(match.string, match.start()):
            return json.dumps(value, ensure_ascii=False)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return json.dumps(text, ensure_ascii=False)[1:-1]

    text = _PLACEHOLDER.sub(fill, pipe.input_template)
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _at(path: str, document: Json) -> Json:
    try:
        return select(path, document)
    except (PathNotFound, InvalidPath):
        return None


def _quoted(template: str, position: int) -> bool:
    """Whether `position` lies inside a JSON string of the template."""
    return len(re.findall(r'(?<!\\)"', template[:position])) % 2 == 1


def _handled(batch: list[Json], output: Json | None) -> list[Json]:
    """The records to delete: all but those the execution reported, or none when it failed."""
    if output is None:
        return []
    failures = output.get("batchItemFailures") if isinstance(output, dict) else None
    left = {failure.get("itemIdentifier") for failure in failures or ()}
    return [record for record in batch if record["messageId"] not in left]
