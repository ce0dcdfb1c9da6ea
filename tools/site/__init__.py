"""The site: the pages of docs/ as HTML, by Sphinx, without a copy of any text."""
