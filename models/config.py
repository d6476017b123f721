"""One TOML file becomes one frozen Config. The only place that reads the environment."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from models.errors import ConfigError

ENV_CONFIG = "POSTEINGANG_CONFIG"
ENV_AGENT = "POSTEINGANG_AGENT"
SECRET_KEYS = ("password", "secret", "token")

_M = TypeVar("_M", bound=BaseModel)


def environment(name: str) -> str:
    """The environment variable ``name``, empty if it is not set."""
    return os.environ.get(name, "")


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not a time zone of the IANA database, such as Europe/Berlin")
    return name


def _pattern(expression: str) -> str:
    try:
        re.compile(expression)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return expression


class Frozen(BaseModel):
    """A table of the configuration: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KindConfig(BaseModel):
    """A table with ``kind = "…"``: the module of that name checks the rest of the keys with its own model."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]

    def settings(self, model: type[_M], *, where: str) -> _M:
        """Check the keys that belong to this kind.

        Args:
            model: the pydantic model of the kind's settings.
            where: the table's name, such as ``sources.mailbox``, for the error.

        Raises:
            ConfigError: naming the key and the remedy.
        """
        return _validated(model, self.model_extra or {}, where=f"{where}.")


class Utility(Frozen):
    """Who we are: what tells our own mail and our own address from the customer's."""

    name: str = "Stadtwerke"
    mail_addresses: tuple[str, ...] = ()
    """Our mailboxes, and ``@domain`` for all of a domain; mail from these is our own."""
    postal_address: tuple[str, ...] = ()
    """The lines of our address as they stand in the address window of a letter."""


class Limits(Frozen):
    """What reading one message may cost before it is set aside."""

    bytes: Annotated[int, Field(gt=0)] = 200 * 2**20
    memory_mb: Annotated[int, Field(ge=256)] = 2048
    seconds: Annotated[float, Field(gt=0)] = 30
    """For the message itself."""
    page_seconds: Annotated[float, Field(gt=0)] = 30
    """More for each page."""
    pages: Annotated[int, Field(gt=0)] = 300
    pixels: Annotated[int, Field(gt=0)] = 120_000_000
    """Of one page, after rendering."""


class Ocr(Frozen):
    """Which engine reads pages."""

    engine: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "paddle"
    speed: Literal["fast", "exact"] = "exact"


class SeparatorCode(Frozen):
    """A barcode, not of ours, that begins a new letter."""

    pattern: Annotated[str, AfterValidator(_pattern)]
    """Regular expression (Python) that the whole text of the code matches, such as ``"PATCHT"``."""
    keep_page: bool = False
    """The page belongs to the letter that it begins, as with archive labels; else it is only a separator."""


class Splitting(Frozen):
    """How one scan with several letters is told apart. Our own separator sheets always count."""

    codes: tuple[SeparatorCode, ...] = (SeparatorCode(pattern="PATCHT"),)
    without_sheets: Literal["propose", "apply"] = "propose"
    """What becomes of letters that only their letterhead, salutation and date tell apart."""


class Classifier(Frozen):
    """Which model and taxonomy tag the messages; empty for the ones that come with the program."""

    model: str = ""
    taxonomy: str = ""


class Number(Frozen):
    """The form of a number that only this utility gives out."""

    pattern: str
    """Regular expression (Python), matched against the text without regard to case."""
    check: Literal["none", "luhn", "mod11", "mod97"] = "none"


class Numbers(Frozen):
    """Customer numbers and the like, so that they are found and checked."""

    kundennummer: tuple[Number, ...] = ()
    vertragskonto: tuple[Number, ...] = ()
    rechnungsnummer: tuple[Number, ...] = ()


class Form(Frozen):
    """One of our web forms that writes to us by mail."""

    sender: str
    """Its From address, such as ``noreply@stadtwerke-musterstadt.de``."""
    name: tuple[str, ...] = ("Name",)
    """Labels of the fields that together give the customer's name."""
    mail: str = "E-Mail"
    """Label of the field with the customer's mail address."""
    message: str = "Nachricht"
    """Label of the free text."""


class Threads(Frozen):
    """When a message joins an earlier case."""

    reopen_days: Annotated[int, Field(ge=0)] = 30
    """A reply to a ticket closed longer ago opens a linked one."""


