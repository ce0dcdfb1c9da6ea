"""The destination lacks a device or a program that the guest's definition calls for.

Why it matters
    Some settings need more than QEMU: a network card that must use vhost ("vhost-net was requested for an interface,
    but is unavailable"), a tap device ("Unable to open /dev/net/tun, is tun module loaded?"), a port of Open vSwitch
    ("database connection failed"), placement by numad ("Failed to query numad for the advisory nodeset"), user
    networking by passt ("Cannot find 'passt' in path"), a D-Bus display ("'dbus-daemon' is not a suitable
    dbus-daemon"), memory for SGX enclaves ("Could not open '/dev/sgx_vepc'"). The source has them, or the guest would
    not run there.

How to fix
    Load the kernel module on the destination (modprobe vhost_net, modprobe tun) and add it to /etc/modules-load.d, or
    install the package and start its service (openvswitch-switch, numad, passt, dbus-daemon).
"""

from collections.abc import Iterator

from preflight.facts import Resources
from preflight.facts.text import parse_xml
from preflight.host import Guest
from preflight.rule import Findings, Severity, on_destination, rule, unless_live

_VHOST, _TUN, _SWITCH = "/dev/vhost-net", "/dev/net/tun", "/run/openvswitch/db.sock"
_ENCLAVES = "/dev/sgx_vepc"
#: Kinds of interface for which libvirt opens a tap device.
_TAPS = ("network", "bridge", "ethernet")


@rule(
    Severity.ERROR,
    skip=unless_live,
    errors=(
        "Unable to open ..., is tun module loaded?",
        "vhost-net was requested for an interface, but is unavailable",
        "Failed to query numad for the advisory nodeset",
        "Cannot find 'passt' in path",
        "is not a suitable dbus-daemon",
        "Could not open '/dev/sgx_vepc'",
        "database connection failed",
    ),
)
def check(guest: Guest, destination: Resources) -> Findings:
    for resource, purpose, error in dict.fromkeys(_wanted(guest)):
        if not destination.has(resource):
            yield on_destination(f"{resource}, which the guest needs for {purpose}, does not exist here", error=error)


def _wanted(guest: Guest) -> Iterator[tuple[str, str, str]]:
    """Yield each resource that the guest needs, its purpose and libvirt's error without it."""
    root = parse_xml(guest.xml)
    for interface in root.iterfind("devices/interface"):
        driver, backend, target = interface.find("driver"), interface.find("backend"), interface.find("target")
        own = {} if backend is None else backend.attrib
        is_tap = interface.get("type") in _TAPS and not (target is not None and target.get("managed") == "no")
        if is_tap and "tap" not in own:
            yield _TUN, "a network card", "Unable to open /dev/net/tun, is tun module loaded?"
        asks_vhost = guest.virt_type == "kvm" and driver is not None and driver.get("name") == "vhost"
        if is_tap and asks_vhost and "vhost" not in own:
            yield _VHOST, "vhost", "vhost-net was requested for an interface, but is unavailable"
        if interface.find("virtualport[@type='openvswitch']") is not None:
            yield _SWITCH, "its port of Open vSwitch", "database connection failed"
        if own.get("type") == "passt":
            yield "passt", "user networking", "Cannot find 'passt' in path"
    if any(display.get("p2p") != "yes" for display in root.iterfind("devices/graphics[@type='dbus']")):
        yield "dbus-daemon", "its D-Bus display", "is not a suitable dbus-daemon"
    if root.find("devices/memory[@model='sgx-epc']") is not None:
        yield _ENCLAVES, "its SGX enclaves", "Could not open '/dev/sgx_vepc'"
    vcpu, numa = root.find("vcpu"), root.find("numatune/memory")
    if any(one is not None and one.get("placement") == "auto" for one in (vcpu, numa)):
        yield "numad", "its placement", "Failed to query numad for the advisory nodeset"
