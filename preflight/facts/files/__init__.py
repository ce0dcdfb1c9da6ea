"""Configuration files as text, for `preflight lint`: nothing has to run, and the host need not exist yet."""

from preflight.facts.files.accounts import FileAccounts
from preflight.facts.files.ignored import IgnoredFileKeys
from preflight.facts.files.invalid import InvalidFiles
from preflight.facts.files.text_faults import Reader, TextFault, TextFaults

__all__ = ["FileAccounts", "IgnoredFileKeys", "InvalidFiles", "Reader", "TextFault", "TextFaults"]
