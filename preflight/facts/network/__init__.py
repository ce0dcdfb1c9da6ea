"""Addresses, links and sockets of a host, and libvirt's networks and filters."""
