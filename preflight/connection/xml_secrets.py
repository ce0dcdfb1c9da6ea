"""Redaction of secrets in libvirt's XML of guests, networks and pools.

libvirt itself leaves out passwords of graphics and cookies of disks (VIR_DOMAIN_DEF_FORMAT_SECURE in
src/conf/domain_conf.c), but not secrets that it does not know as such. Elements and attributes are kept, as are line
numbers and, to within 64 characters, the length, because libvirt writes the whole XML to the destination's disk.
"""

import re
from collections.abc import Callable, Iterator

from preflight.answers import BLANK
from preflight.facts.guest.command_line import READ, UNMIGRATABLE, WITH_PATH

#: Maximum number of secrets that are blanked out in one text; libvirt's XML has at most 4 MiB
#: (VIR_NET_MESSAGE_STRING_MAX).
MOST = 20_000
#: Content longer than this is replaced by text whose length is a multiple of this.
_STEP = 64

#: Elements with arbitrary content: free text, boot parameters, and data for the guest's firmware.
_FREE = (
    "metadata",
    "description",
    "title",
    "cmdline",
    "initarg",
    "initenv",
    "bootloader_args",
    # of sysinfo: fw_cfg files, and SMBIOS strings, in which systemd looks for credentials
    "entry",
    # of launchSecurity
    "dhCert",
    "session",
    "idBlock",
    "idAuth",
    "hostData",
    # of disks over HTTP, should a release show them
    "cookie",
    "cookies",
)
#: Those in which programs that manage guests leave marks.
_MARKED = frozenset(("metadata", "entry"))
_OPENING = re.compile(rf"<({'|'.join(_FREE)})(?:\s[^<>]*+)?>")
#: Arguments and environment of QEMU, overridden properties, options of a pool's mount or of its Ceph.
_OPTION = re.compile(r"<[A-Za-z][\w.-]*+:(?:arg|env|property|option)\s[^<>]*+>")
_IS_ARGUMENT = re.compile(r"<[A-Za-z][\w.-]*+:arg\s")
_VALUE = re.compile(r"""(\svalue\s*+=\s*+)("[^"]*+"|'[^']*+')""")
_NAMED_VALUE = re.compile(r"""(\sname\s*+=\s*+(?P<quote>["'])[^="']*+=)[^"']++(?=(?P=quote))""")
#: Overridden property that is a number or a truth value: no secret, and libvirt refuses anything else in its place.
_TYPED = re.compile(
    r"""<[A-Za-z][\w.-]*+:property\s(?=[^<>]*\stype\s*=\s*["'](?:bool|signed|unsigned)["'])"""
    r"""[^<>]*\svalue\s*=\s*["'](?:true|false|[+-]?[0-9]{1,20})["'][^<>]*+>"""
)
#: A QEMU option without its value.
_NAME = re.compile(r"-{1,2}[A-Za-z][A-Za-z0-9_-]*")
_PATH = r"/[\w./+:@~-]{1,1000}"
_HOST = r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z._-]{0,253})"
#: Parts of an argument that are kept, since rules read them (preflight.facts.guest.command_line): paths under these
#: names, the address of a PCI device, TCP ports, and words that say what kind of device it is.
_KEPT = re.compile(
    rf"(?:path|file|filename|events|mem-path|romfile|script|sysfsdev)={_PATH}|(?:unix|file|pipe):{_PATH}"
    rf"|(?:tcp|telnet):{_HOST}:[0-9]{{1,5}}|hostfwd=(?:tcp)?:{_HOST}:[0-9]{{1,5}}-{_HOST}:[0-9]{{1,5}}"
    r"|port=[0-9]{1,5}|host=(?:localhost|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?=[^,]*:)[0-9A-Fa-f:.]{2,45})"
    r"|host=(?:[0-9A-Fa-f]{4}:)?[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7]"
    r"|server(?:=(?:on|off|yes|no))?"
    r"|socket|file|pipe|serial|parallel|tty|tap|local|rng-random|memory-backend-file|vfio-pci"
    rf"|{'|'.join(sorted(UNMIGRATABLE))}"
)
#: A part that is kept of this option alone: `data=` of a secret (-object) is its value.
_TABLES = re.compile(rf"data={_PATH}")
_TABLE_OPTION = "-acpitable"
#: Options that always have an argument, and are often given one that is secret.
_WITH_ARGUMENT = READ | frozenset(
    ("-append", "-blockdev", "-fw_cfg", "-global", "-name", "-set", "-smbios", "-spice", "-tpmdev", "-uuid", "-vnc")
)
#: A comma that separates parts; two in a row are one in a value.
_SEPARATOR = re.compile(r",(?!,)(?<!,,)")
_BARE = re.compile(_PATH)
_SOURCE = re.compile(r"<source\s[^<>]*+>")
_QUERY = re.compile(r"""(\sname\s*+=\s*+(?P<quote>["'])[^?"']*+\?)[^"']++(?=(?P=quote))""")
_PASSWORD = re.compile(r"""\s(?:passwd|password|query)\s*+=\s*+(?:"[^"<]++"|'[^'<]++')""")


