"""The three operations of Rekognition over the models, and the queue before them."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

from infra.local.ai.engines.base import EngineError
from infra.local.ai.vision import catalogue, finder, labels, nudity, objects, reader, subject, taxonomy
from infra.local.ai.vision.answers import detections
from infra.local.ai.vision.errors import RekognitionError, throttled
from infra.local.ai.vision.finder import Quad
from infra.local.ai.vision.picture import Pixels, decode
from infra.local.ai.vision.reader import Page, Reading
from infra.local.ai.vision.requests import WordFilters, label_filters, moderation_confidence, word_filters
from infra.local.ai.vision.source import Store, content
from infra.local.ai.vision.subject import Shares
from infra.local.ai.vision.taxonomy import Meaning
from infra.local.ai.vision.worker import Worker, present
from infra.local.ai.vision.writing import MOST_WORDS, lines

LOG = logging.getLogger(__name__)

PREFIX: Final = "RekognitionService."
LABEL_MODEL: Final = "local-ssd-mobilenet-v3-coco-2020.01+efficientnet-lite0-int8"
TEXT_MODEL: Final = "local-pp-ocrv6-small"
MODERATION_MODEL: Final = "local-open-nsfw"
# Two pictures are decoded at once at most: one of 10,000 by 10,000 pixels as a PNG takes 400 MB while it is.
_WORKERS: Final = 2
WAITING: Final = 32
_LOOKED_AT: Final = 1024
_READ: Final = 2560
_MODERATED: Final = 512
# More than the 100 that are answered, since doubtful lines are dropped; a filter may want any word of the picture.
_MOST_WORDS_READ: Final = MOST_WORDS * 3 // 2

Answer = dict[str, Any]


class Vision:
    """Rekognition over a model directory and a store of objects. Every operation raises AwsError as AWS would."""

    def __init__(self, models: Path, store: Store, *, waiting: int = WAITING) -> None:
        self._models = models
        self._store = store
        self._objects: Worker[Pixels, list[objects.Thing]] = Worker("objects", partial(objects.load, models))
        self._subject: Worker[Pixels, tuple[Shares, list[Meaning]]] = Worker("subject", partial(_subject, models))
        self._finder: Worker[Pixels, list[Quad]] = Worker("finder", partial(finder.load, models))
        self._reader: Worker[Page, list[Reading]] = Worker("reader", partial(reader.load, models))
        self._nudity: Worker[Pixels, float] = Worker("nudity", partial(nudity.load, models))
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="vision")
        self._waiting = waiting
        self._busy = 0
        self.operations: Mapping[str, Callable[[Mapping[str, Any]], Answer]] = {
            f"{PREFIX}DetectLabels": self.detect_labels,
            f"{PREFIX}DetectText": self.detect_text,
            f"{PREFIX}DetectModerationLabels": self.detect_moderation_labels,
        }

    async def answer(self, target: str, request: Mapping[str, Any]) -> Answer:
        """Run an operation when its turn comes. Raises ThrottlingException when too many wait already."""
        if self._busy >= self._waiting:
            raise throttled()
        self._busy += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._timed, target, request)
        finally:
            self._busy -= 1

    def _timed(self, target: str, request: Mapping[str, Any]) -> Answer:
        start = time.monotonic()
        try:
            return self.operations[target](request)
        except (EngineError, OSError) as failed:
            raise RekognitionError("InternalServerError", f"The local model failed: {failed}") from failed
        finally:
            LOG.info("%s took %.0f ms", target.removeprefix(PREFIX), (time.monotonic() - start) * 1000)

    def detect_labels(self, request: Mapping[str, Any]) -> Answer:
        """DetectLabels: Image, MinConfidence, MaxLabels, Features, Settings."""
        filters = label_filters(request)
        picture = self._picture(request, _LOOKED_AT)
        things = self._objects(picture)
        shares, classes = self._subject(picture)
        bodies = (label.body() for label in labels.merged(things, shares, classes))
        wanted = [body for body in bodies if filters.let_through(body["Name"], _category(body), body["Confidence"])]
        return {"Labels": wanted[: filters.most], "LabelModelVersion": LABEL_MODEL}

    def detect_text(self, request: Mapping[str, Any]) -> Answer:
        """DetectText: Image, Filters."""
        filters = word_filters(request)
        picture = self._picture(request, _READ)
        quads = self._finder(picture)
        most = _MOST_WORDS_READ if filters == WordFilters() else None
        readings = self._reader(Page(picture, quads, most))
        height, width = picture.shape[:2]
        found = lines(quads, readings, width, height)
        return {"TextDetections": detections(found, filters), "TextModelVersion": TEXT_MODEL}

    def detect_moderation_labels(self, request: Mapping[str, Any]) -> Answer:
        """DetectModerationLabels: Image, MinConfidence. The model has one score, for what AWS calls Explicit."""
        least = moderation_confidence(request)
        confidence = labels.percent(self._nudity(self._picture(request, _MODERATED)))
        explicit = {"Confidence": confidence, "Name": "Explicit", "ParentName": "", "TaxonomyLevel": 1}
        return {
            "ModerationLabels": [explicit] if confidence >= least else [],
            "ModerationModelVersion": MODERATION_MODEL,
            "ContentTypes": [],
        }

    def health(self) -> dict[str, bool]:
        """Which operations have their models."""
        return {
            "DetectLabels": present(self._models, catalogue.SSD_GRAPH, catalogue.SSD_LAYOUT, catalogue.EFFICIENTNET),
            "DetectText": present(self._models, catalogue.OCR_FINDER, catalogue.OCR_READER),
            "DetectModerationLabels": present(self._models, catalogue.OPEN_NSFW),
        }

    def close(self) -> None:
        """Finish what is in work and drop the models."""
        self._pool.shutdown(wait=True)
        for worker in (self._objects, self._subject, self._finder, self._reader, self._nudity):
            worker.close()

    def _picture(self, request: Mapping[str, Any], longest: int) -> Pixels:
        return decode(content(request.get("Image"), self._store), longest)


def _subject(models: Path) -> Callable[[Pixels], tuple[Shares, list[Meaning]]]:
    classify, classes = subject.load(models), taxonomy.imagenet(subject.names(models))
    return lambda picture: (classify(picture), classes)


def _category(body: Answer) -> str:
    return next((category["Name"] for category in body["Categories"]), "")
