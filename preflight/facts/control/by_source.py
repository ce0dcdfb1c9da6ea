"""The source's attempt to open the control connection, as its daemon does in a peer-to-peer migration."""

import re
from typing import Annotated, Self

from preflight.answers import without_root
from preflight.facts.fact import Fact, Record, Unreadable

#: Replaces libvirt's message if virsh failed without one.
NO_REASON = "virsh gave no reason"
#: In place of an attempt that would never end.
NO_SESSION = "the ssh configuration of root has SessionType none for it"
#: ssh appends 16 letters to the path of a socket that it makes (muxserver_listen, mux.c).
_TEMPORARY = re.compile(r"(?<=unix_listener: )(\D{1,20}[^\s]{1,300})\.[0-9A-Za-z]{16}\b.{0,300}")


class PeerConnection(Fact, frozen=True, kw_only=True):
    """The attempt, as root on the source, to connect to the destination's libvirt."""

    #: libvirt's own message if the connection failed, otherwise None.
    error: str | None

    @classmethod
    def parse(cls, connect: Annotated[Record, "peer.connect"]) -> Self:
        """Parse `peer.connect`, the output of virsh on the source."""
        if connect.missing:
            raise Unreadable("the snapshot does not record whether the source can open the destination's libvirt")
        if connect.code == 0:
            return cls(error=None)
        said = [line.removeprefix("error: ").strip() for line in connect.err.splitlines() if line.strip()]
        refused = any(map(without_root, said))
        if connect.code in (126, 127) or refused or any(line.startswith("sudo: ") for line in said):
            raise Unreadable(f"the source did not try to connect: {connect.complaint or 'virsh could not be run'}")
        real = [line for line in said if line != "failed to connect to the hypervisor"]
        return cls(error=_TEMPORARY.sub(r"\1", real[-1]) if real else NO_REASON)
