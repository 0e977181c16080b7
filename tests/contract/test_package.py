"""What is deployed, imported as Lambda does: a fresh interpreter that sees the function, the layer and boto3, and no
more."""

import ast
import base64
import importlib.util
import json
import re
import shutil
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.build import DATA, KEPT, ROOT, BuildError, Project, archive, build, is_kept, is_kept_native, sizes, wheels
from infra.build import PURE as PURE_WHEELS
from tests.unit.functions.pictures import HEIC, drawn, jpeg, png, saved

PROJECT = Project()
# What the Lambda runtime for Python brings along.
RUNTIME = ("boto3", "botocore", "s3transfer", "dateutil", "jmespath", "urllib3", "six")
ROUNDS = 5
# Modules that a validator may load, those of the interpreter itself included.
FEW = 100
PURE = (
    *("arrange_image", "compose_image", "compose_report", "read_frame", "compose_message", "arrange_messages"),
    *("arrange_broadcast", "plan_reconciliation", "arrange_entry", "arrange_keywords", "choose_entries"),
    *("choose_questions", "match_answer"),
    *("plan_digest", "tally_reports"),
)
IMAGING = ("inspect_image", "make_thumbnails", "compose_digest_notice")
ZONED = ("plan_digest", "compose_digest", "compose_digest_notice")
# Import the handler, then say what it loaded and for how long it took beyond the interpreter's own start.
PROBE = """
import sys, time
sys.path[:0] = {paths!r}
before = time.perf_counter()
{statement}
took = time.perf_counter() - before
import json
print(json.dumps([took * 1000, sorted(sys.modules)]))
"""


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    build(PROJECT)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with boto3 and what it needs, linked from the environment of the tests."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin)
        if source.name == "__init__.py":
            source = source.parent
        (folder / source.name).symlink_to(source)
    return folder


def paths_of(name: str, runtime: Path) -> list[str]:
    layers = ["layer/python", *(["imaging-layer/python"] if name in IMAGING else [])]
    layers += ["zones-layer/python"] if name in ZONED else []
    return [str(PROJECT.output / "functions" / name), *(str(PROJECT.output / layer) for layer in layers), str(runtime)]


def probe(statement: str, paths: list[str]) -> tuple[float, set[str]]:
    """Milliseconds and modules of an import in an interpreter without site-packages, environment or byte code of its
    own."""
    code = PROBE.format(paths=paths, statement=statement)
    done = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    milliseconds, modules = json.loads(done.stdout)
    return milliseconds, set(modules)


@pytest.mark.parametrize("name", PROJECT.names)
def test_handler_imports_from_the_package_alone(name: str, runtime: Path) -> None:
    _, modules = probe(f"from {name}.handler import handler", paths_of(name, runtime))
    assert f"{name}.handler" in modules
    assert not {"pydantic", "requests", "fastjsonschema", "jsonschema", "aiohttp", "twilio.rest"} & modules


@pytest.mark.parametrize("name", PURE)
def test_pure_function_loads_no_boto3(name: str, runtime: Path) -> None:
    _, modules = probe(f"from {name}.handler import handler", paths_of(name, runtime))
    assert not {"boto3", "botocore.client", "botocore.session", "urllib3", "twilio", "PIL"} & modules


@pytest.mark.parametrize("name", PURE)
def test_pure_function_needs_no_runtime_library(name: str) -> None:
    paths = paths_of(name, Path("/nowhere"))
    assert f"{name}.handler" in probe(f"from {name}.handler import handler", paths)[1]


@pytest.mark.parametrize("name", set(PROJECT.names) - set(IMAGING))
def test_function_without_the_imaging_layer_loads_no_pillow(name: str, runtime: Path) -> None:
    _, modules = probe(f"from {name}.handler import handler", paths_of(name, runtime))
    assert not {"PIL", "pi_heif"} & modules


# A picture through the gate and its thumbnails, in every format, by what the layers hold alone.
DECODE = """
import sys
from base64 import b64decode
from inspect_image.logic import inspect
sys.path.insert(0, {thumbnails!r})
from make_thumbnails.logic import thumbnails
for file in {files!r}:
    found = inspect(b64decode(file))
    assert len(thumbnails(found.content)) == 2
    print(found.format, file=sys.stderr)
"""


