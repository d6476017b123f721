"""Mailboxes in address fields (RFC 5322, 3.4), with everything that is not allowed there and is sent all the same."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.readers.words import decode_words
from models.message import Address

_LIMIT = 60_000
"""Characters of one field; a longer one is cut, no person has so many correspondents."""
_MAX_BOXES = 2_000
_TOKEN = re.compile(
    r"(?P<word>=\?[^?\s]{1,60}\?[BbQq]\?[^?]*\?=)"
    r'|(?P<quoted>"(?:\\.|[^"\\])*")'
    r"|<+(?P<angle>[^<>]*)(?:>+|$)"
    r"|(?P<literal>[^\s\",;:<>()\[]*\[[^\]\[\s]*\])"
    r"|(?P<special>[,;:()])"
    r"|(?P<atom>[^\s\",;:<>()]+)"
    r"|(?P<space>\s+)"
    r"|."
)
_ATOMS = r"[^\s<>@\"',;:()=\\\[\]\x00-\x1f]+"
# What nearly every field looks like; anything that could mean more goes the long way.
_SIMPLE = re.compile(
    rf"\s*(?:(?:\"(?P<quoted>[^\"'<>()=\\\x00-\x1f]*)\"|(?P<name>[^\"'<>@,;:()=\\\x00-\x1f]{{0,200}}))\s*"
    rf"<(?P<angle>{_ATOMS}@{_ATOMS})>|(?P<bare>{_ATOMS}@{_ATOMS}))\s*"
)
_MARKS = re.compile(r"[<>\"]")
_PLAIN = re.compile(r"[^\s@<>\"\x00-\x1f,;()]+@[^\s@<>\"\x00-\x1f,;()]+")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def parse_addresses(text: str) -> tuple[Address, ...]:
    """Every mailbox of an unfolded, still encoded field; group names, comments and routes fall away.

    >>> parse_addresses("Mustermann, Max <max@example.de>, team: eva@example.de (Eva);")
    (Address(name='Mustermann, Max', address='max@example.de'), Address(name='Eva', address='eva@example.de'))
    """
    if simple := _SIMPLE.fullmatch(text):
        return (
            Address(" ".join((simple["quoted"] or simple["name"] or "").split()), simple["angle"] or simple["bare"]),
        )
    text = text[:_LIMIT]
    found = _parsed(text)
    if "=?" in text and not any(address.address and not _MARKS.search(address.address) for address in found):
        # The whole mailbox was encoded, address and all.
        found = _parsed(decode_words(text)) or found
    return found


def has_encoded_address(text: str) -> bool:
    """An encoded word inside the address itself, which RFC 2047 (5) forbids: the way senders are forged."""
    return bool(re.search(r"=\?[^?\s]+\?[BbQq]\?[^?]*\?=[^\s,;<>\"]*@|@[^\s,;<>\"]*=\?", text)) or bool(
        re.search(r"<[^<>]*=\?[^<>]*>", text)
    )


def _parsed(text: str) -> tuple[Address, ...]:
    boxes = _repaired([_mailbox(tokens) for tokens in itertools.islice(_boxes(text), _MAX_BOXES) if tokens])
    return tuple(box for box in boxes if box.name or box.address)


def _boxes(text: str) -> Iterator[list[_Token]]:
    """The tokens of each mailbox."""
    tokens: list[_Token] = []
    for token in _tokens(text):
        if token.kind != "special":
            tokens.append(token)
        elif token.text == ":" and not any("@" in other.text for other in tokens):
            tokens = []  # what stood before was the name of a group, or "mailto"
        elif token.text == ":":
            tokens.append(_Token("atom", ":"))
        else:
            yield tokens
            tokens = []
    yield tokens


def _tokens(text: str) -> Iterator[_Token]:
    depth = 0
    comment: list[str] = []
    last_close = text.rfind(")")
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if match[0] == "(" and match.start() < last_close:
            depth += 1
        elif match[0] == ")" and depth:
            depth -= 1
            if not depth:
                yield _Token("comment", "".join(comment))
                comment = []
        elif depth:
            comment.append(match[0])
        elif match[0] not in "()":
            yield _Token(kind, match[kind] if kind != "other" else "")
    if comment:
        yield _Token("comment", "".join(comment))


def _mailbox(tokens: list[_Token]) -> Address:
    angles = [index for index, token in enumerate(tokens) if token.kind == "angle"]
    if angles:
        return _with_angle(tokens, next((at for at in reversed(angles) if "@" in tokens[at].text), angles[-1]))
    words = [token for token in tokens if token.kind != "comment"]
    comment = _phrase([token for token in tokens if token.kind == "comment"])
    bare = "".join(token.text for token in words).strip()
    if "@" not in bare:
        phrase = _phrase(words)
        return Address("", phrase) if phrase and " " not in phrase and not comment else Address(phrase or comment, "")
    if not re.search(r"\S\s+[^\s@]", re.sub(r"\s*@\s*", "@", bare)):
        return Address(comment, _cleaned(re.sub(r"\s+", "", bare)))
    return _loose(bare, comment)


def _loose(bare: str, comment: str) -> Address:
    """Name and address without any marks: the word with the @ is the address."""
    match = _PLAIN.search(bare)
    if not match:
        return Address(comment or decode_words(bare), "")
    rest = re.sub(r'["<>]', " ", f"{bare[: match.start()]} {bare[match.end() :]}")
    return Address(comment or " ".join(decode_words(rest).split()), _cleaned(match[0]))


def _with_angle(tokens: list[_Token], at: int) -> Address:
    name = _phrase(tokens[:at]) or _phrase(tokens[at + 1 :])
    address = _cleaned(tokens[at].text)
    if "@" not in address and "@" in name and (match := _PLAIN.search(name)):
        return Address(" ".join(name.replace(match[0], "").strip(" <>").split()), match[0])
    return Address(name, address)


def _phrase(tokens: list[_Token]) -> str:
    """A display name; comments count only where nothing else stands."""
    chosen = [token for token in tokens if token.kind != "comment"]
    if not any(token.text.strip() for token in chosen):
        chosen = [_Token("comment", token.text) for token in tokens if token.kind == "comment"]
    text = "".join(_unquoted(token.text) if token.kind == "quoted" else token.text for token in chosen)
    name = " ".join(decode_words(text).split())
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return name


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _cleaned(address: str) -> str:
    """The address without route, blanks and quotes; decoded only where that gives one plain address."""
    address = address.strip(" \t'")
    address = address.removeprefix("mailto:").removeprefix("MAILTO:")
    if address.startswith("[") and _PLAIN.fullmatch(address[1:-1]):
        address = address[1:-1]
    if address.startswith("@") and ":" in address:
        address = address.rpartition(":")[2]
    if "=?" in address:
        decoded = decode_words(address).strip("<> ")
        return decoded if _PLAIN.fullmatch(decoded) else re.sub(r"\s+", "", address)
    if address.startswith('"') and address.endswith('"') and _PLAIN.fullmatch(address[1:-1]):
        address = address[1:-1]
    return re.sub(r"[\x00-\x20\x7f]+", "", address) if not address.startswith('"') else address.strip()


def _repaired(boxes: list[Address]) -> list[Address]:
    """``Mustermann, Max <max@example.de>``: a comma inside a name that nobody quoted."""
    repaired: list[Address] = []
    waiting: list[str] = []
    for box in boxes:
        bare = box.name or box.address
        if "@" not in box.address and bare and "@" not in bare:
            waiting.append(bare)
        elif waiting and box.name and box.address:
            repaired.append(Address(", ".join([*waiting, box.name]), box.address))
            waiting = []
        else:
            repaired.extend(_alone(name) for name in waiting)
            waiting = []
            repaired.append(box)
    return repaired + [_alone(name) for name in waiting]


def _alone(name: str) -> Address:
    return Address(name, "") if " " in name else Address("", name)
