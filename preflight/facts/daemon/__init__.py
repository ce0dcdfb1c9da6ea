"""libvirt's daemons: which run, what their configuration says, and what it allows."""
