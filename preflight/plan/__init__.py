"""The plan of a run: made from a report, written to a file, and compared with both hosts before it is run."""
