"""The taxonomy: read, checked and, where a house has its own file, merged with the shipped one.

A house's file either stands alone or says ``extends = true`` and gives only what differs::

    extends = true
    [remove]
    concerns = ["einspeisung_pv"]
    [rename]
    zahlung_mahnung = "mahnwesen"
    [merge]
    rechnung = ["rechnung_frage", "rechnung_einwand"]
    [concerns.umzug]            # changes what is named here, keeps the rest
    queue = "marktkommunikation"
    [concerns.bad_und_sauna]    # adds
    label_de = "Bäder"
    ...

Messages and models that speak the shipped keys stay readable: ``Taxonomy.aliases`` says what became of them.
"""

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from models.classification import Concern, MarketRole, Queue, Taxonomy
from models.config import Frozen
from models.deadline import DeadlineKind, DeadlineRule, Start, Unit
from models.errors import ConfigError

SHIPPED = Path(__file__).with_name("concerns.toml")

PRIORITIES = {"sofort": 0, "sehr_hoch": 1, "hoch": 2, "normal": 3, "niedrig": 4}

RECEIPT_EVENTS = frozenset({"eingang", "zugang", "eingang_mitteilung", "eingang_begehren"})
"""Events that are the receipt of the message itself."""

_Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
_Tables = dict[str, Any]


class _Rule(Frozen):
    amount: Annotated[int, Field(ge=0)]
    unit: Unit
    start: str
    kind: DeadlineKind
    legal_basis: str
    verified: bool = False
    condition: str = ""
    note: str = ""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class _Concern(Frozen):
    label_de: str
    label_en: str
    definition: str
    queue: str
    market_role: MarketRole
    priority: Literal["sofort", "sehr_hoch", "hoch", "normal", "niedrig"]
    flags: tuple[str, ...] = ()
    extract: tuple[str, ...] = ()
    handling: str = ""
    examples: tuple[str, ...] = ()
    neighbours: Mapping[str, str] = {}
    deadlines: tuple[_Rule, ...] = ()


class _Queue(Frozen):
    label_de: str
    label_en: str
    market_role: MarketRole


class _File(Frozen):
    default: str
    danger: str
    clarification: str
    queues: Mapping[_Key, _Queue]
    concerns: Mapping[_Key, _Concern]


class _Changes(Frozen):
    """What a file that extends the shipped one may do to its keys, besides giving tables."""

    concerns: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()


def load_taxonomy(path: Path | None) -> Taxonomy:
    """Read the house's taxonomy, or the shipped one.

    Args:
        path: the house's file; None for the shipped one alone.

    Raises:
        ConfigError: naming the file, the key and the remedy.
    """
    file, aliases = _load(path)
    return Taxonomy(
        concerns={key: _concern(key, entry) for key, entry in file.concerns.items()},
        queues={
            key: Queue(key=key, label_de=entry.label_de, label_en=entry.label_en, market_role=entry.market_role)
            for key, entry in file.queues.items()
        },
        default=file.default,
        danger=file.danger,
        clarification=file.clarification,
        aliases=aliases,
    )


def load_examples(path: Path | None) -> tuple[tuple[str, str], ...]:
    """The example sentences of the taxonomy as concern and text; the first things a model learns from.

    Raises:
        ConfigError: as ``load_taxonomy``.
    """
    file, _ = _load(path)
    return tuple((key, text) for key, entry in file.concerns.items() for text in entry.examples)


def _load(path: Path | None) -> tuple[_File, dict[str, str]]:
    tables = _read(path or SHIPPED)
    aliases: dict[str, str] = {}
    try:
        if path is not None and tables.pop("extends", False):
            tables, aliases = _merged(_read(SHIPPED), tables)
        return _checked(tables), aliases
    except ConfigError as error:
        raise ConfigError(f"{path or SHIPPED}: {error}") from None


def _read(path: Path) -> _Tables:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"The taxonomy {path} does not exist.") from None
    except OSError as error:
        raise ConfigError(f"The taxonomy {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The taxonomy {path} is not valid TOML: {error}.") from error


def _merged(shipped: _Tables, house: _Tables) -> tuple[_Tables, dict[str, str]]:
    """Apply a house's file to the shipped one: remove, rename, merge, then the tables it gives.

    Returns:
        The tables, and which shipped key became which.
    """
    concerns: _Tables = shipped["concerns"]
    queues: _Tables = shipped["queues"]
    remove = _changes(house.pop("remove", {}))
    _drop(concerns, remove.concerns, "remove.concerns")
    _drop(queues, remove.queues, "remove.queues")
    aliases = _rename(concerns, _string_table(house.pop("rename", {}), "rename"))
    merged_into = _merge(concerns, house.pop("merge", {}))
    aliases = {old: _followed(new, merged_into) for old, new in aliases.items()} | merged_into
    for name, mine in (("concerns", concerns), ("queues", queues)):
        for key, table in _table(house.pop(name, {}), name).items():
            mine[key] = mine.get(key, {}) | _table(table, f"{name}.{key}")
    merged = {name: _followed(value, aliases) for name, value in shipped.items() if isinstance(value, str)}
    merged |= house | {"concerns": concerns, "queues": queues}
    for key, entry in concerns.items():
        given = _table(entry.get("neighbours", {}), f"concerns.{key}.neighbours")
        entry["neighbours"] = _neighbours(given, concerns, aliases)
    return merged, aliases


