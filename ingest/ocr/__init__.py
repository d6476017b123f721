"""One file per OCR engine behind one protocol."""
