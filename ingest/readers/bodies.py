"""Which parts of a mail are its text and which hang on it (RFC 2046, 5.1; RFC 2183)."""

import binascii
import re
from dataclasses import dataclass, replace

from ingest.readers import charsets, smime, tnef, transfer
from ingest.readers.attachments import File
from ingest.readers.html import html_to_text
from ingest.readers.parts import Part, Warn, claimed_name, parse

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/enriched", "text/richtext"})
_TEXT_TYPES = frozenset({"text/plain", "text/markdown", "text/x-markdown", "text/unknown"}) | _HTML_TYPES
# Text for programs; shown as a file even where it has no name.
_STRUCTURED = frozenset({
    "text/calendar", "text/vcard", "text/x-vcard", "text/directory", "text/csv", "text/xml", "text/css", "text/rtf",
    "text/rfc822-headers", "text/javascript", "text/tab-separated-values", "text/x-amp-html", "text/watch-html",
})  # fmt: skip
# Further ways to say the same as the text beside them, of use to no one here.
_OTHER_RENDERINGS = frozenset(
    {"text/x-amp-html", "text/watch-html", "text/rtf", "application/rtf", "text/x-web-intelligent"}
)
_STUB = re.compile(r"html", re.IGNORECASE)
_STUB_CHARACTERS = 400
_IS_HTML = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype html|<html[\s>])", re.IGNORECASE)
_CID = re.compile(rb"""cid:([^"'\s>)&]+)""", re.IGNORECASE)
_BASE64_LINES = re.compile(rb"\s*(?:[A-Za-z0-9+/]{40,}\r?\n)+[A-Za-z0-9+/]*={0,2}\s*")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PGP_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----\n"
_PGP_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_PGP_END = "-----END PGP SIGNATURE-----"
_PGP_MESSAGE = "-----BEGIN PGP MESSAGE-----"
_ENCRYPTED = "The mail is encrypted with {}; only its headers could be read."
_MAX_UNWRAPS = 5
_MAX_COMPARED = 20
_REPEAT_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Body:
    """What a mail says and what hangs on it, in its order."""

    texts: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    referenced: frozenset[str] = frozenset()
    """The Content-IDs of the pictures that the HTML shows."""
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class _Choice:
    """Parts chosen as text, not yet read."""

    texts: tuple[Part, ...] = ()
    files: tuple[File, ...] = ()
    named: tuple[Part, ...] = ()
    """Text parts that were filed as attachments only because they have a name."""

    def __add__(self, other: "_Choice") -> "_Choice":
        return _Choice(self.texts + other.texts, self.files + other.files, self.named + other.named)


def read_body(root: Part, warn: Warn) -> Body:
    """Choose, decode and put together."""
    reader = _Reader(warn)
    choice = reader.choose(root, depth=0)
    texts = [text for part in choice.texts if (text := reader.text(part)).strip()]
    if not texts:
        texts = reader.last_resort(root, choice)
    files = tuple(file for found in (choice.files, reader.unpacked) for file in found)
    pictures = any(file.content_id for file in files)
    return Body(
        tuple(_without_repeats(texts)),
        files,
        _referenced(root) if pictures else frozenset(),
        reader.encrypted,
    )


