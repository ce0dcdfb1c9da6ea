"""The output of `doctor --format json`. A public contract."""

from typing import Final, Literal

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import SomeText, Text, Version

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1


class Item(Contract):
    """One means of preflight."""

    name: SomeText = Field(description='What it is, such as "ssh" or "root\'s rights".')
    state: Literal["ok", "limited", "missing"] = Field(
        description="limited: some facts will be UNKNOWN; missing: nothing can be checked."
    )
    message: Text = Field(description="What was found.")
    mend: Text | None = Field(
        description="The command or the step that mends it; null if there is none, or another item's mends it too."
    )


class Host(Contract):
    """A host, as the user who is logged in sees it."""

    name: SomeText = Field(description="The name by which reports mean the host.")
    target: SomeText = Field(description="The host as preflight reaches it: a login or a libvirt URI.")
    items: tuple[Item, ...] = Field(description="The login; if it works, the rights of the user and the programs.")


class Doctor(Contract):
    """What preflight has and lacks."""

    kind: Literal["doctor"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    version: Version = Field(description="The version of preflight.")
    exit_code: Literal[0, 1, 3] = Field(
        description="0 if all is ok, 1 if anything is missing, 3 if anything is limited."
    )
    machine: tuple[Item, ...] = Field(description="The means on the machine that preflight runs on.")
    hosts: tuple[Host, ...] = Field(description="The hosts that were named.")


#: Reads the result.
DOCTOR = TypeAdapter(Doctor)
