"""An inventory in TOML: hosts with what is known of them, and groups of hosts and of other groups."""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.errors import UserError
from preflight.schema.document import Document, Wrong, read_values
from preflight.schema.fields import FORMS

#: The version of the format.
FORMAT: Final = 1

_NAME = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"
FORMS[_NAME] = "the name of a group"
GroupName: TypeAlias = Annotated[str, Field(pattern=_NAME)]
_Word: TypeAlias = Annotated[str, Field(min_length=1, max_length=1024)]


class Host(Document):
    """What is known of a host; whatever is left out is left to ssh and to libvirt."""

    address: _Word | None = Field(
        default=None, description="The name or address that ssh connects to, if the host's name is not that."
    )
    login: _Word | None = Field(default=None, description="The user who logs in.")
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(default=None, description="The port of sshd.")
    transport: Literal["ssh", "tls", "tcp"] | None = Field(
        default=None, description="The transport of the control connection to this host's libvirt."
    )
    migration_address: _Word | None = Field(
        default=None,
        alias="migration-address",
        description="The host name or address that the memory of guests is sent to, as with --migrateuri.",
    )
    weight: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(
        default=None,
        description="How much an evacuation prefers the host where several would do equally well; 1 if omitted.",
    )
    groups: tuple[GroupName, ...] = Field(default=(), description="The groups that the host is in.")


class Group(Document):
    """A group of hosts, which may contain other groups."""

    hosts: tuple[_Word, ...] = Field(
        default=(), description="The hosts in the group, by name; ranges such as kvm[01-16] are allowed."
    )
    groups: tuple[GroupName, ...] = Field(default=(), description="The groups whose hosts are in this group too.")


class Inventory(Document):
    """The hosts of a site."""

    hosts: dict[str, Host] = Field(
        default={}, description="What is known of each host, by name; ranges such as kvm[01-16] are allowed."
    )
    groups: dict[GroupName, Group] = Field(default={}, description="The groups, by name.")


#: Reads an inventory.
INVENTORY = TypeAdapter(Inventory)
_ONE: dict[str, TypeAdapter[Any]] = {"hosts": TypeAdapter(Host), "groups": TypeAdapter(Group)}


def parsed(values: dict[str, Any]) -> Inventory:
    """Return the model of what TOML contains; raises `UserError`, which names the table."""
    try:
        return read_values(INVENTORY, values)
    except Wrong as why:
        for kind, form in _ONE.items():
            for name, table in tables.items() if isinstance(tables := values.get(kind), dict) else ():
                try:
                    read_values(form, table)
                except Wrong as said:
                    raise UserError(f"{kind}.{name[:100]}: {said}") from None
        raise UserError(str(why)) from None
