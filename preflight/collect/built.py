"""libvirt's answers about the definitions of guests, by digest: several peers may have guests of the same name."""

import json
from collections.abc import Mapping

from preflight.answers import Record
from preflight.connection.files_read import digest_of

#: The record of a snapshot with libvirt's answers about the guests of the host's peers.
BUILT_BY_DIGEST = "libvirt.built-by-digest"


def built_of(record: Record, definitions: Mapping[str, str]) -> Record:
    """Return libvirt's answer about these guests, by name, from the answer by digest: about those that it has."""
    try:
        errors = json.loads(record.out)["errors"]
        found = {name: errors[digest_of(xml)] for name, xml in definitions.items() if digest_of(xml) in errors}
    except (ValueError, KeyError, TypeError, RecursionError):
        return record
    return Record(json.dumps({"errors": found}))
