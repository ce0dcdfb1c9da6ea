"""Every option that says how guests are moved, declared once: `virsh migrate`'s, under its names, and preflight's own.

One field is one option. The command line's parameters, what a check knows of releases, what libvirt is told, the
plan's form, the trials in the lab and docs/reference/options.md follow from it. `--help` reads it: it imports little.

Sources: of libvirt the public header (include/libvirt/libvirt-domain.h of 12.8, "Since" of each constant), NEWS.rst and
virsh(1), of QEMU qapi/migration.json ("Since" of each capability and parameter, v10.0). What a release says that lacks
one was seen with libvirt 7.0 and QEMU 5.2, 9.0 and 7.2, 11.3 and 10.0, unless a line says otherwise. A distribution may
have brought one to an older release.
"""

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, get_args

from preflight.errors import UserError
from preflight.request.migration import FASTEST, LONGEST_DOWNTIME, CopyStorage, HandOver, Mode, OnTimeout


class Group(enum.StrEnum):
    """Where `--help` lists an option."""

    WHAT = "What is moved"
    HOW = "How"
    OUTPUT = "Output"


class Form(enum.Enum):
    """What a text may be."""

    LINE = enum.auto()
    #: A host name or an address.
    HOST = enum.auto()
    #: A guest's name.
    GUEST = enum.auto()
    #: A guest's XML; the option takes the path of a file.
    XML = enum.auto()
    #: A disk, as the guest calls it.
    DISK = enum.auto()


@dataclass(eq=False, repr=False, kw_only=True)  # `--help` would pay for more
class Told:
    """What libvirt is told of an option, since when libvirt and QEMU know that, and what one says that does not."""

    #: libvirt's flags, by the rest of their names after VIR_MIGRATE_.
    flags: tuple[str, ...] = ()
    #: libvirt's parameter.
    parameter: str | None = None
    #: Whether that is libvirt's int (VIR_TYPED_PARAM_INT), and not its ullong.
    is_int: bool = False
    #: The first libvirt that knows it; None where none of any use lacks it, so that no host is asked.
    since: tuple[int, ...] | None = None
    #: What an older libvirt says, where it is not what it says of any flag or parameter.
    refusal: str | None = None
    #: The first QEMU that has it, and the first that has lost it again.
    qemu: tuple[int, ...] = (0,)
    lost: tuple[int, ...] | None = None
    #: What libvirt calls it where the guest's QEMU does not have it.
    capability: str = ""


#: Of an option that is preflight's own business.
NOTHING = Told()


def _flag(name: str, *since: int, **more: Any) -> Told:
    return Told(flags=(name,), since=since or None, **more)


def _parameter(name: str, *since: int, **more: Any) -> Told:
    return Told(parameter=name, since=since, **more)


@dataclass(eq=False, repr=False)
class Switch:
    """An option without a value, one of several that settle the same field."""

    #: virsh's name, and what else it may be called.
    names: tuple[str, ...]
    help: str
    _: KW_ONLY
    #: What the field is then; None where the option is refused.
    value: enum.StrEnum | None = None
    #: Why it is refused.
    refused: str = ""
    libvirt: Told = NOTHING

    @property
    def name(self) -> str:
        """As virsh calls it, without hyphens before it."""
        return self.names[0].lstrip("-")


@dataclass(eq=False, repr=False)
class Option:
    """What a field is on the command line, on a host and in a plan."""

    #: For `--help`.
    help: str = ""
    _: KW_ONLY
    group: Group = Group.HOW
    #: The name of the contrary, where that is an option too.
    contrary: str | None = None
    #: The options that the field is settled by; where there are none it is one option with the field's name.
    switches: tuple[Switch, ...] = ()
    #: Whether two of those are refused; else the last wins.
    exclusive: bool = False
    #: Of a number, and both may be given.
    least: float | None = None
    most: float | None = None
    #: Of a text, and of each in a list.
    form: Form = Form.LINE
    #: The only words that a list may have, each once, with what is known of it; any may be in it where there are none.
    words: Mapping[str, Told] = field(default_factory=dict)
    #: The options of which one must be given too, by virsh's names; with a word of its list ("comp-methods=mt") or the
    #: beginning of its text ("migrateuri=rdma://").
    needs: tuple[str, ...] = ()
    libvirt: Told = NOTHING


if TYPE_CHECKING:
    from msgspec import Struct as _Declared
