"""`make fix-chaos`: `preflight fix --apply` on a real host while things break, in an order drawn from a seed.

Each run breaks one thing, lets preflight (or its script, cut at one of its steps) change the daemon's limit, and then
looks: is the file the old or the new one, whole; does the daemon run with it, and start with it anew; and was that what
was said? A script that was killed can say nothing: then preflight says that it does not know.
"""

import os
import random
import sys
from collections.abc import Callable

from msgspec import Struct
from tabulate import tabulate

from preflight.fix.apply import Service, script

from . import Lab, LabHost
from .test_fix import CONF, FAULTS, LIBVIRTD, LIBVIRTD_WRONG, PREFLIGHT, cuts, drop_in, in_force, restricted

ENDS = ("host1.example.com", "host2.example.com")
RUNS = 50
#: What is changed: the line before and after.
OLD, NEW = "max_workers = 6", "max_workers = 26"
#: What the daemon runs with, whatever its file says, where it takes another value.
OVERRULED = "9"
#: On the host: kills preflight's script once, this many seconds after it has begun.
KILLER = "until p=$(pgrep -f '[e]xec </dev/null; eval'); do sleep 0.02; done; sleep {}; kill -9 $p"


class Outcome(Struct, frozen=True):
    """What was reported, and what was then the case."""

    said: str
    now: str
    whole: bool
    in_force: bool
    starts: bool
    true: bool

    @property
    def good(self) -> bool:
        """The old or the new configuration, whole, in force, and said so."""
        return self.whole and self.in_force and self.starts and self.true


def main(runs: int = RUNS, seed: int = 1) -> int:
    """Break this many things; return 1 if a host was left with anything but one whole configuration."""
    chosen = random.Random(seed)
    rows, good = [], 0
    with Lab(os.environ.get("PREFLIGHT_LAB", "fixchaos")) as lab:
        lab.up(["bookworm", "bookworm"])
        kinds = list(KINDS)
        for number in range(runs):
            kind = kinds[number % len(kinds)]
            host = lab.hosts["host1"]
            if number:
                host.reset()
            old = restricted(host)
            detail, said = KINDS[kind](lab, host, old, chosen)
            found = _look(host, old, said)
            good += found.good
            facts = ("yes" if one else "NO" for one in (found.whole, found.in_force, found.starts, found.true))
            rows.append((number + 1, kind, detail, found.said[:40], found.now, *facts))
            print(tabulate(rows[-1:], tablefmt="plain"), flush=True)
    heads = ("run", "what breaks", "where", "said", "file", "whole", "in force", "starts", "true")
    print("\n" + tabulate(rows, heads))
    print(f"\nold or new in force, whole, and said so: {good} of {len(rows)} (seed {seed})")
    return int(good < len(rows))


def _apply(lab: Lab) -> str:
    words = [PREFLIGHT, "fix", *ENDS, "--concurrency", "24", "workers-limit", "--apply", "--yes"]
    done = lab.client.run(words, timeout=300)
    lines = [line for line in done.stdout.splitlines() if line.startswith(f"{ENDS[0]}: ")]
    return lines[0].removeprefix(f"{ENDS[0]}: ") if lines else f"exit {done.returncode}: {done.stderr.strip()}"


def _fault(name: str) -> Callable[[Lab, LabHost, str, random.Random], tuple[str, str]]:
    def breaks(lab: Lab, host: LabHost, _old: str, _chosen: random.Random) -> tuple[str, str]:
        host.run("sh", "-c", FAULTS[name][0])
        return "", _apply(lab)

    return breaks


def _comes_back_never(lab: Lab, host: LabHost, _old: str, _chosen: random.Random) -> tuple[str, str]:
    host.run("sh", "-c", drop_in("ExecStartPre=/bin/false"))
    return "", _apply(lab)


