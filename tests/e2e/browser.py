"""A Chromium for the tests: the one that is here, or the one that Debian has. Without any they fail and say why."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

VARIABLE: Final = "DRAGOMAN_CHROMIUM"
NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ELSEWHERE: Final = (Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),)
PACKAGES: Final = ("chromium", "fonts-noto-core", "fonts-wqy-zenhei")
"""The browser, and fonts for nearly every script: the screenshots are looked at."""
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
)
INSTALL_SECONDS: Final = 900


class NoBrowser(Exception):
    """There is no browser and none can be installed; the text says what to do."""


def executable(environment: Mapping[str, str] = os.environ) -> str:
    """The path of a Chromium that runs, installed first where there is none.

    Raises:
        NoBrowser: none is here, and apt-get cannot or may not install one.
    """
    found = named(environment) or found_here()
    if found is None:
        install()
        found = found_here()
    if found is None or not runs(found):
        raise NoBrowser(advice(f"{found} does not start." if found else "apt-get installed it, and it is not there."))
    return found


def named(environment: Mapping[str, str]) -> str | None:
    """The browser that the environment names."""
    path = environment.get(VARIABLE, "")
    if path and not shutil.which(path):
        raise NoBrowser(advice(f"{VARIABLE}={path} is not a program."))
    return path or None


def found_here() -> str | None:
    """A browser on the path, or where macOS keeps it."""
    elsewhere = (str(path) for path in ELSEWHERE if path.exists())
    return next((path for name in NAMES if (path := shutil.which(name))), None) or next(elsewhere, None)


def runs(path: str) -> bool:
    """Whether it tells its version: a package that only points to a snap does not."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install() -> None:
    """Installs Debian's browser and fonts. Raises NoBrowser when that is impossible."""
    if not shutil.which("apt-get"):
        raise NoBrowser(advice("This is no Debian or Ubuntu, so that none can be installed from here."))
    as_root = privileges()
    print(f"The browser tests need a Chromium: installing {', '.join(PACKAGES)} with apt-get", flush=True)
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install_command = [*as_root, "apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES]
    for command in ([*as_root, "apt-get", "update"], install_command):
        done = subprocess.run(
            command, env=quietly, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    if done.returncode != 0:
        raise NoBrowser(advice(f"`{' '.join(install_command)}` failed:\n{done.stderr.strip()[-1000:]}"))


def privileges() -> Sequence[str]:
    """What to put before a command that root must run. Raises NoBrowser for those who may not become root."""
    if os.geteuid() == 0:
        return ()
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, timeout=60, check=False).returncode == 0:
        return (sudo, "-n")
    raise NoBrowser(advice("This user may not install packages (not root, and no sudo without a password)."))


def advice(problem: str) -> str:
    """A problem, and what to do about it."""
    return (
        f"The browser tests need a Chromium. {problem}\n"
        f"Install one (on Debian: apt-get install {' '.join(PACKAGES)}; elsewhere Chromium or Google Chrome), "
        f"or name its program in {VARIABLE}."
    )
