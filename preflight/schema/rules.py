"""The output of `rules --format json`. A public contract."""

from typing import Final, Literal

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.report import Rule

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1


class Rules(Contract):
    """The rules of this version of preflight."""

    kind: Literal["rules"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    rules: tuple[Rule, ...] = Field(description="The rules, ordered by name.")


#: Reads the list.
RULES = TypeAdapter(Rules)
