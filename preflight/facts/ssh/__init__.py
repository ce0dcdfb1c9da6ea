"""Logins over ssh: sshd's configuration, the keys of hosts, and how a login went."""
