"""The tests themselves: one that fails or hangs is named, and holds up none of the others."""

import pathlib
import subprocess
import sys

from logboom_story import BUILD, PATIENCE_S, clean_environment

HERE = pathlib.Path(__file__).parent

FAILS = """
import gc
from push_story import Daemon

def test_that_fails():
    daemon = Daemon()
    assert daemon is None

def test_behind_it():
    gc.collect()
"""

HANGS = """
import time
import conftest

conftest.HANGING_S = 1

def test_that_hangs():
    while True:
        try:
            time.sleep(3600)
        except BaseException:
            pass
"""


def run_tests(folder, text):
    """With the fixtures of this folder, in a process of their own."""
    (folder / "test_it.py").write_text(text)
    env = clean_environment(PYTHONPATH=str(HERE), LOGBOOM_BUILD=str(BUILD))
    env.pop("PYTEST_XDIST_WORKER", None)
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "conftest",
                           folder], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=PATIENCE_S)


def test_a_test_that_fails_holds_up_none_behind_it(tmp_path):
    """It had a ZeroMQ socket open when it failed. Its name is there at once, and the next test
    ends, although the collector of garbage comes by."""
    ran = run_tests(tmp_path, FAILS)
    assert "FAILED in call: test_it.py::test_that_fails\n" in ran.stdout
    assert "1 failed, 1 passed" in ran.stdout


def test_a_test_that_hangs_whatever_is_raised_in_it_is_ended(tmp_path):
    """--timeout raises an exception, which is lost here. The process is ended, and says where."""
    ran = run_tests(tmp_path, HANGS)
    assert ran.returncode == 1
    assert "in test_that_hangs\n" in ran.stderr