def _cut(lab: Lab, host: LabHost, old: str, chosen: random.Random) -> tuple[str, str]:
    """Kill the script before one of its steps, on its way to the new configuration or back from it."""
    del lab
    back = chosen.random() < 0.4
    text = script(CONF, old, old.replace(OLD, NEW), Service("libvirtd", *LIBVIRTD_WRONG) if back else LIBVIRTD, "x")
    lines = text.splitlines()
    number = chosen.choice(cuts(text))
    lines.insert(number, "kill -9 $$")
    done = host.run("sh", "-s", input="\n".join(lines), check=False, timeout=200)
    return f"line {number}{', on its way back' if back else ''}", done.stdout.strip() or "not known (killed)"


def _killed(lab: Lab, host: LabHost, _old: str, chosen: random.Random) -> tuple[str, str]:
    """Kill the script that preflight itself started at some moment."""
    after = round(chosen.uniform(0, 1.5), 2)
    host.run("sh", "-c", f"({KILLER.format(after)}) >/dev/null 2>&1 &")
    return f"after {after} s", _apply(lab)


def _client_killed(lab: Lab, host: LabHost, _old: str, chosen: random.Random) -> tuple[str, str]:
    """Preflight is killed while the host works: the host goes on alone."""
    after = round(chosen.uniform(1.5, 4), 2)
    host.run("sh", "-c", drop_in("ExecStartPre=/bin/sleep 2"))
    words = [PREFLIGHT, "fix", *ENDS, "--concurrency", "24", "workers-limit", "--apply", "--yes"]
    shell = f"{' '.join(words)} >/dev/null 2>&1 & p=$!; sleep {after}; kill -9 $p; wait $p"
    lab.client.run(["sh", "-c", shell], timeout=300)
    host.run("sh", "-c", "for i in $(seq 60); do pgrep -f '[e]xec </dev/null; eval' >/dev/null || break; sleep 1; done")
    return f"after {after} s", "not known (killed)"


def _changed_meanwhile(lab: Lab, host: LabHost, old: str, _chosen: random.Random) -> tuple[str, str]:
    del lab
    host.append(CONF, "# somebody else was here\n")
    text = script(CONF, old, old.replace(OLD, NEW), LIBVIRTD, "x")
    return "", host.run("sh", "-s", input=text, check=False, timeout=200).stdout.strip()


KINDS: dict[str, Callable[[Lab, LabHost, str, random.Random], tuple[str, str]]] = {
    "kill -9 before a step": _cut,
    "kill -9 of the script": _killed,
    **{name: _fault(name) for name in FAULTS},
    "kill -9 at a step": _cut,
    "a daemon that stays away": _comes_back_never,
    "kill -9 of preflight": _client_killed,
    "a file changed meanwhile": _changed_meanwhile,
}


def _look(host: LabHost, old: str, said: str) -> Outcome:
    """Return the state of the host, and restart its daemon without what broke it."""
    text = host.read(CONF).replace("# somebody else was here\n", "")
    now = "old" if text == old else "new" if text == old.replace(OLD, NEW) else "NEITHER"
    running = _workers(host)
    host.run("sh", "-c", "rm -rf /etc/systemd/system/libvirtd.service.d; systemctl daemon-reload")
    host.run("sh", "-c", "systemctl reset-failed libvirtd; systemctl restart libvirtd", check=False)
    anew = _workers(host)
    expected = "6" if now == "old" else "26"
    true = {"in effect": now == "new", "unchanged": now == "old", "put back": now == "old"}
    word = next((word for word in true if said.startswith(word)), "")
    # if killed between the rename and the restart, the daemon runs with the old values until it is restarted
    killed = not word and "not known" in said
    return Outcome(
        said,
        now,
        now != "NEITHER",
        running in (expected, OVERRULED) or "does not answer" in said or (killed and running in ("6", "26")),
        anew == expected,
        true.get(word, killed),
    )


def _workers(host: LabHost) -> str:
    try:
        return in_force(host)[1]
    except Exception as why:
        return str(why)[:40]


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
