"""Many hosts, and hosts at several times: every way between them judged, and what differs."""
