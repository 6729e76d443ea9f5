"""Clients send what they should not. The daemon lives, each entry is on exactly one line, and the
line tells every byte that was sent."""

import json
import re

import pytest
from logboom_story import EXIT_FINE, numbered_json, unescape, wait_until

KIB = 1024
TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
FORMATS = {
    "text": "text", "line": "line", "json": "json", "raw": "raw",
    "template": "{level}|{app}|{host}|{topic}|{message}|",
}

# What no decoder takes for a document.
TEXTS = {
    "empty": b"",
    "a dash, which also stands for empty": b"-",
    "every byte": bytes(range(256)),
    "every byte, twice": bytes(range(256)) * 2,
    "NUL": b"\0",
    "NULs": b"\0" * 1000,
    "newline and CR within": b"a\nb\rc\r\nd",
    "a forged line": b"x\n[2026-11-23T00:00:00.000000Z] error: forged",
    "a forged column": b"| |-|-|forged|",
    "what escapes look like": rb"\n \\ \x00 \u{85} \[cut] \[torn] \0 \r",
    "an escape at the end": b"ends in a backslash\\",
    "terminal": b"\x1b[31m\x1b]0;title\x07\x9b1m",
    "C1 controls": "\u0080 \u0085 \u009b".encode(),
    "bidirectional controls": "\u061c\u200e\u200f\u202a\u202e\u2066\u2069".encode(),
    "line and paragraph separator": "a\u2028b\u2029c".encode(),
    "valid and beautiful": "Grüße, мир, 世界, 🎉, \ufeff, \ufffd, \U0010ffff".encode(),
    "Latin-1": "Grüße".encode("latin-1"),
    "UTF-16": "hello".encode("utf-16"),
    "overlong NUL": b"\xc0\x80",
    "overlong slash": b"\xe0\x80\xaf",
    "surrogates": b"\xed\xa0\x80\xed\xbf\xbf",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "cut in a character": "€".encode()[:2],
    "lonely continuation": b"\x80abc\xbf",
    "DEL": b"a\x7fb",
    "64 KiB": b"x" * 64 * KIB,
    "64 KiB of backslashes": b"\\" * 60 * KIB,
    "array": b'[{"message":"no"}]',
    "white space before an object": b' {"message":"no"}',
    "byte order mark before an object": b'\xef\xbb\xbf{"message":"no"}',
}
# Begins with a brace and is no document.
BROKEN = {
    "a brace": b"{",
    "no value": b'{"a":}',
    "no end": b'{"a":1',
    "no quote": b'{"a":"b',
    "two in a line": b"{}{}",
    "something behind": b'{"a":1} x',
    "half a word": b'{"a":tru}',
    "two points": b'{"a":1.2.3}',
    "leading zero": b'{"a":01}',
    "two commas": b'{"a":[1,,2]}',
    "comma at the end": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "no quotes": b"{a:1}",
    "wrong bracket": b'{"a":[1}]',
    "control byte in a string": b'{"a":"\x01"}',
    "newline in a string": b'{"a":"\n"}',
    "wrong escape": rb'{"a":"\q"}',
    "half an escape": rb'{"a":"\u12"}',
    "NUL behind": b'{"a":1}\0',
    "invalid UTF-8": b'{"message":"\xff"}',
    "comment": b'{"a":1 /* b */}',
    "not a number": b'{"a":NaN}',
    "deeper than 64": b'{"a":' + b"[" * 64 + b"]" * 64 + b"}",
    "60,000 deep": b'{"a":' * 10_000,
}


def five_sinks(tmp_path, **more):
    return [{"name": name, "type": "file", "path": f"{tmp_path}/{name}.log", "format": format, **more}
            for name, format in FORMATS.items()]


def as_json_must_show(payload):
    """JSON cannot carry bytes that are no UTF-8: one U+FFFD for each."""
    text = payload.decode("utf-8", "surrogateescape")
    return re.sub("[\udc80-\udcff]", "\ufffd", text)


UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def check_printable(line):
    """Nothing that a terminal would obey; in raw, that is the client's affair."""
    assert not UNSHOWN.search(line.decode()), line


def check_as_text(daemon, payloads):
    """In every output there is one line a payload, from which it can be read again."""
    outputs = [daemon.wait_lines(len(payloads), f"{name}.log") for name in FORMATS]
    for payload, text, line, document, raw, template in zip(payloads, *outputs, strict=True):
        for shown in (text, line, document, template):
            check_printable(shown)
        columns = (
            re.fullmatch(TIME + rb" - - -: (.*)", text, re.S)[1],
            re.fullmatch(rb"\[" + TIME + rb"\] -: (.*)", line, re.S)[1],
            re.fullmatch(rb"-\|-\|-\|-\|(.*)\|", template, re.S)[1],
        )
        for column in columns:
            assert (unescape(column) if payload else column) == (payload or b"-")
        assert json.loads(document)["message"] == as_json_must_show(payload)
        assert raw == payload.replace(b"\r", rb"\r").replace(b"\n", rb"\n").replace(b"\0", rb"\0")


