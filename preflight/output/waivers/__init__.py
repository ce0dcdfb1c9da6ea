"""The waivers of a site, a module for each format."""
