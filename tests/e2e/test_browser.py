"""Finding a browser, and what is said where there is none; nothing is installed here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e import browser


class Machine:
    """A machine with some programs: keeps what was run, and has a browser once apt-get installed it."""

    def __init__(self, *programs: str, root: bool = True, fails: str = "", snap: bool = False) -> None:
        self.programs, self.root, self.fails, self.snap = {*programs}, root, fails, snap
        self.ran: list[str] = []

    def which(self, name: str) -> str | None:
        return f"/usr/bin/{name}" if name in self.programs else None

    def run(self, command: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        line = " ".join(command)
        self.ran.append(line)
        failed = bool(self.fails) and self.fails in line
        if "install" in command and not failed:
            self.programs.add("chromium")
        if line.endswith("--version"):
            failed = self.snap
        return subprocess.CompletedProcess(list(command), 1 if failed else 0, "", "E: no such thing")


def on(machine: Machine, patch: pytest.MonkeyPatch) -> Machine:
    """Puts the machine in the place of this one."""
    patch.setattr(shutil, "which", machine.which)
    patch.setattr(subprocess, "run", machine.run)
    patch.setattr(os, "geteuid", lambda: 0 if machine.root else 1000)
    patch.setattr(browser, "ELSEWHERE", (Path("/nowhere/Chrome"),))
    return machine


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_browser_that_is_here_is_taken(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    machine = on(Machine(name, "apt-get"), monkeypatch)
    assert browser.executable({}) == f"/usr/bin/{name}"
    assert machine.ran == [f"/usr/bin/{name} --version"]


def test_browser_named_by_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    on(Machine("chromium", "mine"), monkeypatch)
    assert browser.executable({browser.VARIABLE: "mine"}) == "mine"
    with pytest.raises(browser.NoBrowser, match="DRAGOMAN_CHROMIUM=other is not a program"):
        browser.executable({browser.VARIABLE: "other"})


@pytest.mark.parametrize(("root", "prefix"), [(True, ""), (False, "/usr/bin/sudo -n ")])
def test_browser_is_installed_where_there_is_none(monkeypatch: pytest.MonkeyPatch, root: bool, prefix: str) -> None:
    machine = on(Machine("apt-get", "sudo", root=root), monkeypatch)
    assert browser.executable({}) == "/usr/bin/chromium"
    packages = " ".join(browser.PACKAGES)
    assert f"{prefix}apt-get update" in machine.ran
    assert f"{prefix}apt-get install --yes --no-install-recommends {packages}" in machine.ran


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (Machine(), "no Debian or Ubuntu"),
        (Machine("apt-get", root=False), "may not install"),
        (Machine("apt-get", "sudo", root=False, fails="sudo -n true"), "may not install"),
        (Machine("apt-get", fails="apt-get install"), "E: no such thing"),
        (Machine("apt-get", snap=True), "does not start"),
    ],
)
def test_missing_browser_fails_with_what_to_do(monkeypatch: pytest.MonkeyPatch, machine: Machine, reason: str) -> None:
    on(machine, monkeypatch)
    with pytest.raises(browser.NoBrowser, match=reason) as failure:
        browser.executable({})
    assert browser.VARIABLE in str(failure.value)
