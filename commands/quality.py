"""What `evaluate` prints: the figures that count, concern by concern, and where they differ."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from models.catalogue import _

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from classify.danger_folds import DangerTable
    from classify.evaluate import Figures, Report

_CONFUSIONS = 12
_BAR = 30


def quality_tables(report: "Report") -> "Iterator[RenderableType]":
    """Tables for people."""
    yield _figures(
        {
            _("writers never seen"): report.by_writer,
            _("same, with 5 % OCR noise"): report.with_noise,
            _("random folds (flattering)"): report.at_random,
            **report.slices,
        }
    )
    yield ""
    yield _concerns(report)
    yield ""
    yield _dangers(report.danger)
    yield ""
    yield _("Most frequent confusions (what it was → what it was taken for):")
    for truth, taken, count in report.confusions[:_CONFUSIONS]:
        yield f"  {count:>3}  {truth} → {taken}"
    yield ""
    yield _("Calibration: of messages with this confidence, so many were right")
    for step in report.calibration:
        bar = "█" * round(step.accuracy * _BAR)
        yield f"  {step.confidence:>5.0%}  {bar:<{_BAR}} {step.accuracy:>5.0%}  ({step.messages})"


def _figures(rows: "dict[str, Figures]") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for title in (_("messages"), _("primary"), _("top 3"), "macro-F1", _("labels"), "ECE", _("decided"), _("right")):
        table.add_column(title, justify="right", no_wrap=True)
    for name, figures in rows.items():
        table.add_row(
            name,
            str(figures.messages),
            f"{figures.primary_accuracy:.1%}",
            f"{figures.top3_accuracy:.1%}",
            f"{figures.macro_f1:.2f}",
            f"{figures.label_micro_f1:.2f}",
            f"{figures.calibration_error:.3f}",
            f"{figures.decided:.0%}",
            f"{figures.decided_precision:.1%}",
        )
    return table


def _dangers(table: "DangerTable") -> "Table":
    """What was found of what stands in the messages, by the rules alone and with the model, clean and noisy."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column(_("Danger"), no_wrap=True)
    for title in (_("alarms raised"), _("at least a check"), _("false alarms"), _("false checks")):
        shown.add_column(title, justify="right")
    for name, way in table.ways.items():
        shown.add_row(
            name,
            f"{way.share('alarm', 'alarm'):.0%}",
            f"{way.share('alarm', 'alarm', 'check'):.0%}",
            f"{way.share('none', 'alarm'):.1%}",
            f"{way.share('none', 'check'):.1%}",
        )
    return shown


def _concerns(report: "Report") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("Concern"), no_wrap=True)
    for title in (_("messages"), _("precision"), _("recall"), "F1"):
        table.add_column(title, justify="right")
    for concern in sorted(report.concerns, key=lambda figures: figures.f1):
        numbers = f"{concern.precision:.0%}", f"{concern.recall:.0%}", f"{concern.f1:.2f}"
        table.add_row(concern.concern, str(concern.messages), *numbers)
    return table
