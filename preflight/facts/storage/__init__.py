"""The storage of guests' disks, and access to it: files, devices, images, pools, servers, secrets."""

from preflight.facts.storage.block_devices import BlockDevices
from preflight.facts.storage.block_drivers import MODULES, BlockDrivers
from preflight.facts.storage.disk_ports import DiskPorts
from preflight.facts.storage.disk_servers import DiskServers
from preflight.facts.storage.image_owners import ImageOwners
from preflight.facts.storage.images import Image, Images
from preflight.facts.storage.paths import MountTable, PathStatus, Storage
from preflight.facts.storage.pools import Pools
from preflight.facts.storage.qemu_limits import QemuLimits, QemuTasks, QemuUsage
from preflight.facts.storage.qemu_user import QemuUser, above
from preflight.facts.storage.secret_digests import KeySlots, SecretDigests
from preflight.facts.storage.secrets import Needed, Secrets, needed_by

__all__ = [
    "MODULES",
    "BlockDevices",
    "BlockDrivers",
    "DiskPorts",
    "DiskServers",
    "Image",
    "ImageOwners",
    "Images",
    "KeySlots",
    "MountTable",
    "Needed",
    "PathStatus",
    "Pools",
    "QemuLimits",
    "QemuTasks",
    "QemuUsage",
    "QemuUser",
    "SecretDigests",
    "Secrets",
    "Storage",
    "above",
    "needed_by",
]
