"""`python -m isoflop_torch RUN.json`, by itself or under torchrun."""

import argparse
import os
import sys

from .faults import Fault
from .run_file import read_run_file

OLDEST_TORCH = (2, 6)


def main():
    parser = argparse.ArgumentParser(
        prog="python -m isoflop_torch",
        description="Trains the run of an Isoflop lab with torch.distributed. SIGUSR1 and SIGTERM save and end.",
        epilog="Exit status: 0 finished, 75 saved and not finished, 1 failed.",
    )
    parser.add_argument("run", metavar="RUN.json", help="as `isoflop submit-files` and `isoflop train --on` write it")
    parser.add_argument(
        "--strategy", choices=("auto", "ddp", "fsdp"), default="auto", help="auto: fsdp where a card is too small"
    )
    parser.add_argument("--micro-batch", type=_count, help="sequences at once in a process; the plan's unless said")
    parser.add_argument(
        "--recompute", action="store_true", help="keep only what goes into a block: less memory, a third more time"
    )
    options = parser.parse_args()
    try:
        run = read_run_file(options.run)
        _check_torch()
    except Fault as fault:
        _note(fault.message)
        return 1
    from .session import run_session

    return run_session(run, options, _note)


def _check_torch():
    try:
        import torch
    except ImportError:
        raise Fault(
            "unavailable", f"{sys.executable} has no PyTorch. Install it, or load its module in the prelude."
        ) from None
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < OLDEST_TORCH:
        raise Fault("unavailable", f"PyTorch {torch.__version__} is too old: 2.6 or newer is needed.")


def _count(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _note(line, is_own=False):
    """For a person: once, however many processes there are, unless it is of this one alone."""
    rank = os.environ.get("RANK", "0")
    if is_own or rank == "0":
        print(f"Process {rank}: {line}" if is_own and rank != "0" else line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
