"""preflight: does this KVM guest's live migration work, before it is tried, and why not."""

__version__ = "0.1.0"
