"""HTML pages: self-contained files to be read in a browser, printed, and attached to a change ticket."""
