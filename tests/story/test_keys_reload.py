"""Who may come in changes while entries flow: clients are taken off and added, and the server's key
becomes another. Nobody else notices, and no entry is lost or comes twice."""

import os
import signal

import pytest
from curve_story import Keys, refusal_of
from logboom_story import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    Tally,
    config_text,
    numbered_json,
    run_logboomd,
)

ROUND = 500


class Far:
    """A daemon with an encrypted endpoint, whose keys and list are read anew."""

    def __init__(self, start, tmp_path, *names):
        self.folder, self.keys = tmp_path, Keys(tmp_path)
        self.list = tmp_path / "clients"
        self.sinks = [{"name": "all", "type": "file", "path": str(tmp_path / "all.log"), "format": "line"}]
        self.allow(*names)
        self.daemon = start(ingest=[self.endpoint("server")], sinks=self.sinks)

    def endpoint(self, *keys, **more):
        return {"name": "far", "bind": ["tcp://127.0.0.1:0"], "encryption": "curve", "allow": str(self.list),
                "key": [self.keys.path(key) for key in keys], **more}

    def allow(self, *names):
        self.list.write_text("".join(self.keys.line(name) + "\n" for name in names))

    def reload(self, *keys):
        """What the daemon says to these server keys; none: the configuration is as it was."""
        if keys:
            fresh = self.folder / "fresh.yaml"
            fresh.write_text(config_text([self.endpoint(*keys)], self.sinks, control={"path": "control.sock"}))
            fresh.rename(self.daemon.config)
        length = len(self.daemon.said)
        self.daemon.send_signal(signal.SIGHUP)
        self.daemon.wait(lambda: "reload" in self.daemon.said[length:], "a reload")
        self.daemon.ledger()
        return self.daemon.said[length:]


class Sender:
    """A client that numbers its entries."""

    def __init__(self, client, far, number, name, server="server"):
        self.number, self.sent = number, 0
        self.client = client(far.daemon.address, reconnect_ivl=10, **far.keys.client_options(name, server))

    def send(self, count=ROUND):
        self.client.send(*(numbered_json(self.number, self.sent + i) for i in range(count)))
        self.sent += count


def check(far, *senders):
    sent = sum(one.sent for one in senders)
    far.daemon.wait_written(sent)
    assert far.daemon.stop(sent=sent) == EXIT_FINE
    tally = Tally((far.folder / "all.log").read_bytes(), "line")
    tally.check_complete({one.number: one.sent for one in senders})


def test_a_client_that_is_taken_off_is_cut_and_others_go_on(start, client, tmp_path):
    far = Far(start, tmp_path, "web1", "web2")
    web1, web2 = Sender(client, far, 1, "web1"), Sender(client, far, 2, "web2")
    web1.send()
    web2.send()
    far.daemon.wait_written(2 * ROUND)
    far.allow("web2")
    said = far.reload()
    assert "reloaded: endpoint far: 1 client taken off (web1), 1 connection cut off" in said
    far.daemon.wait_said("endpoint far: web1 (127.0.0.1:")
    far.daemon.wait_said("was cut off: its key is no longer in 'allow'")
    assert refusal_of(far.daemon.address, **far.keys.client_options("web1"))
    web2.send()
    check(far, web1, web2)
    assert far.daemon.final.gate["cut"]["revoked"] == 1


def test_one_that_has_said_nothing_is_cut_as_well(start, client, tmp_path):
    far = Far(start, tmp_path, "web1")
    idle = client(far.daemon.address, **far.keys.client_options("web1"))
    far.daemon.wait(lambda: "let_in=1" in ledger_said(far.daemon), "a handshake")
    far.allow()
    assert "1 client taken off (web1), 1 connection cut off" in far.reload()
    idle.close()
    check(far)


def ledger_said(daemon):
    length = len(daemon.said)
    daemon.ledger()
    return daemon.said[length:]


def test_a_list_with_a_mistake_changes_nothing(start, client, tmp_path):
    far = Far(start, tmp_path, "web1")
    web1 = Sender(client, far, 1, "web1")
    web1.send()
    far.list.write_text("web1 short\n")
    said = far.reload()
    assert f"{far.list}:1: what is no public key" in said and "reload refused: 1 problem" in said
    os.chmod(far.keys.path("server"), 0o644)
    far.allow("web2")
    said = far.reload()
    assert "others may use it" in said and "reload refused" in said
    web1.send()
    check(far, web1)


def test_a_client_that_is_added_comes_in(start, client, tmp_path):
    far = Far(start, tmp_path)
    assert refusal_of(far.daemon.address, **far.keys.client_options("web1"))
    far.allow("web1")
    assert "reloaded: endpoint far: 1 client added" in far.reload()
    web1 = Sender(client, far, 1, "web1")
    web1.send()
    check(far, web1)


def test_the_servers_key_changes_without_a_loss(start, client, tmp_path):
    """Clients have the old key. The daemon gets the new one beside it, and clients that have that
    come; those of old go on, and new ones that still have the old key come in as well. Then the old
    key goes: who is in stays in, and nobody comes in by it any more."""
    far = Far(start, tmp_path, "web1", "web2", "web3")
    old = Sender(client, far, 1, "web1")
    old.send()
    assert "1 server key added" in far.reload("new", "server")
    old.send()
    new, late = Sender(client, far, 2, "web2", "new"), Sender(client, far, 3, "web3")
    new.send()
    late.send()
    far.daemon.wait_written(4 * ROUND)
    assert "1 server key taken off" in far.reload("new")
    for one in (old, new, late):
        one.send()
    for _ in range(5):
        assert refusal_of(far.daemon.address, **far.keys.client_options("web1"))
    assert not refusal_of(far.daemon.address, **far.keys.client_options("web1", "new"))
    check(far, old, new, late)


def test_with_two_keys_each_client_comes_in_by_its_own(start, client, tmp_path):
    """Nobody can know which key a client will use when it knocks: one that met the wrong one tries
    again by itself, and what it has to send waits with it. One that is not on the list is refused,
    whichever it meets."""
    far = Far(start, tmp_path, *(f"web{i}" for i in range(10)))
    far.reload("new", "server")
    senders = [Sender(client, far, i, f"web{i}", ("server", "new")[i % 2]) for i in range(10)]
    for one in senders:
        one.send(50)
    for server in ("server", "new"):
        for _ in range(4):
            assert refusal_of(far.daemon.address, **far.keys.client_options("stranger", server))
    check(far, *senders)


@pytest.mark.parametrize("gate", ["on", "off"])
def test_two_keys_need_the_gate(tmp_path, gate):
    keys, path = Keys(tmp_path), tmp_path / "check.yaml"
    ingest = [{"name": "far", "bind": "tcp://127.0.0.1:0",
               **keys.endpoint("web1", key=[keys.path("new"), keys.path("server")])}]
    path.write_text(config_text(ingest, [{"name": "all", "type": "stdout"}], memory={"gate": gate}))
    told = run_logboomd("--check", "--config", path)
    assert told.returncode == (EXIT_FINE if gate == "on" else EXIT_CONFIGURATION), told.stderr
    assert ("two server keys at once need the gate" in told.stderr) == (gate == "off")
