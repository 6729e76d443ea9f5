"""How entries look: times, levels, columns, fields, lines within a message, topics."""

import datetime
import json
import re

import pytest
from logboom_story import EXIT_FINE


def shown(start, client, messages, format="line", top=None, **sink):
    """The lines that these messages make, and the daemon, stopped."""
    daemon = start(sink={"format": format, **sink}, **(top or {}))
    client(daemon.address).send(*messages)
    daemon.wait_written(len(messages))
    assert daemon.stop() == EXIT_FINE
    return daemon.log.read_text().splitlines(), daemon


# ---- times --------------------------------------------------------------------------------

TIMES = [  # as sent, in UTC, in Kathmandu (+05:45)
    ('"2026-11-23T03:34:12Z"', "2026-11-23T03:34:12.000000Z", "2026-11-23T09:19:12.000000+05:45"),
    ('"2026-11-23T03:34:12.5+02:00"', "2026-11-23T01:34:12.500000Z", "2026-11-23T07:19:12.500000+05:45"),
    ('"2026-12-31T23:59:59.999999999-01:00"', "2027-01-01T00:59:59.999999999Z",
     "2027-01-01T06:44:59.999999999+05:45"),
    ('"2026-11-23 03:34:12,123Z"', "2026-11-23T03:34:12.123000Z", "2026-11-23T09:19:12.123000+05:45"),
    ("1795404852", "2026-11-23T03:34:12.000000Z", "2026-11-23T09:19:12.000000+05:45"),
    ("1795404852.25", "2026-11-23T03:34:12.250000Z", "2026-11-23T09:19:12.250000+05:45"),
    ("1795404852123", "2026-11-23T03:34:12.123000Z", "2026-11-23T09:19:12.123000+05:45"),
    ("1795404852123456789", "2026-11-23T03:34:12.123456789Z", "2026-11-23T09:19:12.123456789+05:45"),
]


@pytest.mark.parametrize("timezone, place", [("utc", 1), ("local", 2)])
def test_times_of_clients_in_utc_and_in_local_time(start, client, timezone, place):
    """Programs stamp their entries with offsets, fractions down to nanoseconds, and numbers. All
    come out in one zone; `local` is that of the daemon's TZ, with its offset written out."""
    messages = ['{"time":%s,"message":"x"}' % row[0] for row in TIMES]
    lines, _ = shown(start, client, messages,
                     top={"timezone": timezone, "env": {"TZ": "Asia/Kathmandu"}})
    assert lines == [f"[{row[place]}] -: x" for row in TIMES]


def test_json_is_always_utc(start, client):
    lines, _ = shown(start, client, ['{"ts":%s}' % row[0] for row in TIMES], "json",
                     top={"timezone": "local", "env": {"TZ": "Asia/Kathmandu"}})
    assert [json.loads(line)["time"] for line in lines] == [row[1] for row in TIMES]


def test_without_a_time_of_its_own_an_entry_has_that_of_its_arrival(start, client):
    """No time, or one that does not parse: the latter stays in the fields, marked malformed."""
    wrong = ["yesterday", "2026-02-30T00:00:00Z", "2026-11-23T03:34:12", "2026-11-23"]
    before = datetime.datetime.now(datetime.timezone.utc)
    lines, daemon = shown(start, client, ["plain", '{"message":"x"}',
                                          *(json.dumps({"time": one}) for one in wrong)], "json")
    after = datetime.datetime.now(datetime.timezone.utc)
    entries = [json.loads(line) for line in lines]
    for entry in entries:
        assert before <= datetime.datetime.fromisoformat(entry["time"]) <= after
    assert [entry.get("time.2") for entry in entries] == [None, None, *wrong]
    assert daemon.final.endpoint["malformed"] == len(wrong)


# ---- levels and columns -------------------------------------------------------------------


@pytest.mark.parametrize("key", ["level", "lvl", "severity"])
def test_levels_and_their_aliases(start, client, key):
    """Whatever case and dialect a program uses, nine words come out; what is no level stays a
    field, and the level is `-`."""
    words = {"emerg": "emerg", "panic": "emerg", "EMERGENCY": "emerg", "alert": "alert",
             "crit": "crit", "Critical": "crit", "fatal": "crit", "error": "error", "ERR": "error",
             "severe": "error", "warning": "warning", "WARN": "warning", "notice": "notice",
             "info": "info", "Information": "info", "INFORMATIONAL": "info", "debug": "debug",
             "verbose": "debug", "trace": "trace", "finest": "trace"}
    messages = [json.dumps({key: word, "message": "x"}) for word in words]
    lines, _ = shown(start, client, messages + [json.dumps({key: "loud", "message": "x"})], "text")
    assert [line.split(" ", 3)[3] for line in lines] == [
        *(f"{level}: x" for level in words.values()), f'-: x {key}="loud"']


