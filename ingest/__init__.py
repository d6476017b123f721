"""Bytes become messages: sources, archive, readers, OCR. Knows nothing of tickets or concerns."""
