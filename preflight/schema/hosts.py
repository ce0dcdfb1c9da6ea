"""The output of `--list-hosts --format json`. A public contract."""

from typing import Final, Literal

from pydantic import Field, TypeAdapter

from preflight.schema.document import Contract
from preflight.schema.fields import Moment, SomeText, Text

#: The version of the contract. It changes only when something is removed or changes its meaning.
FORMAT: Final = 1


class BySsh(Contract):
    """What ssh makes of a host's name, with the user's ~/.ssh/config; texts that are not known are empty."""

    hostname: Text = Field(description="The name or address that ssh connects to.")
    user: Text = Field(description="The user who logs in.")
    port: Text = Field(description="The port.")
    jump: Text = Field(description="The jump hosts; empty if there are none.")
    failure: Text = Field(description="Why ssh does not know these; empty if it does.")


class Host(Contract):
    """One host that the command is about."""

    name: SomeText = Field(description="The name by which reports mean the host.")
    target: SomeText = Field(description="The host as preflight reaches it: a login, a libvirt URI or a file.")
    login: Text | None = Field(description="The user who logs in; null if ssh decides that.")
    transport: Literal["ssh", "tls", "tcp", "unix"] | None = Field(
        description="The transport of the control connection that the argument or the inventory asks for, or null."
    )
    migration_address: Text | None = Field(
        description="The host name or address that the memory of guests is sent to; null if libvirt decides that."
    )
    weight: float = Field(
        description="A number by which an evacuation prefers the host where several would do equally well."
    )
    groups: tuple[Text, ...] = Field(description="The groups that the host is in, directly or through other groups.")
    snapshot: Text | None = Field(description="The file that has the host's answers; null if the host is asked.")
    taken: Moment | None = Field(
        description="Time of the snapshot, in seconds since the epoch; null for a host that is asked, and if unknown."
    )
    named_in: Text = Field(description="The first place that names the host.")
    ssh: BySsh | None = Field(description="What ssh makes of the name; null for a host that is not reached by ssh.")


class Hosts(Contract):
    """The hosts that a command is about."""

    kind: Literal["hosts"] = Field(description="The kind of document.")
    format: Literal[1] = Field(description="The version of this contract.")
    hosts: tuple[Host, ...] = Field(description="The hosts, each once, in the order in which they are named.")
    notes: tuple[Text, ...] = Field(description="One line for each host that was named more than once.")


#: Reads the list.
HOSTS = TypeAdapter(Hosts)
