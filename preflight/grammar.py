"""Grammars that names, addresses, paths and numbers from a host or a file must match before they are used.

Hosts and files are not trusted. Text that will become a name, a path or part of a command is checked against its
grammar where it enters, and is `Unreadable` if it does not match. Nothing here reads a host.
"""

import re
from functools import cached_property
from ipaddress import ip_address
from typing import Final

from preflight.answers import Unreadable
from preflight.units import MIB

#: Maximum number of characters of a rejected text that its error shows.
_SHOWN = 40


class Grammar:
    """Form of text: a pattern for the whole text, and its maximum length in characters."""

    def __init__(self, what: str, pattern: str, longest: int) -> None:
        """`what` names the form in errors, as in "a host name"; `pattern` must match in linear time."""
        self.what, self.pattern, self.longest = what, pattern, longest

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        """The compiled pattern; a run needs few of them, and no run all."""
        return re.compile(self.pattern, re.ASCII)

    def takes(self, text: str) -> bool:
        """Report whether the text has this form."""
        return len(text) <= self.longest and self._whole.fullmatch(text) is not None

    def of(self, text: str) -> str:
        """Return the text if it has this form; raise `Unreadable` otherwise."""
        if not self.takes(text):
            raise Unreadable(f"{shown(text)} is not {self.what}")
        return text


def shown(text: str) -> str:
    """Return a rejected text in quotes, shortened."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


#: A host name as in DNS and /etc/hosts. RFC 1123 does not allow underscores, but getaddrinfo(3) accepts them.
HOST_NAME: Final = Grammar("a host name", r"[A-Za-z0-9_][A-Za-z0-9._-]*", 253)
#: A user or group: useradd(8), and the domain users of SSSD and winbind ("name@domain", "DOMAIN+name").
USER: Final = Grammar("a user name", r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*\$?", 256)
#: A host that ssh logs in to: a name, or an alias in ~/.ssh/config. ssh inserts it into a ProxyCommand, which a shell
#: runs, and rejects the same characters since OpenSSH 9.6 (valid_hostname of ssh.c).
ALIAS: Final = Grammar("a host", r"""(?!-)[^][\s\x00-\x1f\x7f'`"$\\;&<>|(){},:/@%]+""", 253)
#: The user of a login, as "DOMAIN\\user", "user@domain", "host$", without what ssh rejects (valid_ruser of ssh.c).
LOGIN_USER: Final = Grammar("a user", r"""(?!-)[^\s\x00-\x1f\x7f'`"$;&<>|(){}]*[^\s\x00-\x1f\x7f'`"\\;&<>|(){}]""", 256)
#: A UUID as libvirt formats it (virUUIDFormat).
UUID: Final = Grammar("a UUID", r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", 36)
#: base64 without line breaks, as printed by `base64 -w 0`. The limit is that of one answer of a host.
BASE64: Final = Grammar("base64", r"[A-Za-z0-9+/]*={0,2}", 8 * MIB)
#: An absolute path without control characters, since answers about paths are lines. The limit is Linux' PATH_MAX.
PATH: Final = Grammar("an absolute path", r"/[^\x00-\x1f\x7f]*", 4095)
#: A guest's name: libvirt rejects "/" and newlines (virDomainDefPostParse), and it becomes a file name (NAME_MAX).
GUEST: Final = Grammar("a guest's name", r"[^/\x00-\x1f\x7f]+", 255)
#: Model, feature or vendor of a CPU, as libvirt's src/cpu_map names them ("Skylake-Server-v4", "avx512-4vnniw").
CPU_NAME: Final = Grammar("a name of a CPU model or feature", r"[A-Za-z0-9][A-Za-z0-9_.+-]*", 64)
#: The kernel's host name: any bytes, up to 64 (__NEW_UTS_LEN); "(none)" if it was never set.
NODE_NAME: Final = Grammar("a node name", r"[^\x00-\x1f\x7f]+", 64)
#: A keyword of a configuration file.
KEYWORD: Final = Grammar("a keyword", r"[A-Za-z][A-Za-z0-9_]*", 64)
#: Numbers separated by colons, as for MaxStartups.
NUMBERS: Final = Grammar("a number", r"[0-9]{1,9}(?::[0-9]{1,9}){0,2}", 29)


def is_address(text: str) -> bool:
    """Report whether the text is an IPv4 or IPv6 address, without brackets; a scope ("%eth0") may follow."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    scope = getattr(address, "scope_id", None)
    return scope is None or HOST_NAME.takes(scope)


def address(text: str) -> str:
    """Return the text if it is an IP address; raise `Unreadable` otherwise."""
    if not is_address(text):
        raise Unreadable(f"{text[:_SHOWN]!r} is not an IP address")
    return text


def host(text: str) -> str:
    """Return the text if it is a host name or an IP address without brackets; raise `Unreadable` otherwise."""
    return text if is_address(text) else HOST_NAME.of(text)
