"""The recorded rehearsals with faults, and docs/reference/rehearse.md."""

import re
from collections import Counter
from pathlib import Path

from tests.lab.lines import Lines
from tests.lab.rehearse_faults.run import Outcome
from tests.lab.rehearse_faults.table import summary

RECORDED = Path(__file__).with_name("recorded.jsonl")


HEAD = """\
# Rehearsals with faults

A fault is thrown at [`preflight rehearse`](../rehearse.md) at a random moment (`make rehearse-faults`): within 1.4
seconds after the rehearsal of its guest has begun, or every second time within half a second after memory is sent. A
fault that lasts is mended after 20 seconds. The guest has 3 GiB of memory, most of it zero, an image, firmware
variables and a TPM; the destination has an image and variables of its own at the same paths.

A violation is a guest that moved, was on both hosts or on neither, stayed paused, did not continue its work or fell
back behind its disk, had a job left on it, or whose definition was not where it was; and any image, variables or TPM
state whose content, owner, mode or extended attributes are not as they were on either host. Traces are changes in
/etc, /var/lib/libvirt and /root on the destination.
"""

#: What is known of a violation, by the beginning of its line.
EXPLAINED = {
    "kill libvirtd, source, tunnelled": """\
libvirt 9.0 leaves this behind by itself: of 40 plain `virsh migrate --p2p --tunnelled` of the same guest, where the
source's daemon was killed within 1.3 seconds, 3 ended the same way, with a paused guest without a QEMU on the
destination. The guest ran on at the source. preflight reports NOT AS BEFORE, and ends with code 4.""",
}


def markdown() -> str:
    """docs/reference/rehearse.md."""
    outcomes = Lines(RECORDED, Outcome).read()
    if not outcomes:
        return f"{HEAD}\nNothing is recorded yet.\n"
    codes = Counter(each.code.rehearse for each in outcomes)
    wrong = [
        f"- {each.fault}, {each.mode} {each.number}: {'; '.join(each.violations)}"
        for each in outcomes
        if each.violations
    ]
    wrong += [text for start, text in EXPLAINED.items() if any(line.startswith(f"- {start} ") for line in wrong)]
    left = Counter(re.sub(r"-[0-9]+-", "-N-", path) for each in outcomes for path in each.left)
    traces = [f"- `{path}`: after {number} rehearsals" for path, number in sorted(left.items())]
    if traces:
        wrong += ["## Traces", "\n".join(traces)]
    counted = f"{len(outcomes)} rehearsals, {sum(bool(each.violations) for each in outcomes)} with a violation."
    of = "Rehearsals by the digest of preflight/rehearse: " + ", ".join(f"{n} of {it}" for it, n in codes.items()) + "."
    return "\n\n".join((HEAD.rstrip(), counted, summary(outcomes, tablefmt="github"), *wrong, of)) + "\n"
