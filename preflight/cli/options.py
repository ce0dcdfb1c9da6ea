"""The options of the command line that say how guests are moved, once for all commands that take them."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from preflight.errors import UserError
from preflight.request.migration import FASTEST, LONGEST_DOWNTIME, CopyStorage, HandOver, Mode, OnTimeout

if TYPE_CHECKING:
    from preflight.request.method import Method

_HOW = "How guests are moved (virsh's names)"


def _option(*names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_HOW, show_default=False, **more)


def method_of(
    p2p: Annotated[
        bool, _option("--p2p", help="Peer-to-peer: the source's daemon opens the control connection.")
    ] = False,
    tunnelled: Annotated[
        bool, _option("--tunnelled", help="Peer-to-peer, and the memory goes through that connection too.")
    ] = False,
    direct: Annotated[bool, _option("--direct", help="Refused: QEMU has no such migration.")] = False,
    live: Annotated[bool, _option("--live/--no-live", help="Whether the guest runs on meanwhile; it does.")] = True,
    hand_over: Annotated[
        HandOver | None,
        _option(
            "--hand-over",
            help="Who starts it there: preflight, once the source has let it go (safe), or libvirt itself (at-once),"
            " which can leave it running on both hosts when an answer gets lost. Safe, but at-once with --p2p and"
            " --tunnelled, where a guest would stay paused if preflight died meanwhile.",
        ),
    ] = None,
    suspend: Annotated[bool, _option("--suspend", help="It stays paused on the destination.")] = False,
    persistent: Annotated[
        bool | None, _option("--persistent/--transient", help="Whether it is defined there; as on the source.")
    ] = None,
    undefinesource: Annotated[
        bool, _option("--undefinesource/--keepsource", help="Whether its definition on the source goes; it does.")
    ] = True,
    dumpxml: Annotated[
        bool, _option("--dumpxml", help="Guests that are off: by dumpxml, define, undefine, not libvirt's --offline.")
    ] = False,
    copy_storage_all: Annotated[
        bool, _option("--copy-storage-all", "--copy-storage", help="Disks are copied, whole.")
    ] = False,
    copy_storage_inc: Annotated[
        bool, _option("--copy-storage-inc", help="Disks are copied but for the image that both hosts have.")
    ] = False,
    migrate_disks: Annotated[str | None, _option(help="The disks that are copied: vda,vdb.")] = None,
    disks_port: Annotated[int | None, _option(min=1, max=65535, help="The port that disks are copied to.")] = None,
    disks_uri: Annotated[
        str | None, _option(help="Where disks are copied to: tcp://HOST:PORT or unix:///PATH.")
    ] = None,
    change_protection: Annotated[
        bool, _option("--change-protection", help="Nobody may change its configuration meanwhile.")
    ] = False,
    unsafe: Annotated[
        bool, _option("--unsafe", help="Also where libvirt thinks that its disks would be harmed.")
    ] = False,
    abort_on_error: Annotated[
        bool, _option("--abort-on-error", help="An error of its disks ends the migration.")
    ] = False,
    migrateuri: Annotated[str | None, _option(help="Where the memory is sent: tcp://HOST[:PORT].")] = None,
    listen_address: Annotated[str | None, _option(help="The address that the destination's QEMU listens at.")] = None,
    graphicsuri: Annotated[str | None, _option(help="Where viewers of its console are sent.")] = None,
    dname: Annotated[str | None, _option(help="Its name on the destination.")] = None,
    xml: Annotated[Path | None, _option(help="A file with its XML for the destination.")] = None,
    persistent_xml: Annotated[Path | None, _option(help="A file with its definition for the destination.")] = None,
    bandwidth: Annotated[int | None, _option(min=1, max=FASTEST, help="MiB/s that each migration may send.")] = None,
    max_downtime: Annotated[
        int | None,
        _option(min=1, max=LONGEST_DOWNTIME, help="Milliseconds that it may stand still; QEMU's 300."),
    ] = None,
    timeout: Annotated[
        float | None, _option("--timeout", min=1, help="Seconds after which it is paused until it has moved.")
    ] = None,
    timeout_suspend: Annotated[bool, _option("--timeout-suspend", help="At --timeout: pause it.")] = False,
    timeout_postcopy: Annotated[
        bool, _option("--timeout-postcopy", help="At --timeout: start it there, its memory follows.")
    ] = False,
    timeout_abort: Annotated[
        bool, _option("--timeout-abort", help="At --timeout: abort, it stays where it is.")
    ] = False,
    auto_converge: Annotated[
        bool, _option("--auto-converge", help="Slow its CPUs down when it writes faster than is sent.")
    ] = False,
    auto_converge_initial: Annotated[int | None, _option(min=1, max=99, help="Percent at first.")] = None,
    auto_converge_increment: Annotated[int | None, _option(min=1, max=99, help="Percent more each time.")] = None,
    postcopy: Annotated[bool, _option("--postcopy", help="Post-copy may be switched to.")] = False,
    postcopy_after_precopy: Annotated[
        bool, _option("--postcopy-after-precopy", help="Post-copy begins after the first pass over its memory.")
    ] = False,
    postcopy_bandwidth: Annotated[int | None, _option(min=1, max=FASTEST, help="MiB/s in post-copy.")] = None,
    compressed: Annotated[bool, _option("--compressed", help="The memory is compressed.")] = False,
    comp_methods: Annotated[str | None, _option(help="How: mt, xbzrle, zlib, zstd; several with commas.")] = None,
    parallel: Annotated[bool, _option("--parallel", help="Over several connections.")] = False,
    parallel_connections: Annotated[int | None, _option(min=1, max=255, help="How many; 2.")] = None,
    tls: Annotated[bool, _option("--tls", help="The memory is sent over TLS.")] = False,
    tls_destination: Annotated[str | None, _option(help="The name that the destination's certificate is for.")] = None,
    zerocopy: Annotated[bool, _option("--zerocopy", help="Without copying it in the source's kernel.")] = False,
) -> "Method":
    """Understand the options; raises `UserError`."""
    from preflight.request.method import Method  # it takes msgspec, which --help does without

    if direct:
        raise UserError("--direct: QEMU has no migration without libvirt; it is managed, or peer-to-peer with --p2p")
    texts = {
        "--migrate-disks": migrate_disks,
        "--disks-uri": disks_uri,
        "--migrateuri": migrateuri,
        "--listen-address": listen_address,
        "--graphicsuri": graphicsuri,
        "--dname": dname,
        "--comp-methods": comp_methods,
        "--tls-destination": tls_destination,
    }
    for option, text in texts.items():
        if text is not None and not text.strip():  # virsh: "Option argument is empty"
            raise UserError(f"{option}: {text!r} says nothing")
    if dname is not None and not set(dname).isdisjoint("/\n"):  # virDomainDefParseXML, qemuDomainDefPostParse
        raise UserError(f"--dname: {dname!r}: no guest's name has a slash or a newline in it")
    if copy_storage_all and copy_storage_inc:
        raise UserError("--copy-storage-all and --copy-storage-inc exclude each other")
    actions = [
        *([OnTimeout.SUSPEND] if timeout_suspend else []),
        *([OnTimeout.POSTCOPY] if timeout_postcopy else []),
        *([OnTimeout.ABORT] if timeout_abort else []),
    ]
    if len(actions) > 1 or (actions and timeout is None):
        raise UserError("of --timeout-suspend, --timeout-postcopy and --timeout-abort one goes with --timeout")
    return Method(
        mode=Mode.TUNNELLED if tunnelled else Mode.PEER_TO_PEER if p2p else Mode.MANAGED,
        live=live,
        hand_over=hand_over,
        suspend=suspend,
        persistent=persistent,
        undefinesource=undefinesource,
        dumpxml=dumpxml,
        copy_storage=CopyStorage.ALL if copy_storage_all else CopyStorage.INC if copy_storage_inc else CopyStorage.NONE,
        migrate_disks=_several("--migrate-disks", migrate_disks),
        disks_port=disks_port,
        disks_uri=disks_uri,
        change_protection=change_protection,
        unsafe=unsafe,
        abort_on_error=abort_on_error,
        migrateuri=migrateuri,
        listen_address=listen_address,
        graphicsuri=graphicsuri,
        dname=dname,
        xml=_guest_of("--xml", xml),
        persistent_xml=_guest_of("--persistent-xml", persistent_xml),
        bandwidth=bandwidth,
        max_downtime=max_downtime,
        timeout=timeout,
        on_timeout=actions[0] if actions else OnTimeout.SUSPEND,
        auto_converge=auto_converge,
        auto_converge_initial=auto_converge_initial,
        auto_converge_increment=auto_converge_increment,
        postcopy=postcopy,
        postcopy_after_precopy=postcopy_after_precopy,
        postcopy_bandwidth=postcopy_bandwidth,
        compressed=compressed,
        comp_methods=_several("--comp-methods", comp_methods),
        parallel=parallel,
        parallel_connections=parallel_connections,
        tls=tls,
        tls_destination=tls_destination,
        zerocopy=zerocopy,
    )


def takes_method(*, without: tuple[str, ...] = ()) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of `method_of`, and its `method` parameter what they come to.

    `without` names those that it has no use for.
    """

    def give(body: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(body).parameters
        shared = {name: one for name, one in inspect.signature(method_of).parameters.items() if name not in without}

        @functools.wraps(body)
        def whole(**given: Any) -> None:
            picked = {name: given.pop(name) for name in shared}
            body(method=method_of(**picked), **given)

        kept = [parameter for name, parameter in own.items() if name != "method"]
        parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*kept, *shared.values())]
        whole.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # Typer reads it
        whole.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
        del whole.__wrapped__  # or Typer would look through to the body's own parameters
        return whole

    return give


def _several(option: str, text: str | None) -> tuple[str, ...]:
    parts = () if text is None else tuple(part.strip() for part in text.split(","))
    if not all(parts):
        raise UserError(f"{option}: {text!r} has an empty part")
    return parts


def _guest_of(option: str, path: Path | None) -> str | None:
    """A guest's XML from a file, as it stands there; libvirt refuses what has another root."""
    if path is None:
        return None
    from preflight.facts.fact import Unreadable
    from preflight.facts.text.xml import parse_xml

    try:
        text = path.read_text(encoding="utf-8")
        root = parse_xml(text).tag
    except (OSError, UnicodeDecodeError) as why:
        said = why.strerror if isinstance(why, OSError) else "is not UTF-8"
        raise UserError(f"{option}: {path}: {said}") from None
    except Unreadable as why:
        raise UserError(f"{option}: {path}: {why}") from None
    if root != "domain":
        raise UserError(f"{option}: {path}: is no guest's XML, which begins with <domain>, but <{root}>")
    return text
