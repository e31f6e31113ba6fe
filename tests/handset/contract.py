"""How the phone complains when the server breaks the wire contract."""


class ContractBroken(AssertionError):
    """The server broke a MUST of the contract; `item` is the clause ("C6")."""

    def __init__(self, item: str, sentence: str) -> None:
        self.item = item
        super().__init__(f"{item}: {sentence}")


def demand(condition: object, item: str, sentence: str) -> None:
    """Raise ContractBroken(item) unless `condition` holds."""
    if not condition:
        raise ContractBroken(item, sentence)
