"""Memory of a host, and how much of it its guests hold."""
