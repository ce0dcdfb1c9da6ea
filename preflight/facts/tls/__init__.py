"""Certificates that a migration shows and meets."""
