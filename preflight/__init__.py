"""preflight: check whether a KVM guest's live migration will work before it is tried, and if not, why."""

__version__ = "0.1.0"
