"""The CPU of a host, and what its hypervisor can give to guests."""
