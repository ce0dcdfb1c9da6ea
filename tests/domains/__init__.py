"""libvirt's own test domains, each judged as a guest of a recorded pair of hosts: `make domains`."""
