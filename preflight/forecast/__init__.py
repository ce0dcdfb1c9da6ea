"""Forecasts for a migration that is possible: its duration, and the number of guests that fit on the destination."""
