"""The shell functions that hosts are sent, each run under dash and under bash, as a host would run it."""
