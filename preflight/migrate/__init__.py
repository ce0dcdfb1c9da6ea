"""Runs a migration plan: moves guests, settles what went wrong, and looks at both hosts for what became of each.

The only part of preflight that moves, starts, stops, defines or undefines a guest.
"""
