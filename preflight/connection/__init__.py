"""Access to a host's text: live over ssh, on this machine, or from an earlier snapshot."""
