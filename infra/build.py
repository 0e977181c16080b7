"""Builds what the template deploys: `python -m infra.build`.

build/functions/<name>/<name>/*.py   one folder a Lambda; Handler is <name>.handler.handler
build/layer/python/                  functions/dragoman with its generated validators, and the layer's dependencies
build/imaging-layer/python/          Pillow and its reader for HEIC, for the functions that decode pictures
build/zones-layer/python/            the world's time zones, for the functions that know local time
build/api.json                       infra/api.yaml as it is deployed (infra/openapi.py)

The validators are written into functions/dragoman/validators/ (git ignores it) and copied from there, so that tests and
type checks import the same files as the layer carries. Dependencies come from functions/requirements.txt: wheels with
pinned hashes, pure Python, cut down to the modules that are used. The output depends on its sources alone, time stamps
included, and nothing is done while they are unchanged.

What a function reads besides its code is copied into its package: DATA says what.

The imaging layer is native code, from functions/requirements-imaging.txt: for the machine and the Python that build it,
where the local stack runs it, or with --target aws for Lambda's.

With --bytecode, for what is uploaded to AWS, the byte code of Lambda's own Python is added, because Lambda cannot keep
what it compiles; this needs that version of Python and halves the time of an import.
"""

import argparse
import fcntl
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from infra import openapi

ROOT = Path(__file__).resolve().parent.parent
LAYER_PACKAGE = "dragoman"
# The first moment a zip archive can express, in seconds since 1970.
TIMESTAMP = 315532800
PYTHON_VERSION = "3.13"

# The packages of which the layer needs only a part: paths, or prefixes that end in a slash. A test proves that what is
# kept imports nothing that is not.
KEPT = {
    "aws_lambda_powertools": (
        "__init__.py",
        "package_logger.py",
        "exceptions/",
        "logging/",
        "metrics/",
        "shared/",
        "tracing/",
        "warnings/",
        "utilities/__init__.py",
        "utilities/jmespath_utils/",
    ),
    "twilio": ("__init__.py", "request_validator.py"),
}

# The time zones in tzdata, where zoneinfo looks when the system has none. A zone's file has no suffix; tables and texts
# for other readers are left out.
ZONES = "tzdata/zoneinfo/"

# Files that a function finds beside its modules, by the function's name: paths below the project's root.
DATA = {
    "compose_digest": ("docs/cost/prices.json",),
    "compose_digest_notice": tuple(
        f"functions/compose_digest_notice/{language}.json" for language in ("en", "es", "pt")
    ),
}

# What Pillow's wheel brings along for formats, fonts and windows that we do not touch: half of its size.
DROPPED = re.compile(r"(^PIL/_|/lib)(avif|imagingft|imagingtk|imagingmorph|freetype|harfbuzz|brotli\w+|png16)[-.]")
NATIVE = re.compile(r"\.(so|pyd|dylib)(\.|$)")

# Where the imaging layer is to run, by the options of pip that choose its wheels.
TARGETS = {
    "here": [],
    "aws": [
        *("--platform", "manylinux_2_28_aarch64", "--platform", "manylinux_2_27_aarch64"),
        *("--platform", "manylinux_2_26_aarch64", "--platform", "manylinux2014_aarch64"),
        *("--implementation", "cp", "--python-version", PYTHON_VERSION),
    ],
}
PURE = ["--platform", "any", "--implementation", "py", "--abi", "none", "--python-version", PYTHON_VERSION]

Schema = dict[str, Any]

ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description", "examples"}
ASSERTIONS = {
    *("type", "enum", "const", "pattern", "required", "minLength", "maxLength", "minimum", "maximum"),
    *("minItems", "maxItems", "minProperties", "maxProperties"),
}
SUBSCHEMAS = {"items", "additionalProperties", "if", "then", "else", "not"}


class BuildError(Exception):
    """The functions cannot be built; the text says what to mend."""


@dataclass(frozen=True, slots=True)
class Project:
    """Where sources and results are."""

    functions: Path = ROOT / "functions"
    schemas: Path = ROOT / "schemas"
    output: Path = ROOT / "build"
    api: Path = ROOT / "infra/api.yaml"

    @property
    def names(self) -> list[str]:
        """The functions: every folder with a handler."""
        return sorted(handler.parent.name for handler in self.functions.glob("*/handler.py"))

    @property
    def validators(self) -> Path:
        """Where the generated validators go."""
        return self.functions / LAYER_PACKAGE / "validators"


