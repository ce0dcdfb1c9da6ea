"""How a host's text is had: live over ssh, on this machine, or from a snapshot that was taken before."""
