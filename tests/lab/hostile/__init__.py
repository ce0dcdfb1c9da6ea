"""Real hosts of the lab, one of which is an attacker's: nothing of it may reach the other host, or the client."""
