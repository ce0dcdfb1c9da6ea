"""Rehearsals: each guest's real migration is begun, and aborted before the guest is handed over."""
