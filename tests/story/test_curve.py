"""An endpoint with `encryption: curve`: clients that are on the list send, and nobody else."""

import os
import pathlib
import re

import pytest
import zmq
from curve_peer import CurvePeer
from curve_story import Keys, refusal_of
from logboom_story import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    EXIT_SYSTEM,
    PATIENCE_S,
    SANITIZED,
    config_text,
    run_logboomd,
)
from zmtp_peer import Peer, command, greeting


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path)


def encrypted(start, keys, *names, **endpoint):
    return start(endpoint=keys.endpoint(*names, **endpoint))


# ---- who is let in --------------------------------------------------------------------------


def test_the_right_key_is_let_in(start, client, keys):
    daemon = encrypted(start, keys, "web1", "web2")
    for name in ("web1", "web2"):
        one = client(daemon.address, **keys.client_options(name))
        one.send(*(f"{name} {i}" for i in range(1000)))
        one.finish()
    daemon.wait_written(2000)
    assert daemon.stop(sent=2000) == EXIT_FINE
    assert daemon.final.gate["charged"] == 0
    assert daemon.final.gate["voided"] == 0  # what was charged was what was received
    assert len(daemon.lines()) == 2000


@pytest.mark.parametrize("who", ["wrong key", "no key", "password", "wrong server", "nobody's list"])
def test_nobody_else_is_let_in(start, client, keys, who):
    daemon = encrypted(start, keys, *([] if who == "nobody's list" else ["web1"]))
    options = {
        "wrong key": keys.client_options("stranger"),
        "no key": {},
        "password": {"plain_username": b"web1", "plain_password": b"web1"},
        "wrong server": keys.client_options("web1", server="web1"),
        "nobody's list": keys.client_options("web1"),
    }[who]
    assert refusal_of(daemon.address, **options)
    assert daemon.ledger().received == 0
    assert daemon.stop(sent=0) == EXIT_FINE
    assert daemon.lines() == []


def test_each_endpoint_has_its_own_list(start, client, keys):
    """A key of one endpoint opens no other one."""
    ingest = [{"name": name, "bind": "tcp://127.0.0.1:0", **keys.endpoint(name)}
              for name in ("web", "mail")]
    daemon = start(ingest=ingest)
    web, mail = daemon.addresses
    assert refusal_of(web, **keys.client_options("mail"))
    assert refusal_of(mail, **keys.client_options("web"))
    for address, name in ((web, "web"), (mail, "mail")):
        one = client(address, **keys.client_options(name))
        one.send(name)
        one.finish()
    daemon.wait_written(2)
    assert daemon.stop(sent=2) == EXIT_FINE


def test_an_encrypted_endpoint_changes_nothing_for_others(start, client, keys):
    """Beside it there is one without encryption, on loopback, where no question is asked."""
    daemon = start(ingest=[{"name": "far", "bind": "tcp://127.0.0.1:0", **keys.endpoint("web1")},
                           {"name": "near", "bind": "tcp://127.0.0.1:0"}])
    one = client(daemon.addresses[1])
    one.send("hello")
    one.finish()
    daemon.wait_written(1)
    assert daemon.stop(sent=1) == EXIT_FINE


def test_large_messages_arrive_whole_up_to_the_limit(start, client, keys):
    """Encryption makes each frame 33 bytes longer, which must not cost the client its connection."""
    daemon = encrypted(start, keys, "web1", max_message="4KiB", max_entry="4KiB")
    one = client(daemon.address, **keys.client_options("web1"))
    one.send("x" * 4096)
    one.finish()
    daemon.wait_written(1)
    one = client(daemon.address, **keys.client_options("web1"))
    one.send("y" * 4097)
    daemon.wait_said("a message was longer than max_message, 4KiB")
    one.close()
    daemon.stop()
    assert daemon.lines()[0].endswith(b"x" * 4096) and len(daemon.lines()) == 1


def test_an_endpoint_connects_to_one_that_it_knows(start, keys):
    """Here the client listens; it is the server in the matter of keys, and knows ours."""
    context = zmq.Context()
    push = context.socket(zmq.PUSH)
    push.curve_server = True
    push.curve_publickey, push.curve_secretkey = keys.pair("far")
    port = push.bind_to_random_port("tcp://127.0.0.1")
    daemon = start(ingest=[{"name": "apps", "connect": f"tcp://127.0.0.1:{port}", "encryption": "curve",
                            "key": keys.path("server"), "server_key": keys.line("far")}])
    push.send(b"hello")
    daemon.wait_written(1)
    push.close(0)
    context.term()
    assert daemon.stop(sent=1) == EXIT_FINE


