"""Generators for the repository's documents."""
