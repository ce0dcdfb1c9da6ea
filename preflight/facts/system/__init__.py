"""The system below libvirt: who the host is, its releases and its clock."""
