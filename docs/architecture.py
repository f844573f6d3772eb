"""Draws docs/architecture.svg from docs/architecture.txt. A test fails if the picture is not what this draws: `python3 docs/architecture.py` draws it again."""

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT, ACROSS, DOWN, MARGIN, LINE = 196, 76, 52, 34, 20, 17
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
  .title { font-weight: 600; font-size: 13px }
  .paper { fill: #ffffff }
  .box { fill: #f6f8fa; stroke: #57606a }
  .arrow { fill: none; stroke: #0969da; stroke-width: 1.5; marker-end: url(#head) }
  .head { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .paper { fill: #0d1117 }
    .box { fill: #161b22; stroke: #8b949e }
    .arrow { stroke: #58a6ff }
    .head { fill: #58a6ff }
  }
"""


@dataclass(frozen=True)
class Box:
    column: int
    row: int
    rows: int
    lines: tuple[str, ...]

    @property
    def x(self) -> int:
        return MARGIN + (self.column - 1) * (WIDTH + ACROSS)

    @property
    def y(self) -> int:
        return MARGIN + (self.row - 1) * (HEIGHT + DOWN)

    @property
    def height(self) -> int:
        return self.rows * HEIGHT + (self.rows - 1) * DOWN

    def point(self, side: str, percent: int) -> tuple[int, int]:
        along = {"left": self.height, "right": self.height, "top": WIDTH, "bottom": WIDTH}[side] * percent // 100
        return {
            "left": (self.x, self.y + along),
            "right": (self.x + WIDTH, self.y + along),
            "top": (self.x + along, self.y),
            "bottom": (self.x + along, self.y + self.height),
        }[side]


def read(text: str) -> tuple[dict[str, Box], list[tuple[str, ...]]]:
    """The boxes by name, and the arrows: from, side, place, to, side, place, label."""
    boxes, arrows = {}, []
    for line in text.splitlines():
        if box := re.fullmatch(r"box (\w+) +(\d) (\d)(?: (\d))?: (.+)", line):
            name, column, row, rows, lines = box.groups()
            boxes[name] = Box(int(column), int(row), int(rows or 1), tuple(part.strip() for part in lines.split("|")))
        elif arrow := re.fullmatch(r"arrow (\w+) (\w+) (\d+) -> (\w+) (\w+) (\d+)(?:: (.+))?", line):
            arrows.append(arrow.groups())
        elif line and not line.startswith("#"):
            raise ValueError(f"neither a box nor an arrow: {line}")
    return boxes, arrows


def way(start: tuple[int, int], leaves: str, end: tuple[int, int], enters: str) -> str:
    """The path between two points: straight, or with corners halfway between them."""
    (x, y), (to_x, to_y) = start, end
    sideways = {"left", "right"}
    if x == to_x or abs(y - to_y) < 4:
        return f"M{x} {to_y if x != to_x else y}L{to_x} {to_y}"
    if leaves in sideways and enters in sideways:
        # Arrows that turn in the same gap keep apart: the one that begins lower turns earlier.
        middle = (x + to_x) // 2 + (y - to_y) // 24
        return f"M{x} {y}H{middle}V{to_y}H{to_x}"
    return f"M{x} {y}V{to_y}H{to_x}"


def draw(text: str) -> str:
    boxes, arrows = read(text)
    width = max(box.x for box in boxes.values()) + WIDTH + MARGIN
    height = max(box.y + box.height for box in boxes.values()) + MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="The path of an event through Rescind">',
        f"<style>{STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
        f'<rect class="paper" width="{width}" height="{height}"/>',
    ]
    for box in boxes.values():
        out.append(f'<rect class="box" x="{box.x}" y="{box.y}" width="{WIDTH}" height="{box.height}" rx="6"/>')
        top = box.y + (box.height - LINE * (len(box.lines) - 1)) // 2 + 5
        for number, line in enumerate(box.lines):
            kind = "" if number else ' class="title"'
            out.append(f'<text{kind} x="{box.x + WIDTH // 2}" y="{top + number * LINE}">{escape(line)}</text>')
    for name, leaves, place, to, enters, at, label in arrows:
        start, end = boxes[name].point(leaves, int(place)), boxes[to].point(enters, int(at))
        out.append(f'<path class="arrow" d="{way(start, leaves, end, enters)}"/>')
        if label:
            out.append(f'<text x="{(start[0] + end[0]) // 2}" y="{(start[1] + end[1]) // 2 - 6}">{escape(label)}</text>')
    return "\n".join([*out, "</svg>", ""])


if __name__ == "__main__":
    (HERE / "architecture.svg").write_text(draw((HERE / "architecture.txt").read_text(encoding="utf-8")), encoding="utf-8")
