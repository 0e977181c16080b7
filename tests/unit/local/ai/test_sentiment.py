"""Amazon Comprehend's sentiment over boto3: classes, scores, batches and AWS's errors; and the judge by itself."""

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.ai.engines.base import EngineError
from infra.local.ai.errors import AwsError
from infra.local.ai.sentiment import measure
from infra.local.ai.sentiment.judge import Judge, weigh
from infra.local.ai.sentiment.service import LANGUAGES, Sentiments
from infra.local.ai.translator import Translator, all_engines
from tests.unit.local.ai.serving import Serving

NAMES = {"Positive", "Negative", "Neutral", "Mixed"}
JUDGE = Judge()
KIND = "Thank you, the nurse was very kind"
RUDE = "The man at the counter was very rude"


def refused(call: Any, **request: Any) -> Any:
    with pytest.raises(ClientError) as raised:
        call(**request)
    return raised.value.response


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        (KIND, "POSITIVE"),
        (RUDE, "NEGATIVE"),
        ("What time do you open on Saturday?", "NEUTRAL"),
        ("The doctor was wonderful, but the waiting room was filthy", "MIXED"),
        ("Your website is easy to use but the phone line is terrible", "MIXED"),
        ("I have been waiting for three hours and nobody cares", "NEGATIVE"),
        ("I would like to make an appointment, please", "NEUTRAL"),
        ("Can you help me?", "NEUTRAL"),
        ("No", "NEUTRAL"),
        ("It is not good", "NEGATIVE"),
        ("👍", "POSITIVE"),
        ("😡", "NEGATIVE"),
        ("12345", "NEUTRAL"),
        ("", "NEUTRAL"),
        ("\n.;", "NEUTRAL"),
    ],
)
def test_judge_tells_the_four_classes(text: str, sentiment: str) -> None:
    assert JUDGE.judge(text).sentiment == sentiment


@pytest.mark.parametrize(
    ("best", "worst", "sentiment"),
    [
        (0.0, 0.0, "NEUTRAL"),
        (0.15, 0.0, "NEUTRAL"),
        (0.0, 0.15, "NEUTRAL"),
        (0.3, 0.0, "POSITIVE"),
        (0.0, 0.3, "NEGATIVE"),
        (0.9, 0.25, "POSITIVE"),
        (0.9, 0.35, "MIXED"),
        (0.35, 0.9, "MIXED"),
        (1.0, 1.0, "MIXED"),
    ],
)
def test_weigh_sets_praise_against_complaint(best: float, worst: float, sentiment: str) -> None:
    scores = weigh(best, worst)
    assert scores.sentiment == sentiment
    assert sum(scores.named().values()) == pytest.approx(1)
    assert all(score > 0 for score in scores.named().values())


def test_detect_sentiment_has_the_shape_of_aws(comprehend: Any) -> None:
    answer = comprehend.detect_sentiment(Text=KIND, LanguageCode="en")
    assert answer.keys() == {"Sentiment", "SentimentScore", "ResponseMetadata"}
    assert answer["Sentiment"] == "POSITIVE"
    assert answer["SentimentScore"].keys() == NAMES
    assert sum(answer["SentimentScore"].values()) == pytest.approx(1)
    assert max(answer["SentimentScore"], key=answer["SentimentScore"].get) == "Positive"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "text", "sentiment"),
    [
        ("pt", "Fiquei muito feliz com o atendimento de hoje", "POSITIVE"),
        ("pt", "O professor é ótimo, mas a sala é horrível", "MIXED"),
        ("zh", "我对你们的服务非常失望", "NEGATIVE"),
        ("zh-TW", "我對你們的服務非常失望", "NEGATIVE"),
        ("zh", "图书馆几点关门？", "NEUTRAL"),
    ],
)
def test_detect_sentiment_translates_first(comprehend: Any, language: str, text: str, sentiment: str) -> None:
    assert comprehend.detect_sentiment(Text=text, LanguageCode=language)["Sentiment"] == sentiment


@pytest.mark.slow
@pytest.mark.usefixtures("apertium")
@pytest.mark.parametrize(
    ("language", "text"),
    [("es", "Es una vergüenza cómo nos trataron"), ("fr", "C'est scandaleux"), ("it", "Il servizio è pessimo")],
)
def test_detect_sentiment_by_way_of_apertium(comprehend: Any, language: str, text: str) -> None:
    assert comprehend.detect_sentiment(Text=text, LanguageCode=language)["Sentiment"] == "NEGATIVE"


@pytest.mark.parametrize("language", ["ja", "ko", "ar", "hi", "nl", "es-MX", "auto", "xx"])
def test_language_that_cannot_be_told_is_unsupported_and_has_no_score(comprehend: Any, language: str) -> None:
    for call, texts in (
        (comprehend.detect_sentiment, {"Text": "hello"}),
        (comprehend.batch_detect_sentiment, {"TextList": ["hello"]}),
    ):
        response = refused(call, LanguageCode=language, **texts)
        assert response["Error"]["Code"] == "UnsupportedLanguageException"
        assert response["Error"]["Message"].startswith(f"Input language is not supported for this API: {language}.")
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_health_names_the_languages_of_sentiment(server: Serving) -> None:
    told = server.control("GET", "/_ai/health")["sentiment"]
    assert told[0] == "en"
    assert {"en", "pt", "zh", "zh-TW"} <= set(told) <= set(LANGUAGES)