@pytest.mark.parametrize("decode", ["auto", "json", "text"])
def test_ugly_text_arrives_on_one_line_and_reversibly(start, client, tmp_path, decode):
    """Thirty ugly texts go through an endpoint of each decoder into every format. Where JSON is
    demanded each counts as malformed, else it is as good as any."""
    daemon = start(endpoint={"decode": decode}, sinks=five_sinks(tmp_path))
    client(daemon.address).send(*TEXTS.values())
    check_as_text(daemon, list(TEXTS.values()))
    assert daemon.stop() == EXIT_FINE
    malformed = len(TEXTS) if decode == "json" else 0
    assert daemon.final.endpoint["malformed"] == malformed
    assert daemon.final.endpoint["accepted"] == len(TEXTS)
    assert daemon.final.endpoint["cut"] == 0


@pytest.mark.parametrize("decode", ["auto", "json", "text"])
def test_broken_json_arrives_as_text(start, client, tmp_path, decode):
    """What begins like a document and is none is kept as the text that it is, one entry, and
    counted as malformed, unless text was expected anyway; json output says so."""
    daemon = start(endpoint={"decode": decode}, sinks=five_sinks(tmp_path))
    client(daemon.address).send(*BROKEN.values())
    check_as_text(daemon, list(BROKEN.values()))
    malformed = decode != "text"
    for line in daemon.lines("json.log"):
        assert json.loads(line).get("_logboom") == ({"malformed": True} if malformed else None)
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.endpoint["malformed"] == len(BROKEN) * malformed


def test_bad_lines_of_a_batch_spoil_no_other(start, client, tmp_path):
    """An NDJSON message whose first line is a document: each bad line in it is an entry of its
    own, as text, and its neighbours are what they are, before and behind."""
    bad = [one for one in BROKEN.values() if b"\n" not in one]
    lines = [b'{"message":"first"}']
    for one in bad:
        lines += [one, b'{"message":"good"}']
    daemon = start(sinks=five_sinks(tmp_path))
    client(daemon.address).send(b"\n".join(lines))
    shown = [json.loads(line) for line in daemon.wait_lines(len(lines), "json.log")]
    assert shown[0]["message"] == "first"
    for i, one in enumerate(bad):
        assert shown[2 * i + 1]["message"] == as_json_must_show(one)
        assert shown[2 * i + 1]["_logboom"] == {"malformed": True}
        assert shown[2 * i + 2]["message"] == "good" and "_logboom" not in shown[2 * i + 2]
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.endpoint["malformed"] == len(bad)


