"""Lines of text as they grow while an HTML body is walked: gaps, list marks, quote marks."""

import re
from dataclasses import dataclass, field

_BULLET = re.compile(r"^[·•▪§]\s+")
"""What Outlook writes before the items of a list."""


@dataclass(slots=True)
class Lines:
    """The lines of one flow of text: the whole body, or one table cell."""

    lines: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    gap: bool = False
    """A blank line is wanted before the next text."""
    depth: int = 0
    """Quotes open around the current line."""
    gap_depth: int = 0
    verbatim: bool = False
    """Inside ``pre``: leading blanks count."""
    prefix: str = ""
    """Bullet or number of the list item that begins with the next line."""
    indent: int = 0

    def write(self, text: str) -> None:
        """Add inline text."""
        if self.current and self.current[-1].endswith(" "):
            text = text.lstrip(" ")
        if text:
            self.current.append(text)

    def end_line(self) -> None:
        """Finish the current line; a line of blanks is a gap."""
        if not self.current:
            return
        line = "".join(self.current).rstrip(" \t\u00a0").replace("\u00a0", " ")
        self.current.clear()
        if not line.strip():
            self.set_gap()
            return
        self.put(_BULLET.sub("- ", line if self.verbatim else line.strip()))

    def put(self, line: str) -> None:
        """Add a finished line, with the gap, the list mark and the quote marks that belong before it."""
        if self.gap and self.lines:
            self.lines.append(">" * min(self.gap_depth, self.depth))
        self.gap = False
        lead = " " * self.indent + self.prefix
        if self.prefix:
            self.indent += len(self.prefix)
            self.prefix = ""
        self.lines.append((">" * self.depth + " " if self.depth else "") + lead + line)

    def set_gap(self) -> None:
        """Ask for a blank line before whatever comes next."""
        if not self.gap:
            self.gap_depth = self.depth
        self.gap = True
        self.gap_depth = min(self.gap_depth, self.depth)

    def line_break(self) -> None:
        """A ``br``: ends a line, or makes a blank one."""
        if self.current:
            self.end_line()
        else:
            self.set_gap()