def without_secrets(text: str) -> str:
    """Return the XML with every secret blanked out; it is cut off if there are too many secrets or one does not end."""
    if any(f"<{name}" in text for name in _FREE):
        text = "".join(_without_free(text))
    if ":" in text:
        text = _each(_OPTION, text, _Arguments())
    if "?" in text and "protocol=" in text:
        text = _each(_SOURCE, text, lambda tag: _QUERY.sub(rf"\1{BLANK}", tag) if "?" in tag else tag)
    if any(name in text for name in ("passwd", "password", "query")):
        text = _each(_PASSWORD, text, lambda one: f"{one.partition('=')[0]}={one[-1]}{BLANK}{one[-1]}")
    return text


def _each(pattern: re.Pattern[str], text: str, blanked: Callable[[str], str]) -> str:
    parts: list[str] = []
    at = 0
    for number, found in enumerate(pattern.finditer(text)):
        if number == MOST:
            return "".join(parts)
        parts += (text[at : found.start()], blanked(found.group()))
        at = found.end()
    return "".join((*parts, text[at:]))


def _without_free(text: str) -> Iterator[str]:
    at = 0
    for _ in range(MOST):
        found = _OPENING.search(text, at)
        if found is None:
            yield text[at:]
            return
        yield text[at : found.end()]
        at = found.end()
        if not found.group().endswith("/>"):
            end = _closing(text, found[1], at)
            if end is None:
                return
            yield _without_content(found, text[at:end])
            at = end


def _closing(text: str, name: str, at: int) -> int | None:
    """Return the end of an element's content, which may contain elements of the same name."""
    depth = 1
    for number, tag in enumerate(re.compile(rf"<(/?){name}(?=[\s/>])[^<>]*+>").finditer(text, at)):
        if number == MOST:
            break
        if tag[1]:
            depth -= 1
            if depth == 0:
                return tag.start()
        elif not tag.group().endswith("/>"):
            depth += 1
    return None


def _without_content(opening: re.Match[str], content: str) -> str:
    """Return the content without what may be secret: what shows which program manages the guest is kept."""
    if opening[1] not in _MARKED:
        return _filled(content)
    from preflight.facts.guest.orchestrator import is_mark, marks_in  # which few guests need

    if opening[1] == "entry":
        return content if is_mark(content) else _filled(content)
    marks = "".join(f'<mark xmlns="{uri}"/>' for uri in marks_in(f"{opening[0]}{content}</metadata>"))
    return marks + _filled(content, len(marks))


def _filled(content: str, less: int = 0) -> str:
    """Return text in place of the content, shorter by so many characters."""
    if not content.strip():
        return content
    lines = content.count("\n")
    size = len(content) - lines - less
    return "*" * (-(-size // _STEP) * _STEP) + "\n" * lines if size > _STEP else BLANK + "\n" * lines


def _blank(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2][0]}{BLANK}{found[2][0]}"


class _Arguments:
    """Redacts the elements of a command line, one after another: the option before decides what an argument is."""

    def __init__(self) -> None:
        self._option = ""

    def __call__(self, tag: str) -> str:
        """Return the element without its secrets."""
        if _TYPED.fullmatch(tag):
            return tag
        redacted = self._value if _IS_ARGUMENT.match(tag) else _blank
        return _VALUE.sub(redacted, _NAMED_VALUE.sub(rf"\1{BLANK}", tag))

    def _value(self, found: re.Match[str]) -> str:
        """Redact a value: names of options, and the parts of arguments that rules read, are kept."""
        quote, value = found[2][0], found[2][1:-1]
        option = self._option.replace("--", "-", 1)
        # a text that looks like an option may be the argument of one
        self._option = value if _NAME.fullmatch(value) and option not in _WITH_ARGUMENT else ""
        if self._option:
            return found.group()
        if option in WITH_PATH and _BARE.fullmatch(value):
            return found.group()
        # JSON has commas inside of texts, and what is written as an entity is not recognized
        readable = option in READ and "{" not in value and "&" not in value
        patterns = (_KEPT, _TABLES) if option == _TABLE_OPTION else (_KEPT,)
        parts = [
            part if readable and any(kept.fullmatch(part) for kept in patterns) else BLANK
            for part in _SEPARATOR.split(value)
        ]
        kept = [part for at, part in enumerate(parts) if part != BLANK or at == 0 or parts[at - 1] != BLANK]
        return f"{found[1]}{quote}{','.join(kept)}{quote}"
