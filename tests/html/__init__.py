"""HTML reports opened in a browser, by `make test-html`."""
