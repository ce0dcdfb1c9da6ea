"""Changes of configuration files that findings ask for: computed, checked against what may be written, and applied."""
