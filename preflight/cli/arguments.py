"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated, Any

import typer

from preflight.cli import complete
from preflight.errors import UserError
from preflight.output import formats
from preflight.request.migration import Transport
from preflight.request.options import Group
from preflight.request.settings import MOST_AT_ONCE, SETTINGS, variable
from preflight.stdio import Colour


def what(*names: str, **more: Any) -> Any:
    """Declare an option that says what is migrated; the arguments are those of `typer.Option`."""
    return typer.Option(*names, rich_help_panel=Group.WHAT, **more)


def how(*names: str, **more: Any) -> Any:
    """Declare an option that says how guests are migrated."""
    return typer.Option(*names, rich_help_panel=Group.HOW, **more)


def output(*names: str, **more: Any) -> Any:
    """Declare an option that says what is printed or written."""
    return typer.Option(*names, rich_help_panel=Group.OUTPUT, **more)


def setting(key: str, *names: str, **more: Any) -> Any:
    """Declare an option that the environment and a configuration file may set too; the last arguments are as above."""
    one = SETTINGS[key]
    return typer.Option(
        *names,
        **({"help": one.help, "min": one.least, "max": one.most} | more),
        envvar=variable(key),
        show_envvar=False,
    )


def form(subject: str) -> Any:
    """Declare the option that names the format of a subject."""
    return output("--format", "-f", help=formats.help_on(subject), autocompletion=complete.formats)


def usual_form(subject: str) -> Any:
    """Declare the same for a command of which the environment and a configuration file may set it too."""
    more = {"help": formats.help_on(subject), "autocompletion": complete.formats}
    return setting("format", "--format", "-f", rich_help_panel=Group.OUTPUT, **more)


HOST = "[USER@]HOST, an alias from ~/.ssh/config, a libvirt URI, or localhost."
SOURCE = (
    "[USER@]HOST, an alias from ~/.ssh/config, a libvirt URI, localhost, or a snapshot file. A name, other than a URI,"
    " that contains a slash or ends in .json is taken to be a snapshot file."
)
Source = Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE, autocompletion=complete.hosts)]
SourceIfAny = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help=f"{SOURCE} Omit SOURCE and DESTINATION if the configuration file names the hosts.",
        show_default=False,
        autocompletion=complete.hosts,
    ),
]
Destination = Annotated[
    str | None,
    typer.Argument(
        metavar="DESTINATION",
        help="Same forms as SOURCE; omit it if SOURCE is a file written by `preflight check --save`.",
        show_default=False,
        autocompletion=complete.hosts,
    ),
]
CopyStorage = Annotated[
    bool,
    what("--copy-storage", help="Assume that disks are copied, as with --copy-storage-all."),
]
Over = Annotated[Transport | None, setting("transport", "--transport", rich_help_panel=Group.HOW, show_default=False)]
Uri = Annotated[
    str | None,
    how(
        help="libvirt URI of the destination, as for virsh migrate (default: derived from DESTINATION).",
        show_default=False,
    ),
]
Select = Annotated[
    list[str] | None, setting("select", "--select", show_default=False, autocompletion=complete.rules_and_subjects)
]
Ignore = Annotated[
    list[str] | None, setting("ignore", "--ignore", show_default=False, autocompletion=complete.rules_and_subjects)
]
Severities = Annotated[
    list[str] | None,
    setting(
        "severity", "--severity", metavar="RULE=SEVERITY", show_default=False, autocompletion=complete.rules_with_value
    ),
]
Thresholds = Annotated[
    list[str] | None,
    setting(
        "threshold",
        "--threshold",
        metavar="RULE=NUMBER",
        min=None,
        max=None,
        show_default=False,
        autocompletion=complete.rules_with_value,
    ),
]
Rules = Annotated[list[Path] | None, setting("rules", "--rules", metavar="DIR", show_default=False)]
Packs = Annotated[list[str] | None, setting("packs", "--pack", metavar="PACK", show_default=False)]
Reports = Annotated[
    list[str] | None,
    output(
        "--report",
        metavar="FORMAT=PATH",
        help="Also write the report in this format to this file; may be repeated.",
        show_default=False,
        autocompletion=complete.formats_with_path,
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file if there is one already.")]
OverwriteSaved = Annotated[bool, output("--overwrite", help="Replace the file of --save if there is one already.")]
Obfuscate = Annotated[
    Path | None,
    output(
        "--obfuscate",
        metavar="MAP",
        help="Replace names of hosts and guests, IP addresses and MAC addresses in everything that is printed and"
        " written; what replaced what is kept in this private file, which is read and extended if it exists.",
        show_default=False,
    ),
]
Concurrency = Annotated[int, setting("concurrency", "--concurrency", rich_help_panel=Group.HOW)]
Verify = Annotated[
    list[str] | None,
    typer.Option(
        "--verify",
        metavar="agent|network|disk",
        help="Verify that each guest works on the destination: its agent answers, an interface has received a packet,"
        " or a disk has been written to; may be repeated, or several separated by commas.",
        show_default=False,
    ),
]
VerifyTimeout = Annotated[
    float, typer.Option(min=1, help="Seconds that each guest has to give the proofs of --verify.")
]
StallTimeout = Annotated[float, setting("stall-timeout", max=None)]
SettleTimeout = Annotated[float, setting("settle-timeout", max=None)]
Timeout = Annotated[float, setting("answer-timeout", max=None)]
ConfirmUri = Annotated[
    list[str] | None,
    typer.Option(
        help="With a plan or --resume: accept this URI from the file, which is otherwise refused if it names a command,"
        " a socket or a key and other users can read or replace the file; may be repeated.",
        show_default=False,
    ),
]
JournalFile = Annotated[
    Path | None,
    output(
        help="File to which each step is written before it is taken (default: a new file in ~/.local/state/preflight).",
        show_default=False,
    ),
]
Events = Annotated[Path | None, output(help="Append each event to this file, as a line of JSON.", show_default=False)]
Color = Annotated[Colour, output(help="Colour the format text: in a terminal, always, or never.")]

#: The maximum number of concurrent migrations.
MOST = MOST_AT_ONCE

#: The options that say who drives the migrations: the number of connections, and which files `fix` changes, depend on
#: no others.
DRIVEN = ("p2p", "tunnelled")
#: The options that say how long a migration may take, which concern only a command that migrates.
ENDINGS = ("timeout", "timeout_suspend", "timeout_postcopy", "timeout_abort", "give_up_after", "on_give_up")


def proofs_of(given: list[str] | None) -> tuple[str, ...]:
    """Return what --verify names, each once; raises `UserError`."""
    from preflight.migrate.proof import Proof

    words = [word.strip() for text in given or () for word in text.split(",")]
    known = [proof.value for proof in Proof]
    for word in words:
        if word not in known:
            raise UserError(f"--verify: {word!r} is not one of {', '.join(known)}")
    return tuple(dict.fromkeys(words))
