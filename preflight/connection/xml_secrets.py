"""Secrets in libvirt's XML of guests, networks and pools, taken out of the text.

libvirt leaves out passwords of graphics and cookies of disks by itself (VIR_DOMAIN_DEF_FORMAT_SECURE in
src/conf/domain_conf.c); what it knows nothing about it shows. Elements and attributes stay, as do the numbers of lines
and, to within 64 characters, the length: libvirt writes the whole XML on the destination's disk.
"""

import re
from collections.abc import Callable, Iterator

from preflight.connection.conf_secrets import BLANK

#: Secrets of one text that are blanked out; libvirt's XML is no longer than 4 MiB (VIR_NET_MESSAGE_STRING_MAX).
MOST = 20_000
#: A content longer than this is blanked to a length that is a multiple of it.
_STEP = 64

#: Elements whose content is anybody's: free text, boot parameters, and what is handed to the guest's firmware.
_FREE = (
    "metadata",
    "description",
    "title",
    "cmdline",
    "initarg",
    "initenv",
    "bootloader_args",
    # of sysinfo: fw_cfg files, and SMBIOS' strings, in which systemd looks for credentials
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
_OPENING = re.compile(rf"<({'|'.join(_FREE)})(?:\s[^<>]*+)?>")
#: Arguments and environment of QEMU, properties that are overridden, options of a pool's mount or of its Ceph.
_OPTION = re.compile(r"<[A-Za-z][\w.-]*+:(?:arg|env|property|option)\s[^<>]*+>")
_VALUE = re.compile(r"""(\svalue\s*+=\s*+)("[^"]*+"|'[^']*+')""")
_NAMED_VALUE = re.compile(r"""(\sname\s*+=\s*+(?P<quote>["'])[^="']*+=)[^"']++(?=(?P=quote))""")
#: An option of QEMU's without its value.
_NAME = re.compile(r"-{1,2}[A-Za-z][A-Za-z0-9-]*")
_SOURCE = re.compile(r"<source\s[^<>]*+>")
_QUERY = re.compile(r"""(\sname\s*+=\s*+(?P<quote>["'])[^?"']*+\?)[^"']++(?=(?P=quote))""")
_PASSWORD = re.compile(r"""\s(?:passwd|password|query)\s*+=\s*+(?:"[^"<]++"|'[^'<]++')""")


def without_secrets(text: str) -> str:
    """The XML with every secret blanked out; where too many stand in it, and where one does not end, cut off there."""
    if any(f"<{name}" in text for name in _FREE):
        text = "".join(_without_free(text))
    if ":" in text:
        text = _each(_OPTION, text, lambda tag: _VALUE.sub(_option, _NAMED_VALUE.sub(rf"\1{BLANK}", tag)))
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
            yield _filled(text[at:end])
            at = end


def _closing(text: str, name: str, at: int) -> int | None:
    """Where an element's content ends; elements of the same name may stand in it."""
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


def _filled(content: str) -> str:
    if not content.strip():
        return content
    lines = content.count("\n")
    size = len(content) - lines
    return "*" * (-(-size // _STEP) * _STEP) + "\n" * lines if size > _STEP else BLANK + "\n" * lines


def _option(found: re.Match[str]) -> str:
    """An argument's value: the name of an option stays, nothing else does."""
    value = found[2]
    return found.group() if _NAME.fullmatch(value[1:-1]) else f"{found[1]}{value[0]}{BLANK}{value[0]}"