def test_ugly_strings_in_json_forge_nothing(start, client, tmp_path):
    """All that JSON can carry, in a message, in a column, in the name of a field and its value:
    one line, from which message, key and value can be read again."""
    ugly = [*map(chr, range(256)), "\u2028", "\u202e", "\u2066", "🎉", "a b=\"c\"", "x\ny z", "\\n"]
    daemon = start(sinks=five_sinks(tmp_path))
    client(daemon.address).send(*(
        json.dumps({"message": u, "app": u, "k" + u: "v" + u}, ensure_ascii=odd).encode()
        for u in ugly for odd in (True, False)))
    outputs = [daemon.wait_lines(2 * len(ugly), f"{name}.log") for name in FORMATS]
    for i, (text, line, document, _, template) in enumerate(zip(*outputs, strict=True)):
        sent = ugly[i // 2]
        for shown in (text, line, document, template):
            check_printable(shown)
        columns = re.fullmatch(TIME + rb' - (\S+) -: (.*) (k[^ ="]*)="(v[^ "]*)"', text)
        app, message, key, value = (unescape(column).decode() for column in columns.groups())
        assert (app, message, key, value) == (sent, sent, "k" + sent, "v" + sent)
        before = b"-|" + columns[1] + b"|-|-|"
        assert template.startswith(before)
        assert unescape(template[len(before) : -1]).decode() == sent
        parsed = json.loads(document)
        assert (parsed["message"], parsed["app"], parsed["k" + sent]) == (sent, sent, "v" + sent)
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.endpoint["malformed"] == 0


def test_a_million_levels_of_nesting_are_text(start, client, tmp_path):
    """Open and never closed, and closed again; an object in an object as well."""
    deep = [b'{"a":' + b"[" * 1_000_000, b'{"a":' + b"[" * 500_000 + b"]" * 500_000 + b"}",
            b'{"a":' * 170_000 + b"1" + b"}" * 170_000]
    daemon = start(endpoint={"max_message": "4MiB", "max_entry": "1MiB"}, memory={"cap": "256MiB"},
                   sink={"format": "raw"})
    client(daemon.address).send(*deep, numbered_json(0, 0))
    assert daemon.wait_lines(4) == [*deep, numbered_json(0, 0)]
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.endpoint["malformed"] == 3


def test_5_000_keys_and_keys_given_twice(start, client, tmp_path):
    """A document of five thousand keys keeps all of them. Of keys with a meaning the first one
    counts and the others stay as `key.2`; nobody but us says `_logboom`."""
    many = {f"k{i}": 1 for i in range(5000)}
    twice = (b'{"message":"one","message":"two","msg":"three","level":"info","severity":"bad",'
             b'"_logboom":{"cut":true},"a":1,"a":2}')
    daemon = start(sinks=five_sinks(tmp_path))
    client(daemon.address).send(json.dumps(many, separators=(",", ":")), twice)
    first, second = daemon.wait_lines(2, "json.log")
    assert {k: v for k, v in json.loads(first).items() if k.startswith("k")} == many
    assert list(json.loads(second, object_pairs_hook=list))[1:] == [
        ("level", "info"), ("message", "one"), ("message.2", "two"), ("msg.3", "three"),
        ("severity.2", "bad"), ("_logboom.2", [("cut", True)]), ("a", 1), ("a", 2)]
    text = daemon.wait_lines(2, "text.log")
    assert text[0].endswith(b' k4998="1" k4999="1"')
    assert text[1].endswith(b' info: one message.2="two" msg.3="three" severity.2="bad" '
                            rb'_logboom.2="{\x22cut\x22:true}" a="1" a="2"')
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.endpoint["malformed"] == 0


# ---- too long -----------------------------------------------------------------------------


def test_entries_over_max_entry_are_cut_between_characters(start, client, tmp_path):
    """max_entry is 1 KiB. What has exactly that is whole; one byte more is cut, says so and is
    counted; a cut never falls into a character. A longer document is cut as text."""
    fits, over = b"x" * 1024, b"x" * 1025
    euro = b"a" + "€".encode() * 400  # 1201 bytes; 1024 is in the middle of one
    document = b'{"message":"' + b"m" * 2000 + b'"}'
    daemon = start(endpoint={"max_entry": "1KiB"}, sinks=five_sinks(tmp_path))
    client(daemon.address).send(fits, over, euro, document)
    kept = [fits, fits, b"a" + "€".encode() * 341, document[:1024]]
    marks = [b"", rb" \[cut]", rb" \[cut]", rb" \[cut]"]
    for name in ("text", "line"):
        lines = daemon.wait_lines(4, f"{name}.log")
        assert [line.split(b"-: ", 1)[1] for line in lines] == [k + m for k, m in zip(kept, marks)]
    assert daemon.wait_lines(4, "raw.log") == [k + m for k, m in zip(kept, marks)]
    shown = [json.loads(line) for line in daemon.wait_lines(4, "json.log")]
    assert [one["message"].encode() for one in shown] == kept
    assert [one.get("_logboom") for one in shown] == [
        None, {"cut": True}, {"cut": True}, {"malformed": True, "cut": True}]
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.endpoint["cut"] == 3
    assert daemon.final.endpoint["malformed"] == 1


@pytest.mark.parametrize("payload", [b"\x01" * 64 * KIB, b"\n" * 64 * KIB, b"\xff" * 64 * KIB,
                                     "\u202e".encode() * 21 * KIB], ids=["control", "newline", "invalid", "bidi"])
def test_what_grows_beyond_a_block_by_its_escapes_is_cut(start, client, tmp_path, payload):
    """64 KiB of bytes that need up to six characters each: the line holds what fits, marked and
    counted, at the sink where it happened; the entries around it are whole."""
    daemon = start(sinks=five_sinks(tmp_path))
    client(daemon.address).send("before", payload, "after")
    for name in FORMATS:
        lines = daemon.wait_lines(3, f"{name}.log")
        assert b"before" in lines[0] and b"after" in lines[2]
    column = daemon.lines("line.log")[1].split(b" -: ", 1)[1]
    shown = unescape(column.removesuffix(rb" \[cut]"))
    assert len(shown) >= 16 * KIB and payload.rstrip(b"\n").startswith(shown.rstrip(b"\n"))
    parsed = json.loads(daemon.lines("json.log")[1])
    assert as_json_must_show(payload).startswith(parsed["message"])
    daemon.wait_written(3)
    assert daemon.stop() == EXIT_FINE
    for name, it in daemon.final.sinks.items():
        marked = b"cut" in daemon.lines(f"{name}.log")[1][-40:]
        assert it["cut"] == marked


def test_a_message_of_max_message_passes_and_a_longer_one_costs_the_connection(start, client, tmp_path):
    """256 KiB is the limit: at that the message arrives, cut to max_entry. One byte more and the
    connection is closed; the daemon lives, the other client notices nothing, and the offender
    may come back."""
    daemon = start(sink={"format": "raw"})
    good, bad = client(daemon.address), client(daemon.address)
    good.send(b"x" * 256 * KIB)
    daemon.wait_ledger(lambda look: look.endpoint["received"] == 1)
    monitor = bad.socket.get_monitor_socket()
    bad.send(b"y" * (256 * KIB + 1))
    wait_until(lambda: monitor.poll(0), "the connection is closed")
    bad.socket.disable_monitor()
    good.send("still here")
    client(daemon.address).send("back again")
    daemon.wait_ledger(lambda look: look.endpoint["received"] == 3)
    lines = daemon.wait_lines(3)
    assert lines[0] == b"x" * 64 * KIB + rb" \[cut]"
    assert sorted(lines[1:]) == [b"back again", b"still here"]
    assert daemon.stop() == EXIT_FINE
    assert daemon.final.endpoint["cut"] == 1
