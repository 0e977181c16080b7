"""Rules of the machines that ask somebody before they act: whom they ask, what about, and what they may see."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.contract.event_patterns import matches
from tests.contract.flows import reached
from tests.contract.rulebook import Break, Rule, Rulebook, changed, rewritten, state_of, without
from tests.contract.shipped import Json, Shipped, machine_of, machine_resource, strings, target, tasks
from tests.contract.test_resources import ALARM, MACHINE, QUEUE, RULE, consumers, resource

rules = Rulebook()


@rules(
    changed(*resource("AnnounceStateMachine", "Type"), to="STANDARD"),
    changed(*state_of("incident", "ForgetDelivery"), "Parameters", "ReturnValues", to="ALL_NEW"),
)
def no_machine_with_a_history_reads_reports(shipped: Shipped) -> Iterator[str]:
    """A report has the contact's number and everybody's words; a write that returns nothing shows none of them."""
    standard = {
        machine_of(item["Properties"]): item["Properties"]["DefinitionSubstitutions"]
        for item in shipped.resources(MACHINE).values()
        if item["Properties"]["Type"] == "STANDARD"
    }
    for task in (task for task in tasks(shipped) if task.machine in standard):
        parameters = task.definition["Parameters"]
        table = target(standard[task.machine].get(str(parameters.get("TableName", "")).strip("${}"), "?"))
        blind = task.definition["Resource"].endswith(":updateItem") and "ReturnValues" not in parameters
        if table == "ReportsTable" and not blind:
            yield f"{task.path} would keep people's numbers and words for 90 days: let an Express machine do it"


def alarms_on_parked(shipped: Shipped) -> dict[str, str]:
    """The alarms that go off while something is in a queue, and the queue of each."""
    return {
        name: target(item["Properties"]["Dimensions"][0]["Value"])
        for name, item in shipped.resources(ALARM).items()
        if item["Properties"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
    }


ALARMS_ASKED_ABOUT = resource("ParkedRule", "EventPattern", "detail", "alarmName")


@rules(
    without(*ALARMS_ASKED_ABOUT, 0),
    changed(*ALARMS_ASKED_ABOUT, 0, to={"Ref": "SchedulesDeadLetterAlarm"}),
    changed(*resource("RepliesDeadLetterAlarm", "MetricName"), to="NumberOfMessagesSent"),
)
def every_queue_that_can_be_redriven_is_asked_about_and_no_other(shipped: Shipped) -> Iterator[str]:
    pattern = shipped.resources(RULE)["ParkedRule"]["Properties"]["EventPattern"]
    watched = alarms_on_parked(shipped)
    asked = {watched.get(target(alarm), target(alarm)) for alarm in pattern["detail"]["alarmName"]}
    policies = [shipped.resources(QUEUE)[queue]["Properties"]["RedrivePolicy"] for queue in consumers(shipped)]
    parked = {target(policy["deadLetterTargetArn"]) for policy in policies}
    for queue in sorted(parked - asked):
        yield f"ParkedRule: name the alarm of {queue}, so that whoever is on call can put back what is parked there"
    for queue in sorted(asked - parked):
        yield f"ParkedRule: nothing can be put back from {queue}, so there is nothing to ask about it"


@rules(
    without(*resource("FailuresRule", "EventPattern", "detail")),
    without(*resource("FailuresRule", "EventPattern", "replay-name")),
    changed(*resource("FailuresRule", "EventPattern", "detail-type"), to=["MessageSent"]),
    rewritten("functions/dragoman/provider_errors.py", '"21610"', '"21611"'),
)
def nobody_is_asked_about_opt_outs_or_replays(shipped: Shipped) -> Iterator[str]:
    pattern = shipped.resources(RULE)["FailuresRule"]["Properties"]["EventPattern"]
    opted_out = re.search(r'OPTED_OUT: Final = "(\d+)"', shipped.texts["functions/dragoman/provider_errors.py"])
    event = {"source": "dragoman", "detail-type": "MessageFailed", "detail": {"error": "30003"}}
    if not matches(pattern, event):
        yield "FailuresRule: whoever is on call wants to know of a phone that could not be reached"
    if not opted_out or matches(pattern, {**event, "detail": {"error": opted_out[1]}}):
        yield "FailuresRule: who opted out is not to be written to, so there is nothing to ask about"
    if matches(pattern, {**event, "replay-name": "x"}):
        yield "FailuresRule: a replay of the archive would ask about failures of long ago"


UNDELIVERED_DETAIL = resource("UndeliveredRule", "EventPattern", "detail")


@rules(
    without(*resource("UndeliveredRule", "EventPattern", "replay-name")),
    changed(*UNDELIVERED_DETAIL, "state", to=["undelivered"]),
    changed(*UNDELIVERED_DETAIL, "state", to=["failed", "undelivered", "unknown"]),
    changed(*UNDELIVERED_DETAIL, "messageId", to=[{"prefix": "SM"}]),
    changed(*state_of("undelivered", "OptedOut?"), "Choices", 0, "StringEquals", to="21611"),
    without(*state_of("undelivered", "CloseQuestion"), "Parameters", "ConditionExpression"),
    changed(*state_of("undelivered", "CloseQuestion"), "Parameters", "ReturnValues", to="ALL_NEW"),
    without(*state_of("undelivered", "FindToken"), "Parameters", "ProjectionExpression"),
    rewritten("functions/dragoman/provider_errors.py", "The carrier gave the code", "The carrier said"),
)
def question_that_did_not_arrive_is_closed_and_no_other(shipped: Shipped) -> Iterator[str]:
    pattern = shipped.resources(RULE)["UndeliveredRule"]["Properties"]["EventPattern"]
    detail = {"messageId": "DM36fb9d6307e7c007c20b508d6362192b", "error": "30003", "state": "undelivered"}
    event = {"source": "dragoman", "detail-type": "MessageFailed", "detail": detail}
    if not all(
        matches(pattern, {**event, "detail": {**detail, "state": state}}) for state in ("failed", "undelivered")
    ):
        yield "UndeliveredRule: a question that was refused or not delivered is to be closed"
    if matches(pattern, {**event, "detail": {**detail, "state": "unknown"}}):
        yield "UndeliveredRule: where nobody knows, the question may have arrived"
    if matches(pattern, {**event, "replay-name": "x"}):
        yield "UndeliveredRule: a replay of the archive tells of failures of long ago"
    level, errors = shipped.machines["undelivered"]["States"], shipped.texts["functions/dragoman/provider_errors.py"]
    if f'OPTED_OUT: Final = "{level["OptedOut?"]["Choices"][0]["StringEquals"]}"' not in errors:
        yield "undelivered/OptedOut?: who opted out at the provider is opted out"
    if str(level["Reason?"]["Choices"][1]["StringMatches"]).removesuffix("*") not in errors:
        yield "undelivered/Reason?: leave out the reason that is a number, as provider_errors has it"
    if "#status = :open" not in level["CloseQuestion"]["Parameters"].get("ConditionExpression", ""):
        yield "undelivered/CloseQuestion: only while #status = :open"
    if "ReturnValues" in level["CloseQuestion"]["Parameters"]:
        yield "undelivered/CloseQuestion: a question's words and its contact's number would stand in a history"
    if level["FindToken"]["Parameters"].get("ProjectionExpression") != "#token":
        yield "undelivered/FindToken: read the token alone, for this machine has a history"


@rules(
    without(*state_of("incident", "IsForOthers"), "Parameters", "FilterExpression"),
    changed(*state_of("incident", "ForOthers?"), "Choices", 0, "Next", to="Open"),
    changed(*state_of("incident", "TakeFailure"), "Next", to="Open"),
    changed(*state_of("incident", "IsForOthers"), "Catch", -1, "Next", to="Open"),
)
def nobody_is_asked_about_what_does_not_reach_themselves(shipped: Shipped) -> Iterator[str]:
    """Else a phone that is off would make every question about a failure a failure, for ever."""
    level = shipped.machines["incident"]
    asking = level["States"]["IsForOthers"]["Parameters"]
    if asking.get("FilterExpression") != "recipient <> :onCall" or "${OnCallAddress}" not in strings(asking):
        yield "incident/IsForOthers: leave out what is for ${OnCallAddress}"
    choice = level["States"]["ForOthers?"]["Choices"][0]
    if choice["NumericEquals"] != 0 or "Open" in reached(level, choice["Next"]):
        yield "incident/ForOthers?: a failure that is for nobody else must not open an incident"
    cut = {name: {"Type": "Succeed"} if name == "ForOthers?" else state for name, state in level["States"].items()}
    if "Open" in reached({"States": cut}, "TakeFailure"):
        yield "incident: a failure comes to Open without ForOthers?"


@rules(
    changed(*state_of("incident", "ForOthers?"), "Default", to="Open"),
    changed(*state_of("incident", "PutsQuestion?"), "Choices", 0, "Next", to="Open"),
    without(*state_of("incident", "PutsQuestion?"), "Choices", 0, "And", 1),
    changed(*state_of("incident", "DropClaims"), "ItemProcessor", "StartAt", to="DropClaim"),
    without(
        *state_of("incident", "DropClaims"), "ItemProcessor", "States", "FindClosed", "Parameters", "FilterExpression"
    ),
)
def no_question_is_sent_again_that_nobody_waits_for(shipped: Shipped) -> Iterator[str]:
    """One that did not arrive is closed, and its asker told; one of unknown fate is asked about while it is open."""
    level = shipped.machines["incident"]
    cut = {**level["States"], "PutsQuestion?": {"Type": "Succeed"}}
    if "Open" in reached({"States": cut}, "TakeFailure"):
        yield "incident: a failure comes to Open without PutsQuestion?"
    told = level["States"]["PutsQuestion?"]["Choices"][0]
    if "Open" in reached(level, told["Next"]):
        yield "incident/PutsQuestion?: a question that is closed must not open an incident"
    if not any("unknown" in strings(part) for part in told["And"]):
        yield "incident/PutsQuestion?: where nobody knows whether a question arrived, it is open: ask about it"
    inner = level["States"]["DropClaims"]["ItemProcessor"]
    cut = {**inner["States"], "StillAsked?": {"Type": "Succeed"}}
    if "DropClaim" in reached({"States": cut}, inner["StartAt"]):
        yield "incident/DropClaims: a claim is dropped without StillAsked?"
    if inner["States"]["FindClosed"]["Parameters"].get("FilterExpression") != "#status <> :open":
        yield "incident/FindClosed: find the question only when it is closed"


NOT_SAID = ("opted-out", "undelivered", "cancelled")


@rules(
    *(changed(*state_of("tag_guard", "Answer?"), "Choices", number, "Next", to="Unanswered") for number in (2, 3, 4)),
    without(*state_of("tag_guard", "Answer?"), "Choices", 3),
    changed(*state_of("tag_guard", "WasOnCall?"), "Default", to="Unanswered"),
    changed("schemas", "question", "properties", "status", "enum", to=["open", "answered", "expired", "lost"]),
    changed(*state_of("question", "AwaitAnswer"), "Catch", 0, "Next", to="CloseExpired"),
    changed(*state_of("question", "WasPut?"), "Choices", 1, "Next", to="CloseExpired"),
)
def no_instance_is_stopped_because_nobody_was_really_asked(shipped: Shipped) -> Iterator[str]:
    """Only a deadline that passed is silence. Whoever got no question, or one taken back, said nothing by it."""
    level, statuses = shipped.machines["tag_guard"], shipped.schemas["question"]["properties"]["status"]["enum"]
    if unknown := set(statuses) - {"open", "answered", "expired", "failed", *NOT_SAID}:
        yield f"tag_guard/Answer?: decide what becomes of the instance when a question is {', '.join(sorted(unknown))}"
    choice = level["States"]["Answer?"]
    cut = {**level["States"], "Ask": {"Type": "Succeed"}}
    for status in NOT_SAID:
        ways = (rule["Next"] for rule in choice["Choices"] if rule.get("StringEquals") == status)
        if "Stop" in reached({"States": cut}, next(ways, choice["Default"])):
            yield f"tag_guard/Answer?: a question that is {status} may stop an instance"
    waiting = shipped.machines["question"]["States"]
    for name in ("AwaitAnswer", "AwaitAnswerOrReminder"):
        ends = {catch["Next"] for catch in waiting[name]["Catch"] if "States.Timeout" in catch["ErrorEquals"]}
        if ends != {"FindSending"}:
            yield f"question/{name}: at the deadline, see whether it was put at all"
    for rule in waiting["WasPut?"]["Choices"]:
        if rule.get("StringEquals") in ("suppressed", "failed") and rule["Next"] == "CloseExpired":
            yield f"question/WasPut?: nobody is silent whose message is {rule['StringEquals']}"


# What may be done about an answer, and the Choice that reads it.
DEEDS = {"incident": {"DropClaims", "MoveBack"}, "tag_guard": {"Keep", "Stop"}}


def act_unasked(shipped: Shipped) -> None:
    shipped.machines["incident"]["States"]["Gather"]["Next"] = "RedriveWhat?"


@rules(
    act_unasked,
    changed(*state_of("tag_guard", "Complete?"), "Default", to="Stop"),
    changed(*state_of("tag_guard", "Ask"), "Catch", -1, "Next", to="Unanswered"),
    changed(*state_of("incident", "Ask"), "Resource", to="arn:aws:states:::states:startExecution"),
)
def nothing_is_done_before_somebody_was_asked(shipped: Shipped) -> Iterator[str]:
    for machine, deeds in DEEDS.items():
        level = shipped.machines[machine]
        asking = [
            task for task in tasks(shipped) if task.machine == machine and asks(shipped, machine, task.definition)
        ]
        answered = {
            name: {**state, "Next": "…"} if name in [task.name for task in asking] else state
            for name, state in level["States"].items()
        }
        # tag_guard comes to Complete? once more when its question was not answered, and only then may it go on to Stop.
        answered = {name: leave_unanswered(state) for name, state in answered.items()}
        for deed in sorted(deeds & reached({"States": answered}, level["StartAt"])):
            yield f"{machine}/{deed} can be reached without a question that was put and ended"
        for task in asking:
            for clause in task.definition["Catch"]:
                if task.level["States"][clause["Next"]]["Type"] != "Fail":
                    yield f"{task.path}: a question that could not be put is no answer: fail"


def asks(shipped: Shipped, machine: str, definition: Json) -> bool:
    """Whether a task puts a question and waits for its end."""
    if not definition["Resource"].endswith(":states:startExecution.sync:2"):
        return False
    given = machine_resource(shipped, machine)[1]["DefinitionSubstitutions"]
    return target(given[definition["Parameters"]["StateMachineArn"].strip("${}")]) == "QuestionStateMachine"


def leave_unanswered(state: Json) -> Json:
    """A Choice without its ways that are for a question that was put before."""
    choices = [
        rule
        for rule in state.get("Choices", [])
        if (rule.get("Variable"), rule.get("StringEquals")) != ("$.phase", "unanswered")
    ]
    return {**state, "Choices": choices} if "Choices" in state else state


@rules(
    without(*resource("FailuresRule", "State")),
    changed(*resource("InstancesRule", "State"), to="ENABLED"),
    changed(*resource("ParkedRule", "State", "Fn::If", 2), to="ENABLED"),
)
def nobody_is_asked_unless_a_parameter_names_them(shipped: Shipped) -> Iterator[str]:
    wanted = {"FailuresRule": "HasOnCall", "ParkedRule": "HasOnCall", "InstancesRule": "HasRequiredTags"}
    for rule, condition in wanted.items():
        state = shipped.resources(RULE)[rule]["Properties"].get("State")
        if state != {"Fn::If": [condition, "ENABLED", "DISABLED"]}:
            yield f"{rule}: State: !If [{condition}, ENABLED, DISABLED]"


@rules(
    changed(*state_of("tag_guard", "Keep"), "Parameters", "Tags", 0, "Key", to="dragoman:kept"),
    rewritten("infra/template.yaml", "aws:ResourceTag/dragoman:keep", "aws:ResourceTag/dragoman:kept"),
)
def the_tag_that_keeps_an_instance_is_the_same_everywhere(shipped: Shipped) -> Iterator[str]:
    """Written by the machine, looked for by it, and what its role's permission to stop hangs on."""
    level = shipped.machines["tag_guard"]["States"]
    tag = level["Keep"]["Parameters"]["Tags"][0]["Key"]
    if f"'{tag}'" not in level["NameMissing"]["Parameters"]["keep.$"]:
        yield f"tag_guard/NameMissing does not look for {tag}, which tag_guard/Keep writes"
    text = shipped.texts["infra/template.yaml"]
    for part in (f'"aws:ResourceTag/{tag}": "true"', f'"aws:TagKeys": ["{tag}"]'):
        if part not in text:
            yield f"TagGuardRole: narrow its permissions by {part}"


