"""All that preflight prints, for people and programs: a folder a subject, a module a format."""
