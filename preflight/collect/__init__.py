"""Queries to both hosts: the questions, their order, and the facts that are parsed from the answers."""