def test_imaging_layer_decodes_every_format(runtime: Path) -> None:
    files = [jpeg(), jpeg(progressive=True), png(), saved(drawn(), "WEBP"), saved(drawn(mode="CMYK"), "JPEG"), HEIC]
    files += [saved(drawn(), "GIF"), saved(drawn(), "MPO", save_all=True, append_images=[drawn()])]
    statement = DECODE.format(
        thumbnails=str(PROJECT.output / "functions/make_thumbnails"),
        files=[base64.b64encode(file).decode() for file in files],
    )
    _, modules = probe(statement, paths_of("inspect_image", runtime))
    assert "_pi_heif" in modules
    assert not {"PIL._avif", "PIL._imagingft", "PIL._imagingtk"} & modules


# A day that has 23 hours, and every zone there is, by what the layers hold alone.
ALL_ZONES = """
import sys
sys.path[:0] = {paths!r}
import zoneinfo
assert zoneinfo.TZPATH == (), zoneinfo.TZPATH
from plan_digest.logic import plan
given = {{"request": {{"day": "2026-03-08"}}, "now": "2026-03-10T06:00:00.000Z", "sentimentTexts": "1"}}
print(plan({{**given, "timeZone": "America/New_York"}})["window"])
for zone in {zones!r}:
    zoneinfo.ZoneInfo(zone)
"""


