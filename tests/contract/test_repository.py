"""Rules of the repository: nothing of one machine or one registry in it, locks with hashes, help and links "
"that hold."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from functools import cache

import yaml

from tests.contract.rulebook import Break, Rule, Rulebook, removed, rewritten, written
from tests.contract.shipped import Shipped

rules = Rulebook()

# Put together here, so that this file does not name them itself.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        *(
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("npmjs", "com"),
            ("crates", "io"),
            ("rubygems", "org"),
        ),
        *(
            ("proxy", "golang", "org"),
            ("repo", "maven", "apache", "org"),
            ("anaconda", "org"),
            ("deb", "debian", "org"),
        ),
    )
]
HOMES = re.compile(r"(?<![\w.~$}\])/-])/(?:" + "|".join(("work", "root", "home", "Users")) + r")/[\w.]")
# A place inside Amazon's own image, which its documentation names.
IN_IMAGES = "/".join(("", "home", "StepFunctionsLocal", ""))
# Targets of the Makefile that are steps of others, not for people.
INTERNAL_TARGETS = {"pytest"}
LOCKS = re.compile(r"(requirements/\w+|functions/requirements)\.txt")


@rules(
    written("docs/x.md", f"Fetch it from https://{REGISTRIES[0]}/simple"),
    rewritten("requirements/run.txt", "# via", f"# https://files.{REGISTRIES[1]}/x # via"),
)
def no_file_names_a_package_registry(shipped: Shipped) -> Iterator[str]:
    for path, text in shipped.texts.items():
        for host in REGISTRIES:
            if host in text:
                yield f"{path} names {host}: leave the choice of a registry to who installs"


@rules(written("docs/x.md", "See /" + "home/me/notes.txt"), written("infra/x.py", 'PATH = "/' + 'work/main"'))
def no_file_names_a_path_of_one_machine(shipped: Shipped) -> Iterator[str]:
    for path, text in shipped.texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            if HOMES.search(line.replace(IN_IMAGES, "")):
                yield f"{path}:{number} names a path of one machine: {line.strip()[:100]}"


def requirements(text: str) -> Iterator[str]:
    """The entries of a lock file, each with its continuation lines."""
    joined = re.sub(r"\\\n\s*", " ", text)
    return (line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#"))


@rules(
    written("requirements/new.txt", "flask==3.0.0\n"),
    written("requirements/new.txt", "flask>=3.0.0 --hash=sha256:" + "0" * 64 + "\n"),
    written("requirements/new.txt", "--index-url https://example.org/simple\n"),
    written("requirements/new.txt", "flask @ https://example.org/flask.whl --hash=sha256:" + "0" * 64 + "\n"),
)
def every_locked_requirement_has_a_version_and_hashes(shipped: Shipped) -> Iterator[str]:
    for path, text in shipped.texts.items():
        if not LOCKS.fullmatch(path):
            continue
        for entry in requirements(text):
            if not re.match(
                r"[\w.-]+(\[[\w,-]+\])?==\S+( ;.*?)?( --hash=sha256:[0-9a-f]{64})+(\s*#.*)?$",
                re.sub(r"\s+", " ", entry),
            ):
                yield f"{path}: {entry[:80]} wants ==version and --hash, and no address: run `make lock`"


@rules(written("console/package-lock.json", '{"packages": {"": {"resolved": "https://example.org/x.tgz"}}}'))
def no_lock_file_says_where_packages_come_from(shipped: Shipped) -> Iterator[str]:
    for path, text in shipped.texts.items():
        if path.endswith(("package-lock.json", "yarn.lock", ".lock")) and re.search(r'"?resolved"?:? "', text):
            yield f"{path} holds addresses of a registry: write it with omit-lockfile-registry-resolved"


PACKAGES, PACKAGE_LOCK = "console/package.json", "console/package-lock.json"


NPM_SETTINGS = {
    "omit-lockfile-registry-resolved=true": "else the next npm install writes a registry's addresses",
    "ignore-scripts=true": "else a package runs what it likes when it is installed",
}


def with_package(text: str, **entry: object) -> Break:
    """Adds a package to the console's lock."""

    def damage(shipped: Shipped) -> None:
        lock = json.loads(shipped.texts[PACKAGE_LOCK])
        lock["packages"][text] = entry
        shipped.texts[PACKAGE_LOCK] = json.dumps(lock)

    return damage


