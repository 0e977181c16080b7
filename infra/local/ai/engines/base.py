"""What every engine offers, and the thread that a model lives on."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

Pair = tuple[str, str]
CALL_SECONDS: Final = 60.0


class EngineError(RuntimeError):
    """An engine could not do what it offers: a damaged file, a pipeline that died twice, a call that took too long."""


class Engine(Protocol):
    """A source of translations between pairs of languages, safe to call from any thread."""

    @property
    def name(self) -> str:
        """A short name for records, such as `bergamot`."""
        ...

    def pairs(self) -> Mapping[Pair, float]:
        """(source, target) to quality: the share of short messages that come out understandable, 0 to 1."""
        ...

    def translate(self, text: str, source: str, target: str) -> str:
        """Translate one line without line breaks.

        Raises EngineError when the model cannot be used and KeyError for a pair that is not in `pairs()`.
        """
        ...

    def close(self) -> None:
        """Let go of models, threads and processes."""
        ...


class ModelThread:
    """One model on one thread of its own: made there at the first call, used there, dropped there.

    fxtranslate's Translator refuses any other thread than the one that made it.
    """

    def __init__(self, name: str, load: Callable[[], Callable[[str], str]]) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._name = name
        self._load = load
        self._model: Callable[[str], str] | None = None

    def __call__(self, text: str) -> str:
        """Run the model on the text. Raises EngineError, also when there is no answer after CALL_SECONDS."""
        try:
            return self._pool.submit(self._run, text).result(CALL_SECONDS)
        except TimeoutError as slow:
            raise EngineError(f"{self._name}: no answer in {CALL_SECONDS:.0f} s") from slow

    def _run(self, text: str) -> str:
        if self._model is None:
            self._model = self._load()
        return self._model(text)

    def close(self) -> None:
        """Drop the model on its own thread, then end the thread."""
        self._pool.submit(self._drop)
        self._pool.shutdown(wait=True, cancel_futures=False)

    def _drop(self) -> None:
        self._model = None


class ThreadedEngine:
    """An engine whose every pair is a model on a thread of its own, all of one quality."""

    def __init__(self, threads: Mapping[Pair, ModelThread], quality: float) -> None:
        self._threads, self._quality = threads, quality

    def pairs(self) -> Mapping[Pair, float]:
        """The pairs whose files are there."""
        return dict.fromkeys(self._threads, self._quality)

    def translate(self, text: str, source: str, target: str) -> str:
        """Translate one line; its sentences one after the other."""
        return self._threads[source, target](text)

    def close(self) -> None:
        """Drop the models."""
        for thread in self._threads.values():
            thread.close()


def present(directory: Path, names: tuple[str, ...]) -> bool:
    """Whether every file is there."""
    return all((directory / name).is_file() for name in names)
