"""Rules of the roles: each is allowed exactly what its machine, function, pipe or API does, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from tests.contract.permissions import UNBOUND, Grant, granted, needs, statements
from tests.contract.rulebook import Break, Rule, Rulebook, appended, changed, rewritten, state_of, without
from tests.contract.shipped import Shipped, many, target

rules = Rulebook()


def policy(role: str, *path: object) -> tuple[object, ...]:
    """A place among the statements of a role, for the examples."""
    return ("template", "Resources", role, "Properties", "Policies", 0, "PolicyDocument", "Statement", *path)


def told(grants: set[Grant]) -> str:
    return "; ".join(
        sorted(
            f"{action} on {resource}{f' if {condition}' if condition else ''}" for action, resource, condition in grants
        )
    )


@rules(
    changed(*state_of("message", "FindContact"), "Resource", to="arn:aws:states:::dynamodb:deleteItem"),
    changed(
        *state_of("reply", "GiveBack"),
        "Parameters",
        "TransactItems",
        0,
        to={"ConditionCheck": {"TableName": "${OutboundTable}"}},
    ),
    changed(*state_of("reply", "AnnounceSent"), "Parameters", "Entries", 0, "DetailType", to="MessageDelivered"),
    changed(*state_of("reply", "Send"), "Parameters", "Method", to="PUT"),
    changed(*state_of("reply", "Send"), "Parameters", "ApiEndpoint", to="${TwilioApiUrl}/elsewhere"),
    without(*policy("MessageRole", 0)),
    without(*policy("MessagesPipeRole", 0)),
    without(*policy("ApiRole", 2)),
    without(*policy("NormaliseWebhookRole", 1)),
    without(*policy("ComposeReportRole", 0)),
    changed(*state_of("reconcile", "AskTwilio"), "Parameters", "Method", to="POST"),
    without(*policy("IncidentRole", 2)),
    without(*policy("IncidentRole", 5)),
    without(*policy("IncidentRole", 6)),
    without(*policy("IncidentRole", 11)),
    without(*policy("TagGuardRole", 9)),
    without(*policy("UndeliveredRole", 0)),
    without(*policy("UndeliveredRole", 2)),
    changed(*state_of("desk", "QueryDay"), "Parameters", "IndexName", to="byHour"),
    changed(*state_of("broadcast", "Disconnect"), "Parameters", "Method", to="GET"),
    without(*policy("DeskApiRole", 0)),
    changed(*policy("DeskApiRole", 1, "Action"), to="dynamodb:PutItem"),
    without(*policy("ReconcileScheduleRole", 0)),
    without(*policy("IssueTicketRole", 1)),
    without(*policy("SendMailRole", 1)),
    changed(*policy("SendMailRole", 1, "Action"), to="ses:SendEmail"),
    rewritten("functions/send_mail/sending.py", '{"Raw": {', '{"Simple": {'),
    changed(*policy("DirectoryRole", 1, "Action"), to=["dynamodb:GetItem", "dynamodb:PutItem"]),
    changed(*policy("AnswerRole", 3, "Action"), to="states:SendTaskSuccess"),
    changed(*policy("AnswerRole", 3, "Resource"), to={"Ref": "DirectoryStateMachine"}),
    changed(*policy("AnswerRole", 2, "Resource"), to={"Fn::Sub": "${QuestionsTable.Arn}/index/byAddress"}),
    rewritten("functions/arrange_entry/logic.py", '{"Delete": {', '{"ConditionCheck": {'),
    rewritten(
        "functions/arrange_entry/logic.py",
        '"TableName": settings.keywords_table',
        '"TableName": settings.directory_table',
    ),
    changed(
        *state_of("message", "FindEntries"), "Parameters", "RequestItems", to={"${ContactsTable}": {"Keys.$": "$.x"}}
    ),
)
def every_role_is_allowed_what_its_user_does(shipped: Shipped) -> Iterator[str]:
    for user, role, needed in needs(shipped):
        if missing := needed - granted(shipped, role):
            yield f"{role} must allow what {user} does: {told(missing)}"


@rules(
    appended(
        *policy("MessageRole"),
        item={"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": {"Fn::GetAtt": ["ReportsTable", "Arn"]}},
    ),
    changed(*policy("MessageRole", 1, "Action"), to=["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]),
    appended(*policy("ReplyRole", 9, "Condition", "StringEquals", "events:detail-type"), item="ReportCreated"),
    without(*policy("IntakeRole", 1, "Condition")),
    without(*state_of("reply", "TranslateText")),
    changed(
        *policy("MessagesPipeRole", 1, "Resource"), to=[{"Ref": "MessageStateMachine"}, {"Ref": "ReplyStateMachine"}]
    ),
    changed(*policy("ApiRole", 1, "Action"), to=["dynamodb:GetItem", "dynamodb:PutItem"]),
    rewritten("functions/dragoman/secrets.py", "get_secret_value", "describe_secret"),
    without(*state_of("broadcast", "Disconnect")),
    changed(*policy("DeskApiRole", 1, "Action"), to=["dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan"]),
    changed(*policy("ReconcileScheduleRole", 0, "Action"), to=["states:StartExecution", "states:StopExecution"]),
    changed(*policy("DeskRole", 3, "Resource"), to={"Fn::Sub": "${ReportsTable.Arn}/index/*"}),
    changed(*policy("DirectoryRole", 2, "Action"), to=["dynamodb:UpdateItem", "dynamodb:DeleteItem"]),
    appended(*policy("AnswerRole", 3, "Action"), item="states:SendTaskFailure"),
    without(*state_of("answer", "PostponeReminder")),
    without(*state_of("message", "FindEntries")),
    without(*policy("SendMailRole", 1, "Condition")),
    without(*policy("TagGuardRole", 6, "Condition")),
    changed(*policy("TagGuardRole", 8, "Resource"), to="*"),
    changed(*policy("UndeliveredRole", 2, "Resource"), to="*"),
    without(*state_of("incident", "MoveBack")),
    without(*state_of("tag_guard", "Ask")),
    rewritten("functions/arrange_entry/logic.py", '{"Delete": {', '{"Put": {'),
)
def no_role_is_allowed_anything_else(shipped: Shipped) -> Iterator[str]:
    for user, role, needed in needs(shipped):
        if surplus := granted(shipped, role) - needed:
            yield f"{role} allows what {user} never does: {told(surplus)}. Take it away"


@rules(
    changed(*policy("ReplyRole", 0, "Action"), to="*"),
    changed(*policy("ReplyRole", 0, "Action"), to="dynamodb:*"),
    changed(*policy("ReplyRole", 0, "Resource"), to="*"),
    changed(
        "template",
        "Resources",
        "ReplyRole",
        "Properties",
        "ManagedPolicyArns",
        to=["arn:aws:iam::aws:policy/AdministratorAccess"],
    ),
)
def no_role_has_a_wildcard_without_a_reason(shipped: Shipped) -> Iterator[str]:
    for role, item in shipped.resources("AWS::IAM::Role").items():
        for managed in item["Properties"].get("ManagedPolicyArns", []):
            yield f"{role} takes {managed}: AWS's policies are wider than what we do, write the statements out"
        for statement in statements(shipped, role):
            for action in many(statement["Action"]):
                everywhere = "*" in map(target, many(statement["Resource"]))
                if "*" in action or (everywhere and action not in UNBOUND):
                    yield (
                        f"{role} allows {action} on {'everything' if everywhere else 'its resources'}: name "
                        "actions and resources"
                    )


# The desk's own words: who may change them, and the actions that change a table.
WRITERS = {"DirectoryTable": {"DirectoryRole"}, "DirectoryKeywordsTable": {"DirectoryRole"}}
WRITES = {f"dynamodb:{action}" for action in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")}


@rules(
    changed(*policy("MessageRole", 1, "Action"), to=["dynamodb:BatchGetItem", "dynamodb:PutItem"]),
    changed(*policy("ApiRole", 1, "Action"), to=["dynamodb:GetItem", "dynamodb:DeleteItem"]),
)
def no_directory_is_written_but_by_its_machine(shipped: Shipped) -> Iterator[str]:
    """A message that somebody sends must never become what the desk tells others."""
    for role in shipped.resources("AWS::IAM::Role"):
        for action, resource, _ in granted(shipped, role):
            if action in WRITES and role not in WRITERS.get(resource, {role}):
                yield f"{role} may {action} on {resource}: only editors write there, by {WRITERS[resource]}"


def idle_role(shipped: Shipped) -> None:
    resources = shipped.template["Resources"]
    resources["IdleRole"] = resources["ReplyRole"]


@rules(idle_role)
def every_role_is_used(shipped: Shipped) -> Iterator[str]:
    used = {role for _, role, _ in needs(shipped)}
    for role in sorted(shipped.resources("AWS::IAM::Role").keys() - used):
        yield f"{role} is used by no machine, function, pipe or route: drop it"


@rules.each
def test_roles_keep_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_role_rule_complains_about_broken_role(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
