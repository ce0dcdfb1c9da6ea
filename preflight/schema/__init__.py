"""Every document that preflight reads or writes, as a pydantic model; one module per document.

Values inside the program are msgspec structs, which load in a hundredth of the time. This package is loaded when such
a document is read or written, and never before ssh has been started.
"""

import os

# otherwise pydantic would search every installed package for pydantic plugins
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
