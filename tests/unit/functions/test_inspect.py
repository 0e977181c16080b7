"""The gate for pictures, with files made to get past it. Each ends in a picture or in a named refusal."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from inspect_image.errors import ImageDamaged, ImageTooLarge, NotAnImage
from inspect_image.formats import format_of
from inspect_image.logic import Inspected, inspect
from tests.unit.functions.pictures import (
    BLUE,
    HEIC,
    RED,
    chunk,
    drawn,
    jpeg,
    png,
    png_of_zeros,
    saved,
    with_chunk,
)

SECRET = "SecretWords"
HTML = b"<!DOCTYPE html><html><script>alert('SecretWords')</script></html>"


def picture(inspected: Inspected) -> Image.Image:
    """What came out, as a stranger would open it."""
    image = Image.open(BytesIO(inspected.content))
    assert image.size == (inspected.width, inspected.height)
    assert image.mode == "RGB"
    return image


def near(image: Image.Image, place: tuple[float, float], colour: tuple[int, ...], tolerance: int = 40) -> bool:
    """Whether the picture has about that colour there; place in parts of width and height."""
    found = image.getpixel((int(place[0] * image.width), int(place[1] * image.height)))
    assert isinstance(found, tuple)
    return all(abs(one - other) <= tolerance for one, other in zip(found, colour, strict=True))


def position() -> Image.Exif:
    """EXIF data of a phone: a maker, a comment, a position."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = SECRET
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0)})
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = SECRET.encode()
    return exif


# --- what passes


@pytest.mark.parametrize(
    ("plugin", "name", "content_type", "options"),
    [
        ("JPEG", "JPEG", "image/jpeg", {}),
        ("JPEG", "JPEG", "image/jpeg", {"progressive": True}),
        ("PNG", "PNG", "image/png", {}),
        ("WEBP", "WebP", "image/jpeg", {}),
        ("WEBP", "WebP", "image/jpeg", {"lossless": True}),
        ("GIF", "GIF", "image/png", {}),
    ],
)
def test_inspect_each_format_passes(plugin: str, name: str, content_type: str, options: dict[str, bool]) -> None:
    found = inspect(saved(drawn(), plugin, **options))
    assert (found.format, found.content_type, found.width, found.height) == (name, content_type, 300, 200)
    assert (found.original_width, found.original_height, found.animated) == (300, 200, False)
    image = picture(found)
    assert near(image, (0.2, 0.2), RED)
    assert near(image, (0.8, 0.8), BLUE)


def test_inspect_heic_is_turned_once_and_loses_its_metadata() -> None:
    assert b"SecretMaker" in HEIC
    found = inspect(HEIC)
    assert (found.format, found.content_type, found.width, found.height) == ("HEIC", "image/jpeg", 200, 300)
    assert near(picture(found), (0.8, 0.2), RED)
    assert near(picture(found), (0.2, 0.2), BLUE)
    assert b"Secret" not in found.content
    assert not picture(found).getexif()


