"""What a host's packet filter does with a new connection."""
