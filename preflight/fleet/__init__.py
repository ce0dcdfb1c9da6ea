"""Several hosts, or one host at several times: what differs between them."""
