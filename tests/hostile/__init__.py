"""Feeds preflight what an attacker would, by the thousand, and holds every run to the same few demands."""
