"""Rules of the state machines: time-outs, retries, catches, ways through. See docs/decisions.md and "
"statemachines/*.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.contract.flows import reached
from tests.contract.rulebook import (
    Break,
    Rule,
    Rulebook,
    appended,
    changed,
    place,
    removed,
    rewritten,
    state_of,
    without,
)
from tests.contract.shipped import Json, Shipped, State, followers, machine_resource, states, strings, target, tasks

rules = Rulebook()

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
EXPRESS_SECONDS = 300
INLINE_MAP_CONCURRENCY = 40
CATCH_ALL = {"States.ALL", "States.TaskFailed"}
TERMINAL = {"Succeed", "Fail"}

# Tasks whose failure is borne: the execution goes on with something lesser, and nothing is lost.
BORNE = {
    "translate/DetectLanguage": "the known language or Translate's own detection takes its place",
    "translate/AskTranslate": "the language stays undetermined, which the output says",
    "image/MarkAnnounced": "without the mark the next delivery announces the picture once more",
    "reply/FindText": "a text that is not found is translated",
    "reply/TranslateText": "the acknowledgement goes out as it was written",
    "reply/KeepText": "the cache is filled the next time",
    "answer/PostponeReminder": "then a reminder crosses the clarification, which annoys and harms nobody",
    "desk/TranslateMissing/KeepTranslation": "the operator has it; who asks next has it translated again",
    "question/FindContact": "the question goes out in the words it was asked in, as to a contact nobody knows",
    "question/FindSending": "it ends as expired, as if its message had been looked up and may have arrived",
    "question/AnnounceClosed": "whoever nests the question goes on; consoles ask again once a minute",
    "broadcast/PushToGroups/Translate": "the frame says so, and the console may ask for it again",
    "broadcast/PushToGroups/KeepTranslation": "the consoles have it; who asks next has it translated again",
    "digest/TellEach/ForgetRefusal": "the e-mail went out; the list says it was refused until the next one does",
    "incident/LookAtHolder": "the failure is in the incident, and the next one looks again",
    "tag_guard/LookAtHolder": "somebody holds the instance; its next start looks again",
    "tag_guard/FindStarter": "those on call are asked in the place of an owner whom nobody knows",
    "tag_guard/FindOwner": "those on call are asked in the place of an owner whom nobody knows",
    "tag_guard/Release": "the execution is over, and the instance's next start sees that and takes it",
    "broadcast/PushToGroups/PushToConnections/Push": "the connection is closed, so its console asks for what it missed",
}
# The table of those who do not want to be written to, by its name in the template, and the state that says so.
OPT_OUTS, OUT = "OptOutsTable", "out"


def send() -> tuple[Any, ...]:
    """Where the reply is sent: the task most examples break."""
    return state_of("reply", "Send")


def find_report() -> tuple[Any, ...]:
    """Another task, for the examples that want DynamoDB."""
    return state_of("message", "FindReport")


def fan_out() -> tuple[Any, ...]:
    """A Map, for the examples that want one."""
    return state_of("translate", "TranslateToTargets")


@rules(
    without(*send(), "TimeoutSeconds"), without(*fan_out(), "ItemProcessor", "States", "Translate", "TimeoutSeconds")
)
def every_task_times_out(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        if not {"TimeoutSeconds", "TimeoutSecondsPath"} & task.definition.keys():
            yield f"{task.path} may hang for ever: give it TimeoutSeconds"


@rules(changed(*send(), "Retry", 0, "ErrorEquals", to=["States.ALL"]))
def every_retry_names_its_errors(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        for clause in state.definition.get("Retry", []):
            if not set(clause["ErrorEquals"]) - CATCH_ALL:
                yield f"{state.path} retries {clause['ErrorEquals']}: name the errors that pass by themselves"


@rules(without(*send(), "Retry"))
def every_task_retries_something(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        if not task.definition.get("Retry"):
            yield f"{task.path} gives up at the first hiccup: add a Retry for its transient errors"


@rules(
    *(
        without(*send(), "Retry", 0, field)
        for field in ("IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds")
    ),
    changed(*send(), "Retry", 0, "JitterStrategy", to="NONE"),
)
def every_retry_is_bounded_and_jittered(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        for clause in state.definition.get("Retry", []):
            missing = {"IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds"} - clause.keys()
            if missing or clause.get("JitterStrategy") != "FULL":
                yield (
                    f"{state.path} retries {clause['ErrorEquals'][0]} without "
                    f"{sorted(missing) or 'JitterStrategy FULL'}"
                )


def shadowed(clauses: list[Json]) -> Iterator[str]:
    """The errors of clauses that an earlier clause takes already."""
    taken: set[str] = set()
    for clause in clauses:
        for error in clause["ErrorEquals"]:
            by_task_failed = "States.TaskFailed" in taken and error not in ("States.ALL", "States.Timeout")
            if error in taken or "States.ALL" in taken or by_task_failed:
                yield error
        taken.update(clause["ErrorEquals"])


@rules(
    appended(*send(), "Retry", item={"ErrorEquals": ["States.Http.StatusCode.429"]}),
    appended(*send(), "Catch", item={"ErrorEquals": ["States.Http.StatusCode.500"], "Next": "Rejected"}),
)
def no_retry_or_catch_is_shadowed(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        for field in ("Retry", "Catch"):
            for error in shadowed(state.definition.get(field, [])):
                yield f"{state.path} never gets to the {field} of {error}: an earlier clause takes it. Move or drop it"


@rules(without(*fan_out(), "MaxConcurrency"), changed(*fan_out(), "MaxConcurrency", to=0))
def every_map_bounds_its_concurrency(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        concurrency = state.definition.get("MaxConcurrency", 0)
        if state.type == "Map" and not 1 <= concurrency <= INLINE_MAP_CONCURRENCY:
            yield f"{state.path} has MaxConcurrency {concurrency}: choose 1 to {INLINE_MAP_CONCURRENCY}"


def waits(state: State) -> bool:
    """Whether a task waits for its token to come back."""
    return str(state.definition.get("Resource", "")).endswith(".waitForTaskToken")


def make_send_wait(shipped: Shipped) -> Json:
    """Turns a task into one that waits for a token, and returns it."""
    task = place(shipped, *send())
    task["Resource"] += ".waitForTaskToken"
    return task


def wait_without_end(shipped: Shipped) -> None:
    del make_send_wait(shipped)["TimeoutSeconds"]


def wait_for_heartbeats_alone(shipped: Shipped) -> None:
    del place(shipped, *state_of("question", "AwaitAnswerOrReminder"))["TimeoutSecondsPath"]


def wait_past_the_end(shipped: Shipped) -> None:
    place(shipped, *state_of("question", "AwaitAnswer"))["Catch"].pop(0)


def wait_without_catch(shipped: Shipped) -> None:
    del make_send_wait(shipped)["Catch"]


@rules(wait_without_end, wait_without_catch, wait_for_heartbeats_alone, wait_past_the_end)
def every_wait_for_a_token_ends_and_is_caught(shipped: Shipped) -> Iterator[str]:
    for task in filter(waits, tasks(shipped)):
        if not {"TimeoutSeconds", "TimeoutSecondsPath"} & task.definition.keys():
            yield f"{task.path} may wait for its token for ever: give it TimeoutSeconds, heartbeats or not"
        caught = {error for clause in task.definition.get("Catch", []) for error in clause["ErrorEquals"]}
        if "States.Timeout" not in caught:
            yield f"{task.path} waits for a token that may never come: catch States.Timeout by name"


# --- a question ends by its item: the token only wakes who waits

TABLE_OF_QUESTIONS = "QuestionsTable"


def closes(definition: Json) -> bool:
    """Whether a state writes the status of a question."""
    parameters = definition.get("Parameters", {})
    names = parameters.get("ExpressionAttributeNames", {})
    assigned = re.findall(r"(#?\w+) = ", str(parameters.get("UpdateExpression", "")))
    return "status" in {names.get(name, name) for name in assigned}


@rules(
    without(*state_of("question", "CloseExpired"), "Parameters", "ConditionExpression"),
    changed(
        *state_of("question", "AwaitAnswer"), "Parameters", "ConditionExpression", to="attribute_exists(questionId)"
    ),
    changed(*state_of("question", "CloseExpired"), "Catch", 0, "Next", to="NotClosed"),
    without(*state_of("question", "FindOutcome"), "Parameters", "ConsistentRead"),
    changed(*state_of("question", "AwaitAnswer"), "Next", to="Unanswered"),
)
def every_question_ends_as_its_item_says(shipped: Shipped) -> Iterator[str]:
    level = shipped.machines["question"]["States"]
    for name, definition in level.items():
        parameters = definition.get("Parameters", {})
        waiting = str(definition.get("Resource", "")).endswith(".waitForTaskToken")
        if not waiting and not closes(definition):
            continue
        if parameters.get("ConditionExpression") != "#status = :open":
            yield f"question/{name} may undo what became of the question meanwhile: only while #status = :open"
        refused = [
            clause["Next"]
            for clause in definition["Catch"]
            if any(error.endswith(".ConditionalCheckFailedException") for error in clause["ErrorEquals"])
        ]
        if refused != ["FindOutcome"] or (waiting and definition["Next"] != "FindOutcome"):
            yield f"question/{name}: read what became of the question (FindOutcome) when it is refused or woken"
    if level["FindOutcome"]["Parameters"].get("ConsistentRead") is not True:
        yield "question/FindOutcome may read what was before: ConsistentRead"


@rules(
    make_send_wait,
    changed(*send(), "Resource", to="arn:aws:states:::states:startExecution.sync:2"),
    changed(*fan_out(), "ItemProcessor", "ProcessorConfig", "Mode", to="DISTRIBUTED"),
)
def no_express_machine_does_what_only_standard_can(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        if machine_resource(shipped, state.machine)[1].get("Type") != "EXPRESS":
            continue
        resource = state.definition.get("Resource", "")
        if re.search(r"\.(sync(:2)?|waitForTaskToken)$", resource):
            yield f"{state.path}: {resource} does not exist in Express machines; make it a Standard one"
        if state.definition.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            yield f"{state.path}: a Distributed Map does not exist in Express machines; make it a Standard one"


@rules(without(*send(), "Catch"), changed(*send(), "Catch", 2, "ErrorEquals", to=["States.Timeout"]))
def every_task_catches_everything_last(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        clauses = task.definition.get("Catch", [])
        if not clauses or clauses[-1]["ErrorEquals"] != ["States.ALL"]:
            yield f"{task.path} lets some failures pass: end its Catch with States.ALL"


@rules(changed(*send(), "Catch", 0, "ErrorEquals", to=["States.Http.StatusCode.429", "States.ALL"]))
def everything_is_caught_only_last(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        for clause in state.definition.get("Catch", [])[:-1]:
            if "States.ALL" in clause["ErrorEquals"]:
                yield f"{state.path} catches States.ALL before other clauses: move it to the end"


def always_fails(level: Json, name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether every way on from a state ends in a Fail."""
    definition = level["States"][name]
    if definition["Type"] == "Fail" or name in seen:
        return True
    ahead = list(followers(definition))
    return (
        bool(ahead) and not definition.get("End") and all(always_fails(level, after, seen | {name}) for after in ahead)
    )