class _Reader:
    """One pass over the tree; remembers what was read, for a part may be looked at twice."""

    def __init__(self, warn: Warn) -> None:
        self._warn = warn
        self._texts: dict[int, str] = {}
        self.unpacked: list[File] = []
        """Files that stood uuencoded in the text."""
        self.wrapped: list[str] = []
        """Texts of winmail.dat."""
        self.encrypted = False
        self._unwraps = 0

    def choose(self, part: Part, *, depth: int) -> _Choice:
        """Sort the leaves below a part into text and files."""
        if not part.children:
            return self._leaf(part, alone=depth == 0)
        if part.media_type == "multipart/alternative":
            return self._alternative(part, depth=depth + 1)
        if part.media_type == "multipart/encrypted":
            self._is_encrypted("PGP")
            return self._all(part.children, depth=depth + 1, only_files=True)
        if part.media_type in {"multipart/signed", "multipart/report", "multipart/related", "multipart/appledouble"}:
            return self._led(part, depth=depth + 1)
        return self._all(part.children, depth=depth + 1)

    def _all(self, parts: tuple[Part, ...], *, depth: int, only_files: bool = False) -> _Choice:
        chosen = _Choice()
        for part in parts:
            chosen += self._file(part) if only_files and not part.children else self.choose(part, depth=depth)
        return chosen

    def _led(self, part: Part, *, depth: int) -> _Choice:
        """The first part, or the one named ``start`` (RFC 2387, 3.2), is the matter; the others belong to it."""
        start = part.parameters.get("start", "").strip("<> ")
        leader = next((child for child in part.children if start and child.content_id == start), part.children[0])
        chosen = self.choose(leader, depth=depth)
        for child in part.children:
            if child is leader:
                continue
            body = child.children or (child.media_type in _TEXT_TYPES and not child.content_id)
            chosen += self.choose(child, depth=depth) if body else self._file(child)
        return chosen

    def _alternative(self, part: Part, *, depth: int) -> _Choice:
        choices = [
            self.choose(child, depth=depth) for child in part.children if child.media_type not in _OTHER_RENDERINGS
        ]
        readable = [choice for choice in choices if any(self._raw_length(text) for text in choice.texts)]
        best = self._best(readable) if readable else _Choice()
        others = [replace(choice, texts=()) for choice in choices if choice is not best]
        return sum(others, best)

    def _best(self, choices: list[_Choice]) -> _Choice:
        """Plain text is what the sender wrote, unless it only says that there is HTML; else the last (RFC 2046)."""
        plain = next((choice for choice in choices if not any(_is_html(part) for part in choice.texts)), None)
        rich = next((choice for choice in reversed(choices) if choice is not plain), None)
        if plain is None or rich is None:
            return rich or plain or _Choice()
        text = "".join(self.text(part) for part in plain.texts).strip()
        if len(text) > _STUB_CHARACTERS:
            return plain
        if text and not _STUB.search(text) and len(text) * 60 > sum(len(part.raw) for part in rich.texts):
            return plain
        other = "".join(self.text(part) for part in rich.texts).strip()
        return rich if len(other) > len(text) * (2 if _STUB.search(text) else 4) else plain

    def _leaf(self, part: Part, *, alone: bool) -> _Choice:
        if part.media_type in smime.TYPES or part.filename.lower() == "smime.p7m":
            return self._smime(part)
        if part.media_type.startswith("multipart/"):
            return _Choice()
        if not _is_text(part):
            return self._file(part)
        if part.disposition != "attachment" and (not part.filename or alone):
            return _Choice(texts=(part,))
        if alone and not part.filename:
            return _Choice(texts=(part,))
        return self._file(part) + _Choice(named=(part,))

    def _smime(self, part: Part) -> _Choice:
        content = part.unpacked().content
        cms = smime.read_cms(content)
        if cms.kind is smime.Kind.signed and cms.content and self._unwraps < _MAX_UNWRAPS:
            self._unwraps += 1
            return self.choose(parse(cms.content, self._warn), depth=0)
        if cms.kind is smime.Kind.encrypted:
            self._is_encrypted("S/MIME")
        return self._file(part)

    def _is_encrypted(self, scheme: str) -> None:
        self.encrypted = True
        self._warn(_ENCRYPTED.format(scheme))

    def _file(self, part: Part) -> _Choice:
        unpacked = part.unpacked()
        name = claimed_name(part)
        if not unpacked.fits:
            self._warn(f"The attachment {name or part.media_type} is damaged: it is not encoded as it says.")
        if part.media_type in tnef.TYPES or tnef.is_tnef(unpacked.content):
            wrapped = tnef.unwrap(unpacked.content)
            if wrapped:
                self.wrapped.append(wrapped.text if wrapped.text.strip() else html_to_text(wrapped.html).text)
                return _Choice(files=wrapped.files)
            self._warn(f"The attachment {name or 'winmail.dat'} is damaged and could not be unwrapped.")
        return _Choice(files=(File(name, part.media_type, unpacked.content, part.content_id, part.disposition),))

    def text(self, part: Part) -> str:
        """The text of a leaf, with usual line ends."""
        key = id(part)
        if key not in self._texts:
            self._texts[key] = self._read(part)
        return self._texts[key]

    def _raw_length(self, part: Part) -> int:
        """Enough to tell whether something is written there, without rendering HTML."""
        return len(part.raw.strip()) if _is_html(part) else len(self.text(part).strip())

    def _read(self, part: Part) -> str:
        content = part.unpacked().content
        if (inside := _undeclared_base64(content)) is not None:
            self._warn("The text is encoded as base64 without saying so.")
            content = inside
        if not _is_html(part):
            found, content = transfer.cut_uuencoded(content)
            self.unpacked.extend(
                File(
                    charsets.decode(file.name).text, "application/octet-stream", file.content, disposition="attachment"
                )
                for file in found
            )
        label = part.parameters.get("charset", "")
        decoded = charsets.decode(content, label or _meta_charset(part, content))
        if label and not decoded.as_declared:
            self._warn(f"The text is not in the declared character set {label[:40]}; it was read as {decoded.charset}.")
        text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
        if _is_html(part) or _IS_HTML.match(text):
            return html_to_text(text).text
        if part.parameters.get("format", "").lower() == "flowed":
            text = transfer.reflow(text, delsp=part.parameters.get("delsp", "").lower() == "yes")
        return self._without_armour(_CONTROLS.sub("", text))

    def _without_armour(self, text: str) -> str:
        """Take off the frame of an inline PGP signature (RFC 9580, 7)."""
        if "-----BEGIN PGP" not in text:
            return text
        if _PGP_MESSAGE in text:
            self._is_encrypted("PGP")
        before, signed, rest = text.partition(_PGP_SIGNED)
        _hashes, blank, rest = rest.partition("\n\n")
        inside, signature, rest = rest.partition(_PGP_SIGNATURE)
        if not (signed and blank and signature):
            return text
        return before + re.sub(r"(?m)^- ", "", inside) + rest.partition(_PGP_END)[2]

    def last_resort(self, root: Part, choice: _Choice) -> list[str]:
        """No part was meant to be the text: a named text part, what winmail.dat says, or text around the parts."""
        shown = [part for part in choice.named if part.disposition != "attachment" and self.text(part).strip()]
        if shown:
            self._warn("The mail has no text besides attached ones, which are shown instead.")
            return [self.text(part) for part in shown]
        if any(text.strip() for text in self.wrapped):
            return [text for text in self.wrapped if text.strip()]
        before = charsets.decode(root.before).text.strip()
        if before and not choice.files and "MIME" not in before:
            self._warn("The text stands outside of all parts.")
            return [before.replace("\r\n", "\n")]
        return []


