"""The documentation site: `make docs` builds it with warnings as errors."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

from alvh import __version__

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

project = "alvh"
author = "the alvh developers"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"alvh {__version__}"

# Pages link to headings of each other: ../market.md#limits.
myst_heading_anchors = 3

# In docstrings `x` is a piece of code, as in Markdown.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say units and shapes, which types cannot
napoleon_google_docstring = False
napoleon_use_rtype = False


def setup(app: Sphinx) -> None:
    """Draw the pictures of the model pages before they are read."""
    from model_pictures import draw

    app.connect("builder-inited", lambda _: draw() and None)