@pytest.mark.parametrize("turn", range(1, 9))
def test_inspect_exif_orientation_is_applied(turn: int) -> None:
    """Each stored picture, seen as its tag says, has its red quarter at the left top."""
    stored = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[turn]
    image = drawn() if stored is None else drawn().transpose(stored)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turn
    found = inspect(saved(image, "JPEG", exif=exif))
    assert (found.width, found.height) == (300, 200)
    assert near(picture(found), (0.2, 0.2), RED)
    assert near(picture(found), (0.8, 0.2), BLUE)
    assert near(picture(found), (0.2, 0.8), BLUE)
    assert ("oriented" in found.changes) == (turn != 1)
    assert not picture(found).getexif()


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0broken", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
)
def test_inspect_broken_exif_is_no_reason_to_refuse(exif: bytes) -> None:
    assert inspect(jpeg(exif=exif)).changes == []


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_inspect_unknown_orientation_is_ignored(value: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    assert inspect(jpeg(exif=exif)).changes == []


# --- metadata


def profile() -> bytes:
    """A colour profile that names a secret."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def jpeg_with_everything() -> bytes:
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{SECRET}</x:xmpmeta>".encode()
    return saved(
        drawn(), "JPEG", exif=position(), comment=SECRET, xmp=xmp, icc_profile=profile() + SECRET.encode(), dpi=(72, 72)
    )


def png_with_everything() -> bytes:
    texts = PngInfo()
    texts.add_text("Comment", SECRET)
    texts.add_text("Author", SECRET, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET}</x>")
    file = saved(drawn(), "PNG", pnginfo=texts, exif=position(), icc_profile=profile(), dpi=(72, 72))
    return with_chunk(file, b"prVt", SECRET.encode())


def webp_with_everything() -> bytes:
    return saved(drawn(), "WEBP", exif=position(), xmp=SECRET.encode(), icc_profile=profile())


def gif_with_everything() -> bytes:
    return saved(drawn(), "GIF", comment=SECRET.encode())


@pytest.mark.parametrize("make", [jpeg_with_everything, png_with_everything, webp_with_everything, gif_with_everything])
def test_inspect_metadata_is_gone(make: object) -> None:
    assert callable(make)
    file = make()
    assert SECRET.encode() in file or zlib.compress(SECRET.encode()) in file
    found = inspect(file)
    image = picture(found)
    image.load()
    assert SECRET.encode() not in found.content
    assert not image.getexif()
    assert not image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def chunks(file: bytes) -> set[bytes]:
    """The kinds of chunks in a PNG."""
    kinds, at = set(), 8
    while at < len(file):
        size = int.from_bytes(file[at : at + 4])
        kinds.add(file[at + 4 : at + 8])
        at += size + 12
    return kinds


def markers(file: bytes) -> set[int]:
    """The markers of a JPEG's header, up to its first scan."""
    found, at = set(), 2
    while file[at + 1] != 0xDA:
        found.add(file[at + 1])
        at += 2 + int.from_bytes(file[at + 2 : at + 4])
    return found


def test_inspect_output_holds_pixels_alone() -> None:
    assert chunks(inspect(png_with_everything()).content) == {b"IHDR", b"IDAT", b"IEND"}
    # JFIF's own header, quantisation, frame, Huffman tables; no APP1 (EXIF, XMP), APP2 (ICC), COM.
    assert markers(inspect(jpeg_with_everything()).content) == {0xE0, 0xDB, 0xC0, 0xC4}


# --- polyglots


def test_inspect_jpeg_with_html_behind_it_loses_the_html() -> None:
    found = inspect(jpeg() + HTML)
    assert b"script" not in found.content
    assert near(picture(found), (0.2, 0.2), RED)


def test_inspect_jpeg_with_html_in_its_comment_loses_the_html() -> None:
    assert b"script" not in inspect(jpeg(comment=HTML)).content


def test_inspect_gif_that_is_a_script_loses_the_script() -> None:
    """GIF89a/* is the start of a comment in JavaScript, and a width of 10,799 pixels."""
    file = saved(drawn(), "GIF")
    polyglot = b"GIF89a" + b"/*" + file[8:10] + file[10:] + b"*/=1;alert('SecretWords')//"
    found = inspect(polyglot)
    assert found.original_width == 0x2A2F
    assert b"alert" not in found.content


def test_inspect_png_with_an_archive_behind_it_loses_the_archive() -> None:
    assert b"PK\x03\x04" not in inspect(png() + b"PK\x03\x04" + SECRET.encode()).content


# --- what is no picture


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\xff\xd8",
        HTML,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n1 0 obj",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"PK\x03\x04" + bytes(100),
        b"II*\0" + bytes(100),
        b"BM" + bytes(100),
        b"8BPS" + bytes(100),
        b"GIF88a" + bytes(100),
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"\0\0\0\x1cftypisom" + bytes(100),
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
        b"\0\0\0\x18ftypmif1\0\0\0\0avifmif1",
        b"\xffO\xffQ" + bytes(100),
        bytes(1000),
    ],
)
def test_inspect_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(NotAnImage) as caught:
        inspect(content)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(("brand", "others"), [(b"heic", b""), (b"mif1", b"mif1heic"), (b"msf1", b"hevc")])
def test_format_of_heic_brands(brand: bytes, others: bytes) -> None:
    box = b"ftyp" + brand + bytes(4) + others
    assert format_of(struct.pack(">I", len(box) + 4) + box).name == "HEIC"


# --- what is damaged


