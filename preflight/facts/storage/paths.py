"""The files at the paths of guests' disks on a host, and their file systems."""

import re
import stat
from collections.abc import Mapping
from functools import cached_property
from typing import Self

from msgspec import Struct

from preflight.answers import without_root
from preflight.facts.fact import Fact, Record, Unreadable
from preflight.facts.text.mounts import Mount, Mounts

#: File systems that libvirt treats as shared: statfs magic, and the first libvirt release that does so (0: all
#: supported ones). From virFileIsSharedFS, src/util/virfile.c of 8.5.0; BeeGFS from the NEWS of 9.6.0.
SHARED_MAGIC: Mapping[int, int] = {
    0x6969: 0,  # NFS
    0x01161970: 0,  # GFS2
    0x7461636F: 0,  # OCFS2
    0x6B414653: 0,  # AFS
    0x517B: 0,  # SMB
    0xFF534D42: 0,  # CIFS; not 0xFE534D42, SMB2 and later
    0x00C36400: 0,  # CephFS, by the kernel; 5.1
    0x47504653: 0,  # GPFS; 5.1
    0x61636673: 0,  # ACFS; 5.10
    0x19830326: 9006000,  # BeeGFS
}
#: Those of them with coherent caches on all hosts: virFileIsClusterFS, same file.
CLUSTER_MAGIC = frozenset((0x01161970, 0x7461636F, 0x00C36400))
#: All FUSE file systems have the same magic, so libvirt checks the mount's type; it treats glusterfs like GFS2. Since
#: 5.6.
FUSE_MAGIC = 0x65735546
SHARED_FUSE = frozenset(("fuse.glusterfs", "fuse.quobyte"))
CLUSTER_FUSE = frozenset(("fuse.glusterfs",))

#: File systems on which every host sees the same inode number of a file, assigned by the server. Not CIFS: with
#: noserverino each host makes up its own numbers.
_NUMBERED_BY_SERVER = {"nfs": "nfs", "nfs4": "nfs", "ceph": "ceph"}

#: Network file systems that libvirt does not treat as shared: hosts mount the same file system from the same source.
_NETWORKED = frozenset(("cifs", "smb3", "fuse.sshfs", "fuse.ceph-fuse", "lustre", "beegfs", "fuse.mfs", "9p"))
#: All file systems on which several hosts have the same files, by the types of their mounts.
_OF_SEVERAL_HOSTS = SHARED_FUSE.union(_NUMBERED_BY_SERVER, _NETWORKED, ("gfs2", "ocfs2", "gpfs"))

_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFBLK: "block",
    stat.S_IFCHR: "character",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}
_STAT = re.compile(r"stat ([0-9a-f]{1,8}) (\d{1,20}) (\d{1,20}) (\d{1,20}) ([0-9a-f]{1,8}):([0-9a-f]{1,8})")
_FS = re.compile(r"fs ([0-9a-f]{1,16}) (\d{1,20}) (\d{1,20})(?: (\d{1,20}) (\d{1,20}) (\d{1,20})(?: (\d{1,20}))?)?")


class PathStatus(Struct, frozen=True, kw_only=True):
    """State of a path, with symbolic links followed."""

    path: str
    exists: bool
    #: file, directory, block, character, fifo, socket or other; None if nothing exists there.
    kind: str | None
    #: Bytes; 0 for a device, None if nothing exists there.
    size: int | None
    #: "major:minor" of the device that the file is on, or of the device itself if it is one; None if nothing exists
    #: there.
    device: str | None
    #: Inode number within its file system; None if nothing exists there.
    inode: int | None
    #: statfs magic of the file system, or of that of the nearest existing parent directory; None if unknown.
    fs_magic: int | None
    #: As in the mount table: "ext4", "nfs4", "fuse.glusterfs".
    fs_type: str
    #: Source of the mount, as "/dev/sda1" or "nas:/export".
    fs_source: str
    #: Bytes that root can still write to it, None if unknown; and False if it has no room for another file.
    fs_free: int | None
    fs_takes_files: bool
    #: True if the file system is read-only.
    read_only: bool

    @property
    def shared(self) -> bool:
        """True if the newest libvirt releases treat the file system as shared; see `shared_since` for older ones."""
        return self.shared_since is not None

    @property
    def shared_since(self) -> int | None:
        """The libvirt release (8.5.0 is 8005000) since which it is treated as shared; 0 for all, None for none."""
        if self.fs_magic == FUSE_MAGIC:
            return 0 if self.fs_type in SHARED_FUSE else None
        return SHARED_MAGIC.get(self._magic)

    @property
    def cluster(self) -> bool:
        """True if libvirt treats it as a file system on which a guest is safe with any cache mode."""
        if self.fs_magic == FUSE_MAGIC:
            return self.fs_type in CLUSTER_FUSE
        return self._magic in CLUSTER_MAGIC

    def is_another_than(self, other: "PathStatus") -> bool:
        """Report whether two hosts' files on network storage differ, by the inode numbers that the server assigned."""
        kind = _NUMBERED_BY_SERVER.get(self.fs_type)
        if (self.kind, other.kind) != ("file", "file") or kind is None:
            return False
        return kind == _NUMBERED_BY_SERVER.get(other.fs_type) and self.inode != other.inode

    def is_networked_with(self, other: "PathStatus") -> bool:
        """Report whether the files of two hosts are the same on network storage that libvirt does not treat as shared.

        The mount source and the size are compared, and the inode number if the server assigned it.
        """
        mounted = (self.fs_type, self.fs_source, self.kind, self.size)
        if self.fs_type not in _NETWORKED or mounted != (other.fs_type, other.fs_source, other.kind, other.size):
            return False
        return self.fs_type != "fuse.ceph-fuse" or self.inode == other.inode

    @property
    def _magic(self) -> int:
        if self.fs_magic is None:
            raise Unreadable(f"the file system of {self.path} is unknown")
        return self.fs_magic


