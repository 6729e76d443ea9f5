"""What stories about log files share: all files of a sink in their order, and what each holds."""

import re

from logboom_story import Tally

ROTATED = re.compile(r"@\d{8}T\d{6}\.\d{6}Z$")
MARK = rb" \[torn]" + b"\n"


def rotated(log):
    """What was put away of this log, oldest first."""
    return sorted(path for path in log.parent.glob(log.name + "@*") if ROTATED.search(path.name))


def files_of(log):
    return [*rotated(log), *([log] if log.exists() else [])]


def whole(log):
    """What was ever written to it."""
    return b"".join(path.read_bytes() for path in files_of(log))


def check_complete(log, counts, limit=None):
    """Each entry once, in order, no line split between two files, none too large."""
    for path in files_of(log):
        data = path.read_bytes()
        assert data.endswith(b"\n") or (path == log and not data), path
        assert limit is None or len(data) <= limit, (path, len(data))
    assert all(path.stat().st_size for path in rotated(log)), "an empty file was put away"
    Tally(whole(log), "line").check_complete(counts)
