"""Diagnosis of preflight's own means: this machine, and what the login to each host may read there."""
