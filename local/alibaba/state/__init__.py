"""Live state: moto's models, written through to the store at every change and rebuilt from it at start."""


def moto_account(account: str) -> str:
    """moto derives ids from account numbers of exactly 12 digits; Alibaba Cloud's have 16."""
    return account[-12:].rjust(12, "0")
