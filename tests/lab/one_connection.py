"""Starts several migrations over one connection to each host, as a program does that drives them all.

python -m tests.lab.one_connection MODE SOURCE_URI DESTINATION_URI MIB_PER_S GUEST...
"""

import sys
import threading

import libvirt


def main(mode: str, source_uri: str, destination_uri: str, bandwidth: str, *guests: str) -> int:
    """Migrate these guests live, managed or p2p, all at the same time; says on standard error what ended how."""
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=_answer_keepalives, daemon=True).start()
    libvirt.registerErrorHandler(lambda *_: None, None)
    source, destination = libvirt.open(source_uri), libvirt.open(destination_uri)
    options = {libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: int(bandwidth)}

    def move(domain: libvirt.virDomain) -> None:
        try:
            if mode == "p2p":
                flags = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER
                domain.migrateToURI3(destination_uri, options, flags)
            else:
                domain.migrate3(destination, options, libvirt.VIR_MIGRATE_LIVE)
        except libvirt.libvirtError as why:
            print(f"error: {why}", file=sys.stderr, flush=True)

    running = [threading.Thread(target=move, args=(source.lookupByName(guest),)) for guest in guests]
    for one in running:
        one.start()
    for one in running:
        one.join()
    return 0


def _answer_keepalives() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
