"""From a stranger's file to a picture that Rekognition takes. Pure: bytes in, bytes out.

Whatever passes is decoded and encoded anew, so that nothing but pixels gets through: no EXIF with its position, no XMP,
comment, text, colour profile, preview or appended archive.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Final

from pi_heif import register_heif_opener

# WebPImagePlugin registers itself with Pillow, which would otherwise look for all its plugins.
from PIL import ExifTags, Image, ImageCms, ImageStat, WebPImagePlugin  # noqa: F401

from dragoman.imaging import DECODER_ERRORS, MAX_FILE_BYTES, MAX_PIXELS, TOO_LARGE_ERRORS, opened
from inspect_image.errors import ImageDamaged, ImageTooLarge
from inspect_image.formats import Format, format_of

MAX_SIDE: Final = 20_000
# Rekognition takes sides of 80 to 10,000 px and 15 MB from S3; its models gain nothing above 4,096 px.
# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
LONGEST_SIDE: Final = 4_096
SHORTEST_SIDE: Final = 80
MAX_OUTPUT_BYTES: Final = 15_000_000
# Drawings and screenshots stay as sharp as they are, unless a JPEG would be a lot smaller or quicker to make.
MAX_PNG_PIXELS: Final = 4_000_000
MAX_PNG_BYTES: Final = 4_000_000
QUALITIES: Final = (90, 75, 50)

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
# EXIF 2.3, tag 274: how to turn the stored picture upright.
TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Modes that Pillow cannot scale, or not well, and those that it can.
SCALABLE: Final = {"1": "L", "P": "RGBA", "PA": "RGBA", "I;16": "I", "I;16B": "I", "I;16L": "I", "I;16N": "I"}
ANIMATED_PLUGINS: Final = ("GIF", "PNG", "WEBP")

# Neither previews nor depth maps are of use; one thread does, for a function of one processor.
register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


@dataclass(frozen=True, slots=True)
class Inspected:
    """A picture that passed: its new bytes, what they are, what was done to it, and what it was.

    changes: "oriented" turned upright, "scaled" made smaller, "flattened" its transparency put on a plain ground,
    "recoloured" from CMYK, 16 bit, a palette or another colour space, "firstFrame" taken from an animation, "padded" to
    the smallest size.
    """

    content: bytes
    content_type: str
    width: int
    height: int
    changes: list[str]
    format: str
    original_width: int
    original_height: int
    animated: bool

    @property
    def suffix(self) -> str:
        """The ending of its file's name."""
        return "png" if self.content_type == "image/png" else "jpg"


def inspect(content: bytes) -> Inspected:
    """A picture from the bytes of a file. Raises NotAnImage, ImageTooLarge and ImageDamaged."""
    found = format_of(content)
    if len(content) > MAX_FILE_BYTES:
        raise ImageTooLarge(f"The file has more than {MAX_FILE_BYTES} bytes")
    try:
        with opened(content, found.plugin) as image:
            width, height = _checked(image.size)
            animated = found.plugin in ANIMATED_PLUGINS and bool(getattr(image, "is_animated", False))
            changes = ["firstFrame"] if animated else []
            clean = normalised(image, changes)
            encoded, content_type = encode(clean, found)
    except TOO_LARGE_ERRORS:
        raise ImageTooLarge(f"The picture has more than {MAX_PIXELS} pixels") from None
    except DECODER_ERRORS as error:
        # Only the error's class: its text could quote the file.
        raise ImageDamaged(f"The {found.name} cannot be decoded ({type(error).__name__})") from None
    return Inspected(encoded, content_type, *clean.size, changes, found.name, width, height, animated)


