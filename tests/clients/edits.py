"""Edits of a contract, and their history."""

from metronome import BadRequestError, ConflictError

import contracts
from contracts import END, START
from desk import NOBODY

LATER = "2029-02-01T00:00:00Z"


def walk(desk):
    calls = desk.client.v2.contracts
    this = {"customer_id": desk.made["customer"], "contract_id": desk.made["plain"]}
    asked = contracts.settings(desk)
    kinds = {**contracts.balances(desk), **contracts.prices(desk)}
    added = {f"add_{kind}": parts for kind, parts in kinds.items()}
    added["add_reseller_royalties"] = asked["reseller_royalties"]
    for threshold in ("spend_threshold_configuration", "prepaid_balance_threshold_configuration"):
        added[f"add_{threshold}"] = asked[threshold]
    first = desk.done(calls.edit, **this, **added, uniqueness_key="e-1").data
    assert len(first.edit.add_commits) == len(kinds["commits"])
    refusal = desk.refused(ConflictError, "uniqueness key", calls.edit, **this, uniqueness_key="e-1")
    assert refusal.body["conflicting_id"] == first.id
    refusal = desk.refused(BadRequestError, NOBODY, calls.edit, **{**this, "contract_id": NOBODY})
    assert refusal.body["code"] == "ContractNotFound"
    update(desk, this)
    archive(desk, this)
    history = desk.done(calls.get_edit_history, **this).data
    assert [one.id for one in history if one.uniqueness_key == "e-1"] == [first.id]
    assert len(history) == 3
    refusal = desk.refused(BadRequestError, NOBODY, calls.get_edit_history, **{**this, "contract_id": NOBODY})
    assert refusal.body["code"] == "ContractNotFound"
    desk.done(calls.retrieve, **this, as_of_date=first.edit.timestamp)
    desk.done(desk.client.v1.contracts.retrieve, **this)


def update(desk, this):
    calls = desk.client.v2.contracts
    read = desk.done(calls.retrieve, **this).data
    segment = {"amount": 9, "starting_at": START, "ending_before": END}
    terms = {"name": "Other", "description": "Another", "priority": 3, "rollover_fraction": 0.5,
             "access_schedule": {"add_schedule_items": [segment]}, "netsuite_sales_order_id": "NS 2",
             "hierarchy_configuration": {"child_access": {"type": "NONE"}}}
    access = {"access_amount": {"unit_price": 6, "quantity": 3}, "ending_before": END}
    more = {"invoice_schedule": {"add_schedule_items": [{"timestamp": LATER, "amount": 7}]}}
    commit, credit = read.commits[0], read.credits[0]
    seats = next(one for one in read.subscriptions if one.quantity_management_mode == "SEAT_BASED")
    counted = next(one for one in read.subscriptions if one.id != seats.id)
    charge = to_come(read)
    told = desk.done(
        calls.edit,
        **this,
        update_commits=[{"commit_id": commit.id, **terms}],
        update_credits=[{"credit_id": credit.id, **terms, "access_schedule": {
            "update_schedule_items": [{"id": credit.access_schedule.schedule_items[0].id, "amount": 7}]}}],
        update_recurring_commits=[{"recurring_commit_id": read.recurring_commits[0].id, **access}],
        update_recurring_credits=[{"recurring_credit_id": read.recurring_credits[0].id, **access}],
        update_scheduled_charges=[{"scheduled_charge_id": charge.id, **more}],
        update_subscriptions=[
            {"subscription_id": counted.id, "ending_before": "2029-01-01T00:00:00Z",
             "quantity_updates": [{"quantity": 7, "starting_at": "2028-01-01T00:00:00Z"}]},
            {"subscription_id": seats.id, "seat_updates": {
                "add_seat_ids": [{"seat_ids": ["c"], "starting_at": LATER}],
                "remove_seat_ids": [{"seat_ids": ["a"], "starting_at": LATER}],
                "add_unassigned_seats": [{"quantity": 2, "starting_at": LATER}]}},
        ],
        update_spend_threshold_configuration={"threshold_amount": 600},
        update_prepaid_balance_threshold_configuration={"is_enabled": False},
        update_contract_name="Another year",
        update_contract_end_date="2031-01-01T00:00:00Z",
        update_net_payment_terms_days=45,
    ).data
    assert told.edit.update_commits[0].id == commit.id
    assert desk.done(calls.retrieve, **this).data.name == "Another year"


def to_come(contract):
    """The scheduled charge of which nothing is charged yet."""
    return next(
        one for one in contract.scheduled_charges if one.schedule.schedule_items[0].timestamp.year >= 2029
    )


def archive(desk, this):
    calls = desk.client.v2.contracts
    read = desk.done(calls.retrieve, **this).data
    commit = next(one for one in read.commits if not one.invoice_schedule)
    charge = to_come(read)
    desk.done(
        calls.edit,
        **this,
        archive_commits=[{"id": commit.id}],
        archive_credits=[{"id": read.credits[1].id}],
        archive_scheduled_charges=[{"id": charge.id}],
        remove_overrides=[{"id": read.overrides[0].id}],
    )
    read = desk.done(calls.retrieve, **this).data
    assert [one.id for one in read.commits if one.archived_at] == [commit.id]
    assert len(read.overrides) == 3