class MountTable(Fact, frozen=True, kw_only=True):
    """The host's mounts: what is known of paths before the host is asked about them."""

    mounts: Mounts

    def is_of_several_hosts(self, path: str) -> bool:
        """Report whether other hosts can have the same file at the path; raises `Unreadable` if no mount holds it."""
        return self.mounts.holding(path).type in _OF_SEVERAL_HOSTS

    @classmethod
    def parse(cls, mounts: Record) -> Self:
        """Parse /proc/self/mountinfo."""
        return cls(mounts=Mounts.read(mounts.required()))


class Storage(Fact, frozen=True, kw_only=True, dict=True):
    """State of the paths that the host was asked about."""

    #: Answer lines for each path: that of stat (or its error), then that of the file system.
    answers: Mapping[str, tuple[str, ...]]
    #: Directories whose entries were all reported.
    listed: frozenset[str]
    #: The reason why no answer about a path that exists could be given; None if root's rights were not missing.
    no_rights: str | None
    mounts: Mounts

    @classmethod
    def parse(cls, paths: Record, mounts: Record) -> Self:
        """Parse the answers to `questions.stat_paths` and /proc/self/mountinfo."""
        answers: dict[str, tuple[str, ...]] = {}
        path = None
        listed: set[str] = set()
        for line in [] if paths.missing else paths.out.split("\n"):
            if line.startswith("path "):
                path = line.removeprefix("path ")
                answers.setdefault(path, ())
            elif line.startswith("listed "):
                listed.add(line.removeprefix("listed "))
                path = None
            elif path is not None and line and line not in answers[path]:
                answers[path] += (line,)
        no_rights = next(filter(None, map(without_root, paths.err.splitlines())), None)
        return cls(
            answers=answers, listed=frozenset(listed), no_rights=no_rights, mounts=Mounts.read(mounts.required())
        )

    def look(self, path: str) -> PathStatus:
        """Return the state of the path; raises `Unreadable` if the host was not asked or could not answer."""
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._look(path)
        return known

    @cached_property
    def _known(self) -> dict[str, PathStatus]:
        """What was found out already: several rules look at the same paths."""
        return {}

    def _look(self, path: str) -> PathStatus:
        lines = self.answers.get(path)
        if lines is None and path.rpartition("/")[0] in self.listed and "\n" not in path:
            return _status(path, None, self.mounts.holding(path))
        if lines is None:
            raise Unreadable(f"{path}: {self.no_rights}" if self.no_rights else f"the host was not asked about {path}")
        if not lines:
            raise Unreadable(f"the answer about {path} is truncated")
        if refused := next(filter(None, map(without_root, lines)), None):
            raise Unreadable(f"{path}: {refused}")
        if sum(not line.startswith("fs ") for line in lines) > 1:  # a path with a newline looks like two
            raise Unreadable(f"the host gave two different answers about {path}")
        fs = next(filter(None, map(_FS.match, lines)), None)
        found = _STAT.fullmatch(lines[0])
        if found is None:
            if lines[0].endswith((": No such file or directory", ": Not a directory")):
                return _status(path, fs, self.mounts.holding(path))
            raise Unreadable(f"{path}: {lines[0].rpartition(': ')[2]}")
        mode, size, number, inode = int(found[1], 16), int(found[2]), int(found[3]), int(found[4])
        kind = _KINDS.get(stat.S_IFMT(mode), "other")
        lies_on = _device(number)
        device = f"{int(found[5], 16)}:{int(found[6], 16)}" if kind in ("block", "character") else lies_on
        mount = self.mounts.holding(path, lies_on)
        return _status(path, fs, mount, kind=kind, size=size, device=device, inode=inode)


def _status(
    path: str,
    fs: re.Match[str] | None,
    mount: Mount,
    *,
    kind: str | None = None,
    size: int | None = None,
    device: str | None = None,
    inode: int | None = None,
) -> PathStatus:
    return PathStatus(
        path=path,
        exists=kind is not None,
        kind=kind,
        size=size,
        device=device,
        inode=inode,
        fs_magic=int(fs[1], 16) if fs else None,
        fs_type=mount.type,
        fs_source=mount.source,
        fs_free=_free(fs, mount.type) if fs and fs[4] else None,
        # a file system that allocates inodes as needed, such as btrfs, reports none at all
        fs_takes_files=not (fs and fs[4] and int(fs[5]) and not int(fs[6])),
        read_only=mount.read_only,
    )


def _free(fs: re.Match[str], kind: str) -> int:
    """Return the number of bytes that root can still write.

    Only ext2 to ext4 reserve blocks for root. ext4 includes in them the blocks that it reserves for itself: 2 % of all
    blocks, at most 4096 (ext4_set_resv_clusters and ext4_statfs, fs/ext4/super.c of Linux 6.1). The number of blocks
    that it reports does not include its tables and its journal, so 3 % of that number is assumed.
    """
    size, free, for_root = int(fs[2]), int(fs[3]), int(fs[4])
    if kind not in ("ext2", "ext3", "ext4"):
        return size * free
    own = min(int(fs[7] or 0) * 3 // 100, 4096) if kind == "ext4" else 0
    return size * max(free, for_root - own)


def _device(number: int) -> str:
    """Split st_dev as gnu_dev_major and gnu_dev_minor of glibc do."""
    major = (number >> 8) & 0xFFF | (number >> 32) & 0xFFFFF000
    minor = number & 0xFF | (number >> 12) & 0xFFFFFF00
    return f"{major}:{minor}"
