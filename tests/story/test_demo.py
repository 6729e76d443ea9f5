"""What people are shown first: the demonstration, and the picture of the memory under its cap."""

import os
import pathlib
import pty
import subprocess
import sys
import xml.etree.ElementTree

import pytest
from logboom_story import BUILD, PATIENCE_S, SANITIZED

BENCH = pathlib.Path(__file__).resolve().parent.parent.parent / "bench"

pytestmark = pytest.mark.skipif(SANITIZED, reason="the sanitizers' memory is not the daemon's")


def command(name, *options):
    return [sys.executable, BENCH / name, BUILD, *options]


def read_terminal(fd):
    """All that was written there, until nobody has it open any more."""
    seen = b""
    try:
        while more := os.read(fd, 65536):
            seen += more
    except OSError:  # how Linux says that
        pass
    return seen.decode()


def test_the_demo_on_a_terminal_draws_one_picture_and_the_sums_are_right():
    screen, terminal = pty.openpty()
    with subprocess.Popen(command("demo.py", "--seconds", "2", "--rate", "500"), stdin=terminal,
                          stdout=terminal, stderr=subprocess.STDOUT) as demo:
        os.close(terminal)
        seen = read_terminal(screen)
        os.close(screen)
        assert demo.wait(PATIENCE_S) == 0, seen
    frames = seen.split("\x1b[10A")
    assert len(frames) == 10  # two seconds, five looks in each
    assert all(frame.count("memory    █") == 1 for frame in frames)
    assert "of 40 MiB" in frames[-1] and "The ledger at the end:" in frames[-1]
    assert frames[-1].count("\x1b[32mok\x1b[0m") == 9 and "WRONG" not in seen


def test_the_picture_of_the_memory_has_a_point_for_each_look(tmp_path):
    drawn = tmp_path / "memory.svg"
    done = subprocess.run(command("memory_plot.py", "--phase", "0.4", "--out", drawn),
                          capture_output=True, timeout=2 * PATIENCE_S, text=True)
    assert done.returncode == 0, done.stderr
    shapes = xml.etree.ElementTree.parse(drawn).iter("{http://www.w3.org/2000/svg}polygon")
    assert [len(it.get("points").split()) for it in shapes] == [6 * 8 + 2]
