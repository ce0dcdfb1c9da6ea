"""Faults thrown at evacuations of a host with 20 guests to four others, and the time that an evacuation takes."""