class Config(Frozen):
    """The whole configuration."""

    data: Path
    """Folder of database, archive and locks."""
    database: str = ""
    """SQLAlchemy URL; empty for SQLite in the data folder."""
    archive: str = ""
    """Where originals lie; empty for a folder in the data folder."""
    language: Literal["", "de", "en"] = ""
    """Of what agents read; empty to follow LANG."""
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "NW"
    """The Land, for its holidays, as in ISO 3166-2:DE without the prefix."""
    timezone: Annotated[str, AfterValidator(_timezone)] = "Europe/Berlin"
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    """Processes that read; 0 for one per core."""
    lease_minutes: Annotated[int, Field(gt=0)] = 30
    """After this long without an end, an item is taken up again by the next run."""
    utility: Utility = Utility()
    sources: Mapping[str, KindConfig] = {}
    limits: Limits = Limits()
    ocr: Ocr = Ocr()
    splitting: Splitting = Splitting()
    classifier: Classifier = Classifier()
    numbers: Numbers = Numbers()
    forms: tuple[Form, ...] = ()
    threads: Threads = Threads()

    @property
    def database_url(self) -> str:
        """The URL to connect to."""
        return self.database or f"sqlite:///{self.data / 'posteingang.db'}"

    @property
    def archive_url(self) -> str:
        """A folder as ``file:…`` or the URL that was configured."""
        return self.archive or f"file:{self.data / 'archive'}"

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone in which days begin and end."""
        return ZoneInfo(self.timezone)


def find_config(given: Path | None) -> Path:
    """The configuration file: as given, by POSTEINGANG_CONFIG, in this folder, the user's, the system's.

    Raises:
        ConfigError: if there is none.
    """
    if given is not None:
        return given
    if named := environment(ENV_CONFIG):
        return Path(named)
    home = Path(environment("XDG_CONFIG_HOME") or Path.home() / ".config")
    places = [
        Path("posteingang.toml"),
        home / "posteingang" / "posteingang.toml",
        Path("/etc/posteingang/posteingang.toml"),
    ]
    for place in places:
        if place.exists():
            return place
    looked = ", ".join(str(place) for place in places)
    raise ConfigError(f"No configuration found (looked for {looked}). 'posteingang init' writes one.")


def load_config(path: Path) -> Config:
    """Read and check a configuration file; relative paths in it start at its folder.

    Raises:
        ConfigError: if it is missing, not TOML, or a key or value is wrong; says which and what to do.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"The configuration {path} does not exist. 'posteingang init {path}' writes one.") from None
    except OSError as error:
        raise ConfigError(f"The configuration {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration {path} is not valid TOML: {error}.") from error
    base = path.resolve().parent
    try:
        return _validated(Config, _anchored(values, base), where="")
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _anchored(values: dict[str, Any], base: Path) -> dict[str, Any]:
    """Make the paths absolute that the configuration names relative to its own folder."""
    if isinstance(values.get("data"), str):
        values["data"] = base / Path(values["data"]).expanduser()
    for source in values.get("sources", {}).values() if isinstance(values.get("sources"), dict) else ():
        for key in ("path", "ca_file", "password_file"):
            if isinstance(source, dict) and isinstance(source.get(key), str):
                source[key] = str(base / Path(source[key]).expanduser())
    classifier = values.get("classifier")
    for key in ("model", "taxonomy"):
        if isinstance(classifier, dict) and classifier.get(key) and isinstance(classifier[key], str):
            classifier[key] = str(base / Path(classifier[key]).expanduser())
    return values


def _validated(model: type[_M], values: Mapping[str, Any], *, where: str) -> _M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        sentences = [_sentence(model, problem, where) for problem in error.errors(include_url=False)]
        raise ConfigError(" ".join(sentences)) from None


def _sentence(model: type[BaseModel], problem: Any, where: str) -> str:
    """One problem that pydantic found, in words that name the key and the remedy."""
    location = [str(part) for part in problem["loc"]]
    key = where + ".".join(location)
    if problem["type"] == "missing":
        return f"'{key}' is missing."
    if problem["type"] != "extra_forbidden":
        return f"'{key}' = {problem['input']!r}: {problem['msg'].removeprefix('Value error, ')}."
    if location[-1] in SECRET_KEYS:
        return (
            f"'{key}': secrets never stand in this file; use {location[-1]}_command, {location[-1]}_file or "
            f"{location[-1]}_env."
        )
    near = difflib.get_close_matches(location[-1], _keys(model, location[:-1]), n=1)
    return f"'{key}' is not a known key." + (f" Did you mean '{near[0]}'?" if near else "")


def _keys(model: type[BaseModel], location: list[str]) -> list[str]:
    """The keys that the table at ``location`` knows."""
    for part in location:
        field = model.model_fields.get(part)
        inner = field.annotation if field else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return list(model.model_fields)
