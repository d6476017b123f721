"""Text search that finds Strasse for Straße and abrechnung in Jahresabrechnung, on both databases alike.

Text is folded here and indexed by its trigrams. The index is a table ``trigram`` beside the entries: FTS5 with its
trigram tokeniser on SQLite, a GIN index of pg_trgm on PostgreSQL. Both answer ``LIKE '%…%'`` from the index.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from sqlalchemy import BigInteger, ColumnElement, TableClause, Text, column, insert, table
from sqlmodel import Session, col, select

from models.errors import RefusedError
from models.tables import Entry, Ticket
from tickets.rows import storable
from tickets.views import Snippet

SHORTEST_PART = 3
"""Characters: shorter terms have no trigram inside a word, so they are looked for as whole words, blanks included."""
LONGEST_QUERY = 1000
"""Characters."""
LONGEST_INDEXED = 400_000
"""Characters of one entry; what a page-long attachment dump has beyond is not searched."""

_HYPHENATION = re.compile(r"(?<=[^\W\d_])-[ \t]*\r?\n[ \t]*(?!(?:und|oder)\b)(?=[^\W\d_A-ZÄÖÜ])")
"""A word parted at the end of a line; not "Strom- / und Gasvertrag"."""

_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "œ": "oe", "ı": "i", "ł": "l", "đ": "d"}


class _Folds(dict[int, str]):
    """What each character becomes; filled as characters come along."""

    def __missing__(self, codepoint: int) -> str:
        character = chr(codepoint)
        if unicodedata.category(character) == "Cf":
            folded = ""  # Soft hyphens, zero-width blanks, bidi marks.
        else:
            folded = "".join(_fold_letter(letter) for letter in unicodedata.normalize("NFKC", character).casefold())
        self[codepoint] = folded
        return folded


def _fold_letter(letter: str) -> str:
    if letter in _UMLAUTS:
        return _UMLAUTS[letter]
    bare = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    return "".join(part if part.isalnum() else " " for part in bare)


_FOLDS = _Folds()


def fold(text: str) -> str:
    r"""Letters and digits in the one spelling that is indexed and looked for; all else is one blank.

    >>> fold("Jahres-\nabrechnung der Größe 5,50 €")
    'jahresabrechnung der groesse 5 50'
    """
    joined = _HYPHENATION.sub("", unicodedata.normalize("NFC", text))
    return " ".join(joined.translate(_FOLDS).split())


def terms(query: str) -> tuple[str, ...]:
    """The folded terms of a query, all of which must be found; ``"…"`` keeps words together.

    Raises:
        RefusedError: if nothing is left to look for.
    """
    pieces = [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', query[:LONGEST_QUERY])]
    folded = tuple(dict.fromkeys(term for term in (fold(piece) for piece in pieces) if term))
    if not folded:
        raise RefusedError(f"There is nothing to look for in '{query}': give a word or a number.")
    return folded


def add(session: Session, entry_id: int, texts: Sequence[str]) -> None:
    """Index an entry by what it says, its sender, its attachments and the numbers found in it."""
    index, key = _index(session)
    # A blank at both ends, so that a short term is found as a word anywhere.
    text = f" {fold(storable(' | '.join(texts)))[:LONGEST_INDEXED]} "
    session.connection().execute(insert(index).values({key.key: entry_id, "text": text}))


def containing(session: Session, query: str) -> ColumnElement[bool]:
    """The condition that a ticket has an entry with all terms of the query."""
    return col(Ticket.id).in_(select(Entry.ticket_id).where(entry_containing(session, query)))


def entry_containing(session: Session, query: str) -> ColumnElement[bool]:
    """The condition that an entry has all terms of the query."""
    index, key = _index(session)
    text = index.c.text
    found = select(key).select_from(index)
    for term in terms(query):
        found = found.where(text.like(_pattern(term)))
    return col(Entry.id).in_(found)


def snippet(text: str, query: str, *, width: int = 80) -> Snippet:
    """The surroundings of the first hit, the longest term first, with every hit in them.

    Args:
        text: of the entry.
        query: as it was searched for.
        width: characters to show before and after the first hit.
    """
    shown = " ".join(_HYPHENATION.sub("", unicodedata.normalize("NFC", text)).split())
    folded, origins = _fold_with_origins(shown)
    wanted = sorted(terms(query), key=len, reverse=True)
    first = next((place for term in wanted for place in _places(term, folded, origins)), None)
    if first is None:
        return Snippet(shown[: 2 * width], ())
    start, end = max(0, first[0] - width), min(len(shown), first[1] + width)
    hits = {place for term in wanted for place in _places(term, folded, origins)}
    inside = sorted((left - start, right - start) for left, right in hits if start <= left and right <= end)
    return Snippet(shown[start:end], tuple(inside))


def _places(term: str, folded: str, origins: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where the term stands, as offsets into the text that was folded."""
    wanted = term if len(term) >= SHORTEST_PART else f" {term} "
    blank = 0 if wanted is term else 1
    start = folded.find(wanted)
    while start >= 0:
        yield origins[start + blank], origins[start + blank + len(term) - 1] + 1
        start = folded.find(wanted, start + 1)


def _fold_with_origins(text: str) -> tuple[str, list[int]]:
    """The folded text between blanks, and for each of its characters the offset in ``text`` it came from."""
    folded, origins = [" "], [0]
    for offset, character in enumerate(text):
        for letter in character.translate(_FOLDS):
            if letter != " " or folded[-1] != " ":
                folded.append(letter)
                origins.append(offset)
    folded.append(" ")
    origins.append(len(text))
    return "".join(folded), origins


def _pattern(term: str) -> str:
    # Folded terms have no wildcards: they are letters, digits and blanks.
    return f"%{term}%" if len(term) >= SHORTEST_PART else f"% {term} %"


def _index(session: Session) -> tuple[TableClause, ColumnElement[int]]:
    """The index table and its key, the entry's number."""
    name = "rowid" if _is_sqlite(session) else "entry_id"
    index = table("trigram", column(name, BigInteger), column("text", Text))
    return index, index.c[name]


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
