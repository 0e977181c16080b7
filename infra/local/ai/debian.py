"""Apertium from Debian's packages, unpacked into the model directory: no root, nothing installed.

apt works on lists and caches of its own under the model directory, so the system's are neither needed nor changed.
What it fetches is checked by apt against Debian's signed index; the hash of each file kept is noted in the manifest.
"""

import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from infra.local.ai.catalogue import digest
from infra.local.ai.engines.apertium import MODES, SYSTEM_ROOT, Mode, Pipeline, mode_file, stages
from infra.local.ai.engines.base import EngineError
from infra.local.ai.languages import name
from infra.local.ai.manifest import Manifest, Outcome, SetUpError, say, temporary_in

_PART: Final = "apertium"
_APT_SECONDS: Final = 300
PACKAGES: Final = tuple(sorted({mode.package for mode in MODES.values()}))
# Of everything Apertium's packages depend on, what its pipelines run; the rest serves those who write dictionaries.
_NEEDED: Final = re.compile(r"apertium[\w.+-]*|lttoolbox|cg3|lib(apertium|lttoolbox|cg3-|irstlm)[\w.-]*(?<!-dev)")
# Libraries that most systems have; taken only where dpkg does not know them.
_COMMON: Final = re.compile(r"libxml2(-\d+)?|libicu\d+|liblzma5|zlib1g")
_NAME_ONLY: Final = re.compile(r"^[a-z0-9][\w.+-]*$")
_PROBE: Final = "hola"


def set_up(models: Path, manifest: Manifest, asked: float) -> None:
    """Unpack Apertium unless it is there, installed on the system, or was refused after `asked` (a time)."""
    before = manifest.part(_PART)
    noted = manifest.paths("apertium/")
    if noted and before and before.state == "ready" and all(manifest.holds(path) for path in noted):
        return
    if shutil.which("lt-proc") and all(mode_file(SYSTEM_ROOT, mode).is_file() for mode in MODES.values()):
        return
    if before and before.state == "refused" and before.at > asked:
        return
    try:
        _unpack(models, manifest)
    except (OSError, SetUpError, subprocess.SubprocessError) as refused:
        manifest.note(_PART, Outcome("refused", str(refused), time.time()))
        say(f"models: no Apertium ({refused}): no translation of {', '.join(lost())}")


def lost() -> list[str]:
    """The names of the languages that only Apertium brings."""
    return sorted(name(code) for code in {code for pair in MODES for code in pair} - {"en", "pt"})


def _unpack(models: Path, manifest: Manifest) -> None:
    start = time.monotonic()
    work = models / ".apertium"
    shutil.rmtree(work, ignore_errors=True)
    try:
        say("models: fetching Apertium from Debian's packages (about 40 MB)")
        _fetch(work)
        _keep(work / "root", work / "kept")
        _try_out(work / "kept")
        # Only now, so that a run that is stopped leaves either what was there before or all of it.
        shutil.rmtree(models / "apertium", ignore_errors=True)
        (work / "kept").rename(models / "apertium")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    manifest.forget("apertium/")
    files = sorted(path for path in (models / "apertium").rglob("*") if path.is_file() and not path.is_symlink())
    for file in files:
        manifest.add(str(file.relative_to(models)), digest(file))
    manifest.note(_PART, Outcome("ready", ", ".join(PACKAGES), time.time()))
    size = sum(file.stat().st_size for file in files)
    say(f"models: Apertium ready: {len(MODES)} directions, {size / 1e6:.0f} MB, {time.monotonic() - start:.1f} s")


def _fetch(work: Path) -> None:
    for folder in ("state/lists/partial", "cache/archives/partial", "debs", "root"):
        (work / folder).mkdir(parents=True)
    _apt(work, "apt-get", "update")
    packages = _closure(work)
    _apt(work, "apt-get", "download", *packages)
    for package in sorted((work / "debs").glob("*.deb")):
        _run(["dpkg", "-x", str(package), str(work / "root")], work)


def _closure(work: Path) -> list[str]:
    """The packages to take: those of the pairs, and what of their dependencies the pipelines need."""
    leave_out = [f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")]
    listed = _apt(work, "apt-cache", "depends", "--recurse", *leave_out, *PACKAGES).splitlines()
    names = [line for line in listed if _NAME_ONLY.match(line)]
    needed = [line for line in names if _NEEDED.fullmatch(line)]
    return needed + [line for line in names if _COMMON.fullmatch(line) and not _installed(line)]


def _installed(package: str) -> bool:
    command = ["dpkg-query", "--show", "--showformat=${Status}", package]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_APT_SECONDS)
    return done.returncode == 0 and "ok installed" in done.stdout


def _apt(work: Path, program: str, *arguments: str) -> str:
    options = {
        "Dir::State": work / "state",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": "2",
        "Acquire::http::Timeout": "15",
        "Acquire::https::Timeout": "15",
    }
    given = [f"--option={key}={value}" for key, value in options.items()]
    return _run([program, "-qq", *given, *arguments], work / "debs")


def _run(command: list[str], cwd: Path) -> str:
    """The command's output. Raises SetUpError with its last complaint, or if there is no such program."""
    if shutil.which(command[0]) is None:
        raise SetUpError(f"there is no {command[0]} here")
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=_APT_SECONDS, check=False, env=temporary_in(cwd)
    )
    if done.returncode != 0:
        complaint = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise SetUpError(f"{command[0]}: {complaint}")
    return done.stdout


def _keep(unpacked: Path, destination: Path) -> None:
    """Copy what the pipelines read and run, and the licences; the rest serves other directions."""
    for mode in MODES.values():
        for path in _files_of(unpacked, mode):
            _copy(unpacked, path, destination)
    for path in sorted((unpacked / "usr/lib").rglob("*.so*")):
        _copy(unpacked, path, destination)
    for path in sorted((unpacked / "usr/share/doc").glob("*/copyright")):
        _copy(unpacked, path, destination)


def _files_of(root: Path, mode: Mode) -> list[Path]:
    file = mode_file(root, mode)
    if not file.is_file():
        raise SetUpError(f"the package {mode.package} has no mode {mode.name}")
    words = [word for stage in stages(root, mode) for word in stage]
    programs = [root / "usr/bin" / stage[0] for stage in stages(root, mode)]
    return [file, *programs, *(Path(word) for word in words if word.startswith(str(root)))]


def _copy(root: Path, path: Path, destination: Path) -> None:
    target = destination / path.relative_to(root)
    if target.exists() or target.is_symlink():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, target, follow_symlinks=False)


def _try_out(root: Path) -> None:
    """Run one word through a pipeline, so that a missing library is found now and not with the first message."""
    pipeline = Pipeline(root, MODES["es", "pt"])
    try:
        pipeline(_PROBE)
    except EngineError as failed:
        raise SetUpError(f"its programs do not run here: {failed}") from failed
    finally:
        pipeline.close()
