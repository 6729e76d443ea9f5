"""Real clients of Node: pino and winston, over zeromq.js, and zeromq.js itself with keys. `make node-clients` installs them into the
build folder; without them there is nothing to try, and tests/wire has what they send."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest
from curve_story import Keys
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


def shakes_hands(address, *keys):
    """How it ended, in zeromq.js's words."""
    ran = subprocess.run(["node", SCRIPT.with_name("node_curve.cjs"), address, *(key.decode() for key in keys)],
                         env={**os.environ, "LOGBOOM_NODE": str(MODULES)}, check=True, timeout=PATIENCE_S,
                         capture_output=True, text=True)
    return ran.stdout.strip()


def test_encrypted_with_the_right_key(start, tmp_path):
    """zeromq.js as anybody else: what it sends has the name of its key."""
    keys = Keys(tmp_path)
    daemon = start(endpoint=keys.endpoint("web1"), sink={"format": "{peer}: {message}"})
    assert shakes_hands(daemon.address, *keys.pair("web1"), keys.pair("server")[0]) == "handshake"
    daemon.wait_written(1)
    assert daemon.stop(sent=1) == EXIT_FINE
    assert daemon.lines() == [b"web1: hello from zeromq.js"]


@pytest.mark.parametrize("who, told", [("wrong key", ["handshake:error:auth"]),
                                       ("wrong server", ["handshake:error:other"]),
                                       ("no key", ["handshake:error:protocol", "handshake:error:other"])])
def test_encrypted_and_not_let_in(start, tmp_path, who, told):
    """It is told as far as ZeroMQ tells, and nothing of it is received."""
    keys = Keys(tmp_path)
    daemon = start(endpoint=keys.endpoint("web1"))
    pairs = {"wrong key": (*keys.pair("stranger"), keys.pair("server")[0]),
             "wrong server": (*keys.pair("web1"), keys.pair("web1")[0]), "no key": ()}
    assert shakes_hands(daemon.address, *pairs[who]) in told
    assert daemon.stop(sent=0) == EXIT_FINE
