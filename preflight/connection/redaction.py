"""What a host answered, without the secrets in it: nothing else is judged, shown or kept.

A check of a snapshot gives the live check's report because both judge what is left. So syntax, types, elements and
lines stay; only what no rule reads is blanked out. A new record that can hold a secret gets a line in `_READERS`.
"""

import json
import re
from collections.abc import Callable, Mapping

from preflight.answers import Record
from preflight.connection import conf_secrets, xml_secrets

#: A password in a URI, which may stand anywhere: in a message, a mount, a disk's source.
_IN_URI = re.compile(r"""(://[^\s/@:"'<>]{0,256}+:)[^\s/@"'<>]{1,1024}+@""")


#: What sshd puts into the environment of each login, in its files and in what it says of itself.
_SETENV = re.compile(r"^([ \t]*+#?[ \t]*+setenv[ \t=]++)[^\n]++", re.IGNORECASE | re.MULTILINE)
#: Secrets of one record in URIs, or in the environment of logins; one that holds more is not kept.
_MOST = 20_000
#: Files in one record; there are as many as daemons that were told to read another file than their own.
_MOST_FILES = 100


def redact(name: str, record: Record) -> Record:
    """The record of that name without its secrets."""
    reader = _READERS.get(name)
    out = record.out if reader is None else reader(record.out)
    return record._replace(out=redact_message(out), err=redact_message(record.err))


def redact_file(path: str, text: str) -> str:
    """The text of a configuration file without its secrets. A daemon may read one of libvirt's from anywhere."""
    if path == "/etc/hosts":
        return redact_message(text)
    return redact_message(_sshds(text) if path.startswith("/etc/ssh/") else conf_secrets.without_secrets(text))


def redact_message(text: str) -> str:
    """Any text without the passwords of URIs."""
    if "://" not in text or "@" not in text:
        return text
    blanked, found = _IN_URI.subn(rf"\1{conf_secrets.BLANK}@", text, count=_MOST)
    return blanked if found < _MOST else ""


def _sshds(text: str) -> str:
    """Lines of sshd's; nothing of a text that sets more than any sshd would."""
    blanked, found = _SETENV.subn(rf"\1{conf_secrets.BLANK}", text, count=_MOST)
    return blanked if found < _MOST else ""


def _files(text: str) -> str:
    """Lines, and behind them files, each below a line that names it, as `questions.daemons` gives them."""
    lines, *files = text.split("\x1f", _MOST_FILES)
    named = (file.partition("\n") for file in files)
    return "\x1f".join((lines, *(path + end + conf_secrets.without_secrets(file) for path, end, file in named)))


def _listed(text: str) -> str:
    """A list in JSON whose entries hold XML."""
    try:
        return json.dumps(_walk(json.loads(text)))
    except (ValueError, RecursionError):  # no list: what is made of it is unreadable too
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
    "daemons": _files,
    **dict.fromkeys(("sshd_config", "sshd.effective"), _sshds),
    **dict.fromkeys(("libvirt.domains", "libvirt.networks", "libvirt.pools"), _listed),
    **dict.fromkeys(("libvirt.capabilities", "libvirt.domain-capabilities"), xml_secrets.without_secrets),
}
