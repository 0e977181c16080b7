"""Amazon Translate over boto3 with the real models: meaning, what is kept, and AWS's errors."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.ai.serving import Serving

pytestmark = pytest.mark.slow


def said(translate: Any, text: str, source: str, target: str) -> str:
    answer = translate.translate_text(Text=text, SourceLanguageCode=source, TargetLanguageCode=target)
    translated: str = answer["TranslatedText"]
    return translated


def refused(translate: Any, **request: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as raised:
        translate.translate_text(**{"Text": "hello", "SourceLanguageCode": "en", "TargetLanguageCode": "pt", **request})
    return dict(raised.value.response)


@pytest.mark.parametrize(
    ("source", "target", "text", "words"),
    [
        ("en", "pt", "Where is the clinic?", ["onde", "clínica"]),
        ("pt", "en", "Preciso de um médico agora", ["need", "doctor", "now"]),
        ("pt", "en", "Minha mãe caiu e não consegue andar", ["mother", "fell", "can't walk"]),
        ("zh", "en", "我儿子从昨天开始发烧。", ["son", "fever", "yesterday"]),
        ("zh", "pt", "诊所在哪里？", ["onde", "clínica"]),
        ("zh-TW", "en", "請問診所在哪裡？", ["where", "clinic"]),
        ("en", "pt", "Thank you", ["obrigado"]),
        ("pt", "en", "estou perdido!", ["lost"]),
        ("en", "pt", "CALL ME NOW, THE CLINIC IS CLOSED", ["AGORA", "CLÍNICA"]),
    ],
)
def test_translate_text_with_bundled_models_keeps_the_meaning(
    translate: Any, source: str, target: str, text: str, words: list[str]
) -> None:
    translated = said(translate, text, source, target)
    missing = [word for word in words if word not in translated and word not in translated.lower()]
    assert not missing, translated


@pytest.mark.usefixtures("apertium")
@pytest.mark.parametrize(
    ("source", "target", "text", "words"),
    [
        ("es", "en", "¿Dónde está la clínica?", ["where", "clinic"]),
        ("es", "en", "Perdí mi pasaporte ayer en la estación", ["lost", "passport", "yesterday", "station"]),
        ("es", "en", "El autobús llega tarde, espérame por favor", ["bus", "late", "wait", "please"]),
        ("en", "es", "I need a doctor right now", ["necesito", "médico", "ahora"]),
        ("en", "es", "Thank you!", ["gracias"]),
        ("fr", "en", "Ma mère est tombée et ne peut pas marcher", ["mother", "fell", "can't walk"]),
        ("fr", "en", "Je suis enceinte", ["pregnant"]),
        ("it", "en", "Ho bisogno di un medico adesso", ["need", "doctor", "now"]),
        ("ro", "en", "Am nevoie de un doctor acum", ["need", "doctor", "now"]),
        ("ca", "en", "No tinc diners per a la medicina", ["money", "medicine"]),
        ("es", "fr", "¿Dónde está la clínica?", ["où", "clinique"]),
        ("en", "it", "I have no money for the medicine", ["non", "soldi", "per"]),
        ("zh", "es", "诊所在哪里？", ["donde", "clínica"]),
        ("es-MX", "fr-CA", "Gracias", ["merci"]),
    ],
)
def test_translate_text_over_apertium_keeps_the_meaning(
    translate: Any, source: str, target: str, text: str, words: list[str]
) -> None:
    translated = said(translate, text, source, target).lower()
    assert not [word for word in words if word not in translated], translated


@pytest.mark.parametrize(
    "token",
    [
        "#4521",
        "https://example.org/a?b=1&c=%20",
        "help@example.org",
        "+1 202-555-0100",
        "AB-1234",
        "12/03/2026",
        "👍🏽",
        "👩‍👩‍👧",
        "🇪🇸",
    ],
)
@pytest.mark.parametrize(("source", "target"), [("en", "pt"), ("pt", "en")])
def test_translate_text_keeps_tokens_that_are_no_words(translate: Any, token: str, source: str, target: str) -> None:
    text = {"en": f"I wrote to {token} about my order", "pt": f"Escrevi para {token} sobre o meu pedido"}[source]
    assert token in said(translate, text, source, target)


def test_translate_text_keeps_line_breaks_and_the_space_around_lines(translate: Any) -> None:
    translated = said(translate, "  Good morning \n\n\tWhere is the clinic?\r\n", "en", "pt")
    assert translated.startswith("  ")
    assert translated.endswith("\r\n")
    assert [line == "" for line in translated.split("\n")] == [False, True, False, True]
    assert " \n\n\t" in translated


@pytest.mark.parametrize("text", ["👍", "12345", " \n ", "+1 202 555 0100", "https://example.org"])
def test_translate_text_without_words_returns_it_unchanged(translate: Any, text: str) -> None:
    assert said(translate, text, "en", "pt") == text


def test_translate_text_with_control_characters_and_lone_surrogates_still_translates(server: Serving) -> None:
    request = {"Text": "Good\x00 morning \ud83d my friend", "SourceLanguageCode": "en", "TargetLanguageCode": "pt"}
    headers = {"x-amz-target": "AWSShineFrontendService_20170701.TranslateText"}
    status, answer = server.send("POST", "/", json.dumps(request).encode(), headers)
    assert status == 200
    assert "dia" in answer["TranslatedText"]


def test_translate_text_of_ten_thousand_bytes_comes_back_whole(translate: Any) -> None:
    text = ("Where is the clinic? " * 480)[:10_000].strip()
    assert said(translate, text, "en", "pt").count("clínica") >= 475


def test_translate_text_auto_names_the_language_it_found(translate: Any) -> None:
    request = {
        "Text": "Onde fica a clínica? Preciso de ajuda",
        "SourceLanguageCode": "auto",
        "TargetLanguageCode": "en",
    }
    answer = translate.translate_text(**request)
    assert (answer["SourceLanguageCode"], answer["TargetLanguageCode"]) == ("pt", "en")
    assert "clinic" in answer["TranslatedText"]
    assert set(answer) == {"TranslatedText", "SourceLanguageCode", "TargetLanguageCode", "ResponseMetadata"}


@pytest.mark.parametrize("source", ["auto", "en"])
def test_translate_text_into_its_own_language_returns_it_unchanged(translate: Any, source: str) -> None:
    text = "Where is the clinic, please?"
    answer = translate.translate_text(Text=text, SourceLanguageCode=source, TargetLanguageCode="en")
    assert (answer["TranslatedText"], answer["SourceLanguageCode"]) == (text, "en")


@pytest.mark.parametrize("text", ["👍", "12345", "ok", "no", "+1 202 555 0100", "LOL ok thx", "John Smith"])
def test_translate_text_auto_with_too_little_to_go_by_is_low_confidence(translate: Any, text: str) -> None:
    response = refused(translate, Text=text, SourceLanguageCode="auto")
    assert response["Error"]["Code"] == "DetectedLanguageLowConfidenceException"
    assert response["DetectedLanguageCode"]


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("en", "ja", "Unsupported language pair: en to ja."),
        ("ja", "en", "Unsupported language pair: ja to en."),
        ("en", "zh", "Unsupported language pair: en to zh."),
        ("en", "zh-TW", "Unsupported language pair: en to zh-TW."),
        ("en", "ef", "Unsupported language pair: en to ef. Target language 'ef' is not supported"),
        ("ef", "en", "Unsupported language pair: ef to en. Source language 'ef' is not supported"),
    ],
)
def test_translate_text_without_a_route_is_unsupported(translate: Any, source: str, target: str, message: str) -> None:
    response = refused(translate, SourceLanguageCode=source, TargetLanguageCode=target)
    assert response["Error"] == {"Code": "UnsupportedLanguagePairException", "Message": message}
    assert (response["SourceLanguageCode"], response["TargetLanguageCode"]) == (source, target)


def test_translate_text_auto_of_a_language_without_a_route_names_it(translate: Any) -> None:
    response = refused(translate, Text="診療所はどこですか", SourceLanguageCode="auto", TargetLanguageCode="en")
    assert response["Error"]["Code"] == "UnsupportedLanguagePairException"
    assert response["SourceLanguageCode"] == "ja"


def test_translate_text_over_ten_thousand_bytes_is_too_long(translate: Any) -> None:
    response = refused(translate, Text="é" * 5001)
    assert response["Error"]["Code"] == "TextSizeLimitExceededException"
    assert "10000 bytes" in response["Error"]["Message"]
    assert "10002 bytes" in response["Error"]["Message"]
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("request_part", "code"),
    [
        ({"Text": ""}, "ValidationException"),
        ({"Text": None}, "ValidationException"),
        ({"Text": 5}, "SerializationException"),
        ({"SourceLanguageCode": "e"}, "ValidationException"),
        ({"TargetLanguageCode": "english"}, "ValidationException"),
        ({"Settings": {"Formality": "CASUAL"}}, "ValidationException"),
        ({"Settings": "FORMAL"}, "SerializationException"),
        ({"TerminologyNames": ["terms"]}, "ResourceNotFoundException"),
    ],
)
def test_translate_text_with_a_wrong_request_is_refused(
    server: Serving, request_part: dict[str, Any], code: str
) -> None:
    request = {"Text": "hello", "SourceLanguageCode": "en", "TargetLanguageCode": "pt", **request_part}
    headers = {"x-amz-target": "AWSShineFrontendService_20170701.TranslateText"}
    status, answer = server.send("POST", "/", json.dumps(request).encode(), headers)
    assert (status, answer["__type"]) == (400, code)
    assert answer.get("message") or answer.get("Message")


def test_translate_text_with_known_settings_translates_and_claims_none_applied(translate: Any) -> None:
    answer = translate.translate_text(
        Text="Good morning", SourceLanguageCode="en", TargetLanguageCode="pt", Settings={"Formality": "FORMAL"}
    )
    assert "AppliedSettings" not in answer


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("AWSShineFrontendService_20170701.TranslateText", b"{", "SerializationException"),
        ("AWSShineFrontendService_20170701.TranslateText", b"[]", "SerializationException"),
        ("AWSShineFrontendService_20170701.TranslateText", b" " * 1_000_001, "RequestEntityTooLargeException"),
        ("AWSShineFrontendService_20170701.ImportTerminology", b"{}", "UnknownOperationException"),
        ("", b"{}", "UnknownOperationException"),
    ],
)
def test_aws_request_that_cannot_be_read_is_refused(server: Serving, target: str, body: bytes, code: str) -> None:
    status, answer = server.send("POST", "/", body, {"x-amz-target": target})
    assert (status, answer["__type"]) == (400, code)


def test_list_languages_pages_through_what_can_be_translated(translate: Any) -> None:
    everything = translate.list_languages()
    codes = [language["LanguageCode"] for language in everything["Languages"]]
    assert {"en", "pt", "pt-PT", "zh", "zh-TW"} <= set(codes)
    assert "ja" not in codes
    first = translate.list_languages(MaxResults=2)
    rest = translate.list_languages(MaxResults=500, NextToken=first["NextToken"])
    assert [language["LanguageCode"] for language in first["Languages"] + rest["Languages"]] == codes
    assert "NextToken" not in rest


@pytest.mark.parametrize(
    ("request_part", "code"),
    [
        ({"DisplayLanguageCode": "de"}, "UnsupportedDisplayLanguageCodeException"),
        ({"MaxResults": 501}, "InvalidParameterValueException"),
        ({"NextToken": "x"}, "InvalidParameterValueException"),
    ],
)
def test_list_languages_with_a_wrong_request_is_refused(
    translate: Any, request_part: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as raised:
        translate.list_languages(**request_part)
    assert raised.value.response["Error"]["Code"] == code


def test_translate_text_from_sixteen_threads_gives_each_its_own_answer(translate: Any) -> None:
    numbers = [f"#{number}" for number in range(1000, 1064)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: said(translate, f"My order {number} is late", "en", "pt"), numbers))
    assert all(number in answer for number, answer in zip(numbers, answers, strict=True))


def test_translations_log_names_engines_and_never_the_text(translate: Any, server: Serving) -> None:
    answer = translate.translate_text(Text="Where is the clinic?", SourceLanguageCode="en", TargetLanguageCode="pt")
    metadata = answer["ResponseMetadata"]
    assert metadata["HTTPHeaders"]["x-dragoman-engine-path"] == "en>pt bergamot"
    entries = server.control("GET", "/_ai/translations?limit=1000")["translations"]
    entry = next(entry for entry in entries if entry["requestId"] == metadata["RequestId"])
    assert [hop["engine"] for hop in entry["path"]] == ["bergamot"]
    assert entry["characters"] == 20
    assert "clinic" not in json.dumps(entries)


def test_health_tells_every_pair_with_its_path_and_quality(server: Serving) -> None:
    health = server.control("GET", "/_ai/health")
    assert health["ready"] is True
    assert {"en", "pt", "zh"} <= set(health["languages"])
    assert health["pairs"]["en>pt"]["direct"] is True
    assert health["pairs"]["zh>pt"]["direct"] is False
    assert all(0.5 <= pair["quality"] <= 1 for pair in health["pairs"].values())
