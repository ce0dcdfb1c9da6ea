"""`preflight evacuate`."""

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli import complete
from preflight.cli.arguments import (
    ConfirmUri,
    Events,
    Ignore,
    Over,
    SettleTimeout,
    StallTimeout,
    Timeout,
    Verify,
    VerifyTimeout,
    how,
    output,
    proofs_of,
    what,
)
from preflight.cli.configured import site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.hosts import InventoryFile, fleet_of
from preflight.cli.options import takes, takes_method
from preflight.cli.question import ask
from preflight.cli.recorded import first_typed, refuse_what_is_written_down
from preflight.cli.selection import Except
from preflight.errors import UserError

if TYPE_CHECKING:
    from preflight.evacuate.planning import Request
    from preflight.fleet.host import Fleet, FleetHost
    from preflight.request.check_request import Site
    from preflight.request.method import Method

#: Options without a meaning for several guests and destinations.
_NOT_OF_MANY = ("migrateuri", "disks_uri", "dname", "xml", "persistent_xml")


class OnError(enum.StrEnum):
    """The action on the other guests when one did not arrive."""

    REPLAN = "replan"
    STOP = "stop"


#: The parameters that are about the run itself; all others say what is moved, where to, and how.
_OF_THE_RUN = frozenset((
    "host", "resume", "back", "rehearse", "yes", "confirm_uri", "journal", "events", "on_error", "stall_timeout",
    "settle_timeout",
        "verify",
        "verify_timeout", "answer_timeout", "packs", "rules", "severity", "threshold", "config", "no_config", "width",
))  # fmt: skip

#: Those that say how guests are moved, and are not part of a plan.
_OF_MOVING = frozenset((
    "rehearse", "journal", "events", "on_error", "stall_timeout", "settle_timeout", "verify", "verify_timeout",
))  # fmt: skip


@command(
    Purpose.ACT,
    "# Move the running guests of kvm01 to three other hosts",
    "preflight evacuate kvm01 --to 'kvm[02-04]'",
    "# Only plan, and carry it out later",
    "preflight evacuate kvm01 --to kvm02 --plan kvm01.plan",
    "preflight evacuate kvm01.plan",
    "# Continue what was cut off, or left guests behind",
    "preflight evacuate --resume evening.evacuation",
    "# Bring the guests home",
    "preflight evacuate --back evening.evacuation",
)
@takes_method(without=_NOT_OF_MANY)
@takes("site", site_of)
def evacuate(
    context: typer.Context,
    host: Annotated[
        str | None,
        typer.Argument(
            metavar="HOST",
            help="The host to empty, in the forms of `preflight audit` (a snapshot only with --plan); or a file that"
            " --plan wrote.",
            show_default=False,
            autocompletion=complete.hosts,
        ),
    ] = None,
    to: Annotated[
        list[str] | None,
        what(
            "--to",
            metavar="HOST",
            help="Host that guests may move to, or several, written as for `preflight audit`; may be repeated.",
            show_default=False,
            autocompletion=complete.hosts,
        ),
    ] = None,
    inventory: InventoryFile = None,
    offline: Annotated[
        bool, what("--offline", help="Move the guests that are off too: their definitions and state files.")
    ] = False,
    left_out: Except = None,
    reserve_memory: Annotated[
        str | None,
        how(
            metavar="AMOUNT",
            help="Memory of each destination that stays free: a percentage such as 10%, or an amount such as 8GiB.",
            show_default=False,
        ),
    ] = None,
    cpu_ratio: Annotated[
        float | None,
        how(min=0.01, help="Most virtual CPUs for each CPU of a destination.", show_default=False),
    ] = None,
    keep_apart: Annotated[
        list[str] | None,
        how(
            metavar="GUEST,GUEST",
            help="Guests that must not be on the same host; may be repeated. Those that are on a destination count.",
            show_default=False,
        ),
    ] = None,
    keep_together: Annotated[
        list[str] | None,
        how(
            metavar="GUEST,GUEST",
            help="Guests that move to the same host, or all stay; may be repeated.",
            show_default=False,
        ),
    ] = None,
    window: Annotated[
        str | None,
        how(help="Time in which all guests are to leave, such as 90s, 30m or 2h.", show_default=False),
    ] = None,
    link: Annotated[
        float | None,
        how(
            "--link",
            min=1,
            metavar="MIB",
            help="MiB/s that the source's link carries (default: as its driver reports it).",
            show_default=False,
        ),
    ] = None,
    plan: Annotated[
        Path | None, output("--plan", help="Write the plan to this file, and move nothing.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    on_error: Annotated[
        OnError,
        typer.Option(
            help="Action if a guest does not arrive: plan anew for the guests that have not begun, or start no further"
            " migrations."
        ),
    ] = OnError.REPLAN,
    stall_timeout: StallTimeout = 120,
    settle_timeout: SettleTimeout = 90,
    verify: Verify = None,
    verify_timeout: VerifyTimeout = 30,
    width: Annotated[
        int, typer.Option("--width", min=1, max=256, help="Number of hosts that are asked at the same time.")
    ] = 16,
    resume: Annotated[
        Path | None, typer.Option(help="Continue the evacuation that this file records.", show_default=False)
    ] = None,
    back: Annotated[
        Path | None,
        typer.Option(help="Bring the guests of the evacuation that this file records home.", show_default=False),
    ] = None,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse", help="Rehearse the guests of each destination before they move; what libvirt refuses stays."
        ),
    ] = False,
    confirm_uri: ConfirmUri = None,
    journal: Annotated[
        Path | None,
        output(
            help="File to which the evacuation is recorded before each step (default: a new file in"
            " ~/.local/state/preflight); the journals of its runs are beside it.",
            show_default=False,
        ),
    ] = None,
    events: Events = None,
    transport: Over = None,
    ignore: Ignore = None,
    answer_timeout: Timeout = 60,
    *,
    site: "Site",
    method: "Method",
) -> None:
    """Move the guests of HOST to other hosts, in the least time that is safe, and verify that each has arrived.

    All hosts are checked first, and each guest is placed on a host whose check is READY for it and that has room. The
    plan says who goes where, who stays and why, and what would let it go. The destinations are filled side by side. If
    a guest does not arrive, the guests that have not begun are planned anew, and you are asked again. The exit code is
    0 if every guest arrived as requested, 4 if not, 5 if no migration was attempted, and 130 if it was interrupted;
    with --plan it is 0 if every guest can leave, and 1 if not.
    """
    from preflight.commands import evacuate as evacuations
    from preflight.commands.evacuation import Manners
    from preflight.commands.migrate import Wanted
    from preflight.migrate.run import Settings

    manners = Manners(
        wanted=Wanted(
            ask=None if yes else ask,
            confirmed=tuple(confirm_uri or ()),
            journal=journal,
            events=events,
            site=site,
            settings=Settings(
                goes_on=False,
                stall=stall_timeout,
                patience=settle_timeout,
                proofs=proofs_of(verify),
                proven_within=verify_timeout,
            ),
        ),
        stops=on_error is OnError.STOP,
        rehearses=rehearse,
        width=width,
    )
    if (recorded := resume or back) is not None:
        option = "--back" if resume is None else "--resume"
        if resume is not None and back is not None:
            raise UserError("--resume and --back are mutually exclusive: give one of them")
        if host is not None:
            raise UserError(f"{option} takes a record, which names the hosts and the guests: omit HOST")
        refuse_what_is_written_down(context, "record", _OF_THE_RUN - {"journal"})
        from preflight.commands.evacuate_again import resume as continue_run

        go_on = evacuations.back if resume is None else continue_run
        raise typer.Exit(go_on(recorded, manners, timeout=answer_timeout))
    if host is None:
        raise UserError("HOST is missing: the host to empty, or a file that --plan wrote")
    if not to:
        if "://" not in host and Path(host).is_file():
            refuse_what_is_written_down(context, "plan", _OF_THE_RUN)
            raise typer.Exit(evacuations.run_plan(Path(host), manners, timeout=answer_timeout))
        raise UserError("--to is missing: the hosts that guests may move to")
    if confirm_uri:
        raise UserError(
            "--confirm-uri is for the URIs of a plan or a record; URIs on the command line need no confirmation:"
            " omit it"
        )
    request = _request(
        fleet_of([host], inventory),
        fleet_of(to, inventory),
        method,
        site,
        offline=offline,
        left_out=left_out,
        wishes=(reserve_memory, cpu_ratio, keep_apart, keep_together, window, link),
        check=(transport, tuple(ignore or ()), answer_timeout),
    )
    if plan is not None:
        if (useless := first_typed(context, _OF_MOVING)) is not None:
            raise UserError(f"{useless}: --plan moves nothing: give it when the plan is run")
        raise typer.Exit(evacuations.show_plan(request, manners, plan))
    raise typer.Exit(evacuations.evacuate(request, manners))


