"""Two machines, as far as a network is concerned: two network namespaces with a cable between them, a
logboomd in each, the first of which sends to the second. Needs root, and a kernel that allows it."""

import contextlib
import os
import shutil
import subprocess

import pytest
from curve_story import Keys
from logboom_story import (
    BUILD,
    EXIT_CONFIGURATION,
    EXIT_FINE,
    LOGBOOMD,
    PATIENCE_S,
    Tally,
    clean_environment,
    config_text,
    numbered_json,
)
from test_zmq_sinks import push_sink

COUNT = 3000
PORT = 5515


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, timeout=PATIENCE_S, capture_output=True, text=True)


class Hosts:
    """edge at 10.219.7.1, hub at 10.219.7.2; their names are this process's own."""

    ADDRESSES = {"edge": "10.219.7.1", "hub": "10.219.7.2"}

    def __init__(self):
        self.names = {host: f"logboom-{host}-{os.getpid()}" for host in self.ADDRESSES}
        for name in self.names.values():
            ip("netns", "add", name)
        ip("-n", self.names["edge"], "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns",
           self.names["hub"])
        for host, address in self.ADDRESSES.items():
            ip("-n", self.names[host], "address", "add", f"{address}/24", "dev", "cable")
            ip("-n", self.names[host], "link", "set", "lo", "up")
            self.plug(host, "up")

    def plug(self, host, state):
        ip("-n", self.names[host], "link", "set", "cable", state)

    def on(self, host):
        """What a command has in front that runs there."""
        return ["ip", "netns", "exec", self.names[host]]

    def end(self):
        for name in self.names.values():
            ip("netns", "delete", name, check=False)


@pytest.fixture
def hosts():
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need root, and ip (iproute2)")
    made = Hosts.__new__(Hosts)
    try:
        made.__init__()
    except subprocess.CalledProcessError as refused:
        with contextlib.suppress(AttributeError):
            made.end()
        pytest.skip(f"no network namespaces here: {refused.stderr.strip()}")
    yield made
    made.end()


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path)


def start_hub(start, hosts, keys):
    place = f"tcp://{hosts.ADDRESSES['hub']}:{PORT}"
    return start("hub", wrapper=hosts.on("hub"), endpoint=keys.endpoint("edge", bind=place),
                 sink={"format": "json"}), place


def send(hosts, edge, first, count):
    """From the edge itself, as it is known by loopback there."""
    lines = b"".join(numbered_json(0, i) + b"\n" for i in range(first, first + count))
    subprocess.run([*hosts.on("edge"), BUILD / "logboom", "push", "--to", edge.address], input=lines,
                   check=True, timeout=PATIENCE_S, env=clean_environment())


def test_the_cable_is_pulled_out_and_put_back(start, hosts, keys):
    """What is sent meanwhile waits, in the kernel and then in the queue; nothing is lost, and nothing comes
    twice: TCP sends again what was on its way."""
    hub, place = start_hub(start, hosts, keys)
    edge = start("edge", wrapper=hosts.on("edge"),
                 sinks=[push_sink(connect=place, **keys.connecting_sink("edge"))])
    send(hosts, edge, 0, COUNT)
    hub.wait_written(COUNT)
    hosts.plug("hub", "down")
    send(hosts, edge, COUNT, COUNT)
    edge.wait_ledger(lambda look: look.received == 2 * COUNT)
    assert hub.ledger().received == COUNT
    hosts.plug("hub", "up")
    hub.wait_written(2 * COUNT)
    send(hosts, edge, 2 * COUNT, COUNT)
    hub.wait_written(3 * COUNT)
    assert edge.stop(sent=3 * COUNT) == EXIT_FINE
    assert hub.stop(sent=3 * COUNT) == EXIT_FINE
    Tally(hub.log.read_bytes(), "json").check_complete({0: 3 * COUNT})


def test_the_hub_is_restarted_while_the_cable_is_out(start, hosts, keys):
    """The edge does not hear of it. When the cable is back its kernel is told that this connection is gone: what
    that still held is lost, as documented; all that comes after arrives."""
    hub, place = start_hub(start, hosts, keys)
    edge = start("edge", wrapper=hosts.on("edge"),
                 sinks=[push_sink(connect=place, **keys.connecting_sink("edge"))])
    send(hosts, edge, 0, COUNT)
    hub.wait_written(COUNT)
    hosts.plug("hub", "down")
    hub.send_signal(9)
    hub.process.wait(timeout=PATIENCE_S)
    again, _ = start_hub(start, hosts, keys)
    hosts.plug("hub", "up")
    sent = COUNT
    while again.ledger().received == 0:  # the first ones meet the old connection
        send(hosts, edge, sent, 1)
        sent += 1
    send(hosts, edge, sent, COUNT)
    edge.wait_written(sent + COUNT)
    assert edge.stop(sent=sent + COUNT) == EXIT_FINE
    assert again.stop() == EXIT_FINE
    faults = Tally(again.log.read_bytes(), "json").faults(0, sent + COUNT)
    assert faults.keys() <= {"lost"} and faults.get("lost", 0) < sent - COUNT
    assert again.final.received == sent - faults.get("lost", 0)


def test_in_clear_text_only_when_it_is_written(tmp_path, hosts):
    """Off the machine, neither side starts without a word on encryption."""
    path = tmp_path / "plain.yaml"
    path.write_text(config_text([{"name": "apps", "bind": "tcp://127.0.0.1:0"}],
                                [push_sink(connect=f"tcp://{hosts.ADDRESSES['hub']}:{PORT}")]))
    ran = subprocess.run([*hosts.on("edge"), LOGBOOMD, "--config", path], capture_output=True, text=True,
                         timeout=PATIENCE_S, env=clean_environment())
    assert ran.returncode == EXIT_CONFIGURATION
    assert "is beyond loopback, and nothing says whether to encrypt" in ran.stderr
