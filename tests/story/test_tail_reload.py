"""What `logboom tail` keeps was taken by the rules of then; a reload changes the rules."""

import pytest
from control_story import FINE, logboom
from logboom_story import EXIT_FINE, config_text
from tail_story import CONTROL, SOCKET, tail_fixture, text_of  # noqa: F401

INGEST = {"name": "apps", "bind": ["tcp://127.0.0.1:0"]}
FIELDS = {f"a_long_name_of_a_field_{i:02}": "v" * 60 for i in range(16)}


def start_with(start, **ingest):
    return start(ingest=[{**INGEST, **ingest}], **CONTROL)


def reload(daemon, **ingest):
    sinks = [{"name": "all", "type": "file", "path": str(daemon.folder / "all.log")}]
    daemon.config.write_text(config_text([{**INGEST, **ingest}], sinks, **CONTROL))
    told = logboom(daemon, "reload", LOGBOOM_CONTROL=SOCKET)
    assert told.returncode == FINE, told


@pytest.mark.parametrize(("before", "after"), [
    ({"split": "lines"}, {"split": "none"}),
    ({"max_entry": "64KiB"}, {"max_entry": "1KiB"}),
    ({}, {"fields": FIELDS}),
    ({"fields": FIELDS}, {}),
    ({"decode": "text"}, {"decode": "json"}),
], ids=["split", "max_entry", "fields", "no fields", "decode"])
def test_what_was_taken_before_a_reload_is_not_read_by_the_rules_after_it(start, client, tail, before, after):
    """Three messages come, one of them of several lines; then the rules of their endpoint change, while somebody
    reads along. Who asks for the last entries gets those that were taken by the new rules, and hears nothing false of
    those before."""
    daemon = start_with(start, **before)
    sender = client(daemon.address)
    sender.send("one\ntwo\nthree", "four " + "x" * 2000, '{"message":"five"}')
    along = tail(daemon, "-n", "9")
    along.wait(lambda lines: any(b"five" in line for line in lines))
    reload(daemon, **after)
    late = tail(daemon, "-n", "9")
    sender.send("six\tafter")
    for reader in along, late:
        assert b"six" in text_of(reader.wait(lambda lines: any(b"six" in line for line in lines))[-1])
    assert late.lines() == along.lines()[-1:]
    assert daemon.stop() == EXIT_FINE


def test_a_reload_that_changes_no_rules_forgets_nothing(start, client, tail):
    daemon = start_with(start, fields={"zone": "a"})
    client(daemon.address).send("one", "two")
    tail(daemon, "-n", "9").wait_lines(2)
    reload(daemon, fields={"zone": "a"}, frames="payload")
    assert [text_of(line) for line in tail(daemon, "-n", "9").wait_lines(2)] == [
        b'- - -: one zone="a"', b'- - -: two zone="a"']
