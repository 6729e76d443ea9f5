"""A configuration is judged as a whole, told in sentences with a place, and nothing half-starts."""

import os
import pathlib
import re
import socket

import pytest
from logboom_story import (
    EXIT_CONFIGURATION,
    EXIT_FINE,
    EXIT_SYSTEM,
    EXIT_USAGE,
    config_text,
    run_logboomd,
)

GOOD = """\
ingest:
  - name: apps
    bind: tcp://127.0.0.1:0
sinks:
  - name: all
    type: file
    path: out.log
"""


def judged(tmp_path, text, *arguments):
    """What logboomd answers to this configuration; it must have left nothing behind."""
    (tmp_path / "logboom.yaml").write_text(text)
    before = sorted(os.listdir(tmp_path))
    told = run_logboomd("--config", "logboom.yaml", *arguments, cwd=tmp_path)
    assert sorted(os.listdir(tmp_path)) == before
    return told


def check_refused(tmp_path, text, *sentences, status=EXIT_CONFIGURATION):
    """The start says all sentences, each a regular expression, and leaves with the status; a
    fault of the configuration itself is told by --check in the same words."""
    told = judged(tmp_path, text)
    assert told.returncode == status, told.stderr
    for sentence in sentences:
        assert re.search(sentence, told.stderr), told.stderr
    assert "ready: " not in told.stderr
    checked = judged(tmp_path, text, "--check")
    assert checked.returncode == EXIT_CONFIGURATION
    for sentence in sentences:
        assert re.search(sentence, checked.stderr), checked.stderr
    return told


# ---- options ------------------------------------------------------------------------------


def test_help_version_and_the_list_of_settings():
    """What an operator asks first; on stdout, with status 0."""
    told = run_logboomd("--help")
    assert told.returncode == EXIT_FINE and told.stderr == ""
    assert told.stdout.startswith("Usage: logboomd ") and "--help-config" in told.stdout
    assert run_logboomd("-h").stdout == told.stdout
    version = run_logboomd("--version")
    assert version.returncode == EXIT_FINE
    assert re.fullmatch(r"logboomd \d+\.\d+\.\d+\n", version.stdout)
    settings = run_logboomd("--help-config")
    assert settings.returncode == EXIT_FINE
    for word in ("cap", "drain_timeout", "max_entry", "batch_for", "64KiB", "5s"):
        assert word in settings.stdout


@pytest.mark.parametrize("arguments", [["--chek"], ["-x"], ["--config"], ["logboom.yaml"],
                                       ["--check", "logboom.yaml"]])
def test_wrong_options_are_wrong_usage(tmp_path, arguments):
    told = run_logboomd(*arguments, cwd=tmp_path)
    assert told.returncode == EXIT_USAGE
    assert told.stdout == "" and told.stderr.count("\n") <= 2
    assert arguments[-1].lstrip("-") in told.stderr


def test_no_configuration_file(tmp_path):
    """None is looked for in the current directory; the sentence names the one that is missing."""
    (tmp_path / "logboom.yaml").write_text(GOOD)
    told = run_logboomd("--config", "/nonexistent/logboom.yaml", cwd=tmp_path)
    assert told.returncode == EXIT_CONFIGURATION
    assert "/nonexistent/logboom.yaml" in told.stderr and "No such file" in told.stderr
    if not os.path.exists("/etc/logboom/logboom.yaml"):
        told = run_logboomd(cwd=tmp_path)
        assert told.returncode == EXIT_CONFIGURATION
        assert told.stderr == ("/etc/logboom/logboom.yaml: cannot be opened: No such file or directory; name another "
                               "with --config FILE, or begin with the sample conf/logboom.yaml\n")
    told = run_logboomd("-c", "", cwd=tmp_path)
    assert told.returncode == EXIT_CONFIGURATION
    assert told.stderr == "the name of the configuration file is empty; name one, as in --config FILE\n"
    assert not (tmp_path / "out.log").exists()


# ---- judging ------------------------------------------------------------------------------


def test_check_of_a_good_configuration_leaves_nothing_behind(tmp_path):
    """Neither the output nor a socket file is there afterwards, and the port is free."""
    text = GOOD.replace("tcp://127.0.0.1:0", f"['tcp://127.0.0.1:0', 'ipc://{tmp_path}/in.sock']")
    told = judged(tmp_path, text, "--check")
    assert (told.returncode, told.stdout, told.stderr) == (EXIT_FINE, "logboom.yaml is fine\n", "")


