"""What people see of a message that was read or classified without being filed."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from models.catalogue import _
from tickets.plain import harmless, one_line


def message_panel(values: Mapping[str, Any]) -> Panel:
    """One object of `read --json` for people."""
    title = Text(one_line(str(values["path"]), 90))
    if values["error"]:
        return Panel(Text(one_line(values["error"], 500), style="red"), title=title, border_style="red")
    sender = values["from"] or {"name": "", "address": ""}
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    facts.add_row(_("From"), Text(one_line(f"{sender['name']} <{sender['address']}>").replace(" <>", "")))
    facts.add_row(_("Subject"), Text(one_line(values["subject"]), style="bold"))
    facts.add_row(_("Date"), Text(values["date"] or ""))
    if values["machine"]:
        facts.add_row(_("Machine"), Text(f"{values['machine']['kind']}: {one_line(values['machine']['reason'])}"))
    for attachment in values["attachments"]:
        size = f"{attachment['size'] / 1024:.0f} KB"
        facts.add_row(
            _("Attached"), Text(f"{one_line(attachment['filename'], 60)} · {attachment['media_type']} · {size}")
        )
    for page in values["pages"]:
        facts.add_row(_("Page {number}").format(number=page["number"]), Text(_page(page)))
    parts: list[RenderableType] = [facts, Text(), Text(harmless(values["text"] or values["full_text"]).strip())]
    if values["signature"]:
        parts.append(Text(harmless(values["signature"]).strip(), style="dim"))
    if values["quoted"]:
        count = len(values["quoted"].splitlines())
        parts.append(Text(_("[{count} quoted lines folded]").format(count=count), style="dim"))
    parts += [Text(f"! {one_line(warning)}", style="yellow") for warning in values["warnings"]]
    return Panel(Group(*parts), title=title, title_align="left", border_style="dim")


def _page(page: Mapping[str, Any]) -> str:
    sure = "" if page["confidence"] is None else f" {page['confidence']:.0%}"
    turned = _(", turned by {degrees}°").format(degrees=page["rotation"]) if page["rotation"] else ""
    skew = _(", {degrees}° crooked").format(degrees=round(page["skew"], 1)) if abs(page["skew"]) >= 0.3 else ""
    return f"{page['source']}{sure}{turned}{skew}" + (_(", blank") if page["blank"] else "")


def classification_panel(values: Mapping[str, Any]) -> Panel:
    """One object of `classify --json` for people."""
    lines: list[RenderableType] = []
    if values["danger"]:
        lines.append(Text(f"{values['danger'].upper()}: {one_line(values['danger_reason'])}", style="bold red"))
    for score in values["ranking"]:
        style = "bold" if score["concern"] == values["primary"] else ""
        lines.append(Text(f"{score['confidence']:>5.0%}  {score['concern']}", style=style))
    if values["primary"] is None:
        lines.append(Text(_("undecided"), style="yellow"))
    if values["evidence"]:
        passages = " ".join(f"«{one_line(piece['text'], 60)}»" for piece in values["evidence"])
        lines.append(Text(_("Words that decided: ") + passages, style="green"))
    checks = {"valid": _("valid"), "invalid": _("INVALID")}
    lines += [
        Text(f"{mention['kind']}: {one_line(mention['value'])}  {checks.get(mention['check'], '')}", style="dim")
        for mention in values["mentions"]
    ]
    return Panel(Group(*lines), title=Text(str(values["id"])), title_align="left", border_style="dim")
