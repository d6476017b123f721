"""What scanners, faxes, coffee and telephones do to a letter: the same seed gives the same damage.

Every function takes a page and a generator of random numbers and gives the damaged page. Pages are greyscale images
(mode L) at the resolution in ``image.info["dpi"]``. Used by the demo, the tests and the benchmark.
"""

import io
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Damage = Callable[[Image.Image, np.random.Generator], Image.Image]
Grey = NDArray[np.floating[Any]]

PAPER = 255


def dpi_of(page: Image.Image) -> int:
    """The resolution that a page says it has, 300 if it says none."""
    dpi = page.info.get("dpi", (300, 300))
    return round(float(dpi[0]))


def _grey(page: Image.Image) -> Grey:
    return np.asarray(page.convert("L"), dtype=np.float32)


def _image(values: Grey, page: Image.Image, *, dpi: int | None = None) -> Image.Image:
    image = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    resolution = dpi or dpi_of(page)
    image.info["dpi"] = (resolution, resolution)
    return image


def _keep_dpi(image: Image.Image, page: Image.Image) -> Image.Image:
    image.info["dpi"] = (dpi_of(page), dpi_of(page))
    return image


def _axes(page: Image.Image) -> tuple[Grey, Grey]:
    """Coordinates of all pixels as fractions of width and height."""
    x = np.linspace(0, 1, page.width, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, page.height, dtype=np.float32)[:, None]
    return x, y


def _resized(page: Image.Image, dpi: int) -> Image.Image:
    factor = dpi / dpi_of(page)
    image = page.resize((round(page.width * factor), round(page.height * factor)), Image.Resampling.LANCZOS)
    image.info["dpi"] = (dpi, dpi)
    return image


