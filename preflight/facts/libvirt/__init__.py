"""What a host's libvirt and QEMU are and can do, by their own word."""
