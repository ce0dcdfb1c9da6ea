"""A lab of real Debian hosts with libvirt, in containers on this machine, to try preflight on."""

from .client import Client
from .host import LabHost
from .image import ImageMissing
from .lab import Lab
from .machine import LabError, LabUnavailable, unavailable

__all__ = ["Client", "ImageMissing", "Lab", "LabError", "LabHost", "LabUnavailable", "unavailable"]
