"""One file per family of formats: bytes in, Message out."""