def _undeclared_base64(content: bytes) -> bytes | None:
    """What a text of nothing but base64 says; None if it is not, or says nothing in words."""
    if b" " in content[:100] or not _BASE64_LINES.fullmatch(content):
        return None
    try:
        inside = binascii.a2b_base64(content)
        return inside if " " in inside.decode("utf-8") else None
    except ValueError:
        return None


def _is_html(part: Part) -> bool:
    return part.media_type in _HTML_TYPES


def _is_text(part: Part) -> bool:
    """Unknown kinds of text are plain text (RFC 2046, 4.1.4), unless someone gave them a name."""
    unknown = part.media_type.startswith("text/") and part.media_type not in _STRUCTURED and not part.filename
    return part.media_type in _TEXT_TYPES or unknown


def _meta_charset(part: Part, content: bytes) -> str:
    """What an HTML page says of itself."""
    match = (
        re.search(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]+)", content[:2000], re.IGNORECASE)
        if _is_html(part)
        else None
    )
    return match[1].decode("ascii") if match else ""


def _referenced(root: Part) -> frozenset[str]:
    return frozenset(
        charsets.decode(match).text
        for part in root.walk()
        if part.media_type == "text/html"
        for match in _CID.findall(part.unpacked().content)
    )


def _without_repeats(texts: list[str]) -> list[str]:
    """Some senders put plain text and its HTML side by side without calling them alternatives."""
    if not 1 < len(texts) <= _MAX_COMPARED:
        return texts
    keys = [re.sub(r"\W+", "", text).casefold() for text in texts]
    return [
        text
        for index, (text, key) in enumerate(zip(texts, keys, strict=True))
        if not any(_repeats(key, other, earlier=at < index) for at, other in enumerate(keys) if at != index)
    ]


def _repeats(key: str, other: str, *, earlier: bool) -> bool:
    if key == other:
        return earlier
    return len(key) >= _REPEAT_CHARACTERS and key in other