def test_an_unknown_key_is_told_with_its_place_and_what_was_meant(tmp_path):
    told = check_refused(tmp_path, GOOD.replace("path:", "pth:"),
                         r"logboom\.yaml:7:5: .*'pth'.*did you mean 'path'\?")
    assert "    pth: out.log\n    ^\n" in told.stderr.replace("  | ", "")


def test_all_problems_are_told_at_once(tmp_path):
    """Three mistakes, three sentences, in the order of the file."""
    text = GOOD.replace("bind: tcp://127.0.0.1:0", "bind: tcp://127.0.0.1:0\n    max_entry: 64")
    text = text.replace("type: file", "type: flie").replace("name: all", "name: a b")
    told = check_refused(tmp_path, text, r":4:\d+: 'max_entry': '64' has no unit", r":6:\d+: 'name' is 'a b'",
                         r":7:\d+: 'type' is 'flie', but can only be file, stdout, tcp, tls, unix, udp, unix-dgram or zmq")
    places = [int(line) for line in re.findall(r"logboom\.yaml:(\d+):\d+: ", told.stderr)]
    assert places == sorted(places) and len(places) == 3


@pytest.mark.parametrize("address", ["tcp://0.0.0.0:5514", "tcp://*:5514", "tcp://[::]:5514",
                                     "tcp://192.0.2.1:5514"])
def test_listening_beyond_loopback_is_refused(tmp_path, address):
    text = GOOD.replace("tcp://127.0.0.1:0", f"'{address}'")
    check_refused(tmp_path, text, r"logboom\.yaml:3:\d+: '\S+' is beyond loopback")


@pytest.mark.parametrize("format, sentence", [
    ("{tme} {message}", r"no '\{tme\}'; did you mean '\{time\}'\?"),
    ("{message", r"no closing '\}'"),
    ("message}", r"'message\}' is no format|'\}' without '\{'|'format' is 'message\}'"),
    ("{fields.}", r"\{fields\.\}"),
    ("jsn", r"did you mean 'json'\?"),
])
def test_a_wrong_format_is_refused(tmp_path, format, sentence):
    text = GOOD + f"    format: '{format}'\n"
    check_refused(tmp_path, text, r"logboom\.yaml:8:\d+: ", sentence)


@pytest.mark.parametrize("text, sentence", [
    ("", "ingest"),
    ("ingest: [\n", r"logboom\.yaml:\d+:\d+: "),
    (GOOD.replace("    type: file\n", ""), "type"),
    (GOOD.replace("    path: out.log\n", ""), "needs 'path'"),
    (GOOD.replace("bind: tcp://127.0.0.1:0", "decode: auto"), "needs 'bind' or 'connect'"),
    (GOOD.replace("tcp://", "http://"), "transport 'http' is not supported"),
    (GOOD.replace("    bind", "    max_message: 16MiB\n    bind"),
     "'cap' is 64MiB, but .* need"),
    (GOOD + "drain_timeout: 5\n", "drain_timeout"),
    (GOOD + "metrics: {listen: 'http://127.0.0.1:9514'}\n", "write HOST:PORT alone"),
    (GOOD + "metrcs: {listen: ':9514'}\n", "did you mean 'metrics'"),
    (GOOD + "    when_full: drop\n", "when_full"),
    (GOOD.replace("out.log", "'{ap}.log'"), r":7:11: a path has no '\{ap\}'; did you mean '\{app\}'"),
    (GOOD.replace("out.log", "out/"), r":7:11: 'out/' names a folder"),
    (GOOD + "  - {name: two, type: file, path: ./out.log}\n",
     r":8:35: '\./out\.log' is the file of sink 'all' too"),
    (GOOD.replace("name: all", "name: 'all"), r":5:11: the ' in line 5 is not closed"),
    (GOOD.replace("sinks", "    ipc: {group: nosuch}\nsinks"), r":4:18: there is no group 'nosuch'"),
])
def test_other_mistakes_are_refused_with_a_sentence(tmp_path, text, sentence):
    check_refused(tmp_path, text, sentence)


# ---- surroundings -------------------------------------------------------------------------


