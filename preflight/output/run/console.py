"""The console on which bars are drawn: rich steers the terminal there, and no text that it is given does."""

from collections.abc import Iterable
from typing import IO, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from preflight.stdio import Ungated
from preflight.visible import clean


class GatedConsole(Console):
    """A console on standard error that makes control characters visible in all that is printed to it."""

    def __init__(self) -> None:
        # Ungated has what rich uses of a file
        super().__init__(file=cast("IO[str]", Ungated()), force_interactive=True, highlight=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Turn a renderable into text and rich's own steering; of the text nothing steers."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(clean(segment.text), segment.style)
