"""Every configuration file of libvirt on a host, for rules of a site's own."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from preflight.answers import MISSING
from preflight.facts.fact import OPTIONAL, Fact, Record, Unreadable
from preflight.facts.text.libvirt_conf import Conf, Value, parse_conf
from preflight.facts.text.located import Located

#: The directory of the files.
_DIRECTORY = "/etc/libvirt"


class LibvirtFiles(Fact, frozen=True, kw_only=True):
    """The files in /etc/libvirt as they are; the running daemons may have read older ones, or none of them."""

    #: By name, as "virtlogd.conf". A file that does not exist is not `present`.
    files: Mapping[str, Conf]
    #: Why others could not be read, by name.
    unread: Mapping[str, str]

    def conf(self, name: str) -> Conf:
        """Return a file; raises `Unreadable` if it could not be read, or is none of those that are asked for."""
        if name in self.files:
            return self.files[name]
        raise Unreadable(self.unread.get(name) or f"{_DIRECTORY}/{name} is not asked for")

    def get(self, name: str, key: str) -> Located[Value] | None:
        """Return the value of a key in a file, None if it is not set; raises `Unreadable` if that is not known."""
        return self.conf(name).get(key)

    @classmethod
    def parse(
        cls,
        libvirtd_conf: Annotated[Record, "libvirtd.conf", OPTIONAL],
        virtqemud_conf: Annotated[Record, "virtqemud.conf", OPTIONAL],
        virtproxyd_conf: Annotated[Record, "virtproxyd.conf", OPTIONAL],
        virtlockd_conf: Annotated[Record, "virtlockd.conf", OPTIONAL],
        qemu_conf: Annotated[Record, "qemu.conf", OPTIONAL],
        libvirt_files: Annotated[Record, "libvirt-files", OPTIONAL],
    ) -> Self:
        """Parse each file that could be read."""
        records = {
            "libvirtd.conf": libvirtd_conf,
            "virtqemud.conf": virtqemud_conf,
            "virtproxyd.conf": virtproxyd_conf,
            "virtlockd.conf": virtlockd_conf,
            "qemu.conf": qemu_conf,
            **dict.fromkeys(OTHERS, _unanswered(libvirt_files)),
            **{path.removeprefix(f"{_DIRECTORY}/"): record for path, record in of_answer(libvirt_files)},
        }
        files: dict[str, Conf] = {}
        unread: dict[str, str] = {}
        for name, record in records.items():
            try:
                files[name] = parse_conf(f"{_DIRECTORY}/{name}", record)
            except Unreadable as why:
                unread[name] = str(why)
        return cls(files=files, unread=unread)


#: Files that the question `libvirt_files` is about.
OTHERS = (
    "virtlogd.conf",
    "virtnetworkd.conf",
    "virtstoraged.conf",
    "virtsecretd.conf",
    "virtnodedevd.conf",
    "virtnwfilterd.conf",
    "virtinterfaced.conf",
    "network.conf",
    "qemu-lockd.conf",
    "qemu-sanlock.conf",
    "libvirt.conf",
)
_PATHS = frozenset(f"{_DIRECTORY}/{name}" for name in OTHERS)


def _unanswered(record: Record) -> Record:
    """Return the record of a file that is not in the answer."""
    return Record("", 1, record.err if record.code else "the answer about libvirt's files is incomplete")


def of_answer(record: Record) -> Iterator[tuple[str, Record]]:
    """Yield path and record of each file of the answer: a line with the path, the text, and the code of reading it."""
    for block in record.out.split("\x1f")[1:]:
        path, _, rest = block.partition("\n")
        text, mark, code = rest.rpartition("\x1e")
        if not mark or path not in _PATHS:
            continue
        if code.strip() == "0":
            yield path, Record(text)
        elif code.strip() == str(MISSING):
            yield path, Record("", MISSING)
        else:
            yield path, Record("", 1, f"{path} could not be read")
