"""The little of CSS that tells whether a person sees the text: display, size, colour, margins."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

_DECLARATION = re.compile(r"([a-z-]+)\s*:\s*([^;]+)")
_ZERO = re.compile(r"0(?:\.0+)?(?:px|pt|em|rem|%|in|cm)?\b")
_TINY = re.compile(r"(?:0?\.\d+|1)(?:px|pt)\b")
_WHITES = frozenset(["#fff", "#ffffff", "white", "rgb(255,255,255)", "#fefefe"])
_NO_BACKGROUND = frozenset(["transparent", "none", "inherit", "initial", ""])


class FontSize(Enum):
    """Whether text of this size can be seen."""

    visible = "visible"
    zero = "zero"


@dataclass(frozen=True, slots=True)
class Style:
    """What an element inherits or sets itself."""

    hidden: bool = False
    """The element and all in it is not shown."""
    font: FontSize = FontSize.visible
    white: bool = False
    background: bool = False
    """The element, or one around it, has a background that is not white."""
    tight: bool = False
    """No margin of its own; not inherited."""


def style_of(attributes: Mapping[str, str | None], outer: Style) -> Style:
    """The style of an element inside another.

    >>> style_of({"style": "DISPLAY: none"}, Style()).hidden
    True
    """
    style = replace(outer, tight=False) if outer.tight else outer
    if "hidden" in attributes:
        return replace(style, hidden=True)
    if "bgcolor" in attributes or "background" in attributes:
        style = replace(style, background=_coloured((attributes.get("bgcolor") or "image").lower()))
    if (attributes.get("class") or "").startswith("Mso"):
        style = replace(style, tight=True)
    if "color" in attributes:
        style = replace(style, white=(attributes["color"] or "").strip().lower() in _WHITES)
    text = attributes.get("style")
    if not text:
        return style
    declarations = {
        name: value.replace("!important", "").strip() for name, value in _DECLARATION.findall(text.lower()[:2000])
    }
    return replace(
        style,
        hidden=_hidden(declarations),
        font=_font(declarations, style.font),
        white=declarations["color"].replace(" ", "") in _WHITES if "color" in declarations else style.white,
        background=_background(declarations, outer=style.background),
        tight=style.tight or _tight(declarations),
    )


def _hidden(declarations: Mapping[str, str]) -> bool:
    if declarations.get("display") == "none" or declarations.get("visibility") == "hidden":
        return True
    if declarations.get("mso-hide") == "all":
        return True
    if _ZERO.fullmatch(declarations.get("opacity", "1")):
        return True
    clipped = declarations.get("overflow") == "hidden"
    return clipped and any(
        _ZERO.fullmatch(declarations.get(name, "")) for name in ("max-height", "height", "max-width")
    )


def _font(declarations: Mapping[str, str], outer: FontSize) -> FontSize:
    """Inherited, as in CSS: templates set 0 on a cell and a real size on what is in it."""
    size = declarations.get("font-size")
    if size is None:
        return outer
    return FontSize.zero if _ZERO.fullmatch(size) or _TINY.fullmatch(size) else FontSize.visible


def _background(declarations: Mapping[str, str], *, outer: bool) -> bool:
    for name in ("background-color", "background", "background-image"):
        if name in declarations:
            value = declarations[name].replace(" ", "")
            return _coloured(value) if value not in _NO_BACKGROUND else outer
    return outer


def _coloured(value: str) -> bool:
    return value not in _WHITES and value not in _NO_BACKGROUND


def _tight(declarations: Mapping[str, str]) -> bool:
    margin = declarations.get("margin")
    if margin is not None:
        return bool(_ZERO.match(margin))
    top, bottom = (declarations.get(f"margin-{side}") for side in ("top", "bottom"))
    return bool((top and _ZERO.match(top)) or (bottom and _ZERO.match(bottom)))
