"""What is found without any model: language, identifiers, danger. Imports neither spaCy nor numpy."""

from collections.abc import Callable, Iterable, Iterator

from classify.danger import find_danger
from classify.language import detect_language
from classify.mentions import find_mentions
from models.classification import Classification, Danger, DangerLevel, Evidence, Query, Score, Taxonomy
from models.config import Numbers

ALARM_CONFIDENCE = 0.95
"""Of the danger concern when the rules raise an alarm: a person looks in any case."""


Judge = Callable[[str, str], Danger | None]
"""Subject and body in, the gravest danger out."""


def classify_without_model(
    queries: Iterable[Query], *, taxonomy: Taxonomy, numbers: Numbers
) -> Iterator[Classification]:
    """Classify messages by rules alone: no concern but danger is ever decided."""
    for query in queries:
        yield found_by_rules(query, taxonomy=taxonomy, numbers=numbers)


def found_by_rules(
    query: Query,
    *,
    taxonomy: Taxonomy,
    numbers: Numbers,
    judge: Judge = find_danger,
    alarm_confidence: float = ALARM_CONFIDENCE,
) -> Classification:
    """What the rules say of one message; they read all of it, signature and quoted mails included.

    Args:
        query: the message.
        taxonomy: the house's concerns.
        numbers: forms of the house's own numbers.
        judge: looks for danger; by rules alone if not given.
        alarm_confidence: of the danger concern when it finds an alarm.
    """
    danger = judge(query.subject, query.body)
    alarm = is_alarm(danger)
    return Classification(
        primary=taxonomy.danger if alarm else None,
        concerns=(Score(taxonomy.danger, alarm_confidence),) if alarm else (),
        decided=alarm,
        danger=danger,
        language=detect_language(f"{query.subject}\n{query.body}"),
        mentions=find_mentions(query.subject, query.body, received_on=query.received_on, numbers=numbers),
        evidence=(Evidence(danger.passage, 1.0),) if danger is not None and alarm else (),
    )


def is_alarm(danger: Danger | None) -> bool:
    """Whether a danger makes its concern the primary one, whatever else the message says."""
    return danger is not None and danger.level is DangerLevel.alarm
