"""`preflight audit`."""

import enum
import os
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli import complete
from preflight.cli.arguments import (
    ENDINGS,
    Color,
    Concurrency,
    Ignore,
    Over,
    Reports,
    Select,
    Timeout,
    output,
    usual_form,
    what,
)
from preflight.cli.configured import site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.hosts import Hosts, InventoryFile, ListHosts, fleet_of
from preflight.cli.options import takes, takes_method
from preflight.cli.selection import selected
from preflight.output import formats
from preflight.request.settings import PROBED_WAYS
from preflight.stdio import Colour, is_coloured

if TYPE_CHECKING:
    from preflight.request.check_request import Selection, Site
    from preflight.request.method import Method


class Need(enum.StrEnum):
    """What exit code 0 means."""

    ANY = "any"
    ALL = "all"


#: Options without a meaning for an audit: it migrates nothing, and no address is that of every destination.
_NOT_OF_MANY = (*ENDINGS, "migrateuri", "dname", "xml")


@command(
    Purpose.LOOK,
    "# Judge every way between three hosts",
    "preflight audit kvm01 kvm02 kvm03",
    "# See who can take the guests of kvm01",
    "preflight audit kvm01 --to 'kvm[02-16]'",
    "# Judge the snapshots in a directory, without a network",
    "preflight audit snapshots/",
)
@takes_method(without=_NOT_OF_MANY)
@takes("chosen", selected, without=("guests", "guest", "left_out", "no_guests"))
@takes("site", site_of)
def audit(
    hosts: Hosts = None,
    *,
    to: Annotated[
        list[str] | None,
        what(
            "--to",
            metavar="HOST",
            help="Judge only the ways to this host, or to several, written as HOST...; may be repeated.",
            show_default=False,
            autocompletion=complete.hosts,
        ),
    ] = None,
    inventory: InventoryFile = None,
    list_hosts: ListHosts = False,
    need: Annotated[
        Need,
        output(
            "--need",
            help="Exit with 0 if every guest has a way that is READY (any), or only if every way is READY (all).",
        ),
    ] = Need.ANY,
    width: Annotated[
        int, typer.Option("--width", min=1, max=256, help="Number of hosts that are asked at the same time.")
    ] = 16,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", min=1, max=64, help="Number of processes that judge (default: one per CPU).", show_default=False
        ),
    ] = None,
    probe_ways: Annotated[
        int,
        typer.Option(
            "--probe-ways",
            min=0,
            max=10_000,
            help="Number of other hosts to whose migration ports each host tries to connect, and that try to connect to"
            " it; 0 for none. The other ways are judged by names, addresses and firewalls alone.",
        ),
    ] = PROBED_WAYS,
    chosen: "Selection",
    concurrency: Concurrency = 1,
    transport: Over = None,
    select: Select = None,
    ignore: Ignore = None,
    site: "Site",
    timeout: Timeout = 60,
    output_format: Annotated[
        str,
        usual_form("audit"),
    ] = "text",
    color: Color = Colour.AUTO,
    report: Reports = None,
    method: "Method",
) -> None:
    """Judge every way between many hosts: which guests can go where, and what is in the way.

    Each host is logged in to once, and asked about itself and about all others; nothing is changed on any host.
    Snapshots are judged without a network. Every ordered pair of hosts is judged as `preflight check` judges it. The
    exit code is 0 if every guest has a way that is READY, 1 if a guest has none, and 3 if that cannot be determined.
    """
    fleet = fleet_of(hosts, inventory)
    destinations = fleet_of(to, inventory) if to else None
    from preflight.commands import audit as audits
    from preflight.commands import hosts as listing

    if list_hosts:
        listing.show(fleet, output_format)
        return
    formats.require("audit", output_format)
    files = formats.files("audit", report or ())
    listing.say_notes(fleet)
    from msgspec.structs import asdict

    from preflight.request.check_request import Asked

    asked = Asked(
        source="",
        **asdict(chosen),
        concurrency=concurrency,
        transport=transport,
        select=tuple(select or ()),
        ignore=tuple(ignore or ()),
        site=site,
        timeout=timeout,
        method=method,
    )
    wanted = audits.Wanted(
        asked=asked,
        every=need is Need.ALL,
        width=width,
        probe_ways=probe_ways,
        jobs=jobs or os.cpu_count() or 1,
        output_format=output_format,
        colour=is_coloured(color),
        files=files,
    )
    raise typer.Exit(audits.audit(fleet, destinations, wanted))
