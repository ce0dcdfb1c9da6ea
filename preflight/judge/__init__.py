"""Applies rules to facts and makes the report. Only `check` talks to a host, through `preflight.collect`."""
