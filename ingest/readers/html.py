"""HTML bodies become text that a person, a splitter of quotes and a classifier can read.

Parsing is lexbor's (through selectolax): it repairs tag soup as browsers do. Nothing is ever loaded from the network.
Quoted blocks come out as lines with a ``>`` before them, tables as ``Label: value`` or ``a | b`` lines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.readers.html_lines import Lines
from ingest.readers.html_style import FontSize, Style, style_of

RULE = "_" * 32
"""What a horizontal rule becomes: the line that Outlook itself writes above a quoted header block."""

_DEPTH = 200
"""Tags open at once; deeper ones are dropped, their text stays. lexbor needs quadratic time for nested blocks."""
_LINK_LENGTH = 500
_JOINED_CELLS = 300
"""A table row is one line while its cells are one line each and together not longer than this."""

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)")
_CID = re.compile(r"""\bcid:([^"'\s)>&]+)""", re.IGNORECASE)
_LABEL = re.compile(r"^[^\W\d_][^\d@.]{1,30}:?$")
"""What stands to the left of a value of several lines."""
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_INVISIBLE = re.compile("[\u00ad\u034f\u200b-\u200d\u2060\ufeff]+")
_UNCOUNTED = frozenset([
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
    "body", "dd", "dt", "head", "html", "li", "option", "p", "tbody", "td", "tfoot", "th", "thead", "tr",
])  # fmt: skip
"""Tags that are empty, or that HTML lets people leave open: they cannot nest without the others."""
_DROPPED = frozenset([
    "head", "script", "style", "title", "template", "object", "svg", "iframe", "map", "video", "audio", "xml", "select",
    "datalist", "canvas", "noframes",
])  # fmt: skip
_BLOCKS = frozenset([
    "address", "article", "aside", "body", "caption", "center", "dd", "details", "dir", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "html", "legend", "main", "nav", "section", "summary", "table",
    "tbody", "tfoot", "thead",
])  # fmt: skip
_SPACED = frozenset(["h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "menu", "pre", "blockquote"])
"""Blocks that a browser sets off with a margin."""
_ATTRIBUTIONS = frozenset(["gmail_attr", "moz-cite-prefix"])
"""Classes of the line that introduces a quote, in whatever language."""


@dataclass(frozen=True, slots=True)
class HtmlText:
    """What can be read of an HTML body."""

    text: str
    images: frozenset[str]
    """Content-IDs that the layout refers to, without ``cid:`` and angle brackets (RFC 2392)."""


def html_to_text(html: str) -> HtmlText:
    r"""Make readable text of an HTML body; never raises, needs linear time, never loads anything.

    Hidden text (preheaders) and tracking pixels are left out, unless nothing else is there. A link keeps its address in
    brackets where that is not what it says anyway.

    >>> html_to_text('<p>Gr&uuml;&szlig;e</p><a href="https://example.de/">Portal</a>').text
    'Grüße\n\nPortal (https://example.de/)'
    """
    images = frozenset(unquote(name).strip("<>") for name in _CID.findall(html.replace("&#64;", "@")))
    tree = LexborHTMLParser(_bounded(html))
    root = tree.root
    if root is None:
        return HtmlText("", images)
    white_is_hidden = not any("background" in style.text() for style in tree.css("style"))
    for show_hidden in (False, True):
        renderer = _Renderer(white_is_hidden=white_is_hidden, show_hidden=show_hidden)
        text = renderer.render(root)
        if text:
            break
    return HtmlText(text, images)


def _bounded(html: str) -> str:
    """Drop the tags that stand deeper than ``_DEPTH``; what mail programs write comes back unchanged."""
    depth = 0
    kept: list[str] = []
    start = 0
    for match in _TAG.finditer(html):
        if match[2].lower() in _UNCOUNTED:
            continue
        too_deep = depth > _DEPTH if match[1] else depth >= _DEPTH
        depth = max(0, depth - 1) if match[1] else depth + 1
        if too_deep and match.start() >= start:
            end = html.find(">", match.end())
            kept.append(html[start : match.start()] + " ")
            start = len(html) if end < 0 else end + 1
    return "".join([*kept, html[start:]]) if kept else html


@dataclass(slots=True)
class _Renderer:
    """Walks the tree without recursion and writes what is visible."""

    white_is_hidden: bool
    show_hidden: bool
    flow: Lines = field(default_factory=Lines)
    outer: list[tuple[Lines, list[list[str]]]] = field(default_factory=list)
    """Flows around the current table cell, with the cells of its row so far."""
    cells: list[list[str]] = field(default_factory=list)
    styles: list[Style] = field(default_factory=lambda: [Style()])
    lists: list[int] = field(default_factory=list)
    """For each open list the next number, -1 for bullets."""
    links: list[tuple[str, Lines, int, int]] = field(default_factory=list)
    """Address, flow, finished lines and pieces of the current line where each open link begins."""
    preformatted: int = 0

    def render(self, root: LexborNode) -> str:
        """The text of the tree."""
        for node, closing in self._walk(root):
            if closing:
                self._leave(node)
            elif node.is_text_node:
                self._text(node.text_content or "")
            else:
                self._enter(node)
        self.flow.end_line()
        return "\n".join(line.rstrip() for line in self.flow.lines).strip("\n")

    def _walk(self, root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
        """Every node that is shown, elements twice: before and after what is in them."""
        stack: list[tuple[LexborNode, bool]] = [(root, False)]
        while stack:
            node, closing = stack.pop()
            if closing:
                yield node, True
                continue
            following = node.next
            if following is not None:
                stack.append((following, False))
            if node.is_text_node:
                yield node, False
            elif node.is_element_node and not self._dropped(node):
                yield node, False
                stack.append((node, True))
                child = node.first_child
                if child is not None:
                    stack.append((child, False))

    def _dropped(self, node: LexborNode) -> bool:
        tag = node.tag
        if tag in _DROPPED:
            return True
        style = style_of(node.attributes, self.styles[-1])
        if style.hidden and not self.show_hidden:
            return True
        self.styles.append(style)
        return False

    def _text(self, text: str) -> None:
        style = self.styles[-1]
        if not self.show_hidden:
            if style.font is FontSize.zero:
                return
            if self.white_is_hidden and style.white and not style.background:
                return
        text = _INVISIBLE.sub("", text)
        if not self.preformatted:
            text = _BLANKS.sub(" ", text)
            self.flow.write(text if self.flow.current else text.lstrip(" "))
            return
        for number, line in enumerate(text.replace("\r\n", "\n").split("\n")):
            if number:
                self.flow.line_break()
            self.flow.write(line)

    def _enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "br":
            self.flow.line_break()
        elif tag == "hr":
            self.flow.end_line()
            self.flow.put(RULE)
        elif tag == "img":
            self._image(node)
        elif tag in {"td", "th"}:
            self._enter_cell()
        elif tag == "tr":
            self.flow.end_line()
            self.outer.append((self.flow, self.cells))
            self.cells = []
        elif tag == "a":
            target = node.attributes.get("href") or ""
            self.links.append((target, self.flow, len(self.flow.lines), len(self.flow.current)))
        elif tag in _SPACED or tag in _BLOCKS or tag == "li":
            self._enter_block(node, tag)

    def _enter_block(self, node: LexborNode, tag: str) -> None:
        self.flow.end_line()
        if tag in _SPACED and not self.styles[-1].tight and not self.lists:
            self.flow.set_gap()
        if tag == "pre":
            self.preformatted += 1
            self.flow.verbatim = True
        elif tag in {"ul", "ol", "menu"}:
            self.lists.append(1 if tag == "ol" else -1)
        elif tag == "li":
            self._item()
        if _is_quote(node, tag):
            self.flow.depth += 1

    def _item(self) -> None:
        number = self.lists[-1] if self.lists else -1
        self.flow.prefix = "- " if number < 0 else f"{number}. "
        if number >= 0:
            self.lists[-1] += 1

    def _leave(self, node: LexborNode) -> None:
        self.styles.pop()
        tag = node.tag or ""
        if tag in {"td", "th"}:
            self._leave_cell()
        elif tag == "tr":
            self._leave_row()
        elif tag == "a":
            self._leave_link()
        elif tag in _SPACED or tag in _BLOCKS or tag == "li":
            self._leave_block(node, tag)

    def _leave_block(self, node: LexborNode, tag: str) -> None:
        self.flow.end_line()
        if tag == "pre":
            self.preformatted -= 1
            self.flow.verbatim = self.preformatted > 0
        elif tag == "li":
            self.flow.indent -= 0 if self.flow.prefix else 2 if self._bulleted() else self._number_width()
            self.flow.indent = max(0, self.flow.indent)
            self.flow.prefix = ""
        elif tag in {"ul", "ol", "menu"} and self.lists:
            self.lists.pop()
        if _is_quote(node, tag):
            self.flow.depth -= 1
            if tag == "blockquote":
                self.flow.set_gap()
        elif tag in _SPACED and not node_is_tight(node) and not self.lists:
            self.flow.set_gap()

    def _bulleted(self) -> bool:
        return not self.lists or self.lists[-1] < 0

    def _number_width(self) -> int:
        return len(f"{self.lists[-1] - 1}. ")

    def _enter_cell(self) -> None:
        if not self.outer:
            self.flow.end_line()
            self.outer.append((self.flow, self.cells))
            self.cells = []
        self.outer.append((self.flow, self.cells))
        self.flow = Lines()

    def _leave_cell(self) -> None:
        self.flow.end_line()
        lines = self.flow.lines
        self.flow, self.cells = self.outer.pop()
        if lines:
            self.cells.append(lines)

    def _leave_row(self) -> None:
        cells = self.cells
        self.flow.end_line()
        self.flow, self.cells = self.outer.pop()
        for line in _row(cells):
            if line:
                self.flow.put(line)
            else:
                self.flow.set_gap()

    def _leave_link(self) -> None:
        target, flow, lines, pieces = self.links.pop()
        if flow is not self.flow:
            return
        if len(flow.lines) == lines:
            said = "".join(flow.current[pieces:]).strip()
        else:
            # The link holds blocks, as the buttons of newsletters do.
            flow.end_line()
            said = flow.lines[-1].strip()
        address = _address(target, said)
        if not address or not said:
            return
        if not flow.current:
            flow.lines[-1] += f" ({address})"
            return
        while not flow.current[-1].strip():
            flow.current.pop()
        flow.current[-1] = flow.current[-1].rstrip()
        flow.current.append(f" ({address})")

    def _image(self, node: LexborNode) -> None:
        """Of pictures only emoji are text; logos, pixels and photographs say nothing here."""
        text = (node.attributes.get("alt") or "").strip()
        if text and len(text) <= 4 and not text.isascii() and not text.isalpha():
            self.flow.write(text)


def node_is_tight(node: LexborNode) -> bool:
    """Whether a paragraph has no margin, as those of Outlook have."""
    return style_of(node.attributes, Style()).tight


def _is_quote(node: LexborNode, tag: str) -> bool:
    """Whether the element holds what somebody else wrote earlier."""
    attributes = node.attributes
    if tag == "blockquote":
        style = (attributes.get("style") or "").replace(" ", "").lower()
        # Gmail's "indent more" is a blockquote as well, the only one that says it has no border.
        return "border:none" not in style and "border:medium" not in style
    if tag != "div":
        return False
    classes = (attributes.get("class") or "").split()
    if not _ATTRIBUTIONS.intersection(classes):
        return False
    return not (node.text() or "").lstrip().startswith("-")


def _row(cells: list[list[str]]) -> list[str]:
    """The lines of a table row."""
    if len(cells) == 2 and len(cells[1]) > 1 and _LABEL.match(cells[0][0]) and len(cells[0]) == 1:
        return [f"{cells[0][0].rstrip(':')}:", *cells[1]]
    if len(cells) < 2 or any(len(cell) > 1 for cell in cells) or any(cell[0].startswith(">") for cell in cells):
        return [line for cell in cells for line in cell]
    words = [cell[0] for cell in cells]
    if sum(map(len, words)) > _JOINED_CELLS:
        return words
    if words[0].endswith(":"):
        return [f"{words[0]} {' | '.join(words[1:])}"]
    return [" | ".join(words)]


def _address(target: str, said: str) -> str:
    """The address of a link, if it tells more than the words of the link do."""
    target = _INVISIBLE.sub("", target.strip())
    try:
        parts = urlsplit(target)
        if (parts.hostname or "").endswith(".safelinks.protection.outlook.com"):
            target = parse_qs(parts.query).get("url", [target])[0]
    except ValueError:
        # An address that cannot be taken apart is shown as it is.
        parts = None
    if target.lower().startswith(("mailto:", "tel:")):
        target = unquote(target.partition(":")[2].partition("?")[0])
    elif not target.lower().startswith(("http://", "https://", "ftp://")):
        return ""
    if len(target) > _LINK_LENGTH or _plain(target) in _plain(said):
        return ""
    return target


def _plain(address: str) -> str:
    """An address as people write it: no scheme, no ``www``, no final slash."""
    address = re.sub(r"^[a-z]+://(www\.)?|^www\.", "", address.strip().lower())
    return re.sub(r"[\s\u00a0/.-]+", "", address)
