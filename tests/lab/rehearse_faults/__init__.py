"""Faults that are thrown at a rehearsal, and where its guest is afterwards."""