@pytest.mark.parametrize("size", [5000, 5001])
def test_detect_sentiment_counts_bytes_not_characters(comprehend: Any, size: int) -> None:
    text = "é" * 2500 + "a" * (size - 5000)
    if size == 5000:
        assert comprehend.detect_sentiment(Text=text, LanguageCode="en")["Sentiment"] == "NEUTRAL"
        return
    error = refused(comprehend.detect_sentiment, Text=text, LanguageCode="en")["Error"]
    assert error["Code"] == "TextSizeLimitExceededException"
    assert "allowed is 5000 bytes while in this request the text size is 5001 bytes" in error["Message"]


@pytest.mark.parametrize(
    ("request_part", "code"),
    [
        ({"LanguageCode": "en"}, "ValidationException"),
        ({"Text": "", "LanguageCode": "en"}, "ValidationException"),
        ({"Text": "hello"}, "ValidationException"),
        ({"Text": 5, "LanguageCode": "en"}, "SerializationException"),
    ],
)
def test_detect_sentiment_that_is_no_request_is_refused(comprehend: Any, request_part: Any, code: str) -> None:
    assert refused(comprehend.detect_sentiment, **request_part)["Error"]["Code"] == code


def test_batch_answers_by_index_and_keeps_its_order(comprehend: Any) -> None:
    texts = [KIND, "a" * 5001, RUDE]
    answer = comprehend.batch_detect_sentiment(TextList=texts, LanguageCode="en")
    assert answer.keys() == {"ResultList", "ErrorList", "ResponseMetadata"}
    assert [(one["Index"], one["Sentiment"]) for one in answer["ResultList"]] == [(0, "POSITIVE"), (2, "NEGATIVE")]
    assert all(one.keys() == {"Index", "Sentiment", "SentimentScore"} for one in answer["ResultList"])
    assert all(sum(one["SentimentScore"].values()) == pytest.approx(1) for one in answer["ResultList"])
    (error,) = answer["ErrorList"]
    assert error.keys() == {"Index", "ErrorCode", "ErrorMessage"}
    assert (error["Index"], error["ErrorCode"]) == (1, "TextSizeLimitExceededException")


def test_batch_of_25_is_answered_and_of_26_refused(comprehend: Any) -> None:
    answer = comprehend.batch_detect_sentiment(TextList=[KIND] * 25, LanguageCode="en")
    assert [one["Index"] for one in answer["ResultList"]] == list(range(25))
    assert answer["ErrorList"] == []
    error = refused(comprehend.batch_detect_sentiment, TextList=[KIND] * 26, LanguageCode="en")["Error"]
    assert error["Code"] == "BatchSizeLimitExceededException"


@pytest.mark.parametrize(
    ("request_part", "code"),
    [
        ({}, "ValidationException"),
        ({"TextList": []}, "ValidationException"),
        ({"TextList": ["hello", ""]}, "ValidationException"),
        ({"TextList": ["hello", 5]}, "SerializationException"),
    ],
)
def test_batch_that_is_no_list_of_texts_is_refused(comprehend: Any, request_part: Any, code: str) -> None:
    response = refused(comprehend.batch_detect_sentiment, LanguageCode="en", **request_part)
    assert response["Error"]["Code"] == code


def test_faults_reach_sentiment_and_may_name_its_language(clean_server: Serving, comprehend: Any) -> None:
    for operation in ("DetectSentiment", "BatchDetectSentiment"):
        fault = {"operation": operation, "error": "InternalServerException", "target": "en"}
        clean_server.control("POST", "/_ai/faults", fault)
    assert comprehend.detect_sentiment(Text="bom dia", LanguageCode="pt")["Sentiment"]
    for call, texts in (
        (comprehend.detect_sentiment, {"Text": KIND}),
        (comprehend.batch_detect_sentiment, {"TextList": [KIND]}),
    ):
        response = refused(call, LanguageCode="en", **texts)
        assert response["Error"]["Code"] == "InternalServerException"
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 500
        assert call(LanguageCode="en", **texts)


class Broken(Translator):
    """A translator whose engines cannot be used."""

    def __init__(self, models: Any) -> None:
        super().__init__(all_engines(models))

    def translate(self, text: str, source: str, target: str) -> Any:
        raise EngineError("the model is damaged")


def test_engine_that_fails_is_an_internal_error_and_in_a_batch_one_of_each_text(models: Any) -> None:
    sentiments = Sentiments(Broken(models))
    with pytest.raises(AwsError, match="InternalServerException"):
        sentiments.detect({"Text": "bom dia", "LanguageCode": "pt"})
    answer = sentiments.detect_batch({"TextList": ["bom dia", "olá"], "LanguageCode": "pt"})
    assert answer["ResultList"] == []
    assert [(one["Index"], one["ErrorCode"]) for one in answer["ErrorList"]] == [
        (0, "InternalServerException"),
        (1, "InternalServerException"),
    ]


def test_labelled_texts_hold_every_class_in_both_halves_of_six_languages() -> None:
    counts = Counter((row["language"], row["set"], row["expected"]) for row in measure.rows())
    languages = {language for language, _half, _expected in counts}
    assert len(languages) >= 6
    for language in languages:
        assert {(half, name) for code, half, name in counts if code == language} == {
            (half, name) for half in ("tune", "test") for name in measure.CLASSES
        }
    assert all(len({row["text"] for row in measure.rows() if row["language"] == code}) >= 8 for code in languages)


@pytest.mark.slow
@pytest.mark.usefixtures("apertium")
def test_sentiment_is_told_right_as_often_as_the_docs_say(models: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert measure.main(["--models", str(models)]) == 0
    printed = capsys.readouterr().out
    line = next(line for line in printed.splitlines() if line.startswith("| all |"))
    right, among = line.split("|")[3].strip().split("/")
    assert int(right) / int(among) >= 0.85