def test_whose_key_it_was_is_told(start, keys):
    """So that a line for the list can be made of it; not each time, but all are counted."""
    daemon = encrypted(start, keys, "web1")
    for _ in range(5):
        assert refusal_of(daemon.address, **keys.client_options("stranger"))
    key = keys.pair("stranger")[0].decode()
    daemon.wait_said(f"endpoint apps: a client at 127.0.0.1 was not let in: 'allow' does not have its key, {key}")
    assert daemon.stop() == EXIT_FINE
    assert re.search(r"encryption: let_in=0 refused=5\n", daemon.said)
    assert daemon.said.count("was not let in") < 5


# ---- names ------------------------------------------------------------------------------------


def test_the_name_of_the_key_is_the_peer_whatever_the_client_says(start, keys, tmp_path):
    """A client says in its handshake and in its entries that it is another. Its name is that of its
    key, also as the host, and a match goes by it."""
    ingest = [{"name": "far", "bind": "tcp://127.0.0.1:0", "host": "peer", **keys.endpoint("web1", "web2")}]
    sinks = [{"name": "all", "type": "file", "path": str(tmp_path / "all.log"),
              "format": "{peer} {host} {key} {message}"},
             {"name": "web1", "type": "file", "path": str(tmp_path / "web1.log"), "format": "{message}",
              "match": {"peer": "web1"}}]
    daemon = start(ingest=ingest, sinks=sinks)
    for name in ("web1", "web2"):
        peer = CurvePeer(daemon.address, keys.pair(name), keys.pair("server")[0])
        peer.properties = {b"User-Id": b"web1", b"Peer-Address": b"web1", b"Key": b"web1"}
        peer.shake_hands()
        peer.send(peer.message(b'{"message":"I am web1","host":"web1","peer":"web1","key":"web1"}'))
        daemon.wait_written(1 if name == "web1" else 2, sink="all")
        peer.close()
    assert daemon.stop(sent=2) == EXIT_FINE
    assert daemon.lines() == [b"%s %s %s I am web1" % (name, name, keys.pair(name.decode())[0])
                              for name in (b"web1", b"web2")]
    assert daemon.lines("web1.log") == [b"I am web1"]


def test_who_needs_no_key_cannot_give_itself_a_name(start, keys):
    """Without encryption nobody knows the client, though its handshake has the same property."""
    daemon = start(sink={"format": "{peer} {key} {message}"})
    with Peer(daemon.address) as peer:
        peer.send(greeting() + command(b"READY", b"\x0bSocket-Type\0\0\0\4PUSH\7User-Id\0\0\0\4web1"))
        peer.wait_ready().send_message(b"hello")
        daemon.wait_written(1)
    assert daemon.stop() == EXIT_FINE
    assert daemon.lines() == [b"127.0.0.1 - hello"]


# ---- secrets ----------------------------------------------------------------------------------


def memory_of(pid):
    """All of a process's memory that can be written."""
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            found = re.match(r"(\w+)-(\w+) rw", line)
            if not found or "[vvar]" in line:
                continue
            begin, end = (int(it, 16) for it in found.groups())
            memory.seek(begin)
            try:
                yield memory.read(end - begin)
            except OSError:
                continue


@pytest.mark.skipif(SANITIZED, reason="the sanitizer maps terabytes, and keeps what was freed")
def test_no_text_of_the_secret_key_stays_in_memory(start, keys):
    """ZeroMQ needs the key itself, and keeps it; what the file said is wiped."""
    daemon = encrypted(start, keys, "web1")
    public, secret = keys.pair("server")
    web1 = keys.pair("web1")[0]
    memory = b"".join(memory_of(daemon.pid))
    assert web1[:40] in memory  # the configuration has that text: it would be found
    assert secret[4:36] not in memory
    assert daemon.stop() == EXIT_FINE


# ---- what is refused at the start ----------------------------------------------------------------


def check(tmp_path, **endpoint):
    path = tmp_path / "check.yaml"
    path.write_text(config_text([{"name": "apps", "bind": ["tcp://127.0.0.1:0"], **endpoint}],
                                [{"name": "all", "type": "file", "path": str(tmp_path / "all.log")}]))
    return run_logboomd("--check", "--config", path)


def refused(tmp_path, sentence, **endpoint):
    told = check(tmp_path, **endpoint)
    assert told.returncode == EXIT_CONFIGURATION, told.stdout
    assert sentence in told.stderr, told.stderr


