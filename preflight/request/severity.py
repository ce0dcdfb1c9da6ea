"""The severities of findings."""

import enum


class Severity(enum.StrEnum):
    """The severity of a finding, as observed in the lab."""

    #: The migration fails, or is unsafe for the guest.
    ERROR = "error"
    #: The migration works, but is slower, riskier or outside the vendor's support.
    WARNING = "warning"
    #: Worth knowing.
    INFO = "info"

    @property
    def rank(self) -> int:
        """Return 0 for INFO, 1 for WARNING, 2 for ERROR."""
        return ("info", "warning", "error").index(self.value)
