"""The parts that need no model: merging, taxonomy, boxes, reading order, ONNX notes."""

import numpy as np
import pytest

from infra.local.ai.vision import onnx, taxonomy
from infra.local.ai.vision.answers import contains
from infra.local.ai.vision.finder import input_size, ordered
from infra.local.ai.vision.labels import merged, percent
from infra.local.ai.vision.objects import Thing, apart, overlap
from infra.local.ai.vision.reader import Letter, Page, Reading, decode, read
from infra.local.ai.vision.taxonomy import COCO, KINDS, Meaning
from infra.local.ai.vision.writing import believable, lines

CLASSES = [Meaning(f"Class {number}") for number in range(1000)]
NUMBER = {meaning.name: number for number, meaning in enumerate(COCO, 1)}


def shares(**given: float) -> np.ndarray:
    values = np.zeros(1000, dtype=np.float32)
    for name, share in given.items():
        values[int(name[1:])] = share
    return values


def thing(name: str, score: float, size: float = 0.9) -> Thing:
    return Thing(NUMBER[name], score, (0.0, 0.0, size, size))


def names(things: list[Thing], values: np.ndarray) -> set[str]:
    return {label.meaning.name for label in merged(things, values, CLASSES)}


def test_coco_numbers_are_those_of_the_model() -> None:
    assert len(COCO) == 91
    assert [COCO[number - 1].name for number in (1, 17, 18, 44, 64, 77, 90)] == [
        "Person", "Cat", "Dog", "Bottle", "Potted Plant", "Mobile Phone", "Toothbrush",
    ]  # fmt: skip


def test_a_thing_seen_by_one_model_has_to_be_certain() -> None:
    assert names([thing("Clock", 0.69)], shares()) == set()
    assert names([thing("Clock", 0.69)], shares(c892=0.2)) == {"Clock"}
    assert names([thing("Clock", 0.71)], shares()) == {"Clock"}
    assert names([thing("Person", 0.56)], shares()) == {"Person"}


def test_an_animal_that_fills_the_picture_is_nothing_else() -> None:
    butterfly = shares(c321=0.4, c323=0.4)
    assert "Umbrella" not in names([thing("Umbrella", 0.8)], butterfly)
    assert "Umbrella" in names([thing("Umbrella", 0.8, size=0.3)], butterfly)
    assert {"Person", "Butterfly"} <= names([thing("Person", 0.8)], butterfly)


def test_breeds_add_up_to_a_dog() -> None:
    found = {label.meaning.name: label for label in merged([], shares(c151=0.3, c207=0.3), CLASSES)}
    assert found["Dog"].score == pytest.approx(0.6)
    assert {"Canine", "Pet", "Mammal", "Animal"} <= found.keys()
    assert found["Pet"].meaning.parents == ("Mammal", "Animal")


def test_a_label_seen_by_both_models_has_the_better_score_and_the_boxes() -> None:
    cat = next(label for label in merged([thing("Cat", 0.72)], shares(c281=0.84), CLASSES) if label.things)
    assert cat.body()["Confidence"] == 84.0
    assert cat.body()["Instances"][0]["Confidence"] == 72.0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.meaning.name)
def test_a_kind_has_classes_and_parents_that_are_not_itself(kind: taxonomy.Kind) -> None:
    assert kind.classes
    assert all(0 <= number < 1000 for number in kind.classes)
    assert kind.meaning.name not in kind.meaning.parents


def test_class_names_become_labels() -> None:
    given = [f"name {number}" for number in range(1000)]
    given[207], given[323], given[517] = "golden retriever", "monarch", "crane"
    meanings = taxonomy.imagenet(given)
    assert meanings[207] == Meaning(
        "Golden Retriever", ("Dog", "Canine", "Pet", "Mammal", "Animal"), "Animals and Pets"
    )
    assert meanings[323].name == "Monarch Butterfly"
    assert meanings[517] == Meaning("Construction Crane")