def build(project: Project | None = None, bytecode: bool = False, target: str = "here") -> bool:
    """Builds functions and layers; returns whether there was anything to do. target: "here" or "aws", where the imaging
    layer is to run. Raises BuildError."""
    project = project or Project()
    project.output.mkdir(parents=True, exist_ok=True)
    with _locked(project.output / ".lock"):
        _write_validators(project)
        openapi.write(project.api, project.output / "api.json")
        stamp, digest = (
            project.output / ".stamp",
            fingerprint(project, target) + (" with byte code" if bytecode else ""),
        )
        if _is_built(project) and stamp.is_file() and stamp.read_text() == digest:
            return False
        stamp.unlink(missing_ok=True)
        _replace(project.output / "functions", partial(_write_functions, project))
        _replace(project.output / "layer", partial(_write_layer, project))
        _replace(project.output / "imaging-layer", partial(_write_imaging_layer, project, target))
        _replace(project.output / "zones-layer", partial(_write_zones_layer, project))
        if bytecode:
            _compile_all(project, target)
        stamp.write_text(digest)
        return True


def fingerprint(project: Project, target: str) -> str:
    """A digest of everything the result depends on."""
    digest = hashlib.sha256(_platform(target).encode())
    locks = sorted(project.functions.glob("requirements*.txt"))
    data = [ROOT / path for paths in DATA.values() for path in paths]
    for file in (Path(__file__), *locks, *data, *_sources(project.functions)):
        digest.update(f"{file.name}\0{file.parent.name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _platform(target: str) -> str:
    """What native code for the target is made for."""
    return target if target != "here" else f"{sys.implementation.cache_tag} {sysconfig.get_platform()}"


def _compile_all(project: Project, target: str) -> None:
    for layer in ("layer", "zones-layer"):
        _compile(project.output / layer / "python", "/opt/python")
    if target == "aws":
        _compile(project.output / "imaging-layer/python", "/opt/python")
    for name in project.names:
        _compile(project.output / "functions" / name, "/var/task")


def load_schemas(folder: Path) -> dict[str, Schema]:
    """The schemas by their path without suffix, such as 'message' or 'events/report_created'."""
    files = [file for file in sorted(folder.rglob("*.json")) if "invalid" not in file.relative_to(folder).parts]
    return {file.relative_to(folder).with_suffix("").as_posix(): json.loads(file.read_text()) for file in files}


def write_validators(project: Project) -> None:
    """Generates a validator for each schema, unless they are there and neither schemas nor generator changed."""
    project.output.mkdir(parents=True, exist_ok=True)
    with _locked(project.output / ".lock"):
        _write_validators(project)


def _write_validators(project: Project) -> None:
    stamp = project.validators / ".stamp"
    sources = [Path(__file__), *sorted(project.schemas.rglob("*.json"))]
    digest = hashlib.sha256(b"\0".join(file.as_posix().encode() + file.read_bytes() for file in sources)).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return
    code = validator_code(load_schemas(project.schemas))
    _replace(project.validators, partial(_write_modules, code, digest))


def _write_modules(code: dict[str, str], digest: str, target: Path) -> None:
    target.mkdir()
    (target / "__init__.py").write_text('"""Generated by infra/build.py from schemas/."""\n')
    for name, text in code.items():
        (target / f"{name.replace('/', '_')}.py").write_text(text)
    (target / ".stamp").write_text(digest)


def validator_code(schemas: dict[str, Schema]) -> dict[str, str]:
    """The source of a module with a function `validate` for each schema, by the schema's name. Raises BuildError."""
    # Needed here alone: neither the functions nor an unchanged build import it.
    import fastjsonschema  # noqa: PLC0415

    by_id = {schema["$id"]: schema for schema in schemas.values()}
    return {
        name: _module(
            name, fastjsonschema.compile_to_code(resolve(schema, schema, by_id), use_default=False, use_formats=False)
        )
        for name, schema in schemas.items()
    }


def resolve(schema: Schema, document: Schema, by_id: dict[str, Schema]) -> Schema:
    """The schema with every $ref replaced by what it refers to and without annotations, for a generator of draft 7.

    Raises BuildError for a keyword the generator would silently ignore. Schemas must not be recursive.
    """
    result: Schema = {}
    if "$ref" in schema:
        target, home = _referred(schema["$ref"], document, by_id)
        result = resolve(target, home, by_id)
    for keyword, value in schema.items():
        if keyword in ASSERTIONS:
            result[keyword] = value
        elif keyword == "properties":
            result[keyword] = {name: resolve(part, document, by_id) for name, part in value.items()}
        elif keyword in SUBSCHEMAS:
            result[keyword] = resolve(value, document, by_id) if isinstance(value, dict) else value
        elif keyword not in ANNOTATIONS | {"$ref"}:
            raise BuildError(f"{document.get('$id')}: the keyword {keyword} has no validator")
    return result


def _referred(reference: str, document: Schema, by_id: dict[str, Schema]) -> tuple[Schema, Schema]:
    identifier, _, pointer = reference.partition("#")
    try:
        target = home = by_id[identifier] if identifier else document
        for part in pointer.strip("/").split("/") if pointer else ():
            target = target[part]
    except KeyError:
        raise BuildError(f"{document.get('$id')}: there is no {reference}") from None
    return target, home


def _module(name: str, code: str) -> str:
    """Generated code with our own exception and without the details of each error, which would hold the value that
    broke the rule and a copy of the schema."""
    code = re.sub(r", value=\w+, name=.*, rule='\w+'\)$", ")", code, flags=re.MULTILINE)
    code, imports = re.subn(
        r"^from fastjsonschema import .*$",
        f"from {LAYER_PACKAGE}.validation import ValidationError as JsonSchemaValueException\n"
        "JsonSchemaValuesException = JsonSchemaValueException",
        code,
        flags=re.MULTILINE,
    )
    # Documents are read by json, which makes no Decimal; importing it would cost more than all the rest.
    code = code.replace("from decimal import Decimal\n", "").replace(", Decimal", "")
    if imports > 1 or "definition=" in code or "Decimal" in code or code.count("def validate(") != 1:
        raise BuildError("fastjsonschema writes other code than it did: adapt infra/build.py")
    return f'"""Generated by infra/build.py from schemas/{name}.json."""\n# mypy: ignore-errors\n# ruff: noqa\n{code}\n'


def _is_built(project: Project) -> bool:
    parts = [project.output / "functions" / name / name / "handler.py" for name in project.names]
    parts += [project.output / "layer/python" / LAYER_PACKAGE / "__init__.py"]
    parts += [project.output / "imaging-layer/python/PIL/__init__.py"]
    parts += [project.output / "zones-layer/python" / ZONES / "__init__.py"]
    return all(part.is_file() for part in parts)


def _write_functions(project: Project, target: Path) -> None:
    for name in project.names:
        _copy_package(project.functions / name, target / name / name)
        for path in DATA.get(name, ()):
            _write(target / name / name / Path(path).name, (ROOT / path).read_bytes())


def _write_layer(project: Project, target: Path) -> None:
    python = target / "python"
    _copy_package(project.functions / LAYER_PACKAGE, python / LAYER_PACKAGE)
    for wheel in wheels(project, "requirements.txt", PURE):
        _unpack(wheel, python, is_kept)
    native = [file.name for file in python.rglob("*") if NATIVE.search(file.name)]
    if native:
        raise BuildError(f"The layer must run on any processor, but holds {', '.join(native)}")


def _write_imaging_layer(project: Project, target: str, folder: Path) -> None:
    for wheel in wheels(project, "requirements-imaging.txt", TARGETS[target], _platform(target)):
        _unpack(wheel, folder / "python", is_kept_native)


def _write_zones_layer(project: Project, folder: Path) -> None:
    for wheel in wheels(project, "requirements-zones.txt", PURE):
        _unpack(wheel, folder / "python", is_kept)


def wheels(project: Project, lock: str, options: list[str], platform: str = "any") -> list[Path]:
    """The wheels of a lock file in functions/, fetched by pip with their hashes checked, and kept in build/.wheels."""
    requirements = project.functions / lock
    key = hashlib.sha256(requirements.read_bytes() + platform.encode()).hexdigest()[:16]
    folder = project.output / ".wheels" / key
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        _replace(folder, partial(_download, requirements, options))
    return sorted(folder.glob("*.whl"))


def _download(requirements: Path, platform: list[str], target: Path) -> None:
    target.mkdir()
    usual = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    paths = ["--requirement", str(requirements), "--dest", str(target)]
    command = [sys.executable, "-m", "pip", "download", *usual, *platform, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"pip could not fetch the layers' dependencies:\n{done.stderr.strip()[-2000:]}")


def _unpack(wheel: Path, target: Path, keeps: Callable[[str], bool]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.namelist():
            if not entry.endswith("/") and keeps(entry):
                _write(target / entry, archive.read(entry))


def is_kept(entry: str) -> bool:
    """Whether a file of a wheel, by its path in the archive, goes into the layer: modules in use, time zones, and
    licences."""
    top, _, rest = entry.partition("/")
    if top.endswith(".dist-info"):
        return "LICENSE" in rest or "NOTICE" in rest
    if entry.startswith(ZONES):
        return entry.endswith(".py") or "." not in entry
    if top not in KEPT:
        return entry.endswith(".py")
    return rest.endswith(".py") and any(
        rest == kept or (kept.endswith("/") and rest.startswith(kept)) for kept in KEPT[top]
    )


def is_kept_native(entry: str) -> bool:
    """The same for the imaging layer: modules, libraries without those of DROPPED, and licences."""
    if ".dist-info/" in entry:
        return is_kept(entry)
    return bool(entry.endswith(".py") or NATIVE.search(entry)) and not DROPPED.search(entry)


def _sources(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*.py") if "__pycache__" not in file.parts)


def _copy_package(source: Path, target: Path) -> None:
    for file in _sources(source):
        _write(target / file.relative_to(source), file.read_bytes())


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _replace(target: Path, write: Callable[[Path], None]) -> None:
    """Lets `write` fill a new folder, and puts it in the target's place only when it is complete."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as scratch:
        fresh = Path(scratch) / "content"
        write(fresh)
        for path in fresh.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
            os.utime(path, (TIMESTAMP, TIMESTAMP))
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    os.utime(target, (TIMESTAMP, TIMESTAMP))


def _compile(folder: Path, deployed_as: str) -> None:
    """Adds byte code that is valid whatever the time stamps, with the paths that the code will have on Lambda."""
    python = shutil.which(f"python{PYTHON_VERSION}")
    if python is None:
        raise BuildError(f"Byte code for Lambda wants python{PYTHON_VERSION} on the PATH")
    paths = ["-s", str(folder), "-p", deployed_as, str(folder)]
    command = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{python} could not compile:\n{(done.stdout + done.stderr).strip()[-2000:]}")


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Lets one build run at a time."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def archive(folder: Path) -> bytes:
    """The folder as a zip archive, the same bytes for the same content: what an upload to Lambda weighs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            info = zipfile.ZipInfo(file.relative_to(folder).as_posix())
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o100644 << 16
            target.writestr(info, file.read_bytes())
    return buffer.getvalue()


def sizes(project: Project) -> dict[str, int]:
    """The zipped size in bytes of the layers and of each function."""
    folders = {name: project.output / "functions" / name for name in project.names}
    folders |= {name: project.output / name for name in ("layer", "imaging-layer", "zones-layer")}
    return {name: len(archive(folder)) for name, folder in folders.items()}


def main() -> None:
    """Builds and says what came of it."""
    parser = argparse.ArgumentParser(prog="python -m infra.build", description="Builds the functions and their layers.")
    parser.add_argument("--bytecode", action="store_true", help=f"add byte code for Python {PYTHON_VERSION}")
    parser.add_argument("--target", choices=TARGETS, default="here", help="where the imaging layer is to run")
    project, asked = Project(), parser.parse_args()
    try:
        changed = build(project, asked.bytecode, asked.target)
    except BuildError as error:
        sys.exit(str(error))
    print("Built functions and layers:" if changed else "Functions and layers are up to date:")
    for name, size in sizes(project).items():
        print(f"  {name:<20} {size / 1024:8.1f} KiB zipped")


if __name__ == "__main__":
    main()
