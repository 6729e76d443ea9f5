#!/usr/bin/env python3
"""Draws what `logboom top` shows on a real terminal, in the same bad neighbourhood as `make demo`.

    bench/top_picture.py BUILD_FOLDER [--seconds 20] [--out FILE.svg]
"""

import argparse
import pathlib
import sys
import time
from xml.sax.saxutils import escape

import scene
from terminal_story import Terminal

CELL, LINE, EDGE = 8.4, 18, 14
COLOURS = {"default": "#d8dee9", "red": "#ff6b6b", "green": "#7ee787", "brown": "#f0c674"}

STYLE = """
  text { font: 14px "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace }
  .bold { font-weight: bold }
"""


def runs(cells, columns):
    """Neighbours that look the same, as (first column, text, colour, bold)."""
    found = []
    for column in range(columns):
        cell = cells[column]
        look = cell.fg, cell.bold
        if found and found[-1][2:] == look:
            found[-1] = (found[-1][0], found[-1][1] + cell.data, *look)
        else:
            found.append((column, cell.data, *look))
    return [it for it in found if it[1].strip()]


def draw_run(row, column, text, colour, bold):
    """Each run says how wide it is, whatever the font does with its characters."""
    shown = text.rstrip()
    column += len(shown) - len(shown.lstrip())
    shown = shown.lstrip()
    return (f'<text x="{EDGE + column * CELL:.1f}" y="{EDGE + (row + 0.8) * LINE:.1f}" '
            f'textLength="{len(shown) * CELL:.1f}" lengthAdjust="spacingAndGlyphs" xml:space="preserve" '
            f'fill="{COLOURS.get(colour, COLOURS["default"])}"{" class=" + chr(34) + "bold" + chr(34) if bold else ""}>'
            f"{escape(shown)}</text>")


def svg(screen):
    used = max(row for row, line in enumerate(screen.display) if line.strip()) + 1
    width, height = 2 * EDGE + screen.columns * CELL, 2 * EDGE + used * LINE
    parts = [draw_run(row, *run) for row in range(used)
             for run in runs(screen.buffer[row], screen.columns)]
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
                      f'width="{width:.0f}" height="{height:.0f}">', f"<style>{STYLE}</style>",
                      f'<rect width="{width:.0f}" height="{height:.0f}" rx="8" fill="#1d2229"/>', *parts,
                      "</svg>", ""])


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("build")
    words.add_argument("--seconds", type=float, default=20)
    words.add_argument("--out", type=pathlib.Path)
    chosen = words.parse_args()
    stage = scene.Scene()
    terminal = Terminal([f"{pathlib.Path(chosen.build).resolve()}/logboom", "top", "--control",
                         stage.folder / "control.sock"])
    try:
        for rate in (9000, 3000, 1500, 500):
            stage.tools.push(stage.daemon, clients=2, first=rate, rate=rate)
        stage.attack()
        end = time.monotonic() + chosen.seconds
        terminal.wait(lambda _: time.monotonic() > end, "the picture")
        terminal.press(b"q")
        picture = svg(terminal.screen)
    finally:
        terminal.close()
        stage.end()
    out = chosen.out or pathlib.Path(chosen.build) / "bench" / "top.svg"
    out.write_text(picture)
    print(f"the screen of logboom top: {out}")


sys.exit(main())
