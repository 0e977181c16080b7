"""Apertium: rule-based translation by a pipeline of small programs, kept running and flushed by NUL bytes."""

import os
import re
import select
import shlex
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from infra.local.ai.engines.base import EngineError, Pair

ANSWER_SECONDS: Final = 20.0
# A running pipeline holds 50 to 700 MB, so one that nobody has used for this long is ended.
IDLE_SECONDS: Final = 600.0
_LOOK_SECONDS: Final = 30.0
SYSTEM_ROOT: Final = Path("/")
_DATA: Final = "usr/share/apertium"


@dataclass(frozen=True)
class Mode:
    """A translation direction: Apertium's name for it, the package that holds it, and its measured quality."""

    name: str
    package: str
    quality: float


# Share of 10 to 15 short messages that came out understandable, read by hand (docs/local-ai.md). Left out on purpose:
# eng-spa (5 of 15, "station" becomes "season"), fr-es (worse than fr-ca-es), and pairs that lead to no desk language.
MODES: Final = MappingProxyType(
    {
        ("es", "pt"): Mode("es-pt_BR", "apertium-es-pt", 0.9),
        ("pt", "es"): Mode("pt-es", "apertium-es-pt", 0.9),
        ("es", "ca"): Mode("spa-cat", "apertium-spa-cat", 0.9),
        ("ca", "es"): Mode("cat-spa", "apertium-spa-cat", 0.9),
        ("en", "ca"): Mode("eng-cat", "apertium-eng-cat", 0.73),
        ("ca", "en"): Mode("cat-eng", "apertium-eng-cat", 0.65),
        ("fr", "ca"): Mode("fra-cat", "apertium-fra-cat", 0.85),
        ("ca", "fr"): Mode("cat-fra", "apertium-fra-cat", 0.85),
        ("pt", "ca"): Mode("por-cat", "apertium-por-cat", 0.75),
        ("ca", "pt"): Mode("cat-por_BR", "apertium-por-cat", 0.85),
        ("it", "ca"): Mode("ita-cat", "apertium-cat-ita", 0.8),
        ("ca", "it"): Mode("cat-ita", "apertium-cat-ita", 0.85),
        ("it", "es"): Mode("ita-spa", "apertium-spa-ita", 0.85),
        ("es", "it"): Mode("spa-ita", "apertium-spa-ita", 0.85),
        ("ro", "es"): Mode("ro-es", "apertium-es-ro", 0.8),
    }
)

# Characters that mean something in Apertium's stream format.
_SPECIAL: Final = re.compile(r"([\[\]{}^$/\\@<>])")
_ESCAPED: Final = re.compile(r"\\(.)")
# Apertium needs a sentence end to flush its last words: a full stop it may keep, marked by an empty blank.
_END: Final = ".[]"
# Known faults of single words that turn the meaning over in the next hop:
# - "faz favor" is good Portuguese, but the Brazilian model behind it reads "does favor";
# - Catalan "embarassada" (pregnant) is left as it is in Portuguese, and read as "embarrassed";
# - Spanish "para" (for) becomes Italian for "may she give birth".
_REWORDED: Final[Mapping[Pair, tuple[tuple[re.Pattern[str], str], ...]]] = MappingProxyType(
    {
        ("es", "pt"): ((re.compile(r"\bfaz favor\b"), "por favor"), (re.compile(r"\bFaz favor\b"), "Por favor")),
        ("ca", "pt"): ((re.compile(r"\bembarassada\b"), "grávida"),),
        ("es", "it"): ((re.compile(r"\bpartorisca\b"), "per"),),
    }
)


class Apertium:
    """Directions whose mode files are found, either unpacked under `<models>/apertium/` or installed on the system."""

    name = "apertium"

    def __init__(self, models: Path, system: Path | None = SYSTEM_ROOT) -> None:
        roots = [models / "apertium", *([system] if system else [])]
        self._pipelines: dict[Pair, Pipeline] = {}
        for pair, mode in MODES.items():
            root = next((root for root in roots if mode_file(root, mode).is_file()), None)
            if root:
                self._pipelines[pair] = Pipeline(root, mode)
        self._closed = threading.Event()
        self._janitor = threading.Thread(target=self._retire_idle, name="apertium-idle", daemon=True)
        self._janitor.start()

    def _retire_idle(self) -> None:
        while not self._closed.wait(_LOOK_SECONDS):
            for pipeline in self._pipelines.values():
                pipeline.retire(IDLE_SECONDS)

    def pairs(self) -> Mapping[Pair, float]:
        """The directions that can be run here."""
        return {pair: MODES[pair].quality for pair in self._pipelines}

    def translate(self, text: str, source: str, target: str) -> str:
        """Translate one line."""
        translated = self._pipelines[source, target](text)
        for pattern, replacement in _REWORDED.get((source, target), ()):
            translated = pattern.sub(replacement, translated)
        return translated

    def close(self) -> None:
        """End all pipelines."""
        self._closed.set()
        self._janitor.join()
        for pipeline in self._pipelines.values():
            pipeline.close()


