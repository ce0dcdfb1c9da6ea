"""The real state of each guest on a host: libvirt's word, QEMU's own, and whether the guest's virtual CPUs run."""

import json
import time

from msgspec import Struct

from tests.lab.chaos import processors
from tests.lab.chaos.witness import ran
from tests.lab.host import LabHost
from tests.lab.machine import LabError

#: Seconds between two looks that tell whether a guest runs, and for how long one is waited for that is said to run: one
#: that has just arrived on a loaded machine has had its processors a few times only.
APART, LONGEST = 0.5, 15.0

#: A line a guest: its name, libvirt's state, whether it is defined, and QEMU's answer. One virsh asks about all guests:
#: on a busy machine, starting three for each takes minutes.
LOOK = """
export LC_ALL=C
names=$(timeout 20 virsh -q list --all --name) || exit 1
test -n "$names" || exit 0
ask=
for name in $names; do
  ask="$ask echo 'guest $name '; domstate $name --reason; dominfo $name;"
  ask="$ask qemu-monitor-command $name '{\\"execute\\":\\"query-status\\"}';"
done
timeout 120 virsh -q "$ask" 2>/dev/null | awk '
  function tell() { if (name == "") return; if (state == "" || state ~ /guest / || defined == "") lost = 1
                    printf "%s\\t%s\\t%s\\t%s\\n", name, state, defined, asked }
  $1 == "guest" { tell(); name = $2; defined = asked = ""; state = substr($0, length(name) + 8); next }
  $1 == "Persistent:" { defined = $2; next }
  /^[{]/ { asked = $0 }
  END { tell(); exit lost }'
"""


class Held(Struct, frozen=True):
    """The state of one guest on a host. `state` is absent, off, running, paused, or other with what does not agree."""

    state: str = "absent"
    defined: bool = False
    told: str = ""

    @property
    def active(self) -> bool:
        """Report whether a QEMU process holds it."""
        return self.state not in ("absent", "off")


Sight = dict[str, Held]


def look_at(host: LabHost) -> Sight:
    """Return every guest of a host; raises LabError where libvirt does not answer there."""
    before = processors.seen_on(host)
    listed = host.run("sh", "-c", LOOK, timeout=120).stdout
    said = {line.split("\t")[0] for line in listed.splitlines() if line.split("\t")[1].startswith("running")}
    deadline = time.monotonic() + LONGEST
    while True:
        time.sleep(APART)
        now = processors.seen_on(host)
        running = ran(before, now)
        if said <= running or time.monotonic() > deadline:
            break
    seen: Sight = {}
    for line in listed.splitlines():
        name, state, defined, asked = line.split("\t")
        status = json.loads(asked)["return"]["status"] if asked else ""
        told = f"{state}, QEMU {status or 'none'}{', processors run' if name in running else ''}"
        seen[name] = Held(_state(state, status, runs=name in running, held=name in now), defined == "yes", told)
    for name in now.keys() - seen.keys():
        seen[name] = Held("other", defined=False, told="a QEMU process that libvirt does not know")
    return seen


def look_when_up(host: LabHost, seconds: float) -> Sight:
    """Return the same, once libvirt answers there and agrees with what runs; raises LabError after so many seconds.

    What a host that is coming up says of a guest may be of two moments. What does not agree in the end is returned.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            seen = look_at(host)
        except LabError:
            if time.monotonic() > deadline:
                raise
        else:
            if time.monotonic() > deadline or all(each.state != "other" for each in seen.values()):
                return seen
        time.sleep(1)


def _state(state: str, status: str, *, runs: bool, held: bool) -> str:
    """One word, where all agree."""
    if state.startswith("running") and status == "running" and runs:
        return "running"
    if state.startswith("paused") and status != "running" and not runs and held:
        return "paused"
    if state.startswith("shut off") and not held:
        return "off"
    return "other"
