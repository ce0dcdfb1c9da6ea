"""One trial: a guest, what is asked of `preflight migrate`, and what must then be seen of each flag in it."""

from collections.abc import Mapping

from msgspec import Struct

from .proofs import Proof


class Trial(Struct, frozen=True, kw_only=True):
    """One run, of several flags that do not touch each other.

    Steps are "host1: COMMAND", "host2: COMMAND" or "client: COMMAND", as those of the truth.
    """

    #: What shows the effect of each flag; its name is the row's.
    proofs: Mapping[str, Proof]
    #: The options, after `preflight migrate SOURCE DESTINATION web --yes`.
    asked: tuple[str, ...] = ()
    release: str = "bookworm"
    #: The guest, as `tests.lab.LabHost.guest` makes it.
    guest: Mapping[str, object] = {}
    #: What is done before the guest is made, and after.
    before: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    #: What is done to the migration while it runs, in a shell of the host's that is ended afterwards.
    meanwhile: tuple[str, ...] = ()
    #: What is looked at afterwards; what that prints is kept for the proof.
    looks: tuple[str, ...] = ()
    #: The exit code that is expected.
    code: int = 0
    #: The options of `preflight migrate --resume`, where the run is gone on with; None where it is not.
    resume: tuple[str, ...] | None = None

    @property
    def leaves_traces(self) -> bool:
        """Report whether the hosts must be rebooted after the trial; otherwise it is enough to remove the guest."""
        return bool(self.before or self.steps or self.meanwhile or "disk" in self.guest)
