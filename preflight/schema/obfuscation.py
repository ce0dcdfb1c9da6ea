"""The map of an obfuscation: which names and addresses became which. A private file that only preflight writes."""

from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from preflight.schema.document import Document
from preflight.schema.fields import Text

#: The version of the format.
FORMAT: Final = 1


class Map(Document):
    """What became of each name and address in the files of one map."""

    preflight_obfuscation: Literal[1] = Field(description="The version of this format.")
    key: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] = Field(
        description="The key from which addresses follow: whoever has it can undo them."
    )
    names: dict[str, Text] = Field(description="New names of hosts, domains and guests, by old name in lower case.")
    addresses: dict[str, Text] = Field(description="New addresses, by old address.")


#: Reads a map.
MAP = TypeAdapter(Map)
