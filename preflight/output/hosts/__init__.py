"""The hosts of a fleet, as `--list-hosts` shows them."""
