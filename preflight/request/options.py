"""Every option of a migration, declared once: those of `virsh migrate`, under its names, and preflight's own.

One field is one option. The parameters of the command line, the check's knowledge of releases, the call of libvirt, the
form of a plan, the trials in the lab and docs/reference/options.md follow from it. `--help` reads this module, so it
imports little.

Sources: for libvirt the public header (include/libvirt/libvirt-domain.h of 12.8, "Since" of each constant), NEWS.rst
and virsh(1); for QEMU qapi/migration.json ("Since" of each capability and parameter, v10.0). The errors of releases
that lack an option were seen with libvirt 7.0 and QEMU 5.2, 9.0 and 7.2, 11.3 and 10.0, unless a line says otherwise. A
distribution may have backported an option to an older release.
"""

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, get_args

from preflight.errors import UserError
from preflight.request.give_up import DEFAULT, Patience, patience_of
from preflight.request.migration import FASTEST, LONGEST_DOWNTIME, CopyStorage, HandOver, Mode, OnGiveUp, OnTimeout


class Group(enum.StrEnum):
    """The heading under which `--help` lists an option."""

    WHAT = "What is migrated"
    HOW = "How"
    OUTPUT = "Output"


class Form(enum.Enum):
    """The form that a text must have."""

    LINE = enum.auto()
    #: A host name or an address.
    HOST = enum.auto()
    #: A guest's name.
    GUEST = enum.auto()
    #: A guest's XML; the option takes the path of a file.
    XML = enum.auto()
    #: A disk, as the guest calls it.
    DISK = enum.auto()
    #: A number of passes over the memory, or a time (`give_up.patience_of`).
    PATIENCE = enum.auto()


@dataclass(eq=False, repr=False, kw_only=True)  # `--help` would pay for more
class Told:
    """The flags or the parameter that an option becomes for libvirt, and the releases that know them."""

    #: libvirt's flags, by the rest of their names after VIR_MIGRATE_.
    flags: tuple[str, ...] = ()
    #: libvirt's parameter.
    parameter: str | None = None
    #: Whether the parameter is libvirt's int (VIR_TYPED_PARAM_INT) rather than its ullong.
    is_int: bool = False
    #: The first libvirt that knows it; None if no supported libvirt lacks it, so that no host is asked.
    since: tuple[int, ...] | None = None
    #: The error of an older libvirt, if it differs from the one for any unknown flag or parameter.
    refusal: str | None = None
    #: The first QEMU that has it, and the first that no longer has it.
    qemu: tuple[int, ...] = (0,)
    lost: tuple[int, ...] | None = None
    #: libvirt's name for it in the error for a guest whose QEMU does not have it.
    capability: str = ""


#: For an option that preflight handles itself.
NOTHING = Told()


def _flag(name: str, *since: int, **more: Any) -> Told:
    return Told(flags=(name,), since=since or None, **more)


def _parameter(name: str, *since: int, **more: Any) -> Told:
    return Told(parameter=name, since=since, **more)


@dataclass(eq=False, repr=False)
class Switch:
    """An option without a value, one of several that determine the same field."""

    #: virsh's name, and aliases.
    names: tuple[str, ...]
    help: str
    _: KW_ONLY
    #: The value of the field then; None if the option is refused.
    value: enum.StrEnum | None = None
    #: The reason for which it is refused.
    refused: str = ""
    libvirt: Told = NOTHING

    @property
    def name(self) -> str:
        """Return virsh's name for it, without leading hyphens."""
        return self.names[0].lstrip("-")


