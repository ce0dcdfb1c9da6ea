"""The certificates that libvirt's client on this machine presents over TLS; of the key, only that it exists.

The answer has the form of the answer to `questions.certificates`.
"""

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

from preflight.answers import MISSING, Record
from preflight.facts.tls.certificate_paths import CertificatePaths, in_directory, of_client
from preflight.units import MIB

_CERTIFICATE = re.compile(r"-----BEGIN [^-\n]*CERTIFICATE-----[^-]*-----END [^-\n]*CERTIFICATE-----\n?")
_LIMIT = MIB


def client_certificates(uri: str) -> Record:
    """Return the CA certificate, the client's certificate and its key, from where libvirt looks for them."""
    lines = [f"clock {time.time():.0f}"]
    for path, text, code in map(_read, _paths(uri)):
        lines += [f"file {code} {path}", *_CERTIFICATE.findall(text)]
    return Record("\n".join(lines) + "\n")


def _paths(uri: str) -> Sequence[str]:
    """Locate the files as virNetTLSContextLocateCredentials does: a user's own CA, and own certificate with its key."""
    system = of_client(uri)
    if os.geteuid() == 0 or "pkipath=" in uri:
        return system.all
    own = in_directory(str(Path("~/.pki/libvirt").expanduser()), "cacert.pem", "clientcert.pem", "clientkey.pem")
    pair = own if Path(own.certificate).exists() and Path(own.key).exists() else system
    authority = own.authority if Path(own.authority).exists() else system.authority
    return CertificatePaths(authority, pair.certificate, pair.key).all


def _read(path: str) -> tuple[str, str, int]:
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123 - a bounded read
            return path, file.read(_LIMIT), 0
    except FileNotFoundError:
        return path, "", MISSING
    except OSError:
        return path, "", 1
