"""Real clients of Node: pino and winston, over zeromq.js. `make node-clients` installs them into the
build folder; without them there is nothing to try, and tests/wire has what they send."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest
from logboom_story import BUILD, EXIT_FINE, PATIENCE_S

MODULES = BUILD / "node"
SCRIPT = pathlib.Path(__file__).parent / "tools" / "node_clients.cjs"

pytestmark = pytest.mark.skipif(not shutil.which("node") or not (MODULES / "node_modules" / "zeromq").is_dir(),
                                reason="zeromq.js is not installed: make node-clients")


def said(start, logger):
    """What the daemon writes for what this logger sends."""
    daemon = start(sink={"format": "json"})
    subprocess.run(["node", SCRIPT, daemon.address, logger], env={**os.environ, "LOGBOOM_NODE": str(MODULES)},
                   check=True, timeout=PATIENCE_S)
    daemon.wait_written(2)
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.endpoint["malformed"] == 0
    return [json.loads(line) for line in daemon.log.read_text().splitlines()]


def test_pino(start):
    """Numbers are levels, `name` is the app, and an error is a field with all that it has."""
    info, fatal = said(start, "pino")
    assert (info["level"], info["app"], info["message"], info["order"]) == ("info", "shop", "it works", 7)
    assert info["host"] == os.uname().nodename and info["pid"] > 0 and "name" not in info
    assert (fatal["level"], fatal["message"]) == ("crit", "no stock")
    assert fatal["err"]["type"] == "Error" and "\n" in fatal["err"]["stack"]


def test_winston(start):
    """npm's levels, and a service as the app."""
    warn, silly = said(start, "winston")
    assert (warn["level"], warn["app"], warn["message"], warn["order"]) == ("warning", "shop", "it works", 7)
    assert (silly["level"], silly["message"]) == ("trace", "hardly worth it")
    assert set(warn) == {"time", "level", "app", "message", "order"}
