"""Many hosts: the same text is parsed once, and a rule judges the same facts once."""