def _changes(table: Any) -> _Changes:
    try:
        return _Changes.model_validate(table)
    except ValidationError as error:
        raise ConfigError(_sentences(error, prefix="remove.")) from None


def _table(value: Any, name: str) -> _Tables:
    if not isinstance(value, dict):
        raise ConfigError(f"'{name}' must be a table.")
    return value


def _string_table(value: Any, name: str) -> dict[str, str]:
    table = _table(value, name)
    for key, other in table.items():
        if not isinstance(other, str):
            raise ConfigError(f"'{name}.{key}' must be the new key, a string.")
    return table


def _drop(tables: _Tables, keys: Iterable[str], where: str) -> None:
    for key in keys:
        _known(key, tables, where)
        del tables[key]


def _rename(concerns: _Tables, new_keys: Mapping[str, str]) -> dict[str, str]:
    for old, new in new_keys.items():
        _known(old, concerns, "rename")
        if new in concerns:
            raise ConfigError(f"'rename.{old}' = '{new}': this concern is there already; 'merge' puts two together.")
        concerns[new] = concerns.pop(old)
    return dict(new_keys)


def _merge(concerns: _Tables, groups: Any) -> dict[str, str]:
    """Put several concerns together; what the new one does not say is taken from the first of them."""
    aliases: dict[str, str] = {}
    for new, old_keys in _table(groups, "merge").items():
        if not isinstance(old_keys, list) or not old_keys:
            raise ConfigError(f"'merge.{new}' must list the concerns that become '{new}'.")
        for old in old_keys:
            _known(old, concerns, f"merge.{new}")
        parts = [concerns.pop(old) for old in old_keys]
        if new in concerns:
            raise ConfigError(f"'merge.{new}': '{new}' is a concern of its own; list it among those to merge.")
        concerns[new] = parts[0] | {
            name: [value for part in parts for value in part.get(name, [])] for name in ("examples", "deadlines")
        }
        concerns[new]["neighbours"] = {key: text for part in parts for key, text in part.get("neighbours", {}).items()}
        aliases |= {old: new for old in old_keys if old != new}
    return aliases


def _known(key: Any, tables: _Tables, where: str) -> None:
    if not isinstance(key, str) or key not in tables:
        raise ConfigError(f"'{where}' names '{key}', which is not in the shipped taxonomy (or was changed already).")


def _followed(key: str, aliases: Mapping[str, str]) -> str:
    return aliases.get(key, key)


def _neighbours(table: Mapping[str, str], concerns: _Tables, aliases: Mapping[str, str]) -> dict[str, str]:
    """Follow renamed keys; neighbours of a concern that the house removed are none any more."""
    followed = {_followed(key, aliases): text for key, text in table.items()}
    return {key: text for key, text in followed.items() if key in concerns}


def _checked(tables: _Tables) -> _File:
    try:
        file = _File.model_validate(tables)
    except ValidationError as error:
        raise ConfigError(_sentences(error)) from None
    _refer("default", file.default, file.concerns)
    _refer("danger", file.danger, file.concerns)
    _refer("clarification", file.clarification, file.queues)
    for key, entry in file.concerns.items():
        _refer(f"concerns.{key}.queue", entry.queue, file.queues)
        for neighbour in entry.neighbours:
            _refer(f"concerns.{key}.neighbours", neighbour, file.concerns)
    return file


def _refer(where: str, key: str, known: Mapping[str, object]) -> None:
    if key not in known:
        raise ConfigError(f"'{where}' = '{key}': there is no such key. Known: {', '.join(sorted(known))}.")


def _sentences(error: ValidationError, *, prefix: str = "") -> str:
    sentences = []
    for problem in error.errors(include_url=False):
        key = prefix + ".".join(str(part) for part in problem["loc"])
        match problem["type"]:
            case "missing":
                sentences.append(f"'{key}' is missing.")
            case "extra_forbidden":
                sentences.append(f"'{key}' is not a known key.")
            case _:
                sentences.append(f"'{key}' = {problem['input']!r}: {problem['msg']}.")
    return " ".join(sentences)


def _concern(key: str, entry: _Concern) -> Concern:
    return Concern(
        key=key,
        label_de=entry.label_de,
        label_en=entry.label_en,
        definition=entry.definition,
        queue=entry.queue,
        market_role=entry.market_role,
        priority=PRIORITIES[entry.priority],
        deadlines=tuple(_rule(f"{key}.{number}", rule) for number, rule in enumerate(entry.deadlines, 1)),
        neighbours=tuple(entry.neighbours.items()),
        extract=entry.extract,
        flags=entry.flags,
        handling=entry.handling,
    )


def _rule(key: str, rule: _Rule) -> DeadlineRule:
    return DeadlineRule(
        key=key,
        amount=rule.amount,
        unit=rule.unit,
        start=Start.receipt if rule.start in RECEIPT_EVENTS else Start.other,
        event=rule.start,
        kind=rule.kind,
        legal_basis=rule.legal_basis,
        verified=rule.verified,
        condition=rule.condition,
        note=rule.note,
        valid_from=rule.valid_from,
        valid_to=rule.valid_to,
    )
