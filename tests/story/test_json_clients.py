"""Documents of programs that know nothing of logboom: the journal by way of `logboom push`, GELF
by demand, and fields that nobody knows, in every format."""

import json
import re
import shutil
import subprocess

import pytest
from logboom_story import EXIT_FINE, LOGBOOM, PATIENCE_S

# As journalctl -o json writes them: text; bytes, because of an escape character and a byte that is no
# UTF-8; a value given twice; text that is too long for it.
JOURNAL = [
    '{"__CURSOR":"s=aa;i=1","__REALTIME_TIMESTAMP":"1795404852123456","__MONOTONIC_TIMESTAMP":"7001",'
    '"_BOOT_ID":"bb","PRIORITY":"6","_HOSTNAME":"web1","SYSLOG_IDENTIFIER":"sshd","_PID":"17",'
    '"_TRANSPORT":"syslog","MESSAGE":"Accepted publickey for ann \\"x\\""}',
    '{"__REALTIME_TIMESTAMP":"1795404852123457","PRIORITY":"3","_HOSTNAME":"web1",'
    '"SYSLOG_IDENTIFIER":"app","MESSAGE":[27,91,51,49,109,114,101,100,255,10,101,110,100]}',
    '{"__REALTIME_TIMESTAMP":"1795404852123458","_HOSTNAME":"web1","_COMM":"kworker",'
    '"MESSAGE":"m","UNIT":["a.service","b.service"]}',
    '{"__REALTIME_TIMESTAMP":"1795404852123459","PRIORITY":"4","_HOSTNAME":"web1",'
    '"SYSLOG_IDENTIFIER":"big","MESSAGE":null}',
]


def push(daemon, lines):
    subprocess.run([LOGBOOM, "push", "--to", daemon.address], input="".join(f"{line}\n" for line in lines).encode(),
                   check=True, timeout=PATIENCE_S)
    daemon.wait_written(len(lines))
    assert daemon.stop() == EXIT_FINE
    return daemon.log.read_text().splitlines()


def test_a_journal_is_taken_whole(start):
    r"""`journalctl -o json | logboom push`: the time is the journal's, to the microsecond, the level its
    priority, and a message of bytes is shown escaped, as if it had come as text."""
    lines = push(start(sink={"format": "text"}), JOURNAL)
    assert [line.partition(" _")[0].partition(" __")[0] for line in lines] == [
        '2026-11-23T03:34:12.123456Z web1 sshd info: Accepted publickey for ann "x"',
        r"2026-11-23T03:34:12.123457Z web1 app error: \x1b[31mred\xff\nend",
        r'2026-11-23T03:34:12.123458Z web1 kworker -: m UNIT="[\x22a.service\x22,\x22b.service\x22]"',
        '2026-11-23T03:34:12.123459Z web1 big warning: - MESSAGE="null"',
    ]


@pytest.mark.skipif(not shutil.which("journalctl"), reason="there is no journalctl")
def test_this_machines_own_journal_is_taken(start):
    """Whatever it has: no document of it is malformed, and each has its own time and message."""
    said = subprocess.run(["journalctl", "-o", "json", "-n", "200", "--no-pager", "-q"], capture_output=True,
                          timeout=PATIENCE_S, check=False).stdout.decode().splitlines()
    if not said:
        pytest.skip("the journal is empty, or not for us to read")
    lines = push(start(sink={"format": "json"}), said)
    for line, sent in zip(map(json.loads, lines), map(json.loads, said)):
        assert "_logboom" not in line or "malformed" not in line["_logboom"]
        assert line["time"].endswith(f"{int(sent['__REALTIME_TIMESTAMP']) % 1_000_000:06}Z")
        assert line["host"] == sent["_HOSTNAME"]
        if isinstance(sent.get("MESSAGE"), str):
            assert line["message"] == sent["MESSAGE"]


def test_gelf_by_demand(start, client):
    """With `decode: gelf` levels are syslog's whatever stands beside them, and what is no JSON, such as
    a compressed message, is malformed."""
    daemon = start(endpoint={"decode": "gelf"}, sink={"format": "{level} {app} {message}{fields}"})
    client(daemon.address).send('{"version":"1.1","host":"h","message":"m","level":4,"_user":1,"_level":2}',
                                b"\x1f\x8b\x08")
    daemon.wait_written(2)
    assert daemon.stop() == EXIT_FINE
    assert daemon.log.read_text().splitlines() == [
        'warning - m version="1.1" user="1" _level="2"', r"- - \x1f\x8b\x08"]
    assert daemon.final.endpoint["malformed"] == 1


UNKNOWN = {"order": 7, "price": -1.5e3, "paid": True, "note": None, "who": 'a "b" c=d\n',
           "items": [1, {"x": [2, "y z"]}], "deep": {"a": {"b": {"c": "]}"}}}, "é": "ü", "": "empty"}


def test_unknown_keys_survive_nested_ones_too(start, client):
    """In json output their values are what was sent; in logfmt and rfc5424 strings are themselves, and
    all else is its JSON."""
    daemon = start(sinks=[{"name": form, "type": "file", "path": f"{form}.log", "format": form}
                          for form in ("json", "logfmt", "rfc5424")])
    client(daemon.address).send(json.dumps({"message": "m", **UNKNOWN}, separators=(",", ":")))
    daemon.wait_lines(1, "rfc5424.log")
    assert daemon.stop() == EXIT_FINE
    (line,) = daemon.lines("json.log")
    shown = json.loads(line)
    assert {key: shown[key] for key in UNKNOWN} == UNKNOWN
    assert list(shown) == ["time", "message", *UNKNOWN]

    def plain(value):
        return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    (line,) = daemon.lines("logfmt.log")
    pairs = re.findall(r' ([^ =]+)=("(?:[^"\\]|\\.)*"|[^ ]*)', line.decode())
    read = {name: json.loads(value) if value[:1] == '"' else value for name, value in pairs}
    assert [read[key or "_"] for key in UNKNOWN] == [
        plain(value) for value in UNKNOWN.values()]
    (line,) = daemon.lines("rfc5424.log")
    for key, value in UNKNOWN.items():
        if key.isascii() and key:
            told = re.search(rf' {key}="((?:[^"\\\]]|\\.)*)"', line.decode())[1]
            assert re.sub(r'\\(["\\\]])', r"\1", told).replace(r"\n", "\n") == plain(value)
