"""Machinery that facts parse text with: augeas, libvirt's files and XML, where a value stood, listings."""
