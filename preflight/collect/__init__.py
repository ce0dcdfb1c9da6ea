"""Asks both hosts: which questions, in which order, and which facts are parsed from the answers."""
