"""Phones that post while the server is killed, and what must be true of its data afterwards: see `tests/crash.py`."""
