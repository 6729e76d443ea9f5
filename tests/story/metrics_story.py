"""What the stories of metrics share: asking for a page, and reading it as Prometheus does."""

import http.client
import re

from logboom_story import PATIENCE_S


def url_of(daemon):
    """HOST:PORT of its metrics."""
    return re.search(r"metrics: http://(\S+)/metrics\n", daemon.said)[1]


def ask(daemon, path="/metrics", method="GET"):
    """The status and the body."""
    connection = http.client.HTTPConnection(url_of(daemon), timeout=PATIENCE_S)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


class Page:
    """A page of metrics: page["name", "label=value", …] is a number. Every line must be one of the
    text format, each family must be described once, before its samples, which stand together."""

    def __init__(self, text):
        self.text, self.samples, self.families = text, {}, {}
        assert text.endswith("\n")
        family = None
        for line in text.splitlines():
            if found := re.fullmatch(r"# HELP (\w+) (\S.*\.)", line):
                family = found[1]
                assert family not in self.families
                self.families[family] = None
            elif found := re.fullmatch(r"# TYPE (\w+) (counter|gauge|histogram)", line):
                assert found[1] == family and self.families[family] is None
                self.families[family] = found[2]
            else:
                found = re.fullmatch(r'(\w+?)(_bucket|_sum|_count)?(?:\{(\w+="[^"]*"(?:,\w+="[^"]*")*)\})? ([\d.]+)',
                                     line)
                assert found, line
                is_part = self.families[family] == "histogram"
                name = found[1] if is_part else found[1] + (found[2] or "")
                assert name == family and (not is_part or found[2]), line
                key = (found[1] + (found[2] or ""), *sorted((found[3] or "").replace('"', "").split(",")))
                assert key not in self.samples, line
                self.samples[tuple(filter(None, key))] = float(found[4])

    def __getitem__(self, key):
        name, *labels = key if isinstance(key, tuple) else (key,)
        return self.samples[(name, *sorted(labels))]


def page_of(daemon):
    status, body = ask(daemon)
    assert status == 200
    return Page(body)
