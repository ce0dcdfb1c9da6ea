"""Channel to this machine: a local shell, without ssh."""

from preflight.connection.shell import ShellChannel


class LocalChannel(ShellChannel):
    """Local `sh -s`, run as the user who runs preflight."""

    libvirt_command: str | None = None
    client_config = None

    def __init__(self, prelude: str, *, timeout: float) -> None:
        super().__init__(["sh", "-s"], prelude, timeout=timeout, own_group=True)

    def wait_until_shared(self) -> bool:
        """Report False: there is no login."""
        return False