@rules(
    changed(*state_of("incident", "Ask"), "Parameters", "Name.$", to="States.Format('incident-{}', States.UUID())"),
    changed(*state_of("tag_guard", "Ask"), "Parameters", "Name.$", to="States.Format('{}', States.UUID())"),
)
def no_task_that_is_tried_again_takes_another_name(shipped: Shipped) -> Iterator[str]:
    """Parameters are worked out for every attempt: after an answer that got lost a new UUID would start it twice."""
    for task in tasks(shipped):
        if "Retry" in task.definition and any("States.UUID" in text for text in strings(task.definition)):
            yield f"{task.path}: make the UUID in a state before it"


INSTANCE_ID = "i-0123456789abcdef0"
MOST_TAGS = 20


@rules(
    without("template", "Parameters", "RequiredTags", "MaxLength"),
    changed("template", "Parameters", "RequiredTags", "MaxLength", to=500),
)
def names_of_all_required_tags_fit_into_a_question(shipped: Shipped) -> Iterator[str]:
    """A question that is too long is refused, and the instance would run on with nobody asked."""
    names = shipped.template["Parameters"]["RequiredTags"].get("MaxLength", MOST_TAGS * 129)
    text = shipped.machines["tag_guard"]["States"]["Ask"]["Parameters"]["Input"]["text.$"]
    words = text.removeprefix("States.Format('").partition("',")[0].replace("{}", INSTANCE_ID, 1)
    longest = len(words) + names + 2 * MOST_TAGS
    most = shipped.schemas["question_request"]["properties"]["text"]["maxLength"]
    if longest > most:
        yield f"RequiredTags: its MaxLength lets tag_guard ask in {longest} characters, and a question has {most}"


@rules.each
def test_guards_keep_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_guard_rule_complains_about_broken_guard(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
