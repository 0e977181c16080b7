"""The thread that a model for pictures lives on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Generic, TypeVar

from infra.local.ai.catalogue import ModelFile
from infra.local.ai.engines.base import EngineError

Given = TypeVar("Given")
Found = TypeVar("Found")

CALL_SECONDS: Final = 60.0


class Worker(Generic[Given, Found]):
    """One model on one thread, loaded there at the first call: OpenCV's networks bear one caller at a time."""

    def __init__(self, name: str, load: Callable[[], Callable[[Given], Found]]) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._name = name
        self._load = load
        self._model: Callable[[Given], Found] | None = None

    def __call__(self, given: Given) -> Found:
        """Run the model. Raises EngineError when its files are missing or damaged, or after CALL_SECONDS."""
        try:
            return self._pool.submit(self._run, given).result(CALL_SECONDS)
        except TimeoutError as slow:
            raise EngineError(f"{self._name}: no answer in {CALL_SECONDS:.0f} s") from slow

    def _run(self, given: Given) -> Found:
        if self._model is None:
            self._model = self._load()
        return self._model(given)

    def close(self) -> None:
        """Drop the model and end the thread."""
        self._pool.submit(self._drop)
        self._pool.shutdown(wait=True)

    def _drop(self) -> None:
        self._model = None


def present(models: Path, *files: ModelFile) -> bool:
    """Whether every file is there."""
    return all((models / file.path).is_file() for file in files)
