"""Coverage-guided fuzzing of the mail reader: ``python -m tests.soak.fuzz_mail SEEDS -max_total_time=3600 …``.

The arguments are libFuzzer's. At the first mail that raises or takes too long it leaves the mail in a file and
ends with a status other than 0.
"""

import sys

import atheris

with atheris.instrument_imports(include=["ingest"]):
    from tests.soak.read_mail import LONGEST, check

INSTRUMENTED = 5
"""Counting every branch makes the code slower by about this factor; the test measures again without."""


def one_input(content: bytes) -> None:
    """What the fuzzer calls."""
    check(content, LONGEST * INSTRUMENTED)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
