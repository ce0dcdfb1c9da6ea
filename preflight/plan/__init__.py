"""A run as it will be done, made of a report that says it can be: made, kept in a file, and compared with its hosts."""
