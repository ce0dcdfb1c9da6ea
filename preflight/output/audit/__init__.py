"""Formats of an audit: every way between many hosts."""
