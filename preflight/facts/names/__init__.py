"""What a host makes of names: /etc/hosts, the resolver, and the name that the other end announces."""