@rules(
    with_package("node_modules/x", version="1.0.0"),
    with_package("node_modules/x", version="1.0.0", integrity="sha1-" + "0" * 28),
    rewritten(PACKAGES, '"preact": "', '"preact": "^'),
    rewritten(PACKAGES, '"preact": "', '"preact": "1'),
    removed(PACKAGE_LOCK),
    removed("console/.npmrc"),
)
def every_package_of_the_console_is_pinned_with_its_hash(shipped: Shipped) -> Iterator[str]:
    settings = shipped.texts.get("console/.npmrc", "").splitlines()
    for line, why in NPM_SETTINGS.items():
        if line not in settings:
            yield f"console/.npmrc must say {line}: {why}"
    wanted = json.loads(shipped.texts[PACKAGES])
    lock = json.loads(shipped.texts.get(PACKAGE_LOCK, "{}")).get("packages", {})
    for name, version in {**wanted.get("dependencies", {}), **wanted.get("devDependencies", {})}.items():
        if lock.get(f"node_modules/{name}", {}).get("version") != version:
            yield f"{PACKAGES} wants {name} {version}: write one exact version and lock it"
    for path, entry in lock.items():
        if path and not entry.get("integrity", "").startswith("sha512-"):
            yield f"{PACKAGE_LOCK}: {path} has no sha512 integrity"


# A lock file is as long as it must be.
LARGEST, GENERATED = 400_000, ("package-lock.json", "requirements/")


def swollen(shipped: Shipped) -> None:
    shipped.paths.add("docs/film.mp4")
    shipped.sizes["docs/film.mp4"] = LARGEST + 1


@rules(swollen, written("console/src/x.ts", "x" * (LARGEST + 1)))
def no_file_is_large(shipped: Shipped) -> Iterator[str]:
    for path, size in shipped.sizes.items():
        if size > LARGEST and not any(word in path for word in GENERATED):
            yield f"{path} has {size} bytes, {LARGEST} at most: what is built or downloaded has no place here"


@rules(removed("requirements/test.txt"))
def every_requirements_file_is_locked(shipped: Shipped) -> Iterator[str]:
    for path in sorted(shipped.paths):
        if re.fullmatch(r"requirements/\w+\.in", path) and path.removesuffix("in") + "txt" not in shipped.paths:
            yield f"{path} has no lock: run `make lock`"


def phony(makefile: str) -> set[str]:
    return {target for line in re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE) for target in line.split()}


def explained(makefile: str) -> set[str]:
    """The targets that `make help` explains."""
    return set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))


@rules(
    rewritten("Makefile", ".PHONY: help run", ".PHONY: help fly run"), rewritten("Makefile", " ## Show this help", "")
)
def every_target_for_people_is_explained(shipped: Shipped) -> Iterator[str]:
    makefile = shipped.texts["Makefile"]
    for target in sorted(phony(makefile) - explained(makefile) - INTERNAL_TARGETS):
        yield f"Makefile: write `## what it does` behind {target}, so that `make help` explains it"


@rules(rewritten("Makefile", ".PHONY: help run", ".PHONY: help"))
def every_target_that_is_explained_is_phony(shipped: Shipped) -> Iterator[str]:
    makefile = shipped.texts["Makefile"]
    for target in sorted(explained(makefile) - phony(makefile)):
        yield f"Makefile: add {target} to .PHONY, or a file of that name stops it"


def modules_run(text: str) -> set[str]:
    """Our own modules that a file runs with python -m."""
    return set(re.findall(r"(?:python3?|\$\(PY\)) -m ((?:infra|benchmarks|tests|functions)[\w.]*\w)", text))


@rules(rewritten("Makefile", "-m infra.build", "-m infra.construct"))
def every_module_that_is_run_exists(shipped: Shipped) -> Iterator[str]:
    for path, text in shipped.texts.items():
        if path not in ("Makefile", ".ci/run") and not path.endswith(".md"):
            continue
        for module in sorted(modules_run(text)):
            place = module.replace(".", "/")
            if not {f"{place}.py", f"{place}/__main__.py"} & shipped.paths:
                yield f"{path} runs {module}, which does not exist"


def commands(page: str) -> Iterator[str]:
    """The targets of every `make …` in a page, in its running text and in its examples."""
    for number, part in enumerate(page.split("```")):
        start = r"^\$? ?" if number % 2 else "`"
        yield from re.findall(start + r"make ([a-z-]+(?: [a-z-]+)*)(?![a-z=])", part, re.MULTILINE)


