"""Packages of preflight for Debian, and a root file system with it for containers."""