def _request(
    of: "Fleet",
    to: "Fleet",
    method: "Method",
    site: "Site",
    *,
    offline: bool,
    left_out: list[str] | None,
    wishes: "tuple[str | None, float | None, list[str] | None, list[str] | None, str | None, float | None]",
    check: "tuple[Over, tuple[str, ...], float]",
) -> "Request":
    """Return what is asked for; raises `UserError`."""
    from preflight.commands.capacity import seconds_of
    from preflight.commands.run_check import asked_for
    from preflight.evacuate.planning import Request
    from preflight.evacuate.wishes import Wishes, parsed_group, parsed_reserve
    from preflight.fleet.snapshots import answers_of
    from preflight.request.check_request import Selection

    (source, *others) = of.hosts
    if others:
        raise UserError(
            f"one host is emptied at a time, and {len(of.hosts)} are named: name one, and run it again for each other"
        )
    destinations = [one for one in to.hosts if one.name != source.name and one.text != source.text]
    if not destinations:
        raise UserError("--to names no host besides the one to empty: name those that may take its guests")
    saved = {one.name: answers_of(one) for one in (source, *destinations) if one.snapshot is not None}
    reserve, ratio, apart, together, window, link = wishes
    if reserve is not None:
        parsed_reserve(reserve)
    transport, ignore, timeout = check
    asked = asked_for(
        _key(source),
        _key(source),
        Selection(as_they_are=offline, left_out=tuple(left_out or ())),
        method,
        transport=transport,
        ignore=ignore,
        site=site,
        timeout=timeout,
    )
    return Request(
        _key(source),
        tuple(dict.fromkeys(map(_key, destinations))),
        asked,
        Wishes(
            reserve=reserve,
            overcommit=ratio,
            apart=tuple(parsed_group("--keep-apart", text) for text in apart or ()),
            together=tuple(parsed_group("--keep-together", text) for text in together or ()),
            window=None if window is None else seconds_of("--window", window),
            link=link,
            weights={_key(one): one.weight for one in destinations if one.weight != 1.0},
        ),
        saved,
        {_key(one): one.migration_address for one in (source, *destinations) if one.migration_address is not None},
    )


def _key(host: "FleetHost") -> str:
    """Return the name by which an evacuation means a host: as it is logged in to, or as its snapshot names it."""
    return host.text if host.snapshot is None else host.name
