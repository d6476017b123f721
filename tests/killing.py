"""A run of the intake that is killed after a given step, as by a power cut."""

import os
import signal
from pathlib import Path

from commands.run import run_intake
from commands.state import State


def run(config: Path, step: str, occurrence: int) -> None:
    """Run, and die after ``step`` happened for the ``occurrence``-th time; an empty step never comes."""
    left = occurrence

    def on_step(name: str) -> None:
        nonlocal left
        left -= name == step
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    raise SystemExit(run_intake(State(config), (), progress=False, step=on_step).exit_code)