@pytest.mark.parametrize("address", ["tcp://0.0.0.0:0", "tcp://*:0", "tcp://[::]:0"])
def test_beyond_loopback_needs_a_word_on_encryption(tmp_path, keys, address):
    refused(tmp_path, "is beyond loopback, and nothing says whether to encrypt; write 'encryption: "
                      "curve' with 'key' and 'allow'", bind=address)
    told = check(tmp_path, bind=address, encryption="none")
    assert told.returncode == EXIT_FINE
    assert "warning: endpoint apps:" in told.stderr and "not encrypted" in told.stderr
    told = check(tmp_path, bind=address, **keys.endpoint("web1"))
    assert (told.returncode, told.stderr) == (EXIT_FINE, "")


def test_to_connect_beyond_loopback_needs_it_too(tmp_path):
    refused(tmp_path, "'server_key'", bind=[], connect="tcp://192.0.2.1:5514")


def test_plain_and_open_is_said_at_the_start(start):
    daemon = start(endpoint={"bind": "tcp://0.0.0.0:0", "encryption": "none"})
    daemon.wait_said("endpoint apps: 'tcp://0.0.0.0:0' is beyond loopback and not encrypted")
    assert daemon.stop() == EXIT_FINE


def test_what_encryption_needs_is_told(tmp_path, keys):
    full = keys.endpoint("web1")
    refused(tmp_path, "needs 'key'", **{k: v for k, v in full.items() if k != "key"})
    refused(tmp_path, "needs 'allow'", **{k: v for k, v in full.items() if k != "allow"})
    refused(tmp_path, "'server_key' is only for those who connect", server_key=keys.line("web1"), **full)
    refused(tmp_path, "'allow' is only for encryption: curve", allow=full["allow"])
    refused(tmp_path, "'key' is only for encryption: curve", key=full["key"], encryption="none")
    refused(tmp_path, "make two of it", connect="tcp://127.0.0.1:1", server_key=keys.line("web1"), **full)


def test_keys_that_cannot_be_trusted_are_refused(tmp_path, keys):
    full = keys.endpoint("web1")
    os.chmod(full["key"], 0o644)
    refused(tmp_path, "others may use it (mode 0644)", **full)
    os.chmod(full["key"], 0o600)
    refused(tmp_path, "No such file", **{**full, "key": "/nowhere/server.key"})
    refused(tmp_path, "what is no public key", **{**full, "allow": ["web1 short"]})
    clients = tmp_path / "clients"
    clients.write_text(f"{keys.line('web1')}\n\n{keys.line('web1')}\n")
    refused(tmp_path, f"{clients}:3: the key of 'web1' stands in {clients}:1 already",
            **{**full, "allow": str(clients)})


NOBODY_ASKS = """
#include <string.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <dlfcn.h>
/* a libzmq that forgets the domain, as one would that was built in another way */
int zmq_setsockopt(void *socket, int option, const void *value, size_t len)
{
    int (*real)(void *, int, const void *, size_t) = dlsym(RTLD_NEXT, "zmq_setsockopt");
    return option == OPTION ? 0 : real(socket, option, value, len);
}
"""


@pytest.mark.parametrize("option", [55, 93, 47])
def test_a_libzmq_that_forgets_an_option_starts_nothing(start, keys, shim, option):
    env = shim(NOBODY_ASKS.replace("OPTION", str(option)))
    daemon = start(endpoint=keys.endpoint("web1"), env=env, ready=False)
    assert daemon.process.wait(timeout=PATIENCE_S) == EXIT_SYSTEM
    assert "does not keep the options" in daemon.said and "ready:" not in daemon.said


LIES = NOBODY_ASKS + """
#include <string.h>
int zmq_getsockopt(void *socket, int option, void *value, size_t *len)
{
    int (*real)(void *, int, void *, size_t *) = dlsym(RTLD_NEXT, "zmq_getsockopt");
    if (option == 93) { int one = 1; memcpy(value, &one, sizeof one); *len = sizeof one; return 0; }
    if (option == 55) { strcpy(value, "self-test"); *len = 10; return 0; }
    return real(socket, option, value, len);
}
int zmq_bind(void *socket, const char *address)
{
    int (*real)(void *, const char *) = dlsym(RTLD_NEXT, "zmq_bind");
    return strstr(address, "zap") ? 0 : real(socket, address); /* and nobody is asked */
}
"""


def test_no_self_test_no_start(start, keys, shim):
    """Everything looks right, and yet anybody would be let in: only trying it can tell."""
    env = shim(LIES.replace("OPTION", "93 || option == 55"))
    daemon = start(endpoint=keys.endpoint("web1"), env=env, ready=False)
    assert daemon.process.wait(timeout=PATIENCE_S) == EXIT_SYSTEM
    assert "does not refuse a key that nobody knows" in daemon.said and "ready:" not in daemon.said