@pytest.mark.parametrize(
    "make", [jpeg, png, lambda: saved(drawn(), "WEBP"), lambda: HEIC, lambda: saved(drawn(), "GIF")]
)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_inspect_truncated_is_damaged(make: object, share: float) -> None:
    assert callable(make)
    file = make()
    with pytest.raises(ImageDamaged) as caught:
        inspect(file[: max(16, int(len(file) * share))])
    assert "cannot be decoded" in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff\xe0" + bytes(100),
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 10, 8, 0, 0, 0, 0)),
        b"GIF89a" + bytes(100),
        b"RIFF\xff\xff\xff\xffWEBPVP8 " + bytes(100),
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100),
        png_of_zeros(100, 100, header_only=True),
        with_chunk(png(), b"iCCP", b"x\0\0" + b"not compressed"),
        jpeg()[:200] + HTML,
    ],
)
def test_inspect_damaged_ends_in_a_picture_or_a_refusal(content: bytes) -> None:
    told = ""
    try:
        picture(inspect(content)).load()
    except ImageDamaged as refused:
        told = str(refused)
    assert SECRET not in told


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["jpeg", "png", "webp", "gif", "heic"]), st.data())
def test_inspect_any_damage_ends_in_a_picture_or_a_refusal(kind: str, data: st.DataObject) -> None:
    file = bytearray(FILES[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        file[data.draw(st.integers(12, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = inspect(bytes(file))
    except (NotAnImage, ImageDamaged, ImageTooLarge):
        return
    assert 80 <= min(found.width, found.height) <= max(found.width, found.height) <= 4096


FILES = {
    "jpeg": jpeg((40, 30)),
    "png": png((40, 30)),
    "webp": saved(drawn((40, 30)), "WEBP"),
    "gif": saved(drawn((40, 30)), "GIF"),
    "heic": HEIC,
}


# --- what is too large, and what is small


def test_inspect_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(ImageTooLarge):
        inspect(png_of_zeros(50_000, 50_000, header_only=True))


def test_inspect_bomb_that_is_really_compressed_is_refused() -> None:
    file = png_of_zeros(19_000, 19_000, bits=1)
    assert len(file) < 200_000
    with pytest.raises(ImageTooLarge, match="80000000 pixels"):
        inspect(file)


@pytest.mark.parametrize("size", [(20_001, 10), (10, 20_001)])
def test_inspect_side_too_long(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooLarge, match="20000 pixels"):
        inspect(png_of_zeros(*size))


def test_inspect_too_many_bytes() -> None:
    with pytest.raises(ImageTooLarge, match="bytes"):
        inspect(jpeg() + bytes(20 * 1024 * 1024))


def test_inspect_webp_bomb_is_refused_by_its_header() -> None:
    extended = struct.pack("<I", 0x10) + (16_382).to_bytes(3, "little") + (16_382).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", len(extended)) + extended
    with pytest.raises((ImageTooLarge, ImageDamaged)):
        inspect(b"RIFF" + struct.pack("<I", len(body)) + body)


def test_inspect_text_bomb_in_a_png_does_no_harm() -> None:
    packed = zlib.compress(bytes(200_000_000), 9)
    with pytest.raises(ImageDamaged):
        inspect(with_chunk(png(), b"zTXt", b"Comment\0\0" + packed))


def test_inspect_12000_pixels_are_scaled_down() -> None:
    found = inspect(saved(Image.new("RGB", (12_000, 3_000), RED), "JPEG"))
    assert (found.width, found.height, found.original_width) == (4096, 1024, 12_000)
    assert found.changes == ["scaled"]
    assert near(picture(found), (0.5, 0.5), RED)


def test_inspect_80_megapixels_pass() -> None:
    found = inspect(png_of_zeros(8_900, 8_900, bits=1))
    assert (found.width, found.height, found.content_type) == (4096, 4096, "image/jpeg")


@pytest.mark.parametrize(
    ("size", "out"), [((1, 1), (80, 80)), ((79, 300), (80, 300)), ((20_000, 1), (4096, 80)), ((1, 20_000), (80, 4096))]
)
def test_inspect_small_sides_are_padded(size: tuple[int, int], out: tuple[int, int]) -> None:
    found = inspect(png(size))
    assert (found.width, found.height) == out
    assert found.changes[-1] == "padded"
    assert near(picture(found), (0.01, 0.01), (255, 255, 255)) == (size != (79, 300))


# --- kinds of pixels


def test_inspect_cmyk_jpeg() -> None:
    found = inspect(saved(drawn(mode="CMYK"), "JPEG"))
    assert found.changes == ["recoloured"]
    assert near(picture(found), (0.2, 0.2), RED)


@pytest.mark.parametrize("size", [(200, 100), (9_000, 4_500)])
def test_inspect_16_bit_png(size: tuple[int, int]) -> None:
    row = struct.pack("<H", 40_000) * (size[0] // 2) + struct.pack("<H", 0) * (size[0] // 2)
    image = Image.frombytes("I;16", size, row * size[1])
    found = inspect(saved(image, "PNG", compress_level=1))
    assert "recoloured" in found.changes
    assert near(picture(found), (0.2, 0.5), (156, 156, 156), 2)
    assert near(picture(found), (0.8, 0.5), (0, 0, 0), 2)


def test_inspect_16_bit_colour_png() -> None:
    rows = b"".join(b"\0" + struct.pack(">HHH", 0xC8C8, 0x1E1E, 0x1E1E) * 100 for _ in range(100))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 100, 100, 16, 2, 0, 0, 0))
    file = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert near(picture(inspect(file)), (0.5, 0.5), RED, 2)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "PA"])
def test_inspect_every_mode_of_a_png(mode: str) -> None:
    image = drawn().convert("L" if mode == "1" else mode) if mode != "PA" else drawn().convert("P")
    found = inspect(saved(image.convert("1") if mode == "1" else image, "PNG"))
    assert picture(found).size == (300, 200)


@pytest.mark.parametrize(("ink", "ground"), [((20, 20, 20), (255, 255, 255)), ((250, 250, 250), (0, 0, 0))])
def test_inspect_transparency_gets_a_ground_to_be_seen_on(ink: tuple[int, ...], ground: tuple[int, ...]) -> None:
    image = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    image.paste((*ink, 255), (0, 0, 50, 100))
    found = inspect(saved(image, "PNG"))
    assert found.changes == ["flattened"]
    assert near(picture(found), (0.1, 0.5), ink, 5)
    assert near(picture(found), (0.8, 0.5), ground, 5)


def test_inspect_palette_with_a_transparent_colour() -> None:
    found = inspect(saved(drawn(mode="P"), "GIF", transparency=0))
    assert picture(found).size == (300, 200)


def test_inspect_other_colour_space_is_converted() -> None:
    """A profile with red and blue exchanged, as far as a test can make one: the matrix of sRGB in another order."""
    srgb = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = srgb.index(b"rXYZ"), srgb.index(b"bXYZ")
    srgb[red : red + 4], srgb[blue : blue + 4] = b"bXYZ", b"rXYZ"
    srgb = srgb.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    found = inspect(jpeg(icc_profile=bytes(srgb)))
    assert found.changes == ["recoloured"]
    assert near(picture(found), (0.2, 0.2), (RED[2], RED[1], RED[0]), 60)


@pytest.mark.parametrize("given_profile", [b"nonsense", bytes(200), profile()])
def test_inspect_useless_colour_profile_is_ignored(given_profile: bytes) -> None:
    assert near(picture(inspect(jpeg(icc_profile=given_profile))), (0.2, 0.2), RED)


@pytest.mark.parametrize("plugin", ["GIF", "WEBP", "PNG"])
def test_inspect_animation_gives_its_first_frame(plugin: str) -> None:
    frames = [Image.new("RGB", (200, 100), colour) for colour in (RED, BLUE, (0, 200, 0))]
    found = inspect(saved(frames[0], plugin, save_all=True, append_images=frames[1:], duration=50))
    assert found.animated
    assert "firstFrame" in found.changes
    assert near(picture(found), (0.5, 0.5), RED)


def test_inspect_jpeg_of_two_pictures_gives_the_first() -> None:
    """Phones add a depth map or a second picture to a JPEG (MPO)."""
    found = inspect(saved(drawn(), "MPO", save_all=True, append_images=[Image.new("RGB", (300, 200))]))
    assert (found.format, found.animated) == ("JPEG", False)
    assert near(picture(found), (0.2, 0.2), RED)


def test_inspect_noise_stays_under_rekognitions_limit() -> None:
    noise = Image.effect_noise((1024, 1024), 120).resize((4096, 4096), Image.Resampling.NEAREST)
    found = inspect(saved(Image.merge("RGB", (noise, noise.transpose(Image.Transpose.ROTATE_90), noise)), "JPEG"))
    assert len(found.content) <= 15_000_000


def test_inspect_large_drawing_becomes_a_jpeg() -> None:
    assert inspect(png((2400, 1800))).content_type == "image/jpeg"


def test_inspect_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    assert inspect(jpeg()).content == inspect(jpeg()).content
