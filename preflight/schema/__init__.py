"""Every document that preflight reads or writes, as a pydantic model: one module a document.

Values inside the program stay msgspec's structs, which load in a hundredth of the time; this package is loaded when
such a document is touched, and never before ssh is under way.
"""

import os

# or pydantic would look for plugins of its own in everything that is installed
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
