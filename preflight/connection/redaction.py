"""Redaction of secrets in a host's answers: only redacted answers are evaluated, shown or stored.

A check of a snapshot gives the same report as the live check because both use redacted answers. Syntax, types,
elements and lines are therefore kept; only what no rule reads is blanked out. A new record that can contain a secret
needs a line in `_READERS`.
"""

import json
import re
from collections.abc import Callable, Mapping

from preflight.answers import BLANK, Record
from preflight.connection import conf_secrets, xml_secrets

#: A password in a URI, which may occur anywhere: in a message, a mount, a disk's source.
_IN_URI = re.compile(r"""(://[^\s/@:"'<>]{0,256}+:)[^\s/@"'<>]{1,1024}+@""")


#: SetEnv directives, in sshd's files and in the output of `sshd -T`.
_SETENV = re.compile(r"^([ \t]*+#?[ \t]*+setenv[ \t=]++)[^\n]++", re.IGNORECASE | re.MULTILINE)
#: A setting whose name suggests a secret, after its place, in the answer to `side_daemons`.
_PLACED_SECRET = re.compile(
    r"^(/[^:\n]{1,100}:\d{1,7}:[^=\n]{0,200}(?:pass|secret|token|credential)[^=\n]{0,200}=)[^\n]*+",
    re.IGNORECASE | re.MULTILINE,
)
#: Maximum number of secrets in URIs, or in SetEnv, of one record; a record with more is not stored.
_MOST = 20_000
#: Maximum number of files in one record; there is one for each daemon that was started with another file than its own.
_MOST_FILES = 100


def redact(name: str, record: Record) -> Record:
    """Return the record of that name without its secrets."""
    reader = _READERS.get(name)
    out = record.out if reader is None else reader(record.out)
    return record._replace(out=redact_message(out), err=redact_message(record.err))


def redact_file(path: str, text: str) -> str:
    """Return a configuration file's text without its secrets. A daemon may read a file of libvirt's from any path."""
    if path == "/etc/hosts":
        return redact_message(text)
    return redact_message(_sshds(text) if path.startswith("/etc/ssh/") else conf_secrets.without_secrets(text))


def redact_message(text: str) -> str:
    """Return any text without passwords in URIs."""
    if "://" not in text or "@" not in text:
        return text
    blanked, found = _IN_URI.subn(rf"\1{BLANK}@", text, count=_MOST)
    return blanked if found < _MOST else ""


def _sshds(text: str) -> str:
    """Redact sshd's lines; a text with more SetEnv than any real sshd is dropped."""
    blanked, found = _SETENV.subn(rf"\1{BLANK}", text, count=_MOST)
    return blanked if found < _MOST else ""


def _files(text: str) -> str:
    """Redact lines followed by files, each after a line with its name: the answers to `daemons` and `log-and-lock`."""
    lines, *files = text.split("\x1f", _MOST_FILES)
    named = (file.partition("\n") for file in files)
    return "\x1f".join((lines, *(path + end + conf_secrets.without_secrets(file) for path, end, file in named)))


def _side_daemons(text: str) -> str:
    """Redact lines of files, each after its place; none of these daemons has a setting that is secret."""
    return _PLACED_SECRET.sub(rf"\1{BLANK}", text)


def _listed(text: str) -> str:
    """Redact a JSON list whose entries contain XML."""
    try:
        return json.dumps(_walk(json.loads(text)))
    except (ValueError, RecursionError):  # not a list: parsing it fails as well
        return ""


def _walk(value: object) -> object:
    if isinstance(value, str):
        return xml_secrets.without_secrets(value) if "<" in value else value
    if isinstance(value, list):
        return [_walk(one) for one in value]
    if isinstance(value, dict):
        return {key: _walk(one) for key, one in value.items()}
    return value


_READERS: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(
        ("libvirtd.conf", "virtqemud.conf", "virtproxyd.conf", "virtlockd.conf", "qemu.conf"),
        conf_secrets.without_secrets,
    ),
    **dict.fromkeys(("daemons", "log-and-lock", "libvirt-files"), _files),
    "side-daemons": _side_daemons,
    **dict.fromkeys(("sshd_config", "sshd.effective"), _sshds),
    **dict.fromkeys(("libvirt.domains", "libvirt.networks", "libvirt.pools"), _listed),
    **dict.fromkeys(("libvirt.capabilities", "libvirt.domain-capabilities"), xml_secrets.without_secrets),
}
