"""The connection that controls a migration: who opens it, and what became of it."""
