"""A small machine with every kind of state the shipped ones use, and its mocks."""

import json
from typing import Any

from infra.local.sfn import mocks
from infra.local.sfn.definitions import Machine

DEFINITION: dict[str, Any] = {
    "StartAt": "Call",
    "States": {
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "toy", "Payload.$": "$"},
            "ResultSelector": {"words.$": "States.StringSplit($.Payload.text, ' ')"},
            "ResultPath": "$.called",
            "Retry": [{"ErrorEquals": ["Lambda.ServiceException"], "IntervalSeconds": 60, "MaxAttempts": 2}],
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.called.words",
            "MaxConcurrency": 3,
            "ItemSelector": {"word.$": "$$.Map.Item.Value"},
            "ResultPath": "$.translated",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Translate",
                "States": {
                    "Translate": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::aws-sdk:translate:translateText",
                        "Parameters": {"Text.$": "$.word", "SourceLanguageCode": "auto", "TargetLanguageCode": "en"},
                        "ResultSelector": {"text.$": "$.TranslatedText"},
                        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}],
                        "End": True,
                    },
                    "Failed": {"Type": "Pass", "Parameters": {"error.$": "$.error.Error"}, "End": True},
                },
            },
            "Next": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Send"},
        "Send": {
            "Type": "Task",
            "Resource": "arn:aws:states:::http:invoke",
            "Parameters": {
                "ApiEndpoint": "https://example.com/",
                "Method": "POST",
                "Authentication": {"ConnectionArn": "arn"},
                "RequestBody": {"text.$": "States.JsonToString($.translated)"},
            },
            "ResultPath": "$.sent",
            "Retry": [{"ErrorEquals": ["States.Http.StatusCode.429"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.Http.StatusCode.400"], "ResultPath": "$.error", "Next": "Refused"}],
            "Next": "Accepted?",
        },
        "Accepted?": {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [
                        {"Variable": "$.sent.StatusCode", "IsPresent": True},
                        {"Not": {"Variable": "$.sent.StatusCode", "NumericGreaterThanEquals": 300}},
                    ],
                    "Next": "Done",
                }
            ],
            "Default": "Refused",
        },
        "Done": {"Type": "Pass", "Parameters": {"translated.$": "$.translated"}, "End": True},
        "Refused": {"Type": "Fail", "Error": "Refused", "Cause": "no"},
    },
}

CALLED = {"Return": {"StatusCode": 200, "Payload": {"text": "uno dos"}}}
BUSY = {"Throw": {"Error": "Lambda.ServiceException", "Cause": "busy"}}
LIMIT = {"Throw": {"Error": "States.Http.StatusCode.429", "Cause": "slow down"}}

RESPONSES: dict[str, Any] = {
    "CalledSecondTime": {"0": BUSY, "1": CALLED},
    "NeverCalled": {"0-2": BUSY},
    "OneOfTwo": {
        "0": {"Return": {"TranslatedText": "one"}},
        "1": {"Throw": {"Error": "Translate.InternalServerException", "Cause": "broken"}},
    },
    "OneOnly": {"0": {"Return": {"TranslatedText": "one"}}},
    "SentSecondTime": {"0": LIMIT, "1": {"Return": {"StatusCode": 201}}},
    "Throttled": {"0-1": LIMIT},
    "Refused": {"0": {"Throw": {"Error": "States.Http.StatusCode.400", "Cause": "bad"}}},
    "Moved": {"0": {"Return": {"StatusCode": 301}}},
}

CASES = {
    "Happy": {"Call": "CalledSecondTime", "Translate": "OneOfTwo", "Send": "SentSecondTime"},
    "NeverCalled": {"Call": "NeverCalled"},
    "Throttled": {"Call": "CalledSecondTime", "Translate": "OneOfTwo", "Send": "Throttled"},
    "Refused": {"Call": "CalledSecondTime", "Translate": "OneOfTwo", "Send": "Refused"},
    "Moved": {"Call": "CalledSecondTime", "Translate": "OneOfTwo", "Send": "Moved"},
    "NoMock": {"Call": "CalledSecondTime", "Send": "SentSecondTime"},
    "TooFewMocks": {"Call": "CalledSecondTime", "Translate": "OneOnly", "Send": "SentSecondTime"},
}

DOCUMENT: dict[str, Any] = {"StateMachines": {"toy": {"TestCases": CASES}}, "MockedResponses": RESPONSES}

MACHINE = Machine("toy", json.dumps(DEFINITION))


def book() -> mocks.MockBook:
    """Return the toy's mocks."""
    return mocks.parse(DOCUMENT, "toy")


def machine(states: dict[str, Any], start: str | None = None) -> Machine:
    """Return a machine of these states, the first of them its start."""
    return Machine("other", json.dumps({"StartAt": start or next(iter(states)), "States": states}))
