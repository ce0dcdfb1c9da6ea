"""Hosts for preflight's own tests: those that authors of rules have, and what only these tests change."""

from collections.abc import Callable

from preflight.testing import RECORDED, Case, Change

#: `RECORDED` is written by `python -m tests.lab.record`, from real hosts.
__all__ = ["RECORDED", "Case", "Change", "with_startups"]


def with_startups(end: Callable[..., Case], written: str, *, running: str | None = None) -> Case:
    """Have sshd of an end, `case.source` or `case.destination`, use this MaxStartups, or another one than it reads."""
    start, _, full = (running or written).split(":")
    made = end("sshd.listener", f"sshd: /usr/sbin/sshd -D [listener] 0 of {start}-{full} startups\n")
    if written == "10:30:100":
        return made
    return end("sshd.effective", lambda text: text.replace("maxstartups 10:30:100", f"maxstartups {written}"))
