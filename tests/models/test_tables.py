"""Tables: times keep their zone, enumerations their value."""

import datetime as dt

import pytest
from sqlalchemy.dialects import sqlite
from sqlmodel import SQLModel

from models.tables import UtcDateTime

DIALECT = sqlite.dialect()
BERLIN = dt.timezone(dt.timedelta(hours=1))


def test_times_are_stored_and_given_back_in_utc() -> None:
    kind = UtcDateTime()
    assert kind.process_bind_param(dt.datetime(2026, 1, 1, 1, tzinfo=BERLIN), DIALECT) == dt.datetime(
        2026, 1, 1, 0, tzinfo=dt.UTC
    )
    assert kind.process_result_value(dt.datetime(2026, 1, 1), DIALECT) == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # noqa: DTZ001
    aware = dt.datetime(2026, 1, 1, 1, tzinfo=BERLIN)
    assert kind.process_result_value(aware, DIALECT) == dt.datetime(2026, 1, 1, 0, tzinfo=dt.UTC)
    assert kind.process_bind_param(None, DIALECT) is None
    assert kind.process_result_value(None, DIALECT) is None


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        UtcDateTime().process_bind_param(dt.datetime(2026, 1, 1), DIALECT)  # noqa: DTZ001


def test_enumerations_are_stored_by_value_in_plain_columns() -> None:
    columns = [column for table in SQLModel.metadata.tables.values() for column in table.columns]
    enumerations = [column.type for column in columns if type(column.type).__name__ == "Enum"]
    assert enumerations
    for kind in enumerations:
        assert kind.native_enum is False  # type: ignore[attr-defined]
        assert kind.enums == [member.value for member in kind.enum_class]  # type: ignore[attr-defined]
