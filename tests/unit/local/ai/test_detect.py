"""Amazon Comprehend over boto3: languages, scores and AWS's errors."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.ai.detect import Detector, traditional


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("¿Dónde está la clínica?", "es"),
        ("Where is the clinic? I need help", "en"),
        ("Onde fica a clínica mais próxima?", "pt"),
        ("Où est la clinique ?", "fr"),
        ("Dov'è la clinica più vicina?", "it"),
        ("Wo ist die Klinik? Ich brauche Hilfe", "de"),
        ("诊所在哪里？我需要医生", "zh"),
        ("請問診所在哪裡？我需要醫生", "zh-TW"),
        ("診療所はどこですか", "ja"),
        ("أين العيادة؟ أحتاج إلى طبيب", "ar"),
        ("Где находится клиника? Мне нужен врач", "ru"),
        ("Unde este clinica cea mai apropiată?", "ro"),
    ],
)
def test_detect_dominant_language_finds_it_first_with_a_high_score(comprehend: Any, text: str, language: str) -> None:
    languages = comprehend.detect_dominant_language(Text=text)["Languages"]
    assert languages[0]["LanguageCode"] == language
    assert languages[0]["Score"] > 0.5


def test_detect_dominant_language_sorts_by_score(comprehend: Any) -> None:
    languages = comprehend.detect_dominant_language(Text="hola como estas")["Languages"]
    scores = [language["Score"] for language in languages]
    assert len(scores) > 1
    assert scores == sorted(scores, reverse=True)
    assert set(languages[0]) == {"LanguageCode", "Score"}


@pytest.mark.parametrize(
    "text", ["👍", "12345", "ok", " ", "https://example.org/es/donde-esta-la-clinica", "+1 202 555 0100"]
)
def test_detect_dominant_language_of_hardly_any_words_has_a_low_score(comprehend: Any, text: str) -> None:
    languages = comprehend.detect_dominant_language(Text=text)["Languages"]
    assert languages[0]["Score"] < 0.2


def test_detect_dominant_language_over_the_limit_is_too_long(comprehend: Any) -> None:
    with pytest.raises(ClientError) as raised:
        comprehend.detect_dominant_language(Text="a" * 100_001)
    error = raised.value.response["Error"]
    assert error["Code"] == "TextSizeLimitExceededException"
    assert "100000 bytes while in this request the text size is 100001 bytes" in error["Message"]


@pytest.mark.parametrize("request_part", [{}, {"Text": ""}])
def test_detect_dominant_language_without_text_is_refused(comprehend: Any, request_part: dict[str, str]) -> None:
    with pytest.raises(ClientError) as raised:
        comprehend.detect_dominant_language(**request_part)
    assert raised.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(("text", "expected"), [("台灣醫生", True), ("台湾医生", False), ("人口", False), ("", False)])
def test_traditional_tells_the_scripts_apart(text: str, expected: bool) -> None:
    assert traditional(text) is expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Farmacia abierta\nde 9 a 20 horas", "es"),
        ("Fumatul interzis", "ro"),
        ("hola", None),
        ("Zakaz palenia", None),
        ("12345", None),
    ],
)
def test_among_tells_an_unsure_text_only_where_it_stands_out(text: str, language: str | None) -> None:
    assert Detector().among(text, {"en", "es", "pt", "fr", "it", "ca", "ro"}) == language
