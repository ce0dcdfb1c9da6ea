"""Changes of configuration files that findings ask for: worked out, held against what may be written, put in force."""