def plain(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """A good scanner: nearly white paper, a little sensor noise, a little blur."""
    values = _grey(page.filter(ImageFilter.GaussianBlur(dpi_of(page) / 600)))
    return _image(values * 0.94 + 12 + random.normal(0, 1.5, values.shape).astype(np.float32), page)


def skew(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Three degrees crooked, either way."""
    angle = 3.0 if random.random() < 0.5 else -3.0
    turned = plain(page, random).rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=250)
    return _keep_dpi(turned, page)


def shadow(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """The lid was open: half of the page lies in the dark, darker towards the fold."""
    x, y = _axes(page)
    light = 0.35 + 0.65 / (1 + np.exp(-(x - 0.35 - 0.15 * y + random.uniform(-0.1, 0.1)) * 12))
    return _image(_grey(plain(page, random)) * light, page)


def noise(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """A bad sensor: strong grain all over."""
    values = _grey(page) * 0.85 + 20
    return _image(values + random.normal(0, 28, values.shape).astype(np.float32), page)


def specks(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Dust: one pixel in a hundred is black or white."""
    values = _grey(plain(page, random)).copy()
    dice = random.random(values.shape)
    values[dice < 0.006] = 0
    values[dice > 0.994] = 255
    return _image(values, page)


def coffee(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """The rings of a cup, and a spill."""
    x, y = _axes(page)
    ratio = page.height / page.width
    tint = np.zeros((page.height, page.width), dtype=np.float32)
    for _ in range(3):
        centre_x, centre_y = random.uniform(0.2, 0.8), random.uniform(0.2, 0.8)
        distance = np.sqrt((x - centre_x) ** 2 + ((y - centre_y) * ratio) ** 2)
        radius = random.uniform(0.1, 0.2)
        tint += 95 * np.exp(-(((distance - radius) / 0.012) ** 2)) + 45 * (distance < radius)
    return _image(_grey(plain(page, random)) - np.minimum(tint, 120), page)


def bleed_through(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Thin paper: the other side shows, mirrored."""
    back = page.transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(dpi_of(page) / 130))
    shifted = np.roll(_grey(back), int(dpi_of(page) * 0.12), axis=0)
    return _image(_grey(plain(page, random)) - 0.30 * (255 - shifted), page)


def faint(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """The toner is nearly empty, with pale stripes."""
    x, _ = _axes(page)
    strength = 0.28 + 0.12 * np.sin(x * random.uniform(20, 40))
    values = 255 - (255 - _grey(page)) * strength
    return _image(values - 8 + random.normal(0, 3, values.shape).astype(np.float32), page)


def fax(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Black and white at 204 × 196 dpi, as a fine fax sends it, with a few lost lines."""
    image = _resized(page, 204)
    values = _grey(image) + random.normal(0, 18, (image.height, image.width)).astype(np.float32)
    values = np.where(values < 150, 0, 255).astype(np.float32)
    for row in random.integers(0, image.height, 6):
        values[row] = 255
    return _image(values, image, dpi=204)


def dithered(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """A grey page that the scanner turned into black dots (Floyd–Steinberg) at 200 dpi."""
    image = _resized(plain(page, random), 200)
    return _keep_dpi(image.convert("1").convert("L"), image)


def phone_photo(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Photographed on a table: perspective, lamp on one side, slightly out of focus, JPEG."""
    width, height = page.size
    amount = 0.03

    def corner(x: float, y: float) -> tuple[float, float]:
        return (x + random.uniform(-amount, 0.01) * width, y + random.uniform(-amount, 0.01) * height)

    corners = [corner(0, 0), corner(0, height), corner(width, height), corner(width, 0)]
    quad = tuple(value for point in corners for value in point)
    image = page.transform(page.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC, fillcolor=90)
    x, y = _axes(page)
    light = 0.95 - 0.45 * np.sqrt((x - 0.8) ** 2 + (y - 0.2) ** 2)
    blurred = image.filter(ImageFilter.GaussianBlur(dpi_of(page) / 260))
    values = _grey(blurred) * light + random.normal(0, 5, (height, width)).astype(np.float32)
    small = _resized(_image(values, page), 190)
    return jpeg(small, random, quality=60)


def jpeg(page: Image.Image, random: np.random.Generator, *, quality: int = 18) -> Image.Image:  # noqa: ARG001
    """Saved far too small."""
    out = io.BytesIO()
    page.convert("L").save(out, "JPEG", quality=quality)
    out.seek(0)
    with Image.open(out) as image:
        image.load()
        return _keep_dpi(image.copy(), page)


def low_dpi(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Scanned at 130 dpi to save space."""
    return _resized(plain(page, random), 130)


def dpi_200(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """A usual office scanner's default."""
    return _resized(plain(page, random), 200)


def blur(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Out of focus."""
    return _keep_dpi(plain(page, random).filter(ImageFilter.GaussianBlur(dpi_of(page) / 170)), page)


def streaks(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Dirt on the glass of a sheet feeder: dark lines from top to bottom."""
    values = _grey(plain(page, random)).copy()
    for _ in range(8):
        column = int(random.integers(0, page.width - 3))
        values[:, column : column + int(random.integers(1, 3))] *= random.uniform(0.3, 0.7)
    return _image(values, page)


def folds(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Folded in three for the envelope."""
    _, y = _axes(page)
    values = _grey(plain(page, random))
    for place in (1 / 3 + random.uniform(-0.01, 0.01), 2 / 3 + random.uniform(-0.01, 0.01)):
        values = values - 60 * np.exp(-(((y - place) / 0.003) ** 2)) - 25 * np.exp(-(((y - place) / 0.02) ** 2))
    return _image(values, page)


def punched(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Two holes of a folder at the left, and a black border where the paper ended."""
    image = plain(page, random)
    pen = ImageDraw.Draw(image)
    dpi = dpi_of(page)
    radius = 3 / 25.4 * dpi
    for offset in (-40, 40):
        x, y = 12 / 25.4 * dpi, page.height / 2 + offset / 25.4 * dpi
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=30)
    pen.rectangle((page.width - 0.08 * dpi, 0, page.width, page.height), fill=15)
    pen.rectangle((0, page.height - 0.06 * dpi, page.width, page.height), fill=15)
    return image


def stamped(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """A pale round stamp across the text, as mail rooms put it."""
    image = plain(page, random)
    layer = Image.new("L", image.size, 255)
    pen = ImageDraw.Draw(layer)
    dpi = dpi_of(page)
    x, y = image.width * random.uniform(0.5, 0.8), image.height * random.uniform(0.15, 0.6)
    for radius in (0.75 * dpi, 0.68 * dpi):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=150, width=max(2, dpi // 80))
    return _image(np.minimum(_grey(image), _grey(layer)), page)


def marker(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Lines marked with a highlighter, grey in the scan."""
    image = _grey(plain(page, random)).copy()
    dpi = dpi_of(page)
    for _ in range(6):
        top = int(random.integers(dpi, page.height - dpi))
        left = int(random.integers(0, page.width // 2))
        image[top : top + dpi // 6, left : left + 2 * dpi] *= 0.72
    return _image(image, page)


def dark_copy(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """A copy of a copy: grey paper, thick letters."""
    thick = page.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.GaussianBlur(dpi_of(page) / 400))
    values = _grey(thick) * 0.62 + 10
    return _image(values + random.normal(0, 8, values.shape).astype(np.float32), page)


def thin_letters(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Thresholded too light: thin strokes break, black and white."""
    values = _grey(page.filter(ImageFilter.GaussianBlur(dpi_of(page) / 350)))
    values = values + random.normal(0, 10, values.shape).astype(np.float32)
    return _image(np.where(values < 92, 0, 255).astype(np.float32), page)


def wavy(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """The book or the damp sheet did not lie flat: lines swing by half their height."""
    values = _grey(plain(page, random))
    columns = np.arange(page.width)
    swing = dpi_of(page) / 22 * np.sin(columns / page.width * 2 * math.pi + random.uniform(0, 6))
    rows = np.clip(np.arange(page.height)[:, None] + swing[None, :].astype(np.int64), 0, page.height - 1)
    return _image(values[rows, columns[None, :]], page)


def upside_down(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Fed the wrong way round."""
    return _keep_dpi(plain(page, random).transpose(Image.Transpose.ROTATE_180), page)


def turned_left(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Landscape: turned by 90 degrees against the clock."""
    return _keep_dpi(plain(page, random).transpose(Image.Transpose.ROTATE_90), page)


def turned_right(page: Image.Image, random: np.random.Generator) -> Image.Image:
    """Landscape: turned by 90 degrees with the clock."""
    return _keep_dpi(plain(page, random).transpose(Image.Transpose.ROTATE_270), page)


DAMAGES: Mapping[str, Damage] = {
    function.__name__: function
    for function in (
        plain,
        dpi_200,
        low_dpi,
        skew,
        shadow,
        noise,
        specks,
        coffee,
        bleed_through,
        faint,
        fax,
        dithered,
        phone_photo,
        jpeg,
        blur,
        streaks,
        folds,
        punched,
        stamped,
        marker,
        dark_copy,
        thin_letters,
        wavy,
        upside_down,
        turned_left,
        turned_right,
    )
}
"""Every kind of damage by its name."""
