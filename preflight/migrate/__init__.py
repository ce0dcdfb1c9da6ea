"""Runs a migration plan: moves the guests, settles what went wrong, and asks both hosts where each guest is now.

The only part of preflight that moves, starts, stops, defines or undefines a guest.
"""
