"""Drives the lab by hand: python -m tests.lab up, client -- CMD, exec HOST -- CMD, down."""

import argparse
import os
import sys
from typing import get_args

from .guest import Disk
from .image import build
from .lab import Lab
from .machine import LabError
from .recipes import RECIPES, image_name


def main() -> int:
    """Parse the command line and do what it says; 1 when the lab cannot."""
    given = _parser().parse_args()
    try:
        return _do(given)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _do(given: argparse.Namespace) -> int:
    if given.command == "up":
        lab = Lab()
        lab.up([image_name(name) for name in given.images] or ["bookworm", "bookworm"])
        lab.leave()
        print(f"up in {lab.boot_seconds:.1f} s")
        return _list(lab)
    if given.command == "build":
        for name in given.images:
            print(build(image_name(name)), flush=True)
        return 0
    if given.command == "down":
        Lab().down()
        return 0
    lab = Lab.attach()
    if given.command == "list":
        return _list(lab)
    if given.command == "client":
        return _become([*lab.client.entering(), *given.argv])
    if given.host not in lab.hosts:
        raise LabError(f"no host {given.host!r} here, but {', '.join(lab.hosts)}")
    host = lab.hosts[given.host]
    if given.command == "exec":
        return _become([*host.entering(), *given.argv])
    if given.command == "reset":
        host.reset()
    else:
        host.guest(
            given.name,
            memory_mib=given.memory,
            dirty_mib_per_s=given.dirty,
            disk=given.disk,
            machine=given.machine,
            running=not given.off,
            persistent=not given.transient,
        )
    return 0


def _list(lab: Lab) -> int:
    for host in lab.hosts.values():
        print(f"{host.name}  {host.fqdn}  {host.address}  {host.image_name}")
    print(f"client  {lab.client.address}")
    return 0


def _become(argv: list[str]) -> int:
    """Turn into `argv`, so that it has this terminal and its exit status is ours."""
    sys.stdout.flush()
    os.execvp(argv[0], argv)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="boot hosts, and leave them running")
    up.add_argument("images", nargs="*", metavar="IMAGE", help=f"one per host: {', '.join(RECIPES)} (two bookworm)")
    made = commands.add_parser("build", help="build images that are missing, and print where each is")
    made.add_argument("images", nargs="+", metavar="IMAGE", help=", ".join(RECIPES))
    commands.add_parser("down", help="take everything away")
    commands.add_parser("list", help="name the hosts that run")
    client = commands.add_parser("client", help="run a command where preflight runs")
    client.add_argument("argv", nargs="+", metavar="CMD")
    execute = commands.add_parser("exec", help="run a command in a host, as root")
    execute.add_argument("host")
    execute.add_argument("argv", nargs="+", metavar="CMD")
    reset = commands.add_parser("reset", help="discard a host and boot a new one")
    reset.add_argument("host")
    guest = commands.add_parser("guest", help="make a guest on a host")
    guest.add_argument("host")
    guest.add_argument("name")
    guest.add_argument("--memory", type=int, default=64, metavar="MIB")
    guest.add_argument("--dirty", type=float, default=0, metavar="MIB_PER_S")
    guest.add_argument("--disk", choices=get_args(Disk), default="readonly")
    guest.add_argument("--machine", help="a machine type other than pc")
    guest.add_argument("--off", action="store_true", help="define it only")
    guest.add_argument("--transient", action="store_true", help="create it without defining it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
