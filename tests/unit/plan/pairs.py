"""Recorded pairs for tests of plans: with several guests, and with or without a known speed of the link."""

import json
from typing import Any

from preflight.judge.check import Checked
from tests.case import Case

LINK = "/sys/class/net/eth0/speed:1000\n"


def guests(*names: str, off: tuple[str, ...] = (), case: Case | None = None) -> Case:
    """Return a pair whose source has these guests, each a copy of the recorded one; those in `off` do not run."""

    def edit(text: str) -> str:
        (web,) = json.loads(text)["domains"]
        made = []
        for number, name in enumerate((*names, *off)):
            uuid = web["uuid"][:-2] + f"{number:02}"
            xml = web["xml"].replace("<name>web<", f"<name>{name}<").replace(web["uuid"], uuid)
            one = dict(web, name=name, uuid=uuid, id=number + 1, xml=xml)
            made.append(one | {"id": None, "state": 5} if name in off else one)
        return json.dumps({"domains": made})

    return (case or Case()).source("libvirt.domains", edit)


def workers(case: Case, most: int) -> Case:
    """Give the source's daemon this max_workers."""
    return case.source("limits", lambda text: text.replace("maxWorkers     : 20", f"maxWorkers     : {most}"))


def clients(case: Case, most: int) -> Case:
    """Give the destination's daemon this max_clients."""
    return case.destination(
        "limits", lambda text: text.replace("nclients_max        : 5000", f"nclients_max        : {most}")
    )


def checked(case: Case, *, speeds: str | None = None, **asked: Any) -> Checked:
    """Return what a check of these hosts finds; the driver reports no speed unless `speeds` gives one."""
    case.source("libvirt.memory", '{"rss": {}}').source("speeds", speeds or "")
    options = {"as_they_are": True, "sizing": True, "select": ("same-host",)} | asked
    return case.asking(**options).checked()
