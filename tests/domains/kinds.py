"""Names the kinds of devices and settings that a domain is made of, as "interface vdpa" or "memoryBacking/source file".

A kind is an element with the attributes that decide whether QEMU can send its state: type, model, and the like.
"""

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

_QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"
#: Attributes that make a kind, by the element of `<devices>`: of itself, or of a child.
_DEVICES: Mapping[str, tuple[str, ...]] = {
    "disk": ("@type", "@device", "target@bus", "@model", "source@protocol"),
    "interface": ("@type", "model@type", "virtualport@type", "backend@type"),
    "hostdev": ("@mode", "@type", "@model", "source@protocol", "source/capability@type"),
    "controller": ("@type", "@model"),
    "filesystem": ("@type", "driver@type"),
    "input": ("@type", "@bus"),
    "graphics": ("@type", "gl@enable"),
    "video": ("model@type", "driver@name", "model/acceleration@accel3d", "model@blob"),
    "sound": ("@model",),
    "audio": ("@type",),
    "serial": ("@type", "target@type"),
    "parallel": ("@type",),
    "console": ("@type", "target@type"),
    "channel": ("@type", "target@type"),
    "smartcard": ("@mode", "@type"),
    "redirdev": ("@bus", "@type"),
    "rng": ("@model", "backend@model"),
    "tpm": ("@model", "backend@type"),
    "memory": ("@model",),
    "shmem": ("model@type", "@role"),
    "watchdog": ("@model",),
    "panic": ("@model",),
    "memballoon": ("@model",),
    "vsock": ("@model",),
    "iommu": ("@model",),
    "crypto": ("@model", "backend@model"),
    "hub": ("@type",),
    "nvram": (),
    "pstore": ("@backend",),
    "lease": (),
    "redirfilter": (),
}
#: The same of other elements, by their path. "*" names each child.
_SETTINGS: Mapping[str, tuple[str, ...]] = {
    ".": ("@type",),
    "os/type": ("@arch",),
    "os/loader": ("@type", "@format"),
    "os/nvram": ("@type",),
    "os/kernel": (),
    "os/smbios": ("@mode",),
    "os/acpi/table": ("@type",),
    "launchSecurity": ("@type",),
    "features/*": ("@mode", "@state"),
    "features/hyperv/*": ("@state",),
    "features/kvm/*": ("@state",),
    "features/xen/*": ("@state",),
    "cpu": ("@mode", "@migratable"),
    "cpu/cache": ("@mode",),
    "cpu/maxphysaddr": ("@mode",),
    "cpu/numa/interconnects": (),
    "cpu/feature[@name='invtsc']": ("@policy",),
    "clock": ("@offset",),
    "clock/timer": ("@name", "@present", "@track"),
    "memoryBacking/*": ("@type", "@mode"),
    "memtune": (),
    "numatune/memory": ("@mode",),
    "blkiotune": (),
    "cputune/*": (),
    "iothreads": (),
    "resource": (),
    "keywrap": (),
    "sysinfo": ("@type",),
    "seclabel": ("@type", "@model"),
    "pm/*": ("@enabled",),
    "perf": (),
    "genid": (),
    "idmap": (),
    "on_crash": (),
    f"{_QEMU}commandline": (),
    f"{_QEMU}override": (),
    f"{_QEMU}capabilities": (),
    f"{_QEMU}deprecation": (),
}
#: Settings of disks and interfaces that are kinds of their own.
_PARTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("devices/disk/driver", "disk driver", ("@type",)),
    ("devices/disk/encryption", "disk encryption", ("@format",)),
    ("devices/disk/source/encryption", "disk encryption", ("@format", "@engine")),
    ("devices/disk/source/slices/slice", "disk slice", ("@type",)),
    ("devices/disk/source/reservations", "disk reservations", ("@managed",)),
    ("devices/disk/source/dataStore", "disk dataStore", ("@type",)),
    ("devices/disk/mirror", "disk mirror", ("@job",)),
    ("devices/disk/transient", "disk transient", ("@shareBacking",)),
    ("devices/disk/iotune", "disk iotune", ()),
    ("devices/disk/backenddomain", "disk backenddomain", ()),
    ("devices/disk/throttlefilters", "disk throttlefilters", ()),
    ("devices/disk/shareable", "disk shareable", ()),
    ("devices/disk/backingStore", "disk backingStore", ("@type", "format@type")),
    ("devices/interface/teaming", "interface teaming", ("@type",)),
    ("devices/interface/filterref", "interface filterref", ()),
    ("devices/*/rom", "device rom", ("@enabled",)),
    ("devices/*/driver", "device driver", ("@iommu", "@ats", "@packed", "@page_per_vq", "@queue_reset", "@rss")),
    ("devices/*/source/reconnect", "device reconnect", ("@enabled",)),
)


def kinds(root: Element) -> frozenset[str]:
    """Return the kinds of a `<domain>`."""
    return frozenset(filter(None, _kinds(root)))


def _kinds(root: Element) -> Iterator[str]:
    for device in root.iterfind("devices/*"):
        if device.tag in _DEVICES:
            yield _named(device, device.tag, _DEVICES[device.tag])
        elif device.tag != "emulator":
            yield f"device {device.tag}"
    for path, attributes in _SETTINGS.items():
        for setting in root.iterfind(path):
            short = "domain" if path == "." else path.replace(_QEMU, "qemu:").partition("[")[0]
            yield _named(setting, short.replace("*", setting.tag), attributes)
    for path, name, attributes in _PARTS:
        for part in root.iterfind(path):
            found = _named(part, name, attributes)
            if found != "device driver":
                yield found


def _named(element: Element, name: str, attributes: tuple[str, ...]) -> str:
    values = []
    for attribute in attributes:
        child, _, key = attribute.partition("@")
        holder = element.find(child) if child else element
        value = None if holder is None else holder.get(key)
        if value is not None:
            values.append(
                value
                if name in ("disk", "interface") or key in ("type", "mode", "model", "name", "bus")
                else f"{key}={value}"
            )
    return " ".join((name, *values))