def mode_file(root: Path, mode: Mode) -> Path:
    """Where a mode's command line is kept under a root."""
    return root / _DATA / "modes" / f"{mode.name}.mode"


def stages(root: Path, mode: Mode) -> list[list[str]]:
    """A mode's command lines with paths under `root`, null flush on every stage, unknown words unmarked."""
    line = mode_file(root, mode).read_text("utf-8").strip()
    line = line.replace(f"/{_DATA}", str(root / _DATA)).replace("$1", "-n").replace("$2", "")
    parts = [shlex.split(stage) for stage in line.split("|")]
    return [[part[0], "-z", *part[1:]] for part in parts]


def environment(root: Path) -> dict[str, str]:
    """The environment that finds programs and libraries unpacked under a root."""
    variables = {**os.environ, "LC_ALL": "C.UTF-8"}
    if root != SYSTEM_ROOT:
        libraries = sorted(str(path) for path in (root / "usr/lib").glob("*-linux-gnu*"))
        variables["PATH"] = f"{root / 'usr/bin'}:{variables.get('PATH', '')}"
        variables["LD_LIBRARY_PATH"] = ":".join([*libraries, variables.get("LD_LIBRARY_PATH", "")]).rstrip(":")
    return variables


class Pipeline:
    """One direction's programs, started at the first call and kept running; one caller at a time."""

    def __init__(self, root: Path, mode: Mode) -> None:
        self._root = root
        self._mode = mode
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._used = 0.0

    def __call__(self, text: str) -> str:
        """Translate a line. A pipeline that died or hangs is started again once, then EngineError."""
        body = escape(text)
        with self._lock:
            self._used = time.monotonic()
            try:
                return unescape(self._ask(body))
            except (OSError, EOFError, TimeoutError):
                self._stop()
            try:
                return unescape(self._ask(body))
            except (OSError, EOFError, TimeoutError) as again:
                self._stop()
                raise EngineError(f"apertium {self._mode.name}: {again or type(again).__name__}") from again

    def retire(self, idle: float) -> None:
        """End the programs if the last call was more than `idle` seconds ago; the next call starts them again."""
        with self._lock:
            if self._processes and time.monotonic() - self._used > idle:
                self._stop()

    def close(self) -> None:
        """End the programs."""
        with self._lock:
            self._stop()

    def _ask(self, body: str) -> str:
        if self._broken():
            self._stop()
        if not self._processes:
            self._start()
        stdin = self._processes[0].stdin
        stdout = self._processes[-1].stdout
        if stdin is None or stdout is None:
            raise EOFError("no pipe")
        stdin.write(body.encode() + b"\0")
        stdin.flush()
        answer = _read_to_nul(stdout.fileno()).decode("utf-8", "replace")
        # A program in the middle that died lets those after it end their work in good order, with nothing to say.
        if not unescape(answer) or self._broken():
            raise EOFError("a program ended")
        return answer

    def _broken(self) -> bool:
        return any(process.poll() is not None for process in self._processes)

    def _start(self) -> None:
        variables = environment(self._root)
        previous: int = subprocess.PIPE
        for command in stages(self._root, self._mode):
            process = subprocess.Popen(
                command, stdin=previous, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=variables
            )
            if previous != subprocess.PIPE:
                os.close(previous)
            self._processes.append(process)
            previous = os.dup(process.stdout.fileno()) if process.stdout else subprocess.PIPE
        os.close(previous)
        # Only the last output is read here; the others belong to the next stage, which must see their end.
        for process in self._processes[:-1]:
            if process.stdout:
                process.stdout.close()

    def _stop(self) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
            for stream in (process.stdin, process.stdout):
                _close_quietly(stream)
        self._processes = []


def _close_quietly(stream: object) -> None:
    try:
        stream.close()  # type: ignore[attr-defined]
    except (AttributeError, BrokenPipeError):
        return


def _read_to_nul(descriptor: int) -> bytes:
    answer = b""
    deadline = time.monotonic() + ANSWER_SECONDS
    while not answer.endswith(b"\0"):
        if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError(f"no answer in {ANSWER_SECONDS:.0f} s")
        chunk = os.read(descriptor, 65_536)
        if not chunk:
            raise EOFError("ended")
        answer += chunk
    return answer[:-1]


def escape(text: str) -> str:
    """A line in Apertium's stream format with the end mark; the text may not hold NUL."""
    return _SPECIAL.sub(r"\\\1", text) + _END


def unescape(stream: str) -> str:
    """The plain text of a stream, without the end mark that `escape` put there."""
    return _ESCAPED.sub(r"\1", stream.removesuffix("[]").removesuffix("."))