def _checked(size: tuple[int, int]) -> tuple[int, int]:
    """The size, when the picture may be decoded. Raises ImageTooLarge, and ValueError for a side of nothing."""
    if min(size) < 1:
        raise ValueError("a picture without pixels")
    if max(size) > MAX_SIDE:
        raise ImageTooLarge(f"A side is longer than {MAX_SIDE} pixels")
    if size[0] * size[1] > MAX_PIXELS:
        raise ImageTooLarge(f"The picture has more than {MAX_PIXELS} pixels")
    return size


def normalised(image: Image.Image, changes: list[str]) -> Image.Image:
    """The first frame upright, in RGB, within the bounds and without metadata; adds to `changes`. Raises
    DECODER_ERRORS."""
    turn, profile = TURNS.get(orientation(image)), image.info.get("icc_profile")
    size, mode = image.size, image.mode
    # A JPEG is decoded at a half, a quarter or an eighth of its size where that is still large enough.
    image.draft(None, (LONGEST_SIDE, LONGEST_SIDE))
    clean: Image.Image = image
    clean.load()
    if mode in SCALABLE:
        clean = clean.convert(SCALABLE[mode])
    clean.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    if clean.size != size:
        changes.append("scaled")
    if turn is not None:
        clean = clean.transpose(turn)
        changes.append("oriented")
    clean = padded(recoloured(flattened(clean, changes), profile, changes), changes)
    if mode not in ("RGB", "RGBA", "L", "LA") and "recoloured" not in changes:
        changes.append("recoloured")
    clean.info = {}
    return clean


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 where there is none that can be read: a broken EXIF block is no reason to refuse."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except DECODER_ERRORS:
        return 1


def flattened(image: Image.Image, changes: list[str]) -> Image.Image:
    """Without transparency: what is light is put on black and everything else on white, so that it can be seen."""
    if not image.has_transparency_data:
        return image
    visible = image.convert("RGBA")
    alpha = visible.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return visible.convert("RGB")
    light = ImageStat.Stat(visible.convert("L"), alpha)
    ground = BLACK if light.count[0] and light.mean[0] > 200 else WHITE
    flat = Image.new("RGB", visible.size, ground)
    flat.paste(visible, mask=alpha)
    changes.append("flattened")
    return flat


def recoloured(image: Image.Image, profile: bytes | None, changes: list[str]) -> Image.Image:
    """In sRGB: by the picture's colour profile if it has one that fits, else as Pillow converts its mode."""
    if image.mode.startswith("I"):
        # 16 bit: the upper eight of them.
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(source):
                image = _in_srgb(image, source)
                changes.append("recoloured")
        except (ImageCms.PyCMSError, *DECODER_ERRORS):
            # A profile that is broken, or made for another kind of picture, says nothing about the colours.
            pass
    return image if image.mode == "RGB" else image.convert("RGB")


def _in_srgb(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return image if converted is None else converted


def padded(image: Image.Image, changes: list[str]) -> Image.Image:
    """On a white ground of at least SHORTEST_SIDE pixels a side, in its middle."""
    size = max(image.width, SHORTEST_SIDE), max(image.height, SHORTEST_SIDE)
    if size == image.size:
        return image
    ground = Image.new("RGB", size, WHITE)
    ground.paste(image, ((size[0] - image.width) // 2, (size[1] - image.height) // 2))
    changes.append("padded")
    return ground


def encode(image: Image.Image, source: Format) -> tuple[bytes, str]:
    """The picture's file and its content type: PNG for what was drawn, if it is small, else JPEG."""
    if source.lossless and image.width * image.height <= MAX_PNG_PIXELS:
        file = _saved(image, "PNG", compress_level=6)
        if len(file) <= MAX_PNG_BYTES:
            return file, "image/png"
    for quality in QUALITIES:
        file = _saved(image, "JPEG", quality=quality)
        if len(file) <= MAX_OUTPUT_BYTES:
            break
    return file, "image/jpeg"


def _saved(image: Image.Image, plugin: str, **options: int) -> bytes:
    file = BytesIO()
    image.save(file, plugin, **options)
    return file.getvalue()