def records(definition: Json, error_path: str) -> bool:
    """Whether a state writes the name of the error that led to it into its output."""
    return definition["Type"] == "Pass" and f"{error_path}.Error" in strings(definition.get("Parameters", {}))


@rules(
    changed(*find_report(), "Catch", 0, "Next", to="FindContact"),
    without(*fan_out(), "ItemProcessor", "States", "TranslationFailed", "Parameters", "error.$"),
)
def every_failure_is_recorded_or_fails_the_execution(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        for clause in task.definition.get("Catch", [])[-1:]:
            found = task.level["States"][clause["Next"]]
            recorded = records(found, clause.get("ResultPath", "$"))
            if not recorded and not always_fails(task.level, clause["Next"]) and task.path not in BORNE:
                yield (
                    f"{task.path}: its failure goes on in {clause['Next']} unrecorded. Let it end in a Fail, in a Pass "
                    f"with $.error.Error, or say in BORNE why it may be borne"
                )


@rules(without(*state_of("reply", "KeepText")))
def every_failure_that_is_borne_exists(shipped: Shipped) -> Iterator[str]:
    for path in sorted(BORNE.keys() - {task.path for task in tasks(shipped)}):
        yield f"{path} is excused in BORNE but is no task: drop it there"


@rules(without(*send(), "Catch", 0, "ResultPath"))
def every_catch_keeps_the_input(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        for clause in state.definition.get("Catch", []):
            if clause.get("ResultPath") in (None, "$"):
                yield (
                    f"{state.path} loses its input when it catches {clause['ErrorEquals'][0]}: give the clause "
                    "a ResultPath"
                )


@rules(
    without("machines", "intake", "States", "NotKept", "Error"),
    without("machines", "intake", "States", "NotKept", "Cause"),
)
def every_fail_says_what_and_why(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        definition = state.definition
        if state.type == "Fail" and not (
            {"Error", "ErrorPath"} & definition.keys() and {"Cause", "CausePath"} & definition.keys()
        ):
            yield f"{state.path} fails without Error or Cause: give it both"


@rules(changed("machines", "intake", "States", "NotKept", "Error", to="Forbidden"))
def every_fail_has_a_name_of_its_own(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        error = state.definition.get("Error")
        if state.type == "Fail" and error is not None and error != state.name:
            yield f"{state.path} fails as {error}: call state and error alike, so that one leads to the other"


@rules(without("machines", "message", "TimeoutSeconds"), changed("machines", "message", "TimeoutSeconds", to=301))
def every_machine_times_out(shipped: Shipped) -> Iterator[str]:
    for name, machine in shipped.machines.items():
        seconds, kind = machine.get("TimeoutSeconds"), machine_resource(shipped, name)[1].get("Type")
        if seconds is None or (kind == "EXPRESS" and seconds > EXPRESS_SECONDS):
            yield f"{name} has TimeoutSeconds {seconds}: an Express machine wants {EXPRESS_SECONDS} at most"


@rules(changed("machines", "reply", "TimeoutSeconds", to=20))
def every_machine_outlives_its_tasks(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        whole, part = shipped.machines[task.machine].get("TimeoutSeconds", 0), task.definition.get("TimeoutSeconds", 0)
        if part >= whole:
            yield f"{task.path} may take {part} s of its machine's {whole} s, so its Catch may never run: shorten it"


def orphan(shipped: Shipped) -> None:
    shipped.machines["message"]["States"]["Orphan"] = {"Type": "Succeed"}


@rules(
    orphan,
    changed(*find_report(), "Next", to="NowhereToBeFound"),
    changed(*fan_out(), "ItemProcessor", "StartAt", to="Translate"),
)
def every_state_is_reached_and_leads_somewhere(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        level, definition = state.level, state.definition
        named = {level["StartAt"], *(name for other in level["States"].values() for name in followers(other))}
        if state.name not in named:
            yield f"{state.path} is never reached: lead to it or drop it"
        for name in followers(definition):
            if name not in level["States"]:
                yield f"{state.path} leads to {name}, which does not exist"
        if state.type not in TERMINAL and not definition.get("End") and not list(followers(definition)):
            yield f"{state.path} leads nowhere: give it Next or End"


@rules(without("machines", "translate", "States", "Confident?", "Default"))
def every_choice_has_a_default(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        if state.type == "Choice" and "Default" not in state.definition:
            yield f"{state.path} fails with States.NoChoiceMatched on what nobody thought of: give it a Default"


@rules(changed("machines", "intake", "QueryLanguage", to="JSONata"), changed(*send(), "QueryLanguage", to="JSONata"))
def every_machine_speaks_jsonpath(shipped: Shipped) -> Iterator[str]:
    holders = [*shipped.machines.items(), *((state.path, state.definition) for state in states(shipped))]
    for name, holder in holders:
        if holder.get("QueryLanguage", "JSONPath") != "JSONPath":
            yield f"{name} is in {holder['QueryLanguage']}, which Step Functions Local cannot run: write it in JSONPath"


LITERALS = {
    "an ARN": re.compile(r"arn:aws[\w-]*:(?!states:::)"),
    "an account": re.compile(r"(?<!\d)\d{12}(?!\d)"),
    "a region": re.compile(r"\b(us|eu|ap|sa|ca|me|af|il|mx|cn)-(gov-)?[a-z]+-\d\b"),
}


@rules(
    changed(*find_report(), "Parameters", "TableName", to="arn:aws:dynamodb:::table/reports"),
    changed(*find_report(), "Parameters", "TableName", to="reports-123456789012"),
    changed(*find_report(), "Parameters", "TableName", to="reports-eu-west-1"),
)
def no_machine_names_an_account_or_region(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        for text in strings(state.definition):
            for what, pattern in LITERALS.items():
                if pattern.search(text):
                    yield f"{state.path} names {what} ({text}): substitute it in the template"


@rules(removed("statemachines/reply.md"))
def every_machine_has_its_page(shipped: Shipped) -> Iterator[str]:
    for name in shipped.machines:
        if f"statemachines/{name}.md" not in shipped.paths:
            yield f"statemachines/{name}.md is missing: write down purpose, input, output, errors and cost"


def is_caught_further_out(shipped: Shipped, state: State) -> bool:
    """Whether a Map or Parallel that a Fail stands in takes its error by name."""
    definitions = {other.path: other.definition for other in states(shipped) if other.machine == state.machine}
    steps = state.path.split("/")
    around = (definitions["/".join(steps[:depth])] for depth in range(2, len(steps)))
    clauses = [clause for definition in around for clause in definition.get("Catch", [])]
    return any({state.name, "States.ALL"} & set(clause["ErrorEquals"]) for clause in clauses)


def ends_execution(shipped: Shipped, state: State) -> bool:
    """Whether an execution can end in a state. A Fail ends it at whatever depth it stands, unless it is caught."""
    if state.type == "Fail":
        return not is_caught_further_out(shipped, state)
    outermost = state.level is shipped.machines[state.machine]
    return outermost and bool(state.type in TERMINAL or state.definition.get("End"))


@rules(
    rewritten("statemachines/reply.md", "NotGivenBack", "NotReturned"),
    changed(*state_of("reply", "AnswerInParts"), "Catch", to=[]),
)
def every_machine_page_names_every_end(shipped: Shipped) -> Iterator[str]:
    for state in states(shipped):
        page = shipped.texts.get(f"statemachines/{state.machine}.md", "")
        if ends_execution(shipped, state) and f"`{state.name}`" not in page:
            yield f"statemachines/{state.machine}.md does not say when an execution ends in `{state.name}`"


@rules(changed("machines", "reply", "TimeoutSeconds", to=99))
def every_machine_page_tells_its_time(shipped: Shipped) -> Iterator[str]:
    for name, machine in shipped.machines.items():
        told = re.search(r"\| Time \| (\d+) s at most", shipped.texts.get(f"statemachines/{name}.md", ""))
        if not told or int(told[1]) != machine.get("TimeoutSeconds"):
            yield f"statemachines/{name}.md: write '| Time | {machine.get('TimeoutSeconds')} s at most'"


def slow_function(shipped: Shipped) -> None:
    shipped.template["Globals"]["Function"]["Timeout"] = 900


@rules(slow_function)
def every_function_ends_before_its_task(shipped: Shipped) -> Iterator[str]:
    usual = shipped.template["Globals"]["Function"]["Timeout"]
    functions = shipped.resources("AWS::Serverless::Function")
    for task in tasks(shipped):
        if task.definition["Resource"].endswith("lambda:invoke"):
            substitution = task.definition["Parameters"]["FunctionName"].strip("${}")
            function = target(machine_resource(shipped, task.machine)[1]["DefinitionSubstitutions"][substitution])
            timeout = functions[function]["Properties"].get("Timeout", usual)
            if timeout >= task.definition.get("TimeoutSeconds", 0):
                yield f"{task.path} gives up before {function} ({timeout} s) does: one of the two must change"


@rules(
    changed("machines", "translate", "TimeoutSeconds", to=50), changed("machines", "image", "TimeoutSeconds", to=240)
)
def every_nested_machine_ends_before_its_task(shipped: Shipped) -> Iterator[str]:
    machines = {machine_resource(shipped, name)[0]: name for name in shipped.machines}
    for task in tasks(shipped):
        if task.definition["Resource"].endswith(":startSyncExecution"):
            substitution = task.definition["Parameters"]["StateMachineArn"].strip("${}")
            nested = machines[
                target(machine_resource(shipped, task.machine)[1]["DefinitionSubstitutions"][substitution])
            ]
            seconds = shipped.machines[nested]["TimeoutSeconds"]
            if seconds >= task.definition.get("TimeoutSeconds", 0):
                yield f"{task.path} gives up before the machine {nested} ({seconds} s) does: one of the two must change"


# --- a look-up is a kindness: no message waits for it, or is lost by it

# Where the way through the message machine goes on, whatever became of the look-up.
LOOK_UP, LOOKED_UP = "ArrangeKeywords", "LookedUp"
LOOK_UP_SECONDS, LOOK_UP_ATTEMPTS = 7, 3


def look_up_states(shipped: Shipped) -> set[str]:
    """The states of the look-up on the outermost level of the machine `message`."""
    level = shipped.machines["message"]["States"]
    ended = {name: {"Type": "Succeed"} if name == LOOKED_UP else definition for name, definition in level.items()}
    return reached({"States": ended}, LOOK_UP)


@rules(
    changed(*state_of("message", "FindKeywords"), "Catch", -1, "Next", to="ReportNotLookedUp"),
    changed(*state_of("message", "EntryNotTranslated"), "Type", to="Fail"),
    changed(*state_of("message", "LookUpFailed"), "Next", to="FindContact"),
    changed(*state_of("message", "LookUpFailed"), "Parameters", "failed", to=False),
    changed(*state_of("message", "TranslateEntries"), "ItemProcessor", "States", "NoWords", "Type", to="Fail"),
)
def no_look_up_that_fails_sinks_its_message(shipped: Shipped) -> Iterator[str]:
    parts = look_up_states(shipped)
    if LOOKED_UP not in parts:
        yield f"message: no way leads from {LOOK_UP} to {LOOKED_UP}"
    for state in states(shipped):
        if state.machine != "message" or state.path.split("/")[1] not in parts:
            continue
        if state.type == "Fail":
            yield f"{state.path} ends the execution for want of a look-up: record that it failed and go on"
        for clause in state.definition.get("Catch", []):
            found = state.level["States"][clause["Next"]]
            outermost = state.level is shipped.machines["message"]
            if outermost and found.get("Parameters", {}).get("failed") is not True:
                yield f"{state.path}: {clause['Next']} does not say that the look-up failed"


@rules(
    changed(*state_of("message", "FindEntries"), "TimeoutSeconds", to=60),
    changed(*state_of("message", "ArrangeKeywords"), "Retry", 0, "MaxAttempts", to=9),
)
def no_look_up_holds_a_message_up(shipped: Shipped) -> Iterator[str]:
    parts = look_up_states(shipped)
    for task in (task for task in tasks(shipped) if task.machine == "message" and task.path.split("/")[1] in parts):
        attempts = 1 + sum(clause["MaxAttempts"] for clause in task.definition["Retry"])
        if task.definition["TimeoutSeconds"] > LOOK_UP_SECONDS or attempts > LOOK_UP_ATTEMPTS:
            yield f"{task.path}: {LOOK_UP_SECONDS} s and {LOOK_UP_ATTEMPTS} attempts at most, the sender waits"


# --- whoever opted out is left in peace


def sends(shipped: Shipped) -> Iterator[State]:
    """The tasks that write to somebody: every POST to another's API."""
    for task in tasks(shipped):
        if (
            task.definition["Resource"].endswith(":http:invoke")
            and task.definition["Parameters"].get("Method") != "GET"
        ):
            yield task


def looks_up_opt_outs(shipped: Shipped, machine: str, definition: Json) -> bool:
    """Whether a state asks the table of opt-outs, so that it answers with what was written last."""
    if definition["Type"] != "Task" or not definition["Resource"].endswith(":dynamodb:getItem"):
        return False
    parameters = definition["Parameters"]
    given = machine_resource(shipped, machine)[1]["DefinitionSubstitutions"]
    table = target(given.get(parameters["TableName"].strip("${}"), "?"))
    return table == OPT_OUTS and parameters.get("ConsistentRead") is True


def says_out(condition: Json, result: str) -> bool:
    """Whether a Choice's condition holds for everybody whose item says that they opted out: no further conditions."""
    if "And" in condition:
        held = (
            {"Variable": f"{result}.state.S", "IsPresent": True},
            {"Variable": f"{result}.state.S", "StringEquals": OUT},
        )
        there = {"Variable": result, "IsPresent": True}
        return all(part in (*held, there) for part in condition["And"]) and held[1] in condition["And"]
    return bool(condition == {"Variable": f"{result}.state.S", "StringEquals": OUT})


def leave_out(definition: Json, *names: str) -> Json:
    return {name: value for name, value in definition.items() if name not in names}


def claims(shipped: Shipped, machine: str, definition: Json) -> bool:
    """Whether a state puts an item of Outbound that is not there yet."""
    if definition["Type"] != "Task" or not definition["Resource"].endswith(":dynamodb:putItem"):
        return False
    parameters = definition["Parameters"]
    given = machine_resource(shipped, machine)[1]["DefinitionSubstitutions"]
    fresh = str(parameters.get("ConditionExpression", "")).startswith("attribute_not_exists(messageId)")
    return fresh and target(given.get(parameters["TableName"].strip("${}"), "?")) == "OutboundTable"


@rules(
    changed(*state_of("reply", "AnswerInParts"), "ItemProcessor", "StartAt", to="FindOptOut"),
    without(*state_of("reply", "Claim"), "Parameters", "ConditionExpression"),
    changed(*state_of("reply", "Claim"), "Catch", 0, "Next", to="FindOptOut"),
    changed(*state_of("reply", "WhoseClaim?"), "Default", to="Send"),
)
def every_send_is_claimed_first(shipped: Shipped) -> Iterator[str]:
    for task in sends(shipped):
        level = task.level["States"]
        mine = [name for name in level if claims(shipped, task.machine, level[name])]
        unclaimed = {name: leave_out(level[name], "Next") if name in mine else level[name] for name in level}
        if task.name in reached({"States": unclaimed}, task.level["StartAt"]):
            yield f"{task.path} can be reached without a claim that nobody else has: somebody may be written to twice"


def skip_opt_out(shipped: Shipped) -> None:
    place(shipped, *state_of("reply", "Claim"))["Next"] = "Send"


def send_when_unsure(shipped: Shipped) -> None:
    place(shipped, *state_of("reply", "FindOptOut"))["Catch"][-1]["Next"] = "Send"


def go_on_when_unsure(shipped: Shipped) -> None:
    place(shipped, *state_of("reply", "FindOptOut"))["Catch"][-1]["Next"] = "OptedOut?"


def send_although_out(shipped: Shipped) -> None:
    place(shipped, *state_of("reply", "OptedOut?"))["Choices"][0]["Next"] = "OpenRateWindow"


def ask_about_some_only(shipped: Shipped) -> None:
    choice = place(shipped, *state_of("reply", "OptedOut?"))["Choices"][0]
    rule = {"And": [leave_out(choice, "Next"), {"Variable": "$.report.direction", "StringEquals": "inbound"}]}
    place(shipped, *state_of("reply", "OptedOut?"))["Choices"][0] = {**rule, "Next": choice["Next"]}


@rules(
    skip_opt_out,
    send_when_unsure,
    go_on_when_unsure,
    send_although_out,
    ask_about_some_only,
    without(*state_of("reply", "FindOptOut"), "Parameters", "ConsistentRead"),
    changed(*state_of("reply", "FindOptOut"), "Parameters", "TableName", to="${ContactsTable}"),
    changed(*state_of("reply", "FindOptOut"), "Parameters", "Key", "address", "S.$", to="$.report.messageId"),
)
def every_send_asks_first_whether_they_opted_out(shipped: Shipped) -> Iterator[str]:
    for task in sends(shipped):
        level = task.level["States"]
        asking = [name for name in level if looks_up_opt_outs(shipped, task.machine, level[name])]
        # Without the way on from them that is for an answer, there must be none to the send.
        unanswered = {name: leave_out(level[name], "Next") if name in asking else level[name] for name in level}
        past = reached({"States": unanswered}, task.level["StartAt"])
        if task.name in past:
            yield f"{task.path} can be reached without a consistent getItem of {OPT_OUTS} that succeeded"
        for name in asking:
            wrongs = heeded(task.level, level[name], "$.report.contact", task.name)
            yield from (f"{task.machine}/{name}: {wrong}" for wrong in wrongs)


def heeded(level: Json, asking: Json, address: str, goal: str) -> Iterator[str]:
    """What is wrong with how an answer about an opt-out is heeded on the way to a state that writes to an address."""
    if asking["Parameters"]["Key"] != {"address": {"S.$": address}}:
        yield f"ask about {address}, whom the message is for"
    choice = level["States"][asking["Next"]]
    result = f"{asking['ResultPath']}.Item"
    ways = [rule["Next"] for rule in choice.get("Choices", []) if says_out(leave_out(rule, "Next", "Comment"), result)]
    if not ways or choice["Choices"][0]["Next"] not in ways:
        yield f"a Choice must follow whose first rule asks whether {result}.state.S is {OUT}"
    for way in ways:
        if goal in reached(level, way):
            yield f"who opted out is written to all the same: {way} leads to {goal}"


def desk_skips_opt_out(shipped: Shipped) -> None:
    place(shipped, *state_of("desk", "Conversation?"))["Choices"][0]["Next"] = "ToConversation"


def desk_takes_lines_although_out(shipped: Shipped) -> None:
    place(shipped, *state_of("desk", "OptedOut?"))["Choices"][0]["Next"] = "ToConversation"


@rules(
    desk_skips_opt_out,
    desk_takes_lines_although_out,
    without(*state_of("desk", "FindOptOut"), "Parameters", "ConsistentRead"),
    changed(*state_of("desk", "FindOptOut"), "Parameters", "Key", "address", "S.$", to="$.request.conversationId"),
)
def every_line_to_a_person_is_refused_at_once_when_they_opted_out(shipped: Shipped) -> Iterator[str]:
    level = shipped.machines["desk"]
    given = machine_resource(shipped, "desk")[1]["DefinitionSubstitutions"]
    asking = [name for name, definition in level["States"].items() if looks_up_opt_outs(shipped, "desk", definition)]
    goals = [
        task.name
        for task in tasks(shipped)
        if task.machine == "desk" and task.definition["Resource"].endswith(":putEvents")
    ]
    answered = {name: leave_out(part, "Next") if name in asking else part for name, part in level["States"].items()}
    for name, definition in level["States"].items():
        table = str(definition.get("Parameters", {}).get("TableName", "")).strip("${}")
        if target(given.get(table, "?")) != "ConversationsTable":
            continue  # from here on it is a line to a conversation
        for goal in sorted({*goals} & reached({"States": answered}, name)):
            yield f"desk/{goal} takes a line to a person without a consistent getItem of {OPT_OUTS} that succeeded"
    for name in asking:
        for goal in goals:
            wrongs = heeded(level, level["States"][name], "$.conversation.Item.contact.S", goal)
            yield from (f"desk/{name}: {wrong}" for wrong in wrongs)


@rules.each
def test_machines_keep_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_machine_rule_complains_about_broken_machine(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