def test_keys_that_mean_the_same(start, client):
    """Programs name the same things differently; a template shows where each went."""
    keys = [("timestamp", "hostname", "service", "msg"), ("@timestamp", "host", "app", "message"),
            ("ts", "host", "service", "msg"), ("time", "hostname", "app", "message")]
    messages = [json.dumps({t: "2026-11-23T03:34:12Z", h: "h", a: "a", m: "m", "code": 7})
                for t, h, a, m in keys]
    lines, _ = shown(start, client, messages, "{{{time}}} {host}/{app}: {message} {fields.code}{fields}")
    assert lines == ['{2026-11-23T03:34:12.000000Z} h/a: m 7 code="7"'] * 4


def test_fields_keep_their_order_and_their_json(start, client):
    """Values other than strings are shown as the JSON they are; in json output they stay it."""
    document = '{"z":1,"message":"m","a":-1.5e3,"t":true,"n":null,"o":{"b": [1, "x y"]},"s":"q\\"q"}'
    lines, _ = shown(start, client, [document], "text")
    assert lines[0].split(" ", 4)[4] == (
        r'm z="1" a="-1.5e3" t="true" n="null" o="{\x22b\x22:\x20[1,\x20\x22x\x20y\x22]}" s="q\x22q"')


def test_an_entry_of_nothing_has_dashes(start, client):
    """A document without keys, an empty message: columns without a value are `-`."""
    lines, _ = shown(start, client, ["{}", "", '{"message":"","app":"","host":null}'],
                     "{level} {host} {app} {topic} {fields.x} {message}")
    assert lines == ["- - - - - -"] * 3


# ---- lines within a message ---------------------------------------------------------------

TRACE = "Traceback:\n  File \"a.py\"\n\nValueError: \tx\r\nend"


@pytest.mark.parametrize("send", [lambda text: text, lambda text: json.dumps({"message": text})],
                         ids=["text", "json"])
def test_a_stack_trace_escaped_or_indented(start, client, send):
    r"""By default a trace is one line with `\n`. With `newlines: indent` its lines follow, each
    indented so that none can pass for an entry; what else needs escapes has them."""
    messages = [send(TRACE), send("next")]
    daemon = start(sinks=[
        {"name": "one", "type": "file", "path": "one.log", "format": "{app} {message}"},
        {"name": "many", "type": "file", "path": "many.log", "format": "{app} {message}.",
         "newlines": "indent"}])
    client(daemon.address).send(*messages)
    daemon.wait_written(2)
    assert daemon.stop() == EXIT_FINE
    assert (daemon.folder / "one.log").read_text() == (
        '- Traceback:\\n  File "a.py"\\n\\nValueError: \\tx\\r\\nend\n- next\n')
    assert (daemon.folder / "many.log").read_text() == (
        '- Traceback:.\n      File "a.py"\n    \n    ValueError: \\tx\\r\n    end\n- next.\n')


# ---- frames -------------------------------------------------------------------------------


def test_two_frames_are_topic_and_payload(start, client):
    """The first frame names the topic, whatever the second says; an ugly one is escaped, one
    longer than 1 KiB is cut and marked malformed."""
    daemon = start(sink={"format": "{topic}|{message}|{fields}"})
    one = client(daemon.address)
    one.send_frames(b"shop.orders", b"plain")
    one.send_frames(b"shop", b'{"message":"json","topic":"other"}')
    one.send_frames(b"", b'{"message":"json","topic":"own"}')
    one.send_frames(b"a b\n\xff", b"ugly")
    one.send_frames(b"shop", b'{"message":"1"}\n{"message":"2"}')
    one.send_frames(b"t" * 5000, b"x" * (256 * 1024 - 5000))
    lines = daemon.wait_lines(7)
    assert lines[:6] == [b"shop.orders|plain|", b'shop|json| topic.2="other"', b"own|json|",
                         rb"a\x20b\n\xff|ugly|", b"shop|1|", b"shop|2|"]
    assert lines[6] == b"t" * 1024 + b"|" + b"x" * 64 * 1024 + rb" \[cut]|"
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.endpoint["malformed"] == daemon.final.endpoint["cut"] == 1


def test_more_frames_are_refused_and_counted(start, client):
    """A message of one frame means nothing where a topic is asked for: refused as `frames`, and
    what follows is understood. More than 64 cost the connection; the client connects again."""
    daemon = start(endpoint={"frames": "topic"}, sink={"format": "raw"})
    one = client(daemon.address)
    one.send("bad")
    one.send_frames(b"topic", b"good")
    one.send_frames(*[b"x"] * 64)
    assert daemon.wait_lines(64) == [b"good"] + [b"x"] * 63
    one.send_frames(*[b"x"] * 65)
    daemon.wait_said("was cut off: a message had more than 64 frames")
    one.send_frames(b"topic", b"again")
    assert daemon.wait_lines(65)[64] == b"again"
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.endpoint["reasons"] == {"frames": 1}
    assert daemon.final.endpoint["received"] == 66


def test_the_text_format_shows_who_when_and_what(start, client):
    """The default, as the manual shows it."""
    lines, _ = shown(start, client, [
        '{"time":"2026-11-23T03:34:12Z","host":"web 1","app":"shop","level":"warn",'
        '"message":"paid late","order":17}'], "text")
    assert lines == [r'2026-11-23T03:34:12.000000Z web\x201 shop warning: paid late order="17"']
    assert re.fullmatch(r"\S+ \S+ \S+ \S+: .*", lines[0])