def test_zones_layer_has_what_the_system_may_lack() -> None:
    (wheel,) = wheels(PROJECT, "requirements-zones.txt", PURE_WHEELS)
    with zipfile.ZipFile(wheel) as file:
        zones = file.read("tzdata/zones").decode().split()
    assert len(zones) > 500
    code = ALL_ZONES.format(paths=paths_of("plan_digest", Path("/nowhere")), zones=zones)
    command = [sys.executable, "-s", "-S", "-B", "-c", code]
    # -I would not read the variable.
    done = subprocess.run(command, env={"PYTHONTZPATH": ""}, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "2026-03-08T05:00:00.000Z" in done.stdout
    assert "2026-03-09T04:00:00.000Z" in done.stdout


def test_imports_are_few(runtime: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts modules; how long they take is printed alone (pytest -s shows it as well), for a busy machine takes
    long."""
    statements = {
        "validator of a report": ("from dragoman.validation import validator; validator('report')", "compose_report"),
        **{name: (f"from {name}.handler import handler", name) for name in PROJECT.names},
        "boto3 alone": ("import boto3", "normalise_webhook"),
        "Pillow and pi-heif": ("import dragoman.imaging, pi_heif", "inspect_image"),
    }
    bare, taken, loaded = [], {label: list[float]() for label in statements}, dict[str, int]()
    for _ in range(ROUNDS):
        bare.append(bare_start())
        for label, (statement, name) in statements.items():
            milliseconds, modules = probe(statement, paths_of(name, runtime))
            taken[label].append(milliseconds)
            loaded[label] = len(modules)
    start = statistics.median(bare)
    with capsys.disabled():
        print(f"\nbare Python starts in {start:.0f} ms; imports on top of it, without byte code of ours:")
        for label, times in taken.items():
            median = statistics.median(times)
            print(f"  {label:<22} {median:6.1f} ms = {median / start:5.2f} of a bare start, {loaded[label]} modules")
    for name in PURE:
        assert loaded[name] < loaded["boto3 alone"], name
    assert loaded["validator of a report"] < FEW


def bare_start() -> float:
    code = (
        "import subprocess, sys, time; before = time.perf_counter();"
        "subprocess.run([sys.executable, '-I', '-S', '-B', '-c', 'pass'], check=True);"
        "print((time.perf_counter() - before) * 1000)"
    )
    return float(subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout)


def test_sizes_are_small(capsys: pytest.CaptureFixture[str]) -> None:
    measured = sizes(PROJECT)
    with capsys.disabled():
        print("\nzipped: " + ", ".join(f"{name} {size / 1024:.1f} KiB" for name, size in measured.items()))
    assert measured.pop("layer") < 512 * 1024
    assert measured.pop("imaging-layer") < 6 * 1024 * 1024
    assert measured.pop("zones-layer") < 320 * 1024
    assert set(measured) == set(PROJECT.names)
    assert max(measured.values()) < 32 * 1024


def test_functions_carry_the_files_they_read() -> None:
    for name, paths in DATA.items():
        for path in map(Path, paths):
            assert (PROJECT.output / "functions" / name / name / path.name).read_bytes() == (ROOT / path).read_bytes()


def test_layer_is_pure_python_and_licensed() -> None:
    files = [
        file for file in (PROJECT.output / "layer").rglob("*") if file.is_file() and "__pycache__" not in file.parts
    ]
    assert {file.suffix for file in files} <= {".py", "", ".md"}
    assert len([file for file in files if file.name == "LICENSE"]) == 4


def test_zones_layer_is_zones_and_licensed() -> None:
    layer = PROJECT.output / "zones-layer/python"
    files = [file for file in layer.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert {file.relative_to(layer).parts[0].partition("-")[0] for file in files} == {"tzdata"}
    assert {file.suffix for file in files} <= {".py", ""}
    assert [file.name for file in files if "LICENSE" in file.name]


def test_imaging_layer_is_licensed_and_cut_down() -> None:
    layer = PROJECT.output / "imaging-layer/python"
    names = [file.relative_to(layer).as_posix() for file in layer.rglob("*") if "__pycache__" not in file.parts]
    assert len([name for name in names if "LICENSE" in name]) == 3
    # Encoders and decoders under the GPL have no place in it: HEIC is read by libheif and libde265, both LGPL.
    unwanted = ("x265", "avif", "freetype", "harfbuzz", "brotli", "tests")
    assert [name for name in names if any(word in name.lower() and name.endswith(".so") for word in unwanted)] == []
    assert not [name for name in names if "libx265" in name or name.endswith(".pyi")]


def imports(file: Path, package: str) -> Iterator[str]:
    """The modules of the package that a module imports when it is imported itself."""
    pending: list[ast.stmt] = list(ast.parse(file.read_text()).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == package:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == package)
        elif isinstance(node, ast.Try):
            pending += node.body
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.dump(node.test):
            pending += [*node.body, *node.orelse]


@pytest.mark.parametrize("package", KEPT)
def test_layer_kept_modules_import_only_kept_ones(package: str) -> None:
    layer = PROJECT.output / "layer/python"
    for file in (layer / package).rglob("*.py"):
        for module in imports(file, package):
            # Either a module or a name within one.
            candidates = [layer / Path(*module.split(".")), layer / Path(*module.split(".")[:-1])]
            found = [
                path for path in candidates if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
            ]
            assert found, f"{file.relative_to(layer)} imports {module}"


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ("twilio/request_validator.py", True),
        ("twilio/rest/__init__.py", False),
        ("aws_lambda_powertools/logging/logger.py", True),
        ("aws_lambda_powertools/event_handler/__init__.py", False),
        ("aws_lambda_powertools/py.typed", False),
        ("jmespath/parser.py", True),
        ("typing_extensions.py", True),
        ("tzdata/zoneinfo/America/__init__.py", True),
        ("tzdata/zoneinfo/America/Argentina/Buenos_Aires", True),
        ("tzdata/zoneinfo/Etc/GMT+5", True),
        ("tzdata/zoneinfo/tzdata.zi", False),
        ("tzdata/zoneinfo/zone1970.tab", False),
        ("tzdata/zones", False),
        ("twilio-9.13.0.dist-info/licenses/LICENSE", True),
        ("twilio-9.13.0.dist-info/RECORD", False),
    ],
)
def test_is_kept(entry: str, kept: bool) -> None:
    assert is_kept(entry) is kept


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ("PIL/Image.py", True),
        ("PIL/py.typed", False),
        ("PIL/Image.pyi", False),
        ("PIL/_imaging.cpython-313-aarch64-linux-gnu.so", True),
        ("PIL/_imagingcms.cpython-311-darwin.so", True),
        ("PIL/_avif.cpython-313-aarch64-linux-gnu.so", False),
        ("pillow.libs/libjpeg-6dc8d115.so.62.4.0", True),
        ("pillow.libs/libavif-c6062d5f.so.16.4.2", False),
        ("PIL/.dylibs/libwebp.7.dylib", True),
        ("PIL/.dylibs/libfreetype.6.dylib", False),
        ("_pi_heif.cpython-311-x86_64-linux-gnu.so", True),
        ("pi_heif.libs/libde265-90fb0ce1.so.0.2.0", True),
        ("pillow-13.0.0.dist-info/licenses/LICENSE", True),
        ("pillow-13.0.0.dist-info/sboms/pillow-13.0.0.cdx.json", False),
    ],
)
def test_is_kept_native(entry: str, kept: bool) -> None:
    assert is_kept_native(entry) is kept


@pytest.mark.parametrize(
    ("lock", "environment"),
    [("requirements.txt", "run.txt"), ("requirements-imaging.txt", "test.txt"), ("requirements-zones.txt", "run.txt")],
)
def test_requirements_are_those_of_the_local_environment(lock: str, environment: str) -> None:
    pinned = re.compile(r"^([a-z-]+)==(\S+)", re.MULTILINE)
    hashes = re.compile(r"sha256:([0-9a-f]{64})")
    ours = (PROJECT.functions / lock).read_text()
    theirs = (PROJECT.functions.parent / "requirements" / environment).read_text()
    assert set(pinned.findall(ours)) <= set(pinned.findall(theirs))
    assert set(hashes.findall(ours)) <= set(hashes.findall(theirs))


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    """The project's sources in another place, with the wheels already fetched."""
    skip = shutil.ignore_patterns("__pycache__", "validators")
    shutil.copytree(PROJECT.functions, tmp_path / "functions", ignore=skip)
    shutil.copytree(PROJECT.schemas, tmp_path / "schemas")
    shutil.copytree(PROJECT.output / ".wheels", tmp_path / "build/.wheels")
    return Project(tmp_path / "functions", tmp_path / "schemas", tmp_path / "build")


def test_build_elsewhere_gives_the_same_bytes(copy: Project) -> None:
    assert build(copy) is True
    for part in ("functions", "layer", "imaging-layer", "zones-layer"):
        assert archive(copy.output / part) == archive(PROJECT.output / part)
        assert {file.stat().st_mtime for file in (copy.output / part).rglob("*")} == {315532800}


def test_build_unchanged_does_nothing(copy: Project) -> None:
    build(copy)
    assert build(copy) is False


def test_build_for_aws_is_for_lambdas_processor(copy: Project) -> None:
    """Whatever machine builds it. The wheels are fetched once and kept in build/.wheels."""
    assert build(copy, target="aws") is True
    native = [file.name for file in (copy.output / "imaging-layer").rglob("*.cpython-*.so")]
    assert len(native) == 5
    assert all(name.endswith(".cpython-313-aarch64-linux-gnu.so") for name in native)
    assert build(copy, target="aws") is False
    assert build(copy) is True


@pytest.mark.parametrize("change", ["functions/compose_report/logic.py", "functions/dragoman/times.py"])
def test_build_changed_source_is_built(copy: Project, change: str) -> None:
    build(copy)
    source = copy.functions.parent / change
    source.write_text(source.read_text() + "# changed\n")
    assert build(copy) is True
    built = [file for file in copy.output.rglob(source.name) if file.parent.name == source.parent.name]
    assert [file.read_bytes() for file in built] == [source.read_bytes()]


def test_build_changed_schema_changes_the_validator(copy: Project) -> None:
    build(copy)
    schema = copy.schemas / "problem.json"
    schema.write_text(schema.read_text().replace('"maximum": 599', '"maximum": 598'))
    assert build(copy) is True
    assert "598" in (copy.output / "layer/python/dragoman/validators/problem.py").read_text()


def python_of_lambda() -> str | None:
    """Python 3.13, if it is there and runs (a version manager's stand-in may not)."""
    found = shutil.which("python3.13")
    runs = found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0
    return found if runs else None


@pytest.mark.skipif(python_of_lambda() is None, reason="byte code for Lambda needs Python 3.13")
def test_build_with_bytecode_is_used_by_lambdas_python(copy: Project) -> None:
    python = python_of_lambda()
    assert python is not None
    assert build(copy, bytecode=True) is True
    assert build(copy, bytecode=True) is False
    paths = [str(copy.output / "functions/compose_report"), str(copy.output / "layer/python")]
    # Had it to compile the source, it would fail.
    (copy.output / "functions/compose_report/compose_report/logic.py").write_text("raise SystemExit(1)")
    code = f"import sys; sys.path[:0] = {paths!r}; import compose_report.handler"
    assert subprocess.run([python, "-I", "-S", "-B", "-c", code], check=False).returncode == 0
    assert build(copy) is True
    assert not list(copy.output.glob("functions/*/*/__pycache__"))


def test_build_with_bytecode_without_that_python(copy: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BuildError, match=r"python3\.13"):
        build(copy, bytecode=True)


def test_build_removed_module_is_removed(copy: Project) -> None:
    extra = copy.functions / "compose_report/extra.py"
    extra.write_text("")
    build(copy)
    extra.unlink()
    build(copy)
    assert not (copy.output / "functions/compose_report/compose_report/extra.py").exists()


def test_build_wrong_hash_is_refused(copy: Project) -> None:
    """Without network too: pip either finds another archive or none."""
    requirements = copy.functions / "requirements.txt"
    requirements.write_text(re.sub(r"sha256:\w{4}", "sha256:0000", requirements.read_text(), count=1))
    with pytest.raises(BuildError, match="pip could not fetch"):
        build(copy)
    assert not (copy.output / "layer").exists()
