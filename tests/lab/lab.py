"""The lab as a whole: hosts, a client and the network between them, from nothing to nothing."""

import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from . import cgroup, network
from .client import Client
from .host import LabHost
from .image import image
from .instance import Instance
from .keys import Keys
from .machine import LabError, LabUnavailable, make_room, unavailable
from .recipes import ImageName, image_name


class Lab:
    """One instance of the lab; two with different names do not notice each other."""

    def __init__(self, name: str | None = None) -> None:
        """Name the instance; without a name PREFLIGHT_LAB names it, or it is "lab"."""
        self.instance = Instance(name or os.environ.get("PREFLIGHT_LAB") or "lab")
        self.client = Client(self.instance)
        self.hosts: dict[str, LabHost] = {}
        self.boot_seconds = 0.0

    @classmethod
    def attach(cls, name: str | None = None) -> "Lab":
        """Return the running lab that another process brought up; raises LabError when there is none."""
        lab = cls(name)
        try:
            names = json.loads((lab.instance.state / "lab.json").read_text())
        except FileNotFoundError:
            raise LabError(f"lab instance {lab.instance.name!r} is not up") from None
        lab._make_hosts([image_name(name) for name in names])
        return lab

    def up(self, images: Sequence[ImageName]) -> None:
        """Boot host1, host2, ... of these images, at once; clear leftovers first.

        Raises LabUnavailable when this machine cannot, or another process has the instance.
        """
        reason = unavailable()
        if reason is not None:
            raise LabUnavailable(reason)
        self.instance.lock()
        make_room()
        try:
            self._clear()
            for name in sorted(set(images)):
                image(name)
            began = time.monotonic()
            self._up(list(images))
            self.boot_seconds = time.monotonic() - began
        except BaseException:
            self.down()
            raise

    def reset(self, hosts: Sequence[LabHost]) -> None:
        """Reboot these hosts, all at once."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(LabHost.reset, hosts))

    def down(self) -> None:
        """Take everything away that this instance made, and give the instance back."""
        self.instance.lock()
        try:
            self._clear()
        finally:
            self.hosts = {}
            self.instance.unlock()

    def leave(self) -> None:
        """Let the lab run on without this process: `attach` finds it again."""
        self.instance.unlock()

    def __enter__(self) -> Self:
        """Give the lab itself; `up` is the caller's."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the lab down, whatever happened."""
        self.down()

    def _up(self, images: list[ImageName]) -> None:
        self.instance.mount()
        self._make_hosts(images)
        names = list(self.hosts)
        Keys(self.instance.keys).make(["client", *names])
        network.create_switch(self.instance)
        self.client.start(names)
        for host in self.hosts.values():
            host.start()
        with ThreadPoolExecutor() as pool:
            list(pool.map(LabHost.wait, self.hosts.values()))
        (self.instance.state / "lab.json").write_text(json.dumps(images))

    def _make_hosts(self, images: list[ImageName]) -> None:
        names = [f"host{number}" for number in range(1, len(images) + 1)]
        self.hosts = {
            name: LabHost(self.instance, name, made_from, names) for name, made_from in zip(names, images, strict=True)
        }

    def _clear(self) -> None:
        """Remove whatever bears this instance's name; a crashed run's as well as our own."""
        cgroup.remove(self.instance.group)
        prefix = self.instance.namespace("")
        roles = [name.removeprefix(prefix) for name in self.instance.namespaces()]
        for role in sorted(roles, key=lambda role: role == "switch"):
            network.disconnect(self.instance, role)
        self.instance.unmount()