@dataclass(eq=False, repr=False)
class Option:
    """A field as an option of the command line, as a call of libvirt and as a part of a plan."""

    #: For `--help`.
    help: str = ""
    _: KW_ONLY
    group: Group = Group.HOW
    #: The name of the opposite, if that is an option too.
    contrary: str | None = None
    #: The options that determine the field; if there are none, it is one option with the field's name.
    switches: tuple[Switch, ...] = ()
    #: Whether two of those are refused; otherwise the last wins.
    exclusive: bool = False
    #: The bounds of a number, both inclusive.
    least: float | None = None
    most: float | None = None
    #: The form of a text, and of each item of a list.
    form: Form = Form.LINE
    #: The only words that a list may contain, each once, with what is known about it; if empty, any word is allowed.
    words: Mapping[str, Told] = field(default_factory=dict)
    #: The options of which one must be given too, by virsh's names, also with a word of its list ("comp-methods=mt") or
    #: the beginning of its text ("migrateuri=rdma://").
    needs: tuple[str, ...] = ()
    libvirt: Told = NOTHING


if TYPE_CHECKING:
    from msgspec import Struct as _Declared
else:

    class _Declared:
        """An empty base: `preflight.request.method` makes the type of values, with msgspec, which `--help` avoids."""

        def __init_subclass__(cls, **_: object) -> None: ...


_COPIED = ("copy-storage-all", "copy-storage-inc")
_PERCENT: Mapping[str, Any] = {"least": 1, "most": 99}