def test_a_port_in_use_is_told_and_nothing_is_half_started(tmp_path):
    """Another program has the port: status 71, place and remedy, and no output file was made."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        check_refused(tmp_path, GOOD.replace(":0", f":{port}"),
                      rf"logboom\.yaml:3:\d+: cannot listen on tcp://127\.0\.0\.1:{port}: "
                      r"Address already in use; another program listens there", status=EXIT_SYSTEM)


def test_a_second_daemon_on_the_same_configuration_harms_nobody(start, client, tmp_path):
    """Somebody starts logboomd by hand while the service runs: it says that the address is in use
    and leaves; the first one's socket file and log are untouched, in the middle of a line too."""
    daemon = start(endpoint={"bind": f"ipc://{tmp_path}/in.sock"}, sink={"format": "raw"})
    expected = "; if that is the logboomd you are about to restart, ask 'logboom check' instead\n"
    assert expected in run_logboomd("--check", "--config", daemon.config).stderr
    daemon.log.write_bytes(b"the first daemon is writing this li")
    told = run_logboomd("--config", daemon.config)
    assert told.returncode == EXIT_SYSTEM and "Address already in use" in told.stderr
    assert expected not in told.stderr
    assert daemon.log.read_bytes() == b"the first daemon is writing this li"
    daemon.log.write_bytes(b"")
    client(daemon.address).send("hello")
    assert daemon.wait_lines(1) == [b"hello"]
    assert daemon.stop() == EXIT_FINE


def test_what_fails_last_leaves_no_listener_and_no_socket_file(tmp_path):
    """The second sink cannot be opened: the addresses that were fine are free again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = config_text(
        [{"name": "apps", "bind": [f"tcp://127.0.0.1:{port}", f"ipc://{tmp_path}/in.sock"]}],
        [{"name": "null", "type": "file", "path": "/dev/null"},
         {"name": "bad", "type": "file", "path": "logboom.yaml/out.log"}])
    check_refused(tmp_path, text, r"logboom\.yaml:5:\d+: .*logboom\.yaml.*: Not a directory")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))


def test_a_file_in_the_way_of_the_socket_is_not_removed(tmp_path):
    (tmp_path / "in.sock").write_bytes(b"precious")
    check_refused(tmp_path, GOOD.replace("tcp://127.0.0.1:0", f"ipc://{tmp_path}/in.sock"),
                  "the file there is not a socket", status=EXIT_SYSTEM)
    assert (tmp_path / "in.sock").read_bytes() == b"precious"


def test_two_endpoints_may_both_let_the_kernel_choose_a_port(start):
    """Port 0 names no port: twice the same text is not twice the same address."""
    daemon = start(ingest=[{"name": name, "bind": "tcp://127.0.0.1:0"} for name in "ab"])
    assert len(set(daemon.addresses)) == 2
    assert daemon.stop() == EXIT_FINE


CONF = pathlib.Path(__file__).resolve().parents[2] / "conf"


def sample(name):
    """What the project ships, but for the port, which may be taken here."""
    return (CONF / name).read_text().replace("127.0.0.1:5514", "127.0.0.1:0")


def test_the_sample_configurations_are_fine(tmp_path):
    """Each passes --check once its folders are there."""
    (tmp_path / "run").mkdir()
    moved = sample("logboom.yaml").replace("/run/logboom", str(tmp_path)).replace("/var/log/logboom", str(tmp_path))
    for text in (sample("quickstart.yaml"), moved):
        told = judged(tmp_path, text, "--check")
        assert (told.returncode, told.stderr) == (EXIT_FINE, "")


def test_of_the_sample_only_a_folder_may_be_missing(tmp_path):
    """Somebody checks it before the folder of both sockets is made: one problem for each, with its
    remedy. The log's folder will be made."""
    told = judged(tmp_path, sample("logboom.yaml"), "--check")
    problems = re.findall(r"^logboom\.yaml:\d+:\d+: (.*)", told.stderr, re.M)
    if os.path.exists("/run/logboom"):
        pytest.skip("logboom is installed here")
    assert told.returncode == EXIT_CONFIGURATION
    assert problems == [f"{what}cannot listen on ipc:///run/logboom/{name}.sock: No such file or directory; "
                        "create its directory first"
                        for what, name in (("control socket: ", "control"), ("", "ingest"))]
