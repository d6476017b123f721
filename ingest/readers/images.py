"""Opens pictures of letters: TIFF (many pages, fax), JPEG, PNG, WebP, JPEG 2000 and what else Pillow decodes.

Sizes are checked before a pixel is decoded.
"""

import io
import struct
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from ingest.ocr.base import Grey
from ingest.readers.sheets import Bundle, Sheet
from models.config import Limits
from models.errors import ItemError

_A4_LONG_SIDE = 11.69
"""Inches."""
_DECODE_ERRORS = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, struct.error, MemoryError)
"""What Pillow's decoders raise on broken files."""


def open_images(content: bytes, limits: Limits) -> Bundle:
    """Open a picture file.

    Raises:
        ItemError: ``damaged``, or ``too_large`` by ``limits``.
    """
    image = _opened(content, limits)
    _check_pixels(image, limits)
    count = _frames(image, limits)
    return Bundle(count, _sheets(image, count, limits))


def frames_of(content: bytes, limits: Limits) -> Iterator[Image.Image]:
    """The pages of a picture file as they are stored, decoded one at a time; those that cannot be are left white.

    Raises:
        ItemError: as ``open_images`` does.
    """
    image = _opened(content, limits)
    _check_pixels(image, limits)
    for number in range(1, _frames(image, limits) + 1):
        try:
            if number > 1 or image.format == "TIFF":
                image.seek(number - 1)
            _check_pixels(image, limits)
            _load(image, number)
        except (ItemError, *_DECODE_ERRORS):
            yield Image.new("1", (1654, 2339), 1)
        else:
            yield image


def page_size(image: Image.Image) -> tuple[float, float]:
    """Width and height on paper, in points of 1/72 inch."""
    dpi = resolution(image)
    across, down = _claimed(image)
    if dpi != round(down):
        across = down = float(dpi)
    return image.width * 72 / across, image.height * 72 / down


def grey_of(image: Image.Image) -> Grey:
    """The picture in grey: transparency on white paper, 16 bits cut to 8, colours by luminance (ITU-R 601)."""
    if image.mode.startswith(("I", "F")):
        return _eight_bits(np.asarray(image, dtype=np.float32))
    if "A" in image.getbands() or image.mode in ("La", "RGBa") or "transparency" in image.info:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA"))
    return np.asarray(image.convert("L"))


def resolution(image: Image.Image) -> int:
    """Dots per inch as the file says, or as they must be if the page is A4."""
    across, down = _claimed(image)
    plausible = 70 <= down <= 1300 and 3 <= image.height / down <= 50 and 70 <= across <= 1300
    return round(down) if plausible else max(50, round(max(image.size) / _A4_LONG_SIDE))


def _opened(content: bytes, limits: Limits) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Our own limit decides, not Pillow's warning; broken EXIF data is no reason to stop.
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(content))
    except Image.DecompressionBombError:
        raise _too_many_pixels(limits) from None
    except UnidentifiedImageError:
        raise ItemError("damaged", "The picture cannot be opened: it is damaged or of an unknown kind.") from None
    except _DECODE_ERRORS as error:
        raise ItemError("damaged", f"The picture cannot be opened: {error}.") from error


def _check_pixels(image: Image.Image, limits: Limits) -> None:
    if image.width * image.height > limits.pixels:
        raise _too_many_pixels(limits, f" {image.width} × {image.height}")


def _too_many_pixels(limits: Limits, size: str = "") -> ItemError:
    allowed = limits.pixels // 1_000_000
    return ItemError(
        "too_large", f"The picture is too large{size}; limits.pixels allows {allowed} million pixels a page."
    )


def _frames(image: Image.Image, limits: Limits) -> int:
    """Count pages without following a chain of pages that bites its own tail."""
    if image.format not in ("TIFF", "GIF", "WEBP", "MPO", "PNG"):
        return 1
    if image.format != "TIFF":
        # An animation or the depth picture of a telephone is no second page.
        return 1
    count = 1
    try:
        while count <= limits.pages:
            image.seek(count)
            count += 1
    except EOFError:
        pass
    except _DECODE_ERRORS:
        # A chain that breaks off: what was found before it is read.
        pass
    if count > limits.pages:
        raise ItemError("too_large", f"The file has more than {limits.pages} pages (limits.pages).")
    return count


def _sheets(image: Image.Image, count: int, limits: Limits) -> Iterator[Sheet]:
    for number in range(1, count + 1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                sheet = _sheet(image, number, limits)
            yield sheet
        except ItemError as error:
            yield Sheet(number, problem=f"Page {number}: {error}")
        except _DECODE_ERRORS as error:
            yield Sheet(number, problem=f"Page {number} is damaged and could not be opened ({type(error).__name__}).")


def _sheet(image: Image.Image, number: int, limits: Limits) -> Sheet:
    if number > 1 or image.format == "TIFF":
        image.seek(number - 1)
    _check_pixels(image, limits)
    problem = _load(image, number)
    claimed = _claimed(image)
    dpi = resolution(image)
    upright = ImageOps.exif_transpose(image)
    grey = grey_of(upright)
    across, down = claimed
    # Faxes have fewer lines than dots (204 × 98 or 196): the page is made as tall as it was on paper.
    if dpi == round(down) and 1.15 < across / down < 5:
        size = (grey.shape[1], round(grey.shape[0] * across / down))
        grey = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BILINEAR))
        dpi = round(across)
    return Sheet(number, grey, dpi, problem=problem)


def _load(image: Image.Image, number: int) -> str:
    """Decode; of a file that was cut off, what is there. Gives the warning."""
    try:
        image.load()
    except _DECODE_ERRORS:
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            image.load()
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before
        return f"Page {number} is cut off; what was there of it has been read."
    return ""


def _claimed(image: Image.Image) -> tuple[float, float]:
    dpi = image.info.get("dpi", (0, 0))
    try:
        return float(dpi[0]), float(dpi[1])
    except (TypeError, ValueError, LookupError, ZeroDivisionError):
        return 0.0, 0.0


def _eight_bits(values: NDArray[np.float32]) -> Grey:
    """Scanners write 12, 14 or 16 bits; the brightest pixel is paper."""
    top = float(values.max()) if values.size else 0.0
    full = 255.0 if top <= 255 else 4095.0 if top <= 4095 else 65535.0
    scaled: Grey = np.clip(values * (255.0 / full), 0, 255).astype(np.uint8)
    return scaled
