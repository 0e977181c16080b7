"""From Rekognition's answers to what a record holds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrange_image.errors import InvalidFindings
from arrange_image.handler import handler
from arrange_image.logic import arrange, joined
from tests.unit.functions.pictures import bounding, detection, failed, label, looks, moderation_label, thumbnails
from tests.unit.functions.samples import context


def text_of(*lines: dict[str, Any]) -> str:
    return arrange(looks(text={"status": "done", "lines": list(lines)}))["text"]


def test_arrange_whole() -> None:
    assert arrange(looks()) == {
        "text": "Straße\ngesperrt",
        "textLength": 15,
        "textCut": False,
        "labels": [
            {
                "name": "Sign",
                "confidence": 98.8,
                "boxes": [{"left": 0.1, "top": 0.05, "width": 0.5, "height": 0.3}],
            },
            {"name": "Road", "confidence": 91.2, "boxes": []},
        ],
        "lines": [
            {"text": "Straße", "confidence": 98.0, "polygon": [[0.2, 0.2], [0.5, 0.2], [0.5, 0.25], [0.2, 0.25]]},
            {"text": "gesperrt", "confidence": 99.5, "polygon": [[0.2, 0.3], [0.5, 0.3], [0.5, 0.35], [0.2, 0.35]]},
        ],
        "moderation": {"flagged": False, "labels": []},
        "thumbnails": thumbnails(),
        "failures": [],
    }


@pytest.mark.parametrize("step", ["labels", "text", "moderation", "thumbnails"])
def test_arrange_failed_branch_is_recorded_and_the_others_stand(step: str) -> None:
    arranged = arrange(looks(**{step: failed("Rekognition.ThrottlingException")}))
    assert arranged["failures"] == [{"step": step, "error": "Rekognition.ThrottlingException"}]
    assert bool(arranged["labels"]) == (step != "labels")
    assert bool(arranged["text"]) == bool(arranged["textLength"]) == (step != "text")
    assert bool(arranged["thumbnails"]) == (step != "thumbnails")


def test_arrange_unchecked_picture_is_flagged() -> None:
    moderation = arrange(looks(moderation=failed("States.Timeout")))["moderation"]
    assert moderation == {"flagged": True, "labels": [], "reason": "The picture could not be checked"}


def test_arrange_all_failed() -> None:
    arranged = arrange({step: failed("States.Timeout") for step in looks()})
    assert [failure["step"] for failure in arranged["failures"]] == ["labels", "text", "moderation", "thumbnails"]


def test_arrange_moderation_labels_flag() -> None:
    found = [moderation_label("Explicit Nudity", "", 88.88), moderation_label("Nudity", "Explicit Nudity", 91.0)]
    assert arrange(looks(moderation={"status": "done", "labels": found}))["moderation"] == {
        "flagged": True,
        "labels": [
            {"name": "Nudity", "parent": "Explicit Nudity", "confidence": 91.0},
            {"name": "Explicit Nudity", "parent": "", "confidence": 88.9},
        ],
    }


def test_arrange_reading_order_is_by_rows() -> None:
    scattered = [
        detection("d", 0.6, 0.51),
        detection("e", 0.1, 0.9),
        detection("b", 0.5, 0.115),
        detection("a", 0.1, 0.1),
        detection("c", 0.1, 0.5),
    ]
    assert text_of(*scattered) == "a\nb\nc\nd\ne"


def test_arrange_right_to_left_rows_begin_on_the_right() -> None:
    assert text_of(detection("مغلق", 0.1, 0.1), detection("الطريق", 0.6, 0.1)) == "الطريق\nمغلق"


@pytest.mark.parametrize(("confidence", "kept"), [(79.99, ""), (80, "word"), (100, "word")])
def test_arrange_unsure_lines_are_dropped(confidence: float, kept: str) -> None:
    arranged = arrange(looks(text={"status": "done", "lines": [detection("word", 0.1, 0.1, confidence)]}))
    assert arranged["text"] == kept
    assert len(arranged["lines"]) == len(kept) // 4


def test_arrange_blank_lines_are_dropped() -> None:
    assert text_of(detection(" ", 0.1, 0.1), detection(" a ", 0.1, 0.2)) == "a"


def test_arrange_bounds() -> None:
    arranged = arrange(
        looks(
            labels={
                "status": "done",
                "labels": [label("x" * 300, 50.0, *[bounding(0, 0, 1, 1)] * 50) for _ in range(60)],
            },
            text={"status": "done", "lines": [detection("y" * 900, 0, index / 400) for index in range(200)]},
            moderation={"status": "done", "labels": [moderation_label("z" * 300, "z" * 300, 60.0)] * 60},
            thumbnails=failed("E" * 900),
        )
    )
    assert len(arranged["labels"]) == len(arranged["moderation"]["labels"]) == 25
    assert len(arranged["lines"]) == 8
    assert len(arranged["labels"][0]["boxes"]) == 10
    assert arranged["textCut"]
    assert len(json.dumps(arranged)) < 200_000


def test_arrange_a_hundred_lines() -> None:
    lines = [detection(f"line {index}", 0, index / 400) for index in range(200)]
    assert len(arrange(looks(text={"status": "done", "lines": lines}))["lines"]) == 100


@pytest.mark.parametrize(
    ("lines", "text", "cut"),
    [
        ([], "", False),
        (["a" * 2000], "a" * 2000, False),
        (["a" * 2001], "a" * 2000, True),
        (["a" * 1000, "b" * 999], "a" * 1000 + "\n" + "b" * 999, False),
        (["a" * 1000, "b" * 1000], "a" * 1000, True),
        (["a" * 999, "b" * 1000, "c"], "a" * 999 + "\n" + "b" * 1000, True),
    ],
)
def test_joined_keeps_whole_lines(lines: list[str], text: str, cut: bool) -> None:
    assert joined(lines) == (text, cut)


def test_arrange_boxes_over_the_edge_end_there() -> None:
    found = {"status": "done", "labels": [label("Cat", 100.0001, bounding(-0.1, 0.5, 0.3, 0.7))]}
    (cat,) = arrange(looks(labels=found))["labels"]
    assert (cat["confidence"], cat["boxes"]) == (100, [{"left": 0, "top": 0.5, "width": 0.2, "height": 0.5}])


def test_arrange_line_without_a_polygon_of_four() -> None:
    line = detection("word", 0.1, 0.2)
    line["Geometry"]["Polygon"] = line["Geometry"]["Polygon"][:3]
    (arranged,) = arrange(looks(text={"status": "done", "lines": [line]}))["lines"]
    assert arranged["polygon"] == [[0.1, 0.2], [0.4, 0.2], [0.4, 0.25], [0.1, 0.25]]


@pytest.mark.parametrize(
    "event",
    [
        {},
        looks(labels=None),
        looks(labels={}),
        looks(labels={"status": "done"}),
        looks(labels={"status": "done", "labels": ["secret words"]}),
        looks(text={"status": "done", "lines": [{"DetectedText": "secret words"}]}),
        looks(text={"status": "failed"}),
        looks(moderation={"status": "done", "labels": [{"Name": "secret words", "Confidence": "x"}]}),
    ],
)
def test_arrange_other_shapes_are_refused_without_quoting_them(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidFindings) as caught:
        arrange(event)
    assert "secret" not in str(caught.value)


@given(st.lists(st.tuples(st.text(max_size=30), st.floats(0, 1), st.floats(0, 1), st.floats(0, 100)), max_size=130))
def test_arrange_any_lines(found: list[tuple[str, float, float, float]]) -> None:
    arranged = arrange(looks(text={"status": "done", "lines": [detection(*line) for line in found]}))
    assert arranged["textLength"] == len(arranged["text"]) <= 2000
    assert all(0 <= value <= 1 for line in arranged["lines"] for point in line["polygon"] for value in point)


def test_arrange_image_handler_logs_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert handler(looks(), context())["textLength"] == 15
    assert "gesperrt" not in capsys.readouterr().out
