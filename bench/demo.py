#!/usr/bin/env python3
"""What logboomd is for, in a quarter of a minute: eight clients send, one of two sinks stands
still, one peer sends a message that never ends. Memory stays flat under its cap, the other sink
does not notice, and at the end the ledger adds up.

    bench/demo.py BUILD_FOLDER [--seconds 15] [--rate 5000]

On a terminal it is one picture that moves, elsewhere a line a second. Exit status 0 if all
promises held.
"""

import argparse
import shutil
import sys

import scene
from cap_story import MIB
from logboom_story import EXIT_FINE

CLIENTS = 8
LOOKS_PER_S = 5
BLOCKS = " ▁▂▃▄▅▆▇█"
RED, GREEN, DIM, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[2m", "\x1b[0m"


def bar(part, width):
    """The first `part` of so many columns, in eighths."""
    eighths = round(min(1, part) * width * 8)
    full, rest = divmod(eighths, 8)
    text = "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")
    return text.ljust(width, "·")


def sparkline(parts, width):
    return "".join(BLOCKS[min(8, max(1, round(part * 8)))] for part in parts[-width:])


class Picture:
    """What is known so far, as lines of at most 80 columns."""

    WIDTH = 40

    def __init__(self, stage, attacker, seconds):
        self.stage, self.attacker, self.seconds = stage, attacker, seconds
        self.memory, self.before, self.rates = [], None, {}

    def look(self, second):
        self.second, self.ledger = second, self.stage.daemon.ledger()
        now, self.peak = self.stage.memory_bytes()
        self.memory.append(now)
        self._note_rates()

    def _note_rates(self):
        seen = {name: it["offered"] for name, it in self.ledger.sinks.items()}
        if self.before and self.second > self.before[0]:
            self.rates = {name: (seen[name] - self.before[1][name]) / (self.second - self.before[0])
                          for name in seen}
        self.before = self.second, seen

    def lines(self):
        cap, now = self.stage.cap_bytes, self.memory[-1]
        yield f"{CLIENTS} clients, a sink that nobody reads, and a message that never ends " \
              f"{self.second:4.0f} of {self.seconds:.0f} s"
        yield ""
        yield f"memory    {bar(now / cap, self.WIDTH)} {now / MIB:5.1f} of {cap / MIB:.0f} MiB"
        yield f"  so far  {sparkline([it / cap for it in self.memory], self.WIDTH)}"
        yield ""
        yield f"{'sink':<10}{'entries/s':>12}{'written':>12}{'dropped':>12}{'queued':>12}"
        for name, it in self.ledger.sinks.items():
            yield f"{name:<10}{self.rates.get(name, 0):>12,.0f}{it['written']:>12,}" \
                  f"{it['dropped']:>12,}{it['queued']:>12,}"
        yield ""
        yield f"the endless peer has sent {self.attacker.sent_bytes / MIB:,.0f} MiB and was cut " \
              f"{self.ledger.gate['cut']['frames']:,} times"

    def line(self):
        sinks = ", ".join(f"{name} {it['written']:,} written {it['dropped']:,} dropped"
                          for name, it in self.ledger.sinks.items())
        return f"{self.second:4.0f} s  memory {self.memory[-1] / MIB:.1f} of " \
               f"{self.stage.cap_bytes / MIB:.0f} MiB  {sinks}  " \
               f"{self.ledger.gate['cut']['frames']:,} cut"


class Terminal:
    """Draws over what it drew before."""

    def __init__(self, out):
        self.out, self.height = out, 0

    def show(self, picture):
        lines = [it[:shutil.get_terminal_size().columns - 1] for it in picture.lines()]
        up = f"\x1b[{self.height}A" if self.height else ""
        self.out.write(up + "".join(f"{it}\x1b[K\n" for it in lines))
        self.out.flush()
        self.height = len(lines)


class Log:
    """A line each second."""

    def __init__(self, out):
        self.out, self.told = out, -1

    def show(self, picture):
        if int(picture.second) > self.told:
            self.told = int(picture.second)
            print(picture.line(), file=self.out, flush=True)


class Account:
    """The sums at the end, each with whether it is right."""

    def __init__(self, colours):
        self.colours, self.fine = colours, True

    def add(self, text, holds):
        self.fine &= bool(holds)
        word = "ok" if holds else "WRONG"
        if self.colours:
            word = f"{GREEN if holds else RED}{word}{PLAIN}"
        print(f"  {text:<74}{word}")


def check_sink(account, name, sent, ledger, verified):
    it = ledger.sinks[name]
    account.add(f"{name}: offered {it['offered']:,} = written {it['written']:,} + dropped "
                f"{it['dropped']:,}", it["offered"] == it["written"] + it["dropped"] == sent.all)
    account.add(f"{name}: read back {verified.all:,} whole, {verified.torn} torn, "
                f"{verified.repeated} twice", verified.all == it["written"]
                and verified.torn == verified.repeated == verified.reordered == 0)
    account.add(f"{name}: its notices tell of {verified.noticed:,} that are missing",
                verified.noticed == sent.all - verified.all)


def settle(stage, peak, colours):
    """The clients leave, somebody reads the FIFO at last, and the daemon stops."""
    stage.leave()
    sent = stage.tools.sent()
    stage.reader.begin()
    status = stage.daemon.stop(sent=sent.all)
    ledger, account = stage.daemon.final, Account(colours)
    print("\nThe ledger at the end:")
    account.add(f"clients sent {sent.all:,}, received {ledger.received:,}",
                sent.all == ledger.received)
    check_sink(account, "all", sent, ledger, stage.read_file())
    check_sink(account, "stalled", sent, ledger, stage.reader.end())
    account.add(f"memory: at most {peak / MIB:.1f} MiB, the cap is {stage.cap_bytes / MIB:.0f} MiB",
                peak <= stage.cap_bytes)
    account.add(f"the daemon ended with {status}", status == EXIT_FINE)
    return account.fine


def play(stage, seconds, rate):
    stage.tools.push(stage.daemon, clients=CLIENTS, rate=rate)
    picture = Picture(stage, stage.attack(), seconds)
    screen = (Terminal if sys.stdout.isatty() else Log)(sys.stdout)
    for second in scene.every(1 / LOOKS_PER_S, seconds):
        picture.look(second)
        screen.show(picture)
    return settle(stage, stage.memory_bytes()[1], sys.stdout.isatty())


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("build")
    words.add_argument("--seconds", type=float, default=15)
    words.add_argument("--rate", type=int, default=5000, help="entries a second of each client")
    chosen = words.parse_args()
    stage = scene.Scene()
    try:
        return 0 if play(stage, chosen.seconds, chosen.rate) else 1
    except KeyboardInterrupt:
        return 130
    finally:
        stage.end()


sys.exit(main())
