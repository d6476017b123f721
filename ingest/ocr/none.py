"""The engine that reads nothing: for houses that want only the pictures, and for tests of all that is around it."""

from ingest.ocr.base import Grey, Line


class NoEngine:
    """Leaves every page unread."""

    def read(self, page: Grey) -> tuple[Line, ...]:  # noqa: ARG002
        """Find no line."""
        return ()


def build(speed: str) -> NoEngine:  # noqa: ARG001
    """Build the engine; there is nothing to load."""
    return NoEngine()