@rules(written("docs/x.md", "Run `make everything` first."), written("docs/x.md", "```\nmake everything\n```\n"))
def every_target_that_is_told_of_exists(shipped: Shipped) -> Iterator[str]:
    targets = phony(shipped.texts["Makefile"])
    for path, text in shipped.texts.items():
        if not path.endswith(".md"):
            continue
        for command in commands(text):
            for target in sorted(set(command.split()) - targets):
                yield f"{path} says `make {command}`, but the Makefile has no {target}"


LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


@rules(written("docs/x.md", "See [there](nowhere.md)."), removed("README.md"))
def every_link_in_the_docs_resolves(shipped: Shipped) -> Iterator[str]:
    if "README.md" not in shipped.paths:
        yield "README.md is missing"
    folders = {posixpath.dirname(path) for path in shipped.paths}
    for path, text in shipped.texts.items():
        if path.endswith(".md"):
            for link in LINK.findall(text):
                place = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
                if place not in shipped.paths and not any(
                    folder == place or folder.startswith(f"{place}/") for folder in folders
                ):
                    yield f"{path} links to {link}, which does not exist"


@rules(rewritten("README.md", "intake.md", "inlet.md"))
def every_machine_is_in_the_readme(shipped: Shipped) -> Iterator[str]:
    for name in shipped.machines:
        if f"statemachines/{name}.md" not in shipped.texts.get("README.md", ""):
            yield f"README.md: link statemachines/{name}.md in the table of state machines"


@rules(removed(".ci/run"), rewritten(".ci/run", "make tests", "make lint"))
def continuous_integration_runs_the_tests(shipped: Shipped) -> Iterator[str]:
    if "make tests" not in shipped.texts.get(".ci/run", ""):
        yield ".ci/run must call `make tests`"


@cache
def repeated(path: str, text: str) -> tuple[str, ...]:
    """The keys that stand twice in one mapping of a document; the parsers keep the last one and say nothing."""
    if path.endswith(".yaml"):
        return tuple(repeated_in_yaml(yaml.compose(text, Loader=yaml.SafeLoader)))
    found: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        found.extend(name for name in names if names.count(name) > 1)
        return dict(pairs)

    json.loads(text, object_pairs_hook=look)
    return tuple(found)


def repeated_in_yaml(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value]
        yield from (str(name) for name in names if names.count(name) > 1)
    for child in node.value if isinstance(node, yaml.CollectionNode) else ():
        for part in child if isinstance(child, tuple) else (child,):
            yield from repeated_in_yaml(part)


@rules(
    written("schemas/x.json", '{"type": "object", "type": "array"}'),
    rewritten("infra/api.yaml", "operationId: listReports", "operationId: listReports\n      operationId: allReports"),
    rewritten("statemachines/intake.asl.json", '"StartAt"', '"TimeoutSeconds": 300, "StartAt"'),
)
def no_key_stands_twice(shipped: Shipped) -> Iterator[str]:
    for path, text in shipped.texts.items():
        if path.startswith(("schemas/", "statemachines/", "infra/")) and path.endswith((".json", ".yaml")):
            for key in dict.fromkeys(repeated(path, text)):
                yield f"{path}: {key} stands twice in one place, and only the last one counts"


# Emoji, and banners made of comments.
DECORATION = re.compile("[\U0001f300-\U0001faff\u2705\u274c\u2728\u26a0\u2b50]|# *[=*#]{8,}")
CODE = (".py", ".yaml", ".toml", ".json", ".md", "Makefile", ".ts", ".tsx", ".js", ".css", ".html", ".svg")


@rules(
    written("infra/x.py", "# " + "=" * 40 + "\n"),
    written("docs/x.md", "Done \u2705\n"),
    written("console/src/x.ts", 'export const done = "\u2705";\n'),
)
def no_file_is_decorated(shipped: Shipped) -> Iterator[str]:
    for path, text in shipped.texts.items():
        if path.endswith(CODE) and not path.startswith(("tests/", "schemas/", "console/tests/")):
            for number, line in enumerate(text.splitlines(), 1):
                if DECORATION.search(line):
                    yield f"{path}:{number} is decorated: {line.strip()[:60]}"


UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")


@rules(written("infra/x.py", "# TO" + "DO: later\n"), written("console/src/x.tsx", "// FIX" + "ME\n"))
def no_file_is_left_for_later(shipped: Shipped) -> Iterator[str]:
    for path, text in shipped.texts.items():
        if path.endswith(CODE):
            for number, line in enumerate(text.splitlines(), 1):
                if UNFINISHED.search(line):
                    yield f"{path}:{number} leaves something for later: {line.strip()[:80]}"


@rules.each
def test_repository_keeps_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_repository_rule_complains_about_broken_repository(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