class Options(_Declared, frozen=True, kw_only=True):
    """The way in which guests are migrated. None leaves a property as on the source, or the choice to libvirt."""

    mode: Annotated[
        Mode,
        Option(
            switches=(
                Switch(
                    ("--p2p",),
                    "Peer-to-peer: the source's daemon opens the control connection.",
                    value=Mode.PEER_TO_PEER,
                    libvirt=_flag("PEER2PEER"),
                ),
                Switch(
                    ("--tunnelled",),
                    "Peer-to-peer, with the memory also sent through the control connection.",
                    value=Mode.TUNNELLED,
                    libvirt=Told(flags=("PEER2PEER", "TUNNELLED")),
                ),
                Switch(
                    ("--direct",),
                    "Refused: QEMU does not support direct migration.",
                    refused="QEMU does not support direct migration; migrate without this option, or with --p2p",
                ),
            )
        ),
    ] = Mode.MANAGED
    live: Annotated[
        bool,
        Option(
            "Keep the guest running during the migration (default), or pause the guest.",
            contrary="--no-live",
            libvirt=_flag("LIVE"),
        ),
    ] = True
    #: None: safe, except in post-copy.
    hand_over: Annotated[
        HandOver | None,
        Option(
            "Program that starts the guest on the destination: preflight, after the source has released the guest"
            " (safe, the default), or libvirt (at-once, and always with --postcopy), which can leave the guest running"
            " on both hosts if an answer is lost."
        ),
    ] = None
    suspend: Annotated[bool, Option("Leave the guest paused on the destination.", libvirt=_flag("PAUSED", 0, 7, 5))] = (
        False
    )
    #: None: the guests that are persistent on the source.
    persistent: Annotated[
        bool | None,
        Option(
            "Define the guest on the destination, or leave it transient (default: as on the source).",
            group=Group.WHAT,
            contrary="--transient",
        ),
    ] = None
    undefinesource: Annotated[
        bool,
        Option(
            "Undefine the guest on the source (default), or keep its definition.",
            group=Group.WHAT,
            contrary="--keepsource",
        ),
    ] = True
    dumpxml: Annotated[
        bool,
        Option("For guests that are off: use dumpxml, define and undefine instead of libvirt's offline migration."),
    ] = False
    copy_storage: Annotated[
        CopyStorage,
        Option(
            group=Group.WHAT,
            exclusive=True,
            switches=(
                Switch(
                    ("--copy-storage-all", "--copy-storage"),
                    "Copy disks in full.",
                    value=CopyStorage.ALL,
                    libvirt=_flag("NON_SHARED_DISK", 0, 8, 2),
                ),
                Switch(
                    ("--copy-storage-inc",),
                    "Copy disks without their backing images, which both hosts must have.",
                    value=CopyStorage.INC,
                    libvirt=_flag("NON_SHARED_INC", 0, 8, 2),
                ),
            ),
        ),
    ] = CopyStorage.NONE
    #: The names of the devices inside the guest; empty: all disks that can be copied.
    migrate_disks: Annotated[
        tuple[str, ...],
        Option(
            "Disks to copy, separated by commas: vda,vdb.",
            group=Group.WHAT,
            form=Form.DISK,
            needs=_COPIED,
            libvirt=_parameter("migrate_disks", 1, 2, 17),
        ),
    ] = ()
    migrate_disks_detect_zeroes: Annotated[
        tuple[str, ...],
        Option(
            "Copied disks in which zeroes are detected and not sent, separated by commas: vda,vdb.",
            form=Form.DISK,
            needs=_COPIED,
            libvirt=_parameter("migrate_disks_detect_zeroes", 10, 9),
        ),
    ] = ()
    migrate_disks_target_zero: Annotated[
        tuple[str, ...],
        Option(
            "Copied disks whose images on the destination contain only zeroes, separated by commas: vda,vdb.",
            form=Form.DISK,
            needs=_COPIED,
            libvirt=_parameter("migrate_disks_target_zero", 12, 2),
        ),
    ] = ()
    copy_storage_synchronous_writes: Annotated[
        bool,
        Option(
            "Complete the guest's writes during the copy only once they are on both hosts.",
            needs=_COPIED,
            libvirt=_flag("NON_SHARED_SYNCHRONOUS_WRITES", 8, 0),
        ),
    ] = False
    disks_port: Annotated[
        int | None,
        Option(
            "Port on the destination to which disks are copied.",
            least=1,
            most=65535,
            needs=_COPIED,
            libvirt=_parameter("disks_port", 1, 3, 3, is_int=True),
        ),
    ] = None
    disks_uri: Annotated[
        str | None,
        Option(
            "Address to which disks are copied: tcp://HOST:PORT or unix:///PATH.",
            needs=_COPIED,
            libvirt=_parameter("disks_uri", 6, 8),
        ),
    ] = None
    change_protection: Annotated[
        bool,
        Option(
            "Prevent changes to the guest's configuration during the migration.",
            libvirt=_flag("CHANGE_PROTECTION", 0, 9, 4),
        ),
    ] = False
    unsafe: Annotated[
        bool,
        Option("Migrate even if libvirt considers the disk setup unsafe.", libvirt=_flag("UNSAFE", 0, 9, 11)),
    ] = False
    abort_on_error: Annotated[
        bool,
        Option(
            "Abort the migration if a disk of the guest has an I/O error.", libvirt=_flag("ABORT_ON_ERROR", 1, 1, 0)
        ),
    ] = False
    migrateuri: Annotated[
        str | None,
        Option(
            "Address to which the memory is sent: tcp://HOST[:PORT] or rdma://HOST[:PORT].",
            libvirt=_parameter("migrate_uri", 1, 1, 0),
        ),
    ] = None
    # for guests with a hard memory limit, which the rule rdma-without-hard-limit checks
    rdma_pin_all: Annotated[
        bool,
        Option(
            "Over RDMA: pin all of the guest's memory before any of it is sent.",
            needs=("migrateuri=rdma://",),
            libvirt=_flag("RDMA_PIN_ALL", 1, 2, 9, qemu=(2,), capability="rdma-pin-all"),
        ),
    ] = False
    listen_address: Annotated[
        str | None,
        Option(
            "Address on which the destination's QEMU listens.",
            form=Form.HOST,
            libvirt=_parameter("listen_address", 1, 1, 4),
        ),
    ] = None
    graphicsuri: Annotated[
        str | None,
        Option(
            "URI to which clients of the graphical console are redirected.", libvirt=_parameter("graphics_uri", 1, 1, 0)
        ),
    ] = None
    dname: Annotated[
        str | None,
        Option(
            "Name of the guest on the destination.",
            group=Group.WHAT,
            form=Form.GUEST,
            libvirt=_parameter("destination_name", 1, 1, 0),
        ),
    ] = None
    xml: Annotated[
        str | None,
        Option(
            "File with the guest's XML for the destination.",
            group=Group.WHAT,
            form=Form.XML,
            libvirt=_parameter("destination_xml", 1, 1, 0),
        ),
    ] = None
    persistent_xml: Annotated[
        str | None,
        Option(
            "File with the guest's persistent XML for the destination.",
            group=Group.WHAT,
            form=Form.XML,
            libvirt=_parameter("persistent_xml", 1, 3, 4),
        ),
    ] = None
    bandwidth: Annotated[
        int | None,
        Option(
            "Maximum bandwidth of each migration, in MiB/s.",
            least=1,
            most=FASTEST,
            libvirt=_parameter("bandwidth", 1, 1, 0),
        ),
    ] = None
    available_switchover_bandwidth: Annotated[
        int | None,
        Option(
            "Bandwidth, in MiB/s, that QEMU assumes for sending the remaining memory once the guest is paused.",
            least=1,
            most=FASTEST,
            libvirt=_parameter("bandwidth.avail.switchover", 11, 1, qemu=(8, 2)),
        ),
    ] = None
    #: `virsh migrate-setmaxdowntime`.
    max_downtime: Annotated[
        int | None,
        Option("Maximum downtime, in milliseconds (QEMU's default: 300).", least=1, most=LONGEST_DOWNTIME),
    ] = None
    timeout: Annotated[
        float | None,
        Option(
            "Seconds after which the guest is paused, or the action of --timeout-postcopy or --timeout-abort is taken.",
            least=1,
        ),
    ] = None
    on_timeout: Annotated[
        OnTimeout,
        Option(
            switches=(
                Switch(
                    ("--timeout-suspend",),
                    "After --timeout: pause the guest until the migration is complete (default).",
                    value=OnTimeout.SUSPEND,
                ),
                Switch(
                    ("--timeout-postcopy",),
                    "After --timeout: switch to post-copy.",
                    value=OnTimeout.POSTCOPY,
                ),
                Switch(
                    ("--timeout-abort",),
                    "After --timeout: abort the migration; the guest stays on the source.",
                    value=OnTimeout.ABORT,
                ),
            )
        ),
    ] = OnTimeout.SUSPEND
    #: None: `DEFAULT`, or no such limit if `timeout` is given.
    give_up_after: Annotated[
        str | None,
        Option(
            'Give up a migration that makes no progress: after this many passes over the memory in a row ("20 passes")'
            f" or this time ({DEFAULT}, the default unless --timeout is given, which limits the whole migration).",
            form=Form.PATIENCE,
        ),
    ] = None
    #: None: abort.
    on_give_up: Annotated[
        OnGiveUp | None,
        Option(
            "Action on a migration that is given up: abort it, so that the guest stays on the source (default), pause"
            " the guest until it has moved (suspend), switch to post-copy (postcopy), or none (wait)."
        ),
    ] = None
    auto_converge: Annotated[
        bool,
        Option(
            "Throttle the guest's CPUs if the guest writes to its memory faster than the memory is sent.",
            libvirt=_flag("AUTO_CONVERGE", 1, 2, 3, qemu=(1, 6), capability="auto-converge"),
        ),
    ] = False
    auto_converge_initial: Annotated[
        int | None,
        Option(
            "Initial throttling of the CPUs, in percent.",
            **_PERCENT,
            needs=("auto-converge",),
            libvirt=_parameter("auto_converge.initial", 2, 0, 0, is_int=True, qemu=(2, 7)),
        ),
    ] = None
    auto_converge_increment: Annotated[
        int | None,
        Option(
            "Increment of the throttling, in percent.",
            **_PERCENT,
            needs=("auto-converge",),
            libvirt=_parameter("auto_converge.increment", 2, 0, 0, is_int=True, qemu=(2, 7)),
        ),
    ] = None
    postcopy: Annotated[
        bool,
        Option(
            "Allow the migration to switch to post-copy.",
            libvirt=_flag("POSTCOPY", 1, 3, 3, qemu=(2, 6), capability="postcopy-ram"),
        ),
    ] = False
    postcopy_after_precopy: Annotated[
        bool, Option("Switch to post-copy after the first pass over the memory.", needs=("postcopy",))
    ] = False
    postcopy_bandwidth: Annotated[
        int | None,
        Option(
            "Maximum bandwidth of post-copy, in MiB/s.",
            least=1,
            most=FASTEST,
            needs=("postcopy",),
            libvirt=_parameter("bandwidth.postcopy", 5, 1, 0, qemu=(3,)),
        ),
    ] = None
    compressed: Annotated[
        bool,
        Option(
            "Compress the memory.",
            libvirt=_flag("COMPRESSED", 1, 0, 3, qemu=(1, 2), capability="xbzrle"),
        ),
    ] = False
    #: Empty: QEMU's default. libvirt refuses any other method as "Unsupported compression method", and also one that is
    #: named twice (qemuMigrationCompressMethod of src/qemu/qemu_migration_params.c, libvirt 9.4).
    comp_methods: Annotated[
        tuple[str, ...],
        Option(
            "Compression methods, separated by commas: mt, xbzrle, zlib, zstd.",
            words={
                "mt": Told(since=(1, 3, 4), qemu=(2, 4), lost=(9, 1), capability="compress"),
                "xbzrle": Told(since=(1, 3, 4), qemu=(1, 2), capability="xbzrle"),
                "zlib": Told(since=(9, 4), qemu=(5,), refusal="Unsupported compression method 'zlib'"),
                "zstd": Told(since=(9, 4), qemu=(5,), refusal="Unsupported compression method 'zstd'"),
            },
            needs=("compressed",),
            libvirt=_parameter("compression", 1, 3, 4),
        ),
    ] = ()
    # libvirt: "Turn multithread compression on to tune it" (qemuMigrationParamsSetCompression, libvirt 11.3), and
    # likewise for the others
    comp_mt_level: Annotated[
        int | None,
        Option(
            "Compression level of mt, from 0 (none) and 1 (fastest, the default) to 9 (smallest).",
            least=0,
            most=9,
            needs=("comp-methods=mt",),
            libvirt=_parameter("compression.mt.level", 1, 3, 4, is_int=True, qemu=(2, 4), lost=(9, 1)),
        ),
    ] = None
    comp_mt_threads: Annotated[
        int | None,
        Option(
            "Number of mt threads on the source (default: 8).",
            least=1,
            most=255,
            needs=("comp-methods=mt",),
            libvirt=_parameter("compression.mt.threads", 1, 3, 4, is_int=True, qemu=(2, 4), lost=(9, 1)),
        ),
    ] = None
    comp_mt_dthreads: Annotated[
        int | None,
        Option(
            "Number of mt threads on the destination (default: 2).",
            least=1,
            most=255,
            needs=("comp-methods=mt",),
            libvirt=_parameter("compression.mt.dthreads", 1, 3, 4, is_int=True, qemu=(2, 4), lost=(9, 1)),
        ),
    ] = None
    comp_xbzrle_cache: Annotated[
        int | None,
        Option(
            "Size, in bytes, of the page cache that lets xbzrle send only what changed in a page.",
            least=1,
            most=2**63 - 1,
            needs=("comp-methods=xbzrle",),
            libvirt=_parameter("compression.xbzrle.cache", 1, 3, 4, qemu=(1, 2)),
        ),
    ] = None
    comp_zlib_level: Annotated[
        int | None,
        Option(
            "Compression level of zlib, from 0 (none) and 1 (fastest, the default) to 9 (smallest).",
            least=0,
            most=9,
            needs=("comp-methods=zlib",),
            libvirt=_parameter("compression.zlib.level", 9, 4, is_int=True, qemu=(5,)),
        ),
    ] = None
    comp_zstd_level: Annotated[
        int | None,
        Option(
            "Compression level of zstd, from 0 (none) and 1 (fastest, the default) to 20 (smallest).",
            least=0,
            most=20,
            needs=("comp-methods=zstd",),
            libvirt=_parameter("compression.zstd.level", 9, 4, is_int=True, qemu=(5,)),
        ),
    ] = None
    parallel: Annotated[
        bool,
        Option(
            "Send the memory over several connections.",
            libvirt=_flag("PARALLEL", 5, 2, 0, qemu=(4,), capability="multifd"),
        ),
    ] = False
    parallel_connections: Annotated[
        int | None,
        Option(
            "Number of connections for --parallel (default: 2).",
            least=1,
            most=255,
            needs=("parallel",),
            libvirt=_parameter("parallel.connections", 5, 2, 0, is_int=True, qemu=(4,)),
        ),
    ] = None
    tls: Annotated[bool, Option("Send the memory over TLS.", libvirt=_flag("TLS", 3, 2, 0, qemu=(2, 7)))] = False
    tls_destination: Annotated[
        str | None,
        Option(
            "Host name that the destination's certificate must have.",
            form=Form.HOST,
            needs=("tls",),
            libvirt=_parameter("tls.destination", 6, 0, 0),
        ),
    ] = None
    zerocopy: Annotated[
        bool,
        Option(
            "Send the memory without copying it in the source's kernel.",
            needs=("parallel",),
            libvirt=_flag("ZEROCOPY", 8, 5, 0, qemu=(7, 1), capability="zero-copy-send"),
        ),
    ] = False

    def __post_init__(self) -> None:
        """Raise `UserError` for values that contradict each other."""
        for name, option in declared().items():
            value = getattr(self, name)
            if option.needs and value != default_of(name) and not any(map(self._has, option.needs)):
                needed = " or ".join(f"--{one.replace('=', ' ')}" for one in option.needs)
                raise UserError(f"{option_name(name)} requires {needed}")
            if option.words:
                _refuse_words(option_name(name), value, option.words)
        if self.on_timeout is OnTimeout.POSTCOPY and self.timeout is not None and not self.postcopy:
            raise UserError("--timeout-postcopy requires --postcopy")
        self._refuse_to_give_up()
        if self.tls and self.mode is Mode.TUNNELLED:
            raise UserError(
                "--tls and --tunnelled are mutually exclusive: libvirt does not send tunnelled memory over TLS; give"
                " one of them"
            )
        if not self.live and self.postcopy:
            raise UserError(
                "--postcopy and --no-live are mutually exclusive: post-copy is for guests that keep running; give"
                " one of them"
            )

    def _refuse_to_give_up(self) -> None:
        """Raise `UserError` if what is said about giving up contradicts itself or another option."""
        if self.give_up_after is not None:
            patience_of(self.give_up_after)
            if self.on_give_up is OnGiveUp.WAIT:
                raise UserError("--on-give-up wait and --give-up-after are mutually exclusive: give one of them")
        elif self.on_give_up is not None and self.timeout is not None:
            raise UserError(
                "--on-give-up with --timeout requires --give-up-after; at --timeout, --timeout-suspend,"
                " --timeout-postcopy or --timeout-abort is done"
            )
        if self.on_give_up is OnGiveUp.POSTCOPY and not self.postcopy:
            raise UserError("--on-give-up postcopy requires --postcopy")

    @property
    def patience(self) -> Patience | None:
        """Return how long a migration may make no progress; None if it may for ever, or until `timeout`."""
        if self.on_give_up is OnGiveUp.WAIT or (self.give_up_after is None and self.timeout is not None):
            return None
        return patience_of(self.give_up_after or DEFAULT)

    @property
    def copies_storage(self) -> bool:
        """Report whether disks are copied at all."""
        return self.copy_storage is not CopyStorage.NONE

    @property
    def is_safe(self) -> bool:
        """Report whether preflight itself starts the guest; in post-copy QEMU does."""
        return self.hand_over is not HandOver.AT_ONCE and not self.postcopy

    @property
    def disk_lists(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return the given lists of disks, by the option as it is typed."""
        lists = [name for name, option in declared().items() if option.form is Form.DISK]
        return tuple((option_name(name), disks) for name in lists if (disks := getattr(self, name)))

    @property
    def typed(self) -> tuple[str, ...]:
        """Return the options that differ from their defaults, as words of a command line; FILE stands for a file."""
        words: list[str] = []
        for name, option in declared().items():
            value = getattr(self, name)
            if value == default_of(name):
                continue
            if option.switches:
                words += (one.names[0] for one in option.switches if one.value is value)
            elif isinstance(value, bool):
                words.append(option_name(name) if value else option.contrary or "")
            else:
                text = (
                    "FILE" if option.form is Form.XML else ",".join(value) if isinstance(value, tuple) else str(value)
                )
                words += (option_name(name), text)
        return tuple(words)

    @property
    def told(self) -> Mapping[str, Told]:
        """Return what each given option becomes for libvirt, by virsh's names.

        A word of a list that has an entry of its own counts as an option too: "comp-methods=zstd".
        """
        found: dict[str, Told] = {}
        for name, option in declared().items():
            value, own = getattr(self, name), virsh_name(name)
            found |= {one.name: one.libvirt for one in option.switches if one.value is value}
            if value is not False and value not in (None, ()):
                found[own] = option.libvirt
            found |= (
                {f"{own}={word}": option.words[word] for word in value if word in option.words} if option.words else {}
            )
        return {name: told for name, told in found.items() if told is not NOTHING}

    def _has(self, needed: str) -> bool:
        """Report whether an option that another requires is given, with that word or that beginning."""
        name, _, beginning = needed.partition("=")
        text = getattr(self, name.replace("-", "_"), None)
        begins = isinstance(text, str) and beginning != "" and text.lower().startswith(beginning)
        return begins or needed in self.told

    @property
    def asked(self) -> frozenset[str]:
        """Return the flags and parameters that libvirt and QEMU of the hosts must know, by virsh's names."""
        return frozenset(name for name, told in self.told.items() if told.since is not None)


@cache
def declared() -> Mapping[str, Option]:
    """Return each field of `Options`, in the order of `--help`."""
    return {name: get_args(annotation)[1] for name, annotation in Options.__annotations__.items()}


def type_of(name: str) -> Any:
    """Return the annotated type of a field."""
    return get_args(Options.__annotations__[name])[0]


def default_of(name: str) -> Any:
    """Return the default of a field."""
    return vars(Options)[name]


def virsh_name(name: str) -> str:
    """Return virsh's name for a field: "migrate-disks"."""
    return name.replace("_", "-")


def option_name(name: str) -> str:
    """Return a field as it is typed: "--migrate-disks"."""
    return f"--{virsh_name(name)}"


def all_told() -> Mapping[str, Told]:
    """Return everything that libvirt can be told, by virsh's names, with each word of a list: "comp-methods=mt"."""
    found: dict[str, Told] = {}
    for name, option in declared().items():
        found |= {one.name: one.libvirt for one in option.switches}
        found[virsh_name(name)] = option.libvirt
        found |= {f"{virsh_name(name)}={word}": told for word, told in option.words.items()}
    return {name: told for name, told in found.items() if told is not NOTHING}


def _refuse_words(option: str, given: Sequence[str], words: Collection[str]) -> None:
    """Raise `UserError` for a word that a list must not contain, or contains twice."""
    for number, one in enumerate(given):
        if one not in words:
            raise UserError(f"{option}: {one!r} is not one of {', '.join(words)}")
        if one in given[:number]:
            raise UserError(f"{option}: {one!r} is named twice: name it once")
