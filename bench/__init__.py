"""Measurements anyone can repeat; each prints its figures with the machine and the load they came from."""
