"""The console on which bars are drawn: rich controls the terminal there, and the text that it is given does not."""

from collections.abc import Iterable
from typing import IO, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from preflight.stdio import Ungated
from preflight.visible import clean


class GatedConsole(Console):
    """A console on standard error that makes control characters visible in everything that is printed to it."""

    def __init__(self) -> None:
        # Ungated has the methods of a file that rich uses
        super().__init__(file=cast("IO[str]", Ungated()), force_interactive=True, highlight=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Turn a renderable into text and rich's own control codes; the text contains none."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(clean(segment.text), segment.style)
