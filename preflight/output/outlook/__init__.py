"""The steps that `migrate --resume` would take."""
