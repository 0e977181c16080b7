"""Building, configuring and publishing the console, with a stand-in for Node and for AWS."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra import site as sites
from infra.site import FOREVER, FRESH, Site, SiteError

OUTPUTS = {
    "Stage": "prod",
    "Region": "eu-west-1",
    "DeskSocketUrl": "wss://abc.execute-api.eu-west-1.amazonaws.com/prod",
    "UserPoolId": "eu-west-1_AbCdEfGhI",
    "UserPoolClientId": "client",
    "DeskLanguages": "en, es,pt",
    "ConsoleBucketName": "console-bucket",
    "ConsoleDistributionId": "E123",
}
CONSOLE = Path(__file__).resolve().parents[3] / "console"

# Does what Node would be asked to do: an install makes node_modules, a build makes a site; each leaves a line in calls.
NODE = """#!/bin/sh
echo "$1 $2" >> "$CALLS"
[ -n "$FAIL" ] && { echo "it broke" >&2; exit 1; }
case "$1" in
  *npm-cli.js) mkdir -p node_modules ;;
  *vite.js) mkdir -p "$4/assets"; cp index.html "$4/index.html"; echo "x" > "$4/assets/a-1.js" ;;
  --test) echo "1 passed" ;;
esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home, log = tmp_path / "wheel", tmp_path / "calls"
    (home / "bin").mkdir(parents=True)
    (home / "bin/node").write_text(NODE)
    (home / "bin/node").chmod(0o755)
    log.touch()
    monkeypatch.setattr(sites, "_node_home", lambda: home)
    monkeypatch.setenv("CALLS", str(log))
    return log


@pytest.fixture
def site(tmp_path: Path, calls: Path) -> Site:
    console = tmp_path / "console"
    for folder in ("src", "public", "tests"):
        (console / folder).mkdir(parents=True)
    for name in sites.SOURCES:
        (console / name).write_text(name)
    (console / "src/main.tsx").write_text("one")
    (console / "tests/one.test.ts").write_text("")
    return Site(console=console, output=tmp_path / "build/console")


def ran(calls: Path) -> list[str]:
    return [Path(line.split()[0]).name for line in calls.read_text().splitlines()]


def test_build_the_first_time_installs_and_builds(site: Site, calls: Path) -> None:
    assert sites.build(site)
    assert ran(calls) == ["npm-cli.js", "vite.js"]
    assert (site.output / "assets/a-1.js").is_file()


def test_build_of_unchanged_sources_does_nothing(site: Site, calls: Path) -> None:
    sites.build(site)
    calls.write_text("")
    assert not sites.build(site)
    assert ran(calls) == []


def test_build_of_changed_sources_builds_without_installing(site: Site, calls: Path) -> None:
    sites.build(site)
    calls.write_text("")
    (site.console / "src/main.tsx").write_text("two")
    assert sites.build(site)
    assert ran(calls) == ["vite.js"]


def test_build_with_a_changed_lock_installs_again(site: Site, calls: Path) -> None:
    sites.build(site)
    calls.write_text("")
    (site.console / "package-lock.json").write_text("newer")
    assert sites.build(site)
    assert ran(calls) == ["npm-cli.js", "vite.js"]


def test_build_without_its_output_builds_again(site: Site, calls: Path) -> None:
    sites.build(site)
    (site.output / "index.html").unlink()
    assert sites.build(site)


def test_build_that_fails_keeps_what_was_built(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    sites.build(site)
    (site.console / "src/main.tsx").write_text("broken")
    monkeypatch.setenv("FAIL", "1")
    with pytest.raises(SiteError, match=r"(?s)Vite could not build the console.*it broke"):
        sites.build(site)
    assert (site.output / "index.html").is_file()
    monkeypatch.delenv("FAIL")
    assert sites.build(site)


def test_install_that_fails_is_tried_again(site: Site, calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "1")
    with pytest.raises(SiteError, match="npm could not install"):
        sites.build(site)
    monkeypatch.delenv("FAIL")
    calls.write_text("")
    sites.build(site)
    assert ran(calls) == ["npm-cli.js", "vite.js"]


def test_run_tests_runs_every_test_file(site: Site, calls: Path) -> None:
    assert "1 passed" in sites.run_tests(site)
    assert calls.read_text().splitlines()[-1].startswith("--test")


def test_config_is_made_from_the_outputs() -> None:
    found = sites.config(OUTPUTS, number="+12025550199")
    assert found["apiUrl"] == "/prod"
    assert found["socketUrl"] == OUTPUTS["DeskSocketUrl"]
    assert found["userPool"] == {
        "region": "eu-west-1",
        "userPoolId": "eu-west-1_AbCdEfGhI",
        "clientId": "client",
        "endpoint": "https://cognito-idp.eu-west-1.amazonaws.com/",
    }
    assert found["deskLanguages"] == ["en", "es", "pt"]
    assert set(found["deskLanguages"]) <= set(found["languages"])
    assert found["number"] == "+12025550199"


def test_config_keeps_a_desk_language_that_the_list_lacks() -> None:
    assert "qu" in sites.config({**OUTPUTS, "DeskLanguages": "qu"})["languages"]


def test_uploads_put_what_a_page_refers_to_before_it(site: Site) -> None:
    sites.build(site)
    (site.output / "icon.svg").write_text("<svg/>")
    found = sites.uploads(site.output, {"apiUrl": "/prod"})
    assert [file.key for file in found] == ["assets/a-1.js", "icon.svg", "config.json", "index.html"]
    assert [file.cache_control for file in found] == [FOREVER, FRESH, FRESH, FRESH]
    assert found[0].content_type == "text/javascript; charset=utf-8"
    assert json.loads(found[2].body) == {"apiUrl": "/prod"}


def test_uploads_without_a_site_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="run python"):
        sites.uploads(tmp_path, {})


