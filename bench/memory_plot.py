#!/usr/bin/env python3
"""Draws the daemon's resident size over time against its cap, while one thing after the other
goes wrong.

    bench/memory_plot.py BUILD_FOLDER [--phase 4] [--out FILE.svg]

Each phase takes so many seconds, and what it began goes on until all leave. The size is VmRSS, as
the kernel counts it, twenty times a second. Exit status 0 if it never was above the cap.
"""

import argparse
import pathlib
import sys
from xml.sax.saxutils import escape

import scene
from cap_story import MIB

LOOKS_PER_S = 20

# ---- what goes wrong, in this order ---------------------------------------------------------


def nothing(stage):
    pass


def eight_clients(stage):
    stage.tools.push(stage.daemon, clients=8, hwm=100)


def hundred_clients(stage):
    stage.tools.push(stage.daemon, clients=100, first=100, sizes="130,4096,60000", hwm=10)


def endless_messages(stage):
    for size in (0, 200, 60_000):
        stage.attack(frame_bytes=size)


def comings_and_goings(stage):
    stage.tools.churn(stage.daemon, client=1000, ms=3_600_000)


def everybody_leaves(stage):
    stage.leave()


PHASES = (
    ("idle", nothing),
    ("8 clients, flat out", eight_clients),
    ("+ 100 more, up to 60 kB", hundred_clients),
    ("+ messages without end", endless_messages),
    ("+ connect, send, close", comings_and_goings),
    ("all leave", everybody_leaves),
)


class Measured:
    """Of each look the second and the bytes; where each phase began."""

    def __init__(self, cap_bytes):
        self.cap_bytes, self.looks, self.begins = cap_bytes, [], []

    @property
    def seconds(self):
        return self.looks[-1][0]


def measure(stage, phase_s):
    measured = Measured(stage.cap_bytes)
    for number, (_, begin) in enumerate(PHASES):
        measured.begins.append(number * phase_s)
        begin(stage)
        for second in scene.every(1 / LOOKS_PER_S, phase_s):
            measured.looks.append((number * phase_s + second, stage.memory_bytes()[0]))
    measured.peak = stage.memory_bytes()[1]
    return measured


# ---- the drawing ----------------------------------------------------------------------------

WIDTH, HEIGHT = 980, 330
LEFT, RIGHT, TOP, BOTTOM = 60, 16, 46, 34

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #555 }
  .title { font-size: 14px; fill: #222 }
  .cap { stroke: #c0392b; stroke-width: 2; stroke-dasharray: 6 4 }
  .cap-word { fill: #c0392b }
  .size { fill: #2980b930; stroke: #2980b9; stroke-width: 1.5 }
  .grid { stroke: #8884; stroke-width: 1 }
  .paper { fill: #fff }
"""


class Drawing:
    def __init__(self, measured):
        self.measured = measured
        self.top_bytes = measured.cap_bytes * 1.12
        self.parts = []

    def x(self, second):
        return LEFT + second / self.measured.seconds * (WIDTH - LEFT - RIGHT)

    def y(self, size):
        return HEIGHT - BOTTOM - size / self.top_bytes * (HEIGHT - TOP - BOTTOM)

    def line(self, x1, y1, x2, y2, kind):
        self.parts.append(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def text(self, x, y, words, kind="", anchor="start"):
        self.parts.append(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
                          f'{escape(words)}</text>')

    def axes(self):
        step = max(8, round(self.measured.cap_bytes / MIB / 5 / 8) * 8)
        for mib in range(0, int(self.top_bytes / MIB) + 1, step):
            self.line(LEFT, self.y(mib * MIB), WIDTH - RIGHT, self.y(mib * MIB), "grid")
            self.text(LEFT - 8, self.y(mib * MIB) + 4, f"{mib} MiB", anchor="end")
        for second in range(0, int(self.measured.seconds) + 1, 2):
            self.text(self.x(second), HEIGHT - BOTTOM + 18, f"{second} s", anchor="middle")

    def phases(self):
        for begin, (name, _) in zip(self.measured.begins, PHASES):
            self.line(self.x(begin), TOP, self.x(begin), HEIGHT - BOTTOM, "grid")
            self.text(self.x(begin) + 4, TOP - 6, name)

    def curve(self):
        points = " ".join(f"{self.x(second):.1f},{self.y(size):.1f}"
                          for second, size in self.measured.looks)
        ends = (f"{self.x(self.measured.looks[0][0]):.1f}", f"{self.x(self.measured.seconds):.1f}")
        floor = f"{self.y(0):.1f}"
        self.parts.append(f'<polygon class="size" points="{ends[0]},{floor} {points} {ends[1]},{floor}"/>')

    def svg(self):
        measured = self.measured
        self.text(LEFT, 20, f"Resident size of logboomd: at most {measured.peak / MIB:.1f} MiB of "
                            f"{measured.cap_bytes / MIB:.0f} MiB; a sink stands still all the time",
                  "title")
        self.axes()
        self.phases()
        self.curve()
        cap_y = self.y(measured.cap_bytes)
        self.line(LEFT, cap_y, WIDTH - RIGHT, cap_y, "cap")
        self.text(WIDTH - RIGHT - 4, cap_y - 6, "memory.cap", "cap-word", "end")
        return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                          f'width="{WIDTH}" height="{HEIGHT}">', f"<style>{STYLE}</style>",
                          f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>', *self.parts,
                          "</svg>", ""])


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("build")
    words.add_argument("--phase", type=float, default=4, help="seconds of each phase")
    words.add_argument("--out", type=pathlib.Path)
    chosen = words.parse_args()
    stage = scene.Scene()
    try:
        measured = measure(stage, chosen.phase)
    finally:
        stage.end()
    out = chosen.out or pathlib.Path(chosen.build) / "bench" / "memory.svg"
    out.write_text(Drawing(measured).svg())
    print(f"resident size, at most {measured.peak / MIB:.1f} MiB of {measured.cap_bytes / MIB:.0f}: {out}")
    return 0 if measured.peak <= measured.cap_bytes else 1


sys.exit(main())
