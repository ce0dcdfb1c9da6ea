"""The time and memory limits of a rehearsal, chosen so that it is always aborted before the guest could move. Pure.

At 1 MiB/s QEMU sends at most 1 MiB in a second, and a tenth of that at once (qemu_file_rate_limit and
migration_rate_limit, QEMU 5.2 to 9.2, which grant each 100 ms their part). A page of zeros is the cheapest: eight
bytes of header and one of content (save_zero_page), or eight bytes in a packet of multifd. So `SENT_AT_MOST` bytes of
the guest's memory pass in a second, whatever the guest has in them, and all of its memory takes at least `fastest`
seconds. A page that is not zero is sent as a whole: `BANDWIDTH` MiB of such pages pass in a second.

For a guest with at least `LARGE` bytes of memory the first rate suffices. A smaller one must have touched `TOUCHED`
bytes; but that proves nothing, because they may be zeros too. Therefore `SAMPLE` pages are drawn from all of its
memory, and so many must not be zero that `FILLED` bytes of such pages are to be expected; `CERTAIN` bytes are relied
on. A guest of 2 GiB that has only those shows as many in its sample with a probability of less than 1 in 4,000 (a
binomial distribution: at least 8 of 128, each with a probability of 24 in 2048); a smaller guest with less.

Two abort: preflight itself, `MOMENT` seconds after the first byte, and the switch on the source (`switch.py`), which
needs neither preflight nor the network, `SENDING` seconds after it has seen the first byte. The switch reads the job
once in each pass; a pass takes at most `PASS` seconds and one call of virsh. In the worst case the first byte is sent
immediately after a reading: one pass until it is seen, `SENDING`, one pass until that time is seen to be over, and one
call of virsh that aborts. `longest_call` is how long a call of virsh may take for that to be sooner than `fastest`. One
call is timed before the rehearsal, and nothing is rehearsed on a source where it takes longer.

libvirt always has QEMU stop before the hand-over and wait for permission (pause-before-switchover), which it gives only
after it has handled what came before: a daemon that hangs hands over no guest.
"""

from typing import Final

from preflight.units import MIB

#: MiB/s at which memory and disks are sent: libvirt's least.
BANDWIDTH: Final = 1
#: Bytes of a page, and the fewest that are sent for one.
_PAGE, _SENT = 4096, 8
#: Seconds of the shortest time for which QEMU limits its rate (BUFFER_DELAY).
_WINDOW: Final = 0.1
#: Bytes of the guest's memory that pass in a second at most.
SENT_AT_MOST: Final = BANDWIDTH * MIB * _PAGE // _SENT

#: Seconds between the first byte and the abort by preflight.
MOMENT: Final = 0.5
#: Seconds after the call at which preflight aborts a rehearsal of which nothing was sent.
LATEST: Final = 10.0
#: Seconds between the first byte that the switch has seen and its abort.
SENDING: Final = 1.5
#: Seconds after it was set from which on the switch aborts in any case: as soon as preflight itself should have, with a
#: little patience.
AFTER: Final = 12
#: Seconds of a pass of the switch, without its call of virsh: a pause of a tenth, and a few small programs.
PASS: Final = 0.3
#: Bytes of memory with which a guest is rehearsed whatever its memory contains.
LARGE: Final = 2048 * MIB
#: Bytes of memory that a smaller guest must have touched.
TOUCHED: Final = 256 * MIB
#: Pages that are drawn from its memory, the bytes of pages that are not zero that they must make likely, and those that
#: are relied on.
SAMPLE: Final = 128
FILLED: Final = 128 * MIB
CERTAIN: Final = 24 * MIB


def fastest(memory: int) -> float:
    """Return the fewest seconds from the first byte until this many bytes of memory were sent, all of them zero."""
    return memory / SENT_AT_MOST - _WINDOW


def slowest_abort(call: float) -> float:
    """Return the most seconds from the first byte until the switch has aborted, if a call of virsh takes `call`."""
    return 2 * (PASS + call) + SENDING + call


def longest_call(memory: int) -> float:
    """Return the most seconds that a call of virsh may take on the source of a guest with this many bytes of memory.

    A guest with less than `LARGE` bytes has `CERTAIN` bytes of pages that are not zero.
    """
    least = fastest(memory) if memory >= LARGE else CERTAIN / MIB / BANDWIDTH - _WINDOW
    return (least - 2 * PASS - SENDING) / 3