else:

    class _Declared:
        """Nothing: `preflight.request.method` makes the type of values, with msgspec, which `--help` does without."""

        def __init_subclass__(cls, **_: object) -> None: ...


_COPIED = ("copy-storage-all", "copy-storage-inc")
_PERCENT: Mapping[str, Any] = {"least": 1, "most": 99}


class Options(_Declared, frozen=True, kw_only=True):
    """How guests are moved. None leaves a thing as it is on the source, or to libvirt."""

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
                    "Peer-to-peer, and the memory goes through that connection too.",
                    value=Mode.TUNNELLED,
                    libvirt=Told(flags=("PEER2PEER", "TUNNELLED")),
                ),
                Switch(
                    ("--direct",),
                    "Refused: QEMU has no such migration.",
                    refused="QEMU has no migration without libvirt; it is managed, or peer-to-peer with --p2p",
                ),
            )
        ),
    ] = Mode.MANAGED
    live: Annotated[
        bool, Option("Whether the guest runs on meanwhile; it does.", contrary="--no-live", libvirt=_flag("LIVE"))
    ] = True
    #: None: safe, but for post-copy.
    hand_over: Annotated[
        HandOver | None,
        Option(
            "Who starts it there: preflight, once the source has let it go (safe), or libvirt itself (at-once),"
            " which can leave it running on both hosts when an answer gets lost (default: safe)."
        ),
    ] = None
    suspend: Annotated[bool, Option("It stays paused on the destination.", libvirt=_flag("PAUSED", 0, 7, 5))] = False
    #: None: those that are on the source.
    persistent: Annotated[
        bool | None,
        Option("Whether it is defined there; as on the source.", group=Group.WHAT, contrary="--transient"),
    ] = None
    undefinesource: Annotated[
        bool,
        Option("Whether its definition on the source goes; it does.", group=Group.WHAT, contrary="--keepsource"),
    ] = True
    dumpxml: Annotated[
        bool,
        Option("Guests that are off: by dumpxml, define, undefine, not libvirt's --offline."),
    ] = False
    copy_storage: Annotated[
        CopyStorage,
        Option(
            group=Group.WHAT,
            exclusive=True,
            switches=(
                Switch(
                    ("--copy-storage-all", "--copy-storage"),
                    "Disks are copied, whole.",
                    value=CopyStorage.ALL,
                    libvirt=_flag("NON_SHARED_DISK", 0, 8, 2),
                ),
                Switch(
                    ("--copy-storage-inc",),
                    "Disks are copied but for the image that both hosts have.",
                    value=CopyStorage.INC,
                    libvirt=_flag("NON_SHARED_INC", 0, 8, 2),
                ),
            ),
        ),
    ] = CopyStorage.NONE
    #: By the names of their devices inside the guest; empty: all that can be.
    migrate_disks: Annotated[
        tuple[str, ...],
        Option(
            "The disks that are copied: vda,vdb.",
            group=Group.WHAT,
            form=Form.DISK,
            needs=_COPIED,
            libvirt=_parameter("migrate_disks", 1, 2, 17),
        ),
    ] = ()
    migrate_disks_detect_zeroes: Annotated[
        tuple[str, ...],
        Option(
            "The copied disks whose zeroes are looked for and not sent: vda,vdb.",
            form=Form.DISK,
            needs=_COPIED,
            libvirt=_parameter("migrate_disks_detect_zeroes", 10, 9),
        ),
    ] = ()
    migrate_disks_target_zero: Annotated[
        tuple[str, ...],
        Option(
            "The copied disks whose images there are all zeroes already: vda,vdb.",
            form=Form.DISK,
            needs=_COPIED,
            libvirt=_parameter("migrate_disks_target_zero", 12, 2),
        ),
    ] = ()
    copy_storage_synchronous_writes: Annotated[
        bool,
        Option(
            "What it writes meanwhile is written on both hosts before it goes on.",
            needs=_COPIED,
            libvirt=_flag("NON_SHARED_SYNCHRONOUS_WRITES", 8, 0),
        ),
    ] = False
    disks_port: Annotated[
        int | None,
        Option(
            "The port that disks are copied to.",
            least=1,
            most=65535,
            needs=_COPIED,
            libvirt=_parameter("disks_port", 1, 3, 3, is_int=True),
        ),
    ] = None
    disks_uri: Annotated[
        str | None,
        Option(
            "Where disks are copied to: tcp://HOST:PORT or unix:///PATH.",
            needs=_COPIED,
            libvirt=_parameter("disks_uri", 6, 8),
        ),
    ] = None
    change_protection: Annotated[
        bool,
        Option("Nobody may change its configuration meanwhile.", libvirt=_flag("CHANGE_PROTECTION", 0, 9, 4)),
    ] = False
    unsafe: Annotated[
        bool,
        Option("Also where libvirt thinks that its disks would be harmed.", libvirt=_flag("UNSAFE", 0, 9, 11)),
    ] = False
    abort_on_error: Annotated[
        bool, Option("An error of its disks ends the migration.", libvirt=_flag("ABORT_ON_ERROR", 1, 1, 0))
    ] = False
    migrateuri: Annotated[
        str | None,
        Option("Where the memory is sent: tcp://HOST[:PORT].", libvirt=_parameter("migrate_uri", 1, 1, 0)),
    ] = None
    # for guests with a hard limit of their memory, which the rule rdma-without-hard-limit looks at
    rdma_pin_all: Annotated[
        bool,
        Option(
            "Over RDMA: all its memory is pinned at once, before anything is sent.",
            needs=("migrateuri=rdma://",),
            libvirt=_flag("RDMA_PIN_ALL", 1, 2, 9, qemu=(2,), capability="rdma-pin-all"),
        ),
    ] = False
    listen_address: Annotated[
        str | None,
        Option(
            "The address that the destination's QEMU listens at.",
            form=Form.HOST,
            libvirt=_parameter("listen_address", 1, 1, 4),
        ),
    ] = None
    graphicsuri: Annotated[
        str | None, Option("Where viewers of its console are sent.", libvirt=_parameter("graphics_uri", 1, 1, 0))
    ] = None
    dname: Annotated[
        str | None,
        Option(
            "Its name on the destination.",
            group=Group.WHAT,
            form=Form.GUEST,
            libvirt=_parameter("destination_name", 1, 1, 0),
        ),
    ] = None
    xml: Annotated[
        str | None,
        Option(
            "A file with its XML for the destination.",
            group=Group.WHAT,
            form=Form.XML,
            libvirt=_parameter("destination_xml", 1, 1, 0),
        ),
    ] = None
    persistent_xml: Annotated[
        str | None,
        Option(
            "A file with its definition for the destination.",
            group=Group.WHAT,
            form=Form.XML,
            libvirt=_parameter("persistent_xml", 1, 3, 4),
        ),
    ] = None
    bandwidth: Annotated[
        int | None,
        Option(
            "MiB/s that each migration may send.",
            least=1,
            most=FASTEST,
            libvirt=_parameter("bandwidth", 1, 1, 0),
        ),
    ] = None
    available_switchover_bandwidth: Annotated[
        int | None,
        Option(
            "MiB/s that the rest is reckoned to be sent with, once it stands still.",
            least=1,
            most=FASTEST,
            libvirt=_parameter("bandwidth.avail.switchover", 11, 1, qemu=(8, 2)),
        ),
    ] = None
    #: migrate-setmaxdowntime.
    max_downtime: Annotated[
        int | None,
        Option("Milliseconds that it may stand still; QEMU's 300.", least=1, most=LONGEST_DOWNTIME),
    ] = None
    timeout: Annotated[float | None, Option("Seconds after which it is paused until it has moved.", least=1)] = None
    on_timeout: Annotated[
        OnTimeout,
        Option(
            switches=(
                Switch(("--timeout-suspend",), "At --timeout: pause it.", value=OnTimeout.SUSPEND),
                Switch(
                    ("--timeout-postcopy",),
                    "At --timeout: start it there, its memory follows.",
                    value=OnTimeout.POSTCOPY,
                ),
                Switch(("--timeout-abort",), "At --timeout: abort, it stays where it is.", value=OnTimeout.ABORT),
            )
        ),
    ] = OnTimeout.SUSPEND
    auto_converge: Annotated[
        bool,
        Option(
            "Slow its CPUs down when it writes faster than is sent.",
            libvirt=_flag("AUTO_CONVERGE", 1, 2, 3, qemu=(1, 6), capability="auto-converge"),
        ),
    ] = False
    auto_converge_initial: Annotated[
        int | None,
        Option(
            "Percent at first.",
            **_PERCENT,
            needs=("auto-converge",),
            libvirt=_parameter("auto_converge.initial", 2, 0, 0, is_int=True, qemu=(2, 7)),
        ),
    ] = None
    auto_converge_increment: Annotated[
        int | None,
        Option(
            "Percent more each time.",
            **_PERCENT,
            needs=("auto-converge",),
            libvirt=_parameter("auto_converge.increment", 2, 0, 0, is_int=True, qemu=(2, 7)),
        ),
    ] = None
    postcopy: Annotated[
        bool,
        Option(
            "Post-copy may be switched to.",
            libvirt=_flag("POSTCOPY", 1, 3, 3, qemu=(2, 6), capability="postcopy-ram"),
        ),
    ] = False
    postcopy_after_precopy: Annotated[
        bool, Option("Post-copy begins after the first pass over its memory.", needs=("postcopy",))
    ] = False
    postcopy_bandwidth: Annotated[
        int | None,
        Option(
            "MiB/s in post-copy.",
            least=1,
            most=FASTEST,
            needs=("postcopy",),
            libvirt=_parameter("bandwidth.postcopy", 5, 1, 0, qemu=(3,)),
        ),
    ] = None
    compressed: Annotated[
        bool,
        Option(
            "The memory is compressed.",
            libvirt=_flag("COMPRESSED", 1, 0, 3, qemu=(1, 2), capability="xbzrle"),
        ),
    ] = False
    #: Empty: QEMU's own. Another than these libvirt refuses as "Unsupported compression method", and one that is named
    #: twice too (qemuMigrationCompressMethod of src/qemu/qemu_migration_params.c, libvirt 9.4).
    comp_methods: Annotated[
        tuple[str, ...],
        Option(
            "How: mt, xbzrle, zlib, zstd; several with commas.",
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
    # libvirt: "Turn multithread compression on to tune it" (qemuMigrationParamsSetCompression, libvirt 11.3), and the
    # same of the others
    comp_mt_level: Annotated[
        int | None,
        Option(
            "By mt: from 0, not at all, and 1, the fastest, to 9, the smallest; 1.",
            least=0,
            most=9,
            needs=("comp-methods=mt",),
            libvirt=_parameter("compression.mt.level", 1, 3, 4, is_int=True, qemu=(2, 4), lost=(9, 1)),
        ),
    ] = None
    comp_mt_threads: Annotated[
        int | None,
        Option(
            "By mt: the source's threads; 8.",
            least=1,
            most=255,
            needs=("comp-methods=mt",),
            libvirt=_parameter("compression.mt.threads", 1, 3, 4, is_int=True, qemu=(2, 4), lost=(9, 1)),
        ),
    ] = None
    comp_mt_dthreads: Annotated[
        int | None,
        Option(
            "By mt: the destination's threads; 2.",
            least=1,
            most=255,
            needs=("comp-methods=mt",),
            libvirt=_parameter("compression.mt.dthreads", 1, 3, 4, is_int=True, qemu=(2, 4), lost=(9, 1)),
        ),
    ] = None
    comp_xbzrle_cache: Annotated[
        int | None,
        Option(
            "By xbzrle: bytes of the pages that are kept to send only what has changed in them.",
            least=1,
            most=2**63 - 1,
            needs=("comp-methods=xbzrle",),
            libvirt=_parameter("compression.xbzrle.cache", 1, 3, 4, qemu=(1, 2)),
        ),
    ] = None
    comp_zlib_level: Annotated[
        int | None,
        Option(
            "By zlib: from 0, not at all, and 1, the fastest, to 9, the smallest; 1.",
            least=0,
            most=9,
            needs=("comp-methods=zlib",),
            libvirt=_parameter("compression.zlib.level", 9, 4, is_int=True, qemu=(5,)),
        ),
    ] = None
    comp_zstd_level: Annotated[
        int | None,
        Option(
            "By zstd: from 0, not at all, and 1, the fastest, to 20, the smallest; 1.",
            least=0,
            most=20,
            needs=("comp-methods=zstd",),
            libvirt=_parameter("compression.zstd.level", 9, 4, is_int=True, qemu=(5,)),
        ),
    ] = None
    parallel: Annotated[
        bool,
        Option("Over several connections.", libvirt=_flag("PARALLEL", 5, 2, 0, qemu=(4,), capability="multifd")),
    ] = False
    parallel_connections: Annotated[
        int | None,
        Option(
            "How many; 2.",
            least=1,
            most=255,
            needs=("parallel",),
            libvirt=_parameter("parallel.connections", 5, 2, 0, is_int=True, qemu=(4,)),
        ),
    ] = None
    tls: Annotated[bool, Option("The memory is sent over TLS.", libvirt=_flag("TLS", 3, 2, 0, qemu=(2, 7)))] = False
    tls_destination: Annotated[
        str | None,
        Option(
            "The name that the destination's certificate is for.",
            form=Form.HOST,
            needs=("tls",),
            libvirt=_parameter("tls.destination", 6, 0, 0),
        ),
    ] = None
    zerocopy: Annotated[
        bool,
        Option(
            "Without copying it in the source's kernel.",
            needs=("parallel",),
            libvirt=_flag("ZEROCOPY", 8, 5, 0, qemu=(7, 1), capability="zero-copy-send"),
        ),
    ] = False

    def __post_init__(self) -> None:
        """Raise `UserError` for what cannot be meant."""
        for name, option in declared().items():
            value = getattr(self, name)
            if option.needs and value != default_of(name) and not any(map(self._has, option.needs)):
                needed = " or ".join(f"--{one.replace('=', ' ')}" for one in option.needs)
                raise UserError(f"{option_name(name)} is of use only with {needed}")
            if option.words:
                _refuse_words(option_name(name), value, option.words)
        if self.on_timeout is OnTimeout.POSTCOPY and self.timeout is not None and not self.postcopy:
            raise UserError("--timeout-postcopy is of use only with --postcopy")
        if self.tls and self.mode is Mode.TUNNELLED:
            raise UserError(
                "--tls and --tunnelled exclude each other: libvirt does not send a tunnel's memory over TLS"
            )
        if not self.live and self.postcopy:
            raise UserError("--postcopy is for guests that run on meanwhile: leave out --no-live")

    @property
    def copies_storage(self) -> bool:
        """Whether disks are copied at all."""
        return self.copy_storage is not CopyStorage.NONE

    @property
    def is_safe(self) -> bool:
        """Whether preflight itself starts the guest; in post-copy QEMU must."""
        return self.hand_over is not HandOver.AT_ONCE and not self.postcopy

    @property
    def disk_lists(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The lists of disks that are given, by the option as it is typed."""
        lists = [name for name, option in declared().items() if option.form is Form.DISK]
        return tuple((option_name(name), disks) for name in lists if (disks := getattr(self, name)))

    @property
    def typed(self) -> tuple[str, ...]:
        """The options that are not as they are by default, as words of a command line; for a file its place: FILE."""
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
        """What libvirt is told of each option that is given, by virsh's names.

        Each word of a list that has its own is one too: "comp-methods=zstd".
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
        """Whether an option is given that another needs, with that word or that beginning."""
        name, _, beginning = needed.partition("=")
        text = getattr(self, name.replace("-", "_"), None)
        begins = isinstance(text, str) and beginning != "" and text.lower().startswith(beginning)
        return begins or needed in self.told

    @property
    def asked(self) -> frozenset[str]:
        """The flags and parameters that the hosts' libvirt and QEMU must know, by virsh's names."""
        return frozenset(name for name, told in self.told.items() if told.since is not None)


@cache
def declared() -> Mapping[str, Option]:
    """Each field of `Options`, in the order of `--help`."""
    return {name: get_args(annotation)[1] for name, annotation in Options.__annotations__.items()}


def type_of(name: str) -> Any:
    """What a field may be, as it is annotated."""
    return get_args(Options.__annotations__[name])[0]


def default_of(name: str) -> Any:
    """What a field is where nothing is given."""
    return vars(Options)[name]


def virsh_name(name: str) -> str:
    """A field as virsh calls it: "migrate-disks"."""
    return name.replace("_", "-")


def option_name(name: str) -> str:
    """A field as it is typed: "--migrate-disks"."""
    return f"--{virsh_name(name)}"


def all_told() -> Mapping[str, Told]:
    """What libvirt can be told, by virsh's names; each word of a list is one of its own too: "comp-methods=mt"."""
    found: dict[str, Told] = {}
    for name, option in declared().items():
        found |= {one.name: one.libvirt for one in option.switches}
        found[virsh_name(name)] = option.libvirt
        found |= {f"{virsh_name(name)}={word}": told for word, told in option.words.items()}
    return {name: told for name, told in found.items() if told is not NOTHING}


def _refuse_words(option: str, given: Sequence[str], words: Collection[str]) -> None:
    """Raise `UserError` for a word that a list may not have, or has twice."""
    for number, one in enumerate(given):
        if one not in words:
            raise UserError(f"{option}: {one!r} is not one of {', '.join(words)}")
        if one in given[:number]:
            raise UserError(f"{option}: {one!r} is named twice")