def test_the_second_box_around_a_thing_is_dropped() -> None:
    one, same, other = thing("Cat", 0.9), thing("Cat", 0.8, 0.85), thing("Dog", 0.7)
    assert apart([one, same, other]) == [one, other]
    assert overlap((0, 0, 1, 1), (0.5, 0, 0.5, 1)) == 0.5
    assert overlap((0, 0, 0.2, 0.2), (0.5, 0.5, 0.2, 0.2)) == 0.0


def test_percent_stays_in_its_range() -> None:
    assert (percent(1.2), percent(-0.1), percent(0.123456789)) == (100.0, 0.0, 12.3457)


@pytest.mark.parametrize(
    ("size", "expected"), [((640, 480), (640, 480)), ((100, 100), (480, 480)), ((10_000, 100), (960, 32))]
)
def test_the_detector_sees_multiples_of_32(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert input_size(*size) == expected


def test_corners_come_in_reading_order() -> None:
    quad = np.array([[90, 60], [10, 50], [12, 20], [92, 30]], dtype=np.float32)
    assert ordered(quad).tolist() == [[12, 20], [92, 30], [90, 60], [10, 50]]


def test_repeated_steps_are_one_letter_and_a_blank_parts_two() -> None:
    steps = np.eye(3, dtype=np.float32)[[1, 1, 0, 1, 2, 0]]
    assert "".join(letter.character for letter in decode(steps, ["", "l", "o"])) == "llo"


def test_reading_stops_after_enough_words() -> None:
    picture = np.zeros((200, 200, 3), dtype=np.uint8)
    quads = [box(0, row * 30) for row in range(5)]
    assert len(read(Page(picture, quads, 3), lambda _: reading("two words").letters)) == 2
    assert len(read(Page(picture, quads), lambda _: reading("two words").letters)) == 5


def reading(text: str, score: float = 1.0, quarters: int = 0) -> Reading:
    count = len(text)
    return Reading(tuple(Letter(char, score, (at + 0.5) / count) for at, char in enumerate(text)), quarters)


@pytest.mark.parametrize(
    ("text", "score", "expected"),
    [("STOP", 0.75, True), ("STOP", 0.6, False), ("C", 0.9, False), ("7", 0.98, True), ("...", 1.0, False)],
)
def test_a_reading_is_believed_when_it_is_certain(text: str, score: float, expected: bool) -> None:
    assert believable(reading(text, score)) is expected


def box(left: float, top: float, width: float = 100, height: float = 20) -> np.ndarray:
    corners = [[left, top], [left + width, top], [left + width, top + height], [left, top + height]]
    return np.array(corners, dtype=np.float32)


def test_lines_are_read_row_by_row() -> None:
    quads = [box(200, 12), box(0, 60), box(0, 10)]
    found = lines(quads, [reading("right"), reading("below"), reading("left")], 400, 100)
    assert [line.text for line in found] == ["left", "right", "below"]


def test_a_words_box_is_its_share_of_the_line() -> None:
    line = lines([box(0, 0)], [reading("ab cd")], 100, 20)[0]
    assert [word.text for word in line.words] == ["ab", "cd"]
    assert line.words[1].corners[:, 0].tolist() == pytest.approx([0.6, 1.0, 1.0, 0.6])


def test_a_line_that_was_turned_begins_at_another_corner() -> None:
    line = lines([box(0, 0)], [reading("down", quarters=2)], 100, 20)[0]
    assert line.corners[0].tolist() == [1.0, 1.0]


def test_a_point_lies_inside_a_polygon() -> None:
    triangle = np.array([[0, 0], [1, 0], [0, 1]], dtype=np.float64)
    assert contains(triangle, 0.2, 0.2)
    assert not contains(triangle, 0.8, 0.8)


def test_notes_are_read_out_of_a_model() -> None:
    entry = b"\x0a\x01k\x12\x05a\nb c"
    model = b"\x08\x07" + b"\x0d" + bytes(4) + b"\x11" + bytes(8) + b"\x72" + bytes([len(entry)]) + entry
    assert onnx.metadata(model) == {"k": "a\nb c"}


@pytest.mark.parametrize("model", [b"\x08", b"\x0f\x00"])
def test_what_is_no_model_has_no_notes(model: bytes) -> None:
    with pytest.raises(ValueError, match="no protobuf"):
        onnx.metadata(model)
