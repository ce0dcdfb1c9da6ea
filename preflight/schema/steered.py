"""What `preflight steer` was told to do to the migrations of a run: a file of JSON lines beside the run's journal."""

from typing import Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from preflight.schema.document import Document
from preflight.schema.fields import Moment, Said, Uuid, Word

#: The version of the format.
FORMAT: Final = 1

#: The values of `migrate.orders.Act` and `migrate.orders.State`; a test compares them.
ActName: TypeAlias = Literal["bandwidth", "max-downtime", "postcopy", "abort"]
StateName: TypeAlias = Literal["ordered", "done", "refused"]


class Line(Document):
    """One change to one guest's migration: first that it is ordered, then what libvirt answered."""

    at: Moment = Field(description="Time of the line, in seconds since the epoch.")
    guest: Uuid = Field(description="UUID of the guest.")
    act: ActName = Field(description="The change.")
    value: int | None = Field(
        default=None, ge=1, lt=2**63, description="MiB/s of a bandwidth, or milliseconds of a downtime; null otherwise."
    )
    by: Word = Field(description="Who ordered it, and on which machine.")
    state: StateName = Field(description="ordered: before libvirt is asked. done, refused: what libvirt answered.")
    why: Said = Field(default="", description="libvirt's refusal.")


#: Reads a line.
LINE = TypeAdapter(Line)