def test_uploads_of_an_unknown_kind_are_refused(site: Site) -> None:
    sites.build(site)
    (site.output / "page.exe").write_text("")
    with pytest.raises(SiteError, match=r"page\.exe"):
        sites.uploads(site.output, {})


class FakeAws:
    """An S3 and a CloudFront that remember."""

    def __init__(self) -> None:
        self.put: list[dict[str, Any]] = []
        self.invalidations: list[dict[str, Any]] = []

    def put_object(self, **request: Any) -> None:
        assert not self.invalidations, "forgotten before everything was there"
        self.put.append(request)

    def create_invalidation(self, **request: Any) -> None:
        self.invalidations.append(request)


def test_publish_uploads_everything_and_then_invalidates_the_pages(site: Site) -> None:
    sites.build(site)
    aws = FakeAws()
    assert sites.publish(aws, aws, OUTPUTS, site) == 3  # type: ignore[arg-type]
    assert {request["Bucket"] for request in aws.put} == {"console-bucket"}
    assert [request["Key"] for request in aws.put] == ["assets/a-1.js", "config.json", "index.html"]
    assert all(request["ContentType"] and request["CacheControl"] for request in aws.put)
    [invalidation] = aws.invalidations
    paths = invalidation["InvalidationBatch"]["Paths"]
    assert invalidation["DistributionId"] == "E123"
    assert paths == {"Quantity": 3, "Items": ["/", "/config.json", "/index.html"]}


def test_main_that_fails_prints_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> bool:
        raise SiteError("no Node here")

    monkeypatch.setattr(sites, "build", fail)
    with pytest.raises(SystemExit, match="no Node here"):
        sites.main([])


def test_lock_holds_hashes_and_names_no_registry() -> None:
    packages = json.loads((CONSOLE / "package-lock.json").read_text())["packages"]
    assert all("resolved" not in package for package in packages.values())
    missing = [name for name, package in packages.items() if name and "integrity" not in package]
    assert not missing
    assert "omit-lockfile-registry-resolved=true" in (CONSOLE / ".npmrc").read_text()


def test_package_versions_are_exact() -> None:
    package = json.loads((CONSOLE / "package.json").read_text())
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())


def texts(catalogue: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """The catalogue's texts by their whole keys."""
    found: dict[str, str] = {}
    for key, value in catalogue.items():
        found |= texts(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


@pytest.mark.parametrize("language", ["es", "pt"])
def test_catalogues_have_every_text_with_its_values(language: str) -> None:
    folder = CONSOLE / "src/i18n"
    english = texts(json.loads((folder / "en.json").read_text()))
    other = texts(json.loads((folder / f"{language}.json").read_text()))
    # Languages differ in how many plurals they have.
    stem = re.compile(r"_(zero|one|two|few|many|other)$")
    assert {stem.sub("", key) for key in other} == {stem.sub("", key) for key in english}
    values = re.compile(r"{{(\w+)}}")
    differing = [
        key for key in other if set(values.findall(other[key])) != set(values.findall(english.get(key, "{{count}}")))
    ]
    assert not differing
    same = [key for key, text in english.items() if text == other.get(key) and len(values.sub("", text)) > 20]
    assert not same


def test_sources_never_make_markup_of_text() -> None:
    sources = list((CONSOLE / "src").rglob("*.ts*"))
    forbidden = re.compile(
        r"dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|style=\{"
    )
    assert [file.name for file in sources if forbidden.search(file.read_text())] == []
