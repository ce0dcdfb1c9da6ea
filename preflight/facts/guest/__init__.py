"""Guests as their host's libvirt has them: XML, memory, CPU, devices, ports."""
