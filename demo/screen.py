"""How the demo looks in a terminal: calm, 88 columns at most, colour only where a person is watching."""

import os
import re
import sys
import textwrap
import time
from contextlib import contextmanager

WIDTH = 88
# What a line's continuation is set under: its indentation, or a label with the gap after it.
LABEL = re.compile(r" *(?:\w+(?: \w+)? {2,})?")
_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_colourful = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def paint(text: str, *styles: str) -> str:
    if not _colourful:
        return text
    return f"\x1b[{';'.join(_COLOURS[style] for style in styles)}m{text}\x1b[0m"


def say(text: str = "", indent: int = 2) -> None:
    """A paragraph."""
    if not text:
        print(flush=True)
    for line in textwrap.wrap(text, WIDTH - indent):
        print(" " * indent + line, flush=True)


def title(text: str) -> None:
    print(f"\n  {paint(text, 'bold')}\n  {paint('─' * (WIDTH - 2), 'dim')}", flush=True)


def scene(number: int, text: str) -> None:
    head = f"── {number} "
    rest = WIDTH - 2 - len(head) - len(text) - 1
    print(f"\n\n  {paint(head, 'dim')}{paint(text, 'bold')} {paint('─' * rest, 'dim')}", flush=True)


def step(text: str, seconds: float | None = None) -> None:
    """What happens now, and at the right how long it took."""
    took = ""
    if seconds is not None:
        took = " " * max(1, WIDTH - 2 - len(text) - len(duration(seconds))) + paint(duration(seconds), "dim")
    print(f"\n  {paint(text, 'cyan')}{took}", flush=True)


def lines(text: str, mark: str = "") -> None:
    """Somebody else's text as it is, marked on the left; long lines are folded under their own beginning."""
    left = f"    {paint(mark, 'dim')} " if mark else "    "
    for line in text.splitlines():
        under = " " * LABEL.match(line).end()
        folded = textwrap.wrap(line, WIDTH - 6, subsequent_indent=under, break_on_hyphens=False)
        for piece in folded or [""]:
            print((left + piece).rstrip(), flush=True)


def command(text: str) -> None:
    """A command line, folded so that it can be copied into a shell as it stands."""
    print("    " + text.replace(" --", " \\\n        --"), flush=True)


def fact(text: str, sign: str = " ") -> None:
    """One fact of the account; `-` marks what is gone."""
    styles = {"-": ("red",), "+": ("green",)}.get(sign, ())
    shown = f"  {sign} {text}"
    print("  " + (paint(shown, *styles) if styles else shown), flush=True)


def verdict(holds: bool, text: str) -> None:
    mark = paint("✓", "green", "bold") if holds else paint("✗", "red", "bold")
    print(f"\n  {mark} {text if holds else paint(text, 'red')}", flush=True)


def duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


class Stopwatch:
    seconds = 0.0


@contextmanager
def timed():
    watch, began = Stopwatch(), time.monotonic()
    yield watch
    watch.seconds = time.monotonic() - began
