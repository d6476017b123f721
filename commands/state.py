"""What a command starts from: configuration, store, agent, clock; each opened when first asked for."""

import datetime as dt
import getpass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classify.pipeline import Classifier
    from models.classification import Taxonomy
    from models.config import Config
    from tickets.due import Calendar
    from tickets.store import Store


class State:
    """The lazily opened surroundings of one command."""

    def __init__(self, config_path: Path | None) -> None:
        self._given = config_path

    @cached_property
    def config_path(self) -> Path:
        """The configuration file in use."""
        from models.config import find_config

        return find_config(self._given).resolve()

    @cached_property
    def config(self) -> "Config":
        """The checked configuration; from here on, agents are spoken to in its language."""
        from models.catalogue import choose_language
        from models.config import load_config

        config = load_config(self.config_path)
        choose_language(config.language)
        return config

    @cached_property
    def config_or_default(self) -> "Config":
        """The configuration if one was named or found, else the defaults: for commands that store nothing."""
        from models.catalogue import choose_language
        from models.config import Config
        from models.errors import ConfigError

        try:
            self.config_path  # noqa: B018 - a broken file is an error, only none at all is not
        except ConfigError:
            choose_language()
            return Config(data=Path.cwd())
        return self.config

    @cached_property
    def store(self) -> "Store":
        """The database, at the right revision."""
        from tickets.store import Store

        return Store(self.config.database_url, zone=self.config.zone, threads=self.config.threads)

    @cached_property
    def taxonomy(self) -> "Taxonomy":
        """The concerns of this house."""
        from classify.concerns import load_taxonomy

        return load_taxonomy(self.taxonomy_path)

    @property
    def taxonomy_path(self) -> Path | None:
        """The house's own taxonomy; None for the shipped one."""
        named = self.config_or_default.classifier.taxonomy
        return Path(named) if named else None

    @cached_property
    def calendar(self) -> "Calendar":
        """The holidays of the Land."""
        from tickets.due import calendar_for

        return calendar_for(self.config.region)

    @cached_property
    def classifier(self) -> "Classifier":
        """The classifier with its model; expensive."""
        from commands.wiring import load_classifier

        return load_classifier(self.config_or_default, self.taxonomy)

    @property
    def agent(self) -> str:
        """Login of who acts: POSTEINGANG_AGENT, else the system user."""
        from models.config import ENV_AGENT, environment

        return environment(ENV_AGENT) or getpass.getuser()

    def now(self) -> dt.datetime:
        """The time, aware, UTC."""
        return dt.datetime.now(dt.UTC)

    def today(self) -> dt.date:
        """The day in the house's time zone."""
        return self.now().astimezone(self.config.zone).date()
