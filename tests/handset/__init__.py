"""The parts of an ODK Collect phone, standard library only, nothing of the server's: see `tests/phone.py`.

Items in the form C46 are the clauses of `docs/collect-contract.md`.
"""
