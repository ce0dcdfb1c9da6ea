"""`preflight snapshot`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli import complete
from preflight.cli.arguments import HOST, Obfuscate, Overwrite, Timeout
from preflight.cli.configured import site_of
from preflight.cli.frame import command
from preflight.cli.help_page import Purpose
from preflight.cli.options import takes
from preflight.stdio import deliver
from preflight.visible import many

if TYPE_CHECKING:
    from preflight.request.check_request import Site


@command(
    Purpose.LOOK,
    "preflight snapshot host1 -o monday.json",
    "# Also ask host2 about host1",
    "preflight snapshot host2 --peer host1.json -o peer.json",
    "# Check two such files without a network",
    "preflight check host1.json host2.json",
)
@takes("site", site_of, without=("severity",))
def snapshot(
    host: Annotated[str, typer.Argument(metavar="HOST", help=HOST, autocompletion=complete.hosts)],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="Name of the host in the file, if other machines reach it by another name than HOST, such as"
            " localhost.",
            show_default=False,
        ),
    ] = None,
    peer: Annotated[
        list[str] | None,
        typer.Option(
            "--peer",
            metavar="PEER",
            help="Also ask HOST about this host, which its guests may go to or come from: a snapshot file, about all"
            " that a check asks, or a name, about its addresses alone. Several are separated by commas; may be"
            " repeated.",
            show_default=False,
        ),
    ] = None,
    p2p: Annotated[
        bool,
        typer.Option(
            "--p2p", help="With --peer FILE: also have HOST open the libvirt there, as for a peer-to-peer migration."
        ),
    ] = False,
    overwrite: Overwrite = False,
    obfuscate: Obfuscate = None,
    timeout: Timeout = 60,
    *,
    site: "Site",
) -> None:
    """Save everything that a check reads from HOST to a file, so that a later check needs no network.

    Nothing is changed on the host. The exit code is 3 if the login fails; the file then contains the reason.
    """
    from preflight.commands import snapshot as snapshots
    from preflight.judge.report import Verdict

    wanted = snapshots.Wanted(
        output=output,
        name=name,
        overwrite=overwrite,
        peers=snapshots.peers_of(peer or ()),
        peer_to_peer=p2p,
        obfuscate=obfuscate,
        timeout=timeout,
        site=site,
    )
    saved = snapshots.take(host, wanted)
    records, why = len(saved.answers.records), saved.answers.absent.get("")
    deliver(f"{output}: {many(records, 'record')} of {saved.name}\n")
    if why is not None:
        from preflight.visible import one_line

        print(f"preflight: {one_line(why)}", file=sys.stderr)
        raise typer.Exit(Verdict.UNDETERMINED.exit_code)
