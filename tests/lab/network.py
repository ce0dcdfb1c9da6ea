"""Makes the lab's network: a bridge in a separate namespace, and a namespace for each machine."""

import contextlib
import os
import signal
from pathlib import Path

from .instance import Instance
from .machine import command

DOMAIN = "example.com"
SWITCH_ADDRESS = "192.0.2.254"
CLIENT_ADDRESS = "192.0.2.1"


def host_address(name: str) -> str:
    """Return the address of "host1", "host2", ... in 192.0.2.0/24 (TEST-NET-1 of RFC 5737)."""
    return f"192.0.2.{10 + int(name.removeprefix('host'))}"


def hosts_file(names: list[str]) -> str:
    """Return the text of /etc/hosts that knows every host of the lab."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    lines += [f"{host_address(name)} {name}.{DOMAIN} {name}" for name in names]
    return "\n".join(lines) + "\n"


def create_switch(instance: Instance) -> None:
    """Make the namespace with the bridge; it has an address too, to serve NBD from.

    Its MAC address is fixed as well: otherwise a bridge takes the lowest one of its ports, and after a reset the other
    hosts would send to one that nobody has, for some eight seconds.
    """
    switch = instance.namespace("switch")
    command("ip", "netns", "add", switch)
    _ip(switch, "link", "set", "lo", "up")
    mac = _mac(SWITCH_ADDRESS)
    _ip(switch, "link", "add", "bridge", "address", mac, "type", "bridge", "forward_delay", "0")
    _ip(switch, "address", "add", f"{SWITCH_ADDRESS}/24", "dev", "bridge")
    _ip(switch, "link", "set", "bridge", "up")


def connect(instance: Instance, role: str, address: str) -> None:
    """Make a new namespace for `role`, its eth0 on the bridge.

    Its MAC address follows from the IP address: after a reset the neighbours' caches stay true.
    """
    switch, namespace = instance.namespace("switch"), instance.namespace(role)
    command("ip", "netns", "add", namespace)
    _ip(
        switch,
        "link",
        "add",
        role,
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "address",
        _mac(address),
        "netns",
        namespace,
    )
    _ip(switch, "link", "set", role, "master", "bridge", "up")
    _ip(namespace, "link", "set", "lo", "up")
    _ip(namespace, "address", "add", f"{address}/24", "dev", "eth0")
    _ip(namespace, "link", "set", "eth0", "up")


def _mac(address: str) -> str:
    """Return the MAC address that belongs to an IPv4 address."""
    return "02:00:" + ":".join(f"{int(part):02x}" for part in address.split("."))


def cut(instance: Instance, role: str, address: str) -> None:
    """Drop silently whatever goes between `role` and `address`, as a pulled cable does."""
    rules = f"""\
table ip cut-{address.replace(".", "-")} {{
  chain from {{ type filter hook input priority -300; ip saddr {address} drop; }}
  chain to {{ type filter hook output priority -300; ip daddr {address} drop; }}
}}
"""
    command("ip", "netns", "exec", instance.namespace(role), "nft", "-f", "-", input=rules)


def mend(instance: Instance, role: str, address: str) -> None:
    """Let pass again what `cut` dropped; without effect where nothing is cut."""
    table = f"cut-{address.replace('.', '-')}"
    command("ip", "netns", "exec", instance.namespace(role), "nft", "delete", "table", "ip", table, check=False)


def refuse(instance: Instance, role: str, address: str, port: int | None = None) -> None:
    """End each TCP connection of `role` with `address`, or with a port of it, and refuse new ones: `connect_again`."""
    to = "meta l4proto tcp" if port is None else f"tcp dport {port}"
    rules = f"""\
table ip refused {{
  chain to {{ type filter hook output priority -300; }}
}}
add rule ip refused to ip daddr {address} {to} reject with tcp reset
"""
    command("ip", "netns", "exec", instance.namespace(role), "nft", "-f", "-", input=rules)


def connect_again(instance: Instance, role: str) -> None:
    """Refuse nothing any more; without effect where nothing is refused."""
    command("ip", "netns", "exec", instance.namespace(role), "nft", "delete", "table", "ip", "refused", check=False)


def disconnect(instance: Instance, role: str) -> None:
    """Kill what runs in the namespace of `role` and take it away, if it exists."""
    namespace = instance.namespace(role)
    if not Path("/run/netns", namespace).exists():
        return
    end(instance, role)
    # Removing the veth first: with the namespace it would go at some later time, and the name
    # would still be taken when the next connect() wants it.
    if role != "switch":
        switch = instance.namespace("switch")
        command("ip", "-n", switch, "link", "delete", role, check=False)
    command("ip", "netns", "delete", namespace)


def end(instance: Instance, role: str) -> None:
    """Kill what runs in the namespace of `role`."""
    for pid in processes(instance.namespace(role)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def processes(namespace: str) -> set[int]:
    """Return every process in the network namespace, whoever started it; never this one."""
    listed = command("ip", "netns", "pids", namespace, check=False)
    return {int(pid) for pid in listed.stdout.split()} - {os.getpid()}


def _ip(namespace: str, *argv: str) -> None:
    command("ip", "-n", namespace, *argv)
