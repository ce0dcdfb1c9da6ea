"""Rehearsals: each guest's real migration is begun, and taken back before anything is handed over."""
