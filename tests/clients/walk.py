"""The vendor's client against the sandbox: every call of the client that is served, done and refused.

`walk.py SANDBOX`, where SANDBOX is the built example; see `run.py`.
"""

import sys

import alerts
import balances
import contracts
import custom_fields
import customers
import edits
import invoices
import metrics
import packages
import plain_http
import products
import rate_cards
import restart
from desk import Desk, offered, served, walked
from sandbox import Sandbox

# In this order: the later ones build on what the earlier ones made.
SUBJECTS = [
    custom_fields, customers, metrics, products, rate_cards, contracts, edits, balances, packages, invoices, alerts,
]


def main():
    binary = sys.argv[1]
    with Sandbox(binary) as sandbox:
        desk = Desk(sandbox.address)
        for subject in SUBJECTS:
            subject.walk(desk)
            print(f"  {subject.__name__}: {len(desk.exchanges)} calls so far", flush=True)
        calls = offered()
        here = served(sandbox.address, calls)
    statuses = walked(desk.exchanges, calls)
    for call in sorted(here):
        found = statuses.get(call, set())
        assert 200 in found, f"{call} is served, and not walked with success"
        assert any(status >= 400 for status in found), f"{call} is served, and not walked with a refusal"
    asked = len(desk.exchanges) + len(calls)
    assert len(sandbox.log) == asked, f"{asked} calls are {len(sandbox.log)} lines of the log"
    print(f"  {len(here)} of the client's {len(calls)} calls are served, each was done and refused")
    plain_http.walk(binary)
    restart.walk(binary)


if __name__ == "__main__":
    main()
