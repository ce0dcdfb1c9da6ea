"""Rules and facts in, a report out. Nothing here talks to a host but `check`, by way of `preflight.collect`."""
