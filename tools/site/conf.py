"""Sphinx's settings for the site: nothing is loaded from another server, and every warning is an error."""

from typing import Any

from sphinx.application import Sphinx

from preflight import __version__
from tools.site.tree import FILE_SCHEME

project = "preflight"
release = __version__
copyright = "the contributors of preflight"  # noqa: A001 # Sphinx's name
extensions = ["myst_parser"]
language = "en"
highlight_language = "none"
smartquotes = False  # they would make one dash of --option

myst_heading_anchors = 6
myst_url_schemes = {"https": None, "http": None, FILE_SCHEME: "{{path}}"}

html_theme = "furo"
html_title = f"preflight {__version__}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
html_use_index = False


def setup(app: Sphinx) -> None:
    """Add the setting `sidebar`, without which a check of the site takes less than half the time."""
    app.add_config_value("sidebar", default=True, rebuild="html")
    app.connect("html-page-context", _leave_out_sidebar, priority=400)  # before furo, which makes the sidebar of it


def _leave_out_sidebar(app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    if not app.config.sidebar:
        context["toctree"] = lambda **_: ""
