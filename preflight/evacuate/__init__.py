"""Emptying a host: which of its guests go where, the runs that take them there, and the record of it all."""
