"""What is in a picture: both models' findings made into one list of labels."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from infra.local.ai.vision import taxonomy
from infra.local.ai.vision.objects import Thing
from infra.local.ai.vision.subject import Shares
from infra.local.ai.vision.taxonomy import Kind, Meaning

# Measured on the photographs of docs/local-vision.md. A thing that the other model does not see as well has to be this
# certain: between 0.55 and 0.7 the detector found six clocks, three apples and four birds, none of them there.
ALONE: Final = 0.7
PERSON: Final = 0.55
# From here on the other model's share counts as seeing it as well.
SUPPORT: Final = 0.1
# A class, or a kind (the sum of its classes), is said from here on.
SUBJECT: Final = 0.5
# An animal that fills the picture, and that this model is so sure of, is not also an umbrella or a dog.
SURE: Final = 0.6
FILLS: Final = 0.3


@dataclass
class Label:
    """A label, its score from 0 to 1, and the things with boxes that bear it."""

    meaning: Meaning
    score: float
    things: list[Thing] = field(default_factory=list)

    def body(self) -> dict[str, Any]:
        """As Rekognition writes it."""
        alias = taxonomy.ALIASES.get(self.meaning.name)
        return {
            "Name": self.meaning.name,
            "Confidence": percent(self.score),
            "Instances": [_instance(thing) for thing in self.things],
            "Parents": [{"Name": parent} for parent in self.meaning.parents],
            "Aliases": [{"Name": alias}] if alias else [],
            "Categories": [{"Name": self.meaning.category}] if self.meaning.category else [],
        }


def percent(score: float) -> float:
    """A score from 0 to 1 in percent, as precise as a 32-bit number is."""
    return round(min(max(score, 0.0), 1.0) * 100, 4)


def merged(things: list[Thing], shares: Shares, classes: list[Meaning]) -> list[Label]:
    """Labels of both models and their ancestors, best first; `classes` are ImageNet's meanings by number."""
    kinds = {kind.meaning.name: _share(kind, shares) for kind in taxonomy.KINDS}
    labels: dict[str, Label] = {}
    for thing in _believed(things, kinds):
        label = _add(labels, taxonomy.COCO[thing.number - 1], thing.score)
        label.things.append(thing)
    for meaning, share in _subjects(shares, classes, kinds):
        _add(labels, meaning, share)
    for label in list(labels.values()):
        for depth, parent in enumerate(label.meaning.parents):
            _add(labels, Meaning(parent, label.meaning.parents[depth + 1 :], label.meaning.category), label.score)
    return sorted(labels.values(), key=lambda label: -label.score)


def _believed(things: list[Thing], kinds: dict[str, float]) -> Iterable[Thing]:
    animal = _sure_animal(kinds)
    for thing in things:
        name = taxonomy.COCO[thing.number - 1].name
        alone = PERSON if name == "Person" else ALONE
        supported = kinds.get(name, 0.0) >= SUPPORT
        contradicted = animal is not None and name not in ("Person", animal) and thing.box[2] * thing.box[3] >= FILLS
        if (thing.score >= alone or supported) and not contradicted:
            yield thing


def _sure_animal(kinds: dict[str, float]) -> str | None:
    """The narrowest kind of animal that the subject surely is."""
    animals = (kind for kind in taxonomy.KINDS if kind.meaning.category == taxonomy.ANIMALS)
    sure = [kind for kind in animals if kinds[kind.meaning.name] >= SURE]
    return min(sure, key=lambda kind: len(kind.classes)).meaning.name if sure else None


def _subjects(shares: Shares, classes: list[Meaning], kinds: dict[str, float]) -> Iterable[tuple[Meaning, float]]:
    for number in (shares >= SUBJECT).nonzero()[0]:
        yield classes[int(number)], float(shares[number])
    for kind in taxonomy.KINDS:
        if kinds[kind.meaning.name] >= SUBJECT:
            yield kind.meaning, kinds[kind.meaning.name]


def _share(kind: Kind, shares: Shares) -> float:
    return min(1.0, float(shares[sorted(kind.classes)].sum()))


def _add(labels: dict[str, Label], meaning: Meaning, score: float) -> Label:
    label = labels.setdefault(meaning.name, Label(meaning, score))
    label.score = max(label.score, score)
    return label


def _instance(thing: Thing) -> dict[str, Any]:
    left, top, width, height = (round(side, 6) for side in thing.box)
    return {
        "BoundingBox": {"Width": width, "Height": height, "Left": left, "Top": top},
        "Confidence": percent(thing.score),
    }
