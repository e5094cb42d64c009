"""Contracts with parts of all kinds, as both versions of the API read them."""

from datetime import datetime, timezone

from metronome import BadRequestError, ConflictError, NotFoundError

from desk import NOBODY, USD

START = "2025-01-01T00:00:00Z"
END = "2030-01-01T00:00:00Z"
OWNER = {"custom_fields": {"owner": "sales"}}
ACCESS = {"schedule_items": [{"amount": 100, "starting_at": START, "ending_before": END}]}
CHARGED = {"schedule_items": [{"timestamp": START, "unit_price": 50, "quantity": 2}]}
TO_COME = {"schedule_items": [{"timestamp": "2029-05-01T00:00:00Z", "amount": 5}]}


def part(desk, product, **fields):
    return {"product_id": desk.made[product], **fields}


def balances(desk):
    """Commits and credits, once and again and again, with every field that the client has for them."""
    specifier = {
        "product_tags": ["cloud"],
        "pricing_group_values": {"region": "EU"},
        "presentation_group_values": {"machine": "a"},
    }
    terms = {
        "name": "A name", "description": "What it is for", "priority": 2.5, "rate_type": "COMMIT_RATE",
        "rollover_fraction": 0.1, "netsuite_sales_order_id": "NS 1",
        "hierarchy_configuration": {"child_access": {"type": "ALL"}},
    }
    chosen = {"applicable_product_ids": [desk.made["usage"]], "applicable_product_tags": ["cloud"]}
    quantity = {"access_type": "QUANTITY", "credit_type_id": USD, **ACCESS}
    again = {
        "starting_at": START, "ending_before": END, "recurrence_frequency": "MONTHLY", "proration": "NONE",
        "access_amount": {"unit_price": 5, "quantity": 2, "credit_type_id": USD},
        "commit_duration": {"value": 2, "unit": "PERIODS"},
    }
    rounding = {"rounding_method": "HALF_UP", "decimal_places": 2}
    invoiced = {"invoice_amount": {"unit_price": 4, "quantity": 1, "credit_type_id": USD}}
    return {
        "commits": [
            part(desk, "fixed", type="PREPAID", access_schedule=ACCESS, invoice_schedule=CHARGED, **terms,
                 **chosen, **OWNER),
            part(desk, "fixed", type="PREPAID", access_schedule=quantity, specifiers=[specifier],
                 temporary_id="c-1"),
            part(desk, "fixed", type="POSTPAID", access_schedule=ACCESS, invoice_schedule={
                "schedule_items": [{"timestamp": END, "unit_price": 100, "quantity": 1}]}),
        ],
        "credits": [
            part(desk, "fixed", access_schedule=ACCESS, **terms, **chosen, **OWNER),
            part(desk, "fixed", access_schedule=quantity, specifiers=[specifier]),
        ],
        "recurring_commits": [
            part(desk, "fixed", **again, **terms, **chosen, **invoiced),
            part(desk, "fixed", **again, priority=1, specifiers=[specifier], **invoiced,
                 proration_rounding={"access": rounding, "invoice": rounding}),
        ],
        "recurring_credits": [
            part(desk, "fixed", **again, **terms, **chosen),
            part(desk, "fixed", **again, priority=1, specifiers=[specifier]),
        ],
    }


def prices(desk):
    """What is charged, and what changes prices."""
    divided = {"starting_at": START, "ending_before": "2025-03-01T00:00:00Z", "frequency": "MONTHLY",
               "amount": 10, "amount_distribution": "DIVIDED"}
    seats = {"product_id": desk.made["seats"], "billing_frequency": "MONTHLY"}
    days = {"starting_at": START, "ending_before": END}
    rounding = {"rounding_method": "FLOOR", "decimal_places": 0}
    return {
        "overrides": [
            {**days, "type": "MULTIPLIER", "multiplier": 0.5, "priority": 3,
             "override_specifiers": [{"product_tags": ["cloud"], "pricing_group_values": {"region": "EU"}}]},
            {**days, "type": "OVERWRITE", "override_specifiers": [seats],
             "overwrite_rate": {"rate_type": "FLAT", "price": 1000, "credit_type_id": USD}},
            {**days, "type": "TIERED", "priority": 1, "applicable_product_tags": ["cloud"],
             "tiers": [{"multiplier": 0.9, "size": 10}, {"multiplier": 0.8}]},
            part(desk, "usage", **days, entitled=False),
        ],
        "scheduled_charges": [
            part(desk, "fixed", name="Fee", schedule=CHARGED, netsuite_sales_order_id="NS 1", **OWNER),
            part(desk, "fixed", schedule={"recurring_schedule": divided}),
            part(desk, "fixed", schedule=TO_COME),
        ],
        "discounts": [part(desk, "fixed", name="Less", schedule=CHARGED, **OWNER)],
        "professional_services": [
            part(desk, "service", unit_price=5, quantity=2, max_amount=100, description="Set up",
                 netsuite_sales_order_id="NS 1", **OWNER),
        ],
        "subscriptions": [
            {"subscription_rate": seats, "collection_schedule": "ADVANCE", "initial_quantity": 4,
             "proration": {"is_prorated": True, "invoice_behavior": "BILL_IMMEDIATELY",
                           "rounding": rounding},
             "name": "Seats", "description": "All of them", **days, **OWNER},
            {"subscription_rate": seats, "collection_schedule": "ARREARS", "proration": {},
             "quantity_management_mode": "SEAT_BASED",
             "seat_config": {"seat_group_key": "machine", "initial_seat_ids": ["a", "b"],
                             "initial_unassigned_seats": 1}},
        ],
    }


def settings(desk):
    gate = {"payment_gate_type": "STRIPE", "tax_type": "NONE", "stripe_config": {"payment_type": "INVOICE"}}
    royalty = {"reseller_type": "AWS", "starting_at": START, "fraction": 0.1, "netsuite_reseller_id": "NS 2",
               "reseller_contract_value": 5, "applicable_product_tags": ["cloud"]}
    return {
        "name": "A year", "ending_before": END, "net_payment_terms_days": 30, "uniqueness_key": "opp-1",
        "multiplier_override_prioritization": "EXPLICIT", "netsuite_sales_order_id": "NS 1",
        "salesforce_opportunity_id": "SF 1", "total_contract_value": 12.5,
        "scheduled_charges_on_usage_invoices": "ALL",
        "usage_filter": {"group_key": "machine", "group_values": ["a"], "starting_at": START},
        "usage_statement_schedule": {"frequency": "MONTHLY", "day": "FIRST_OF_MONTH"},
        "reseller_royalties": [royalty],
        "spend_threshold_configuration": {
            "is_enabled": True, "threshold_amount": 500, "commit": part(desk, "fixed"),
            "payment_gate_config": gate,
        },
        "prepaid_balance_threshold_configuration": {
            "is_enabled": True, "threshold_amount": 5, "recharge_to_amount": 500,
            "commit": part(desk, "fixed", name="More"), "payment_gate_config": gate,
        },
        **OWNER,
    }


def walk(desk):
    contracts = desk.client.v1.contracts
    customer, card = desk.made["customer"], desk.made["card"]
    asked = {"customer_id": customer, "rate_card_id": card, "starting_at": START}
    everything = {**asked, **settings(desk), **balances(desk), **prices(desk)}
    contract = desk.done(contracts.create, **everything).data.id
    desk.made["contract"] = contract
    refusal = desk.refused(ConflictError, "uniqueness key", contracts.create, **everything)
    assert refusal.body["conflicting_id"] == contract
    plain = desk.done(contracts.create, **asked, multiplier_override_prioritization="EXPLICIT").data.id
    desk.made["plain"] = plain
    reads(desk, {"customer_id": customer, "contract_id": contract}, everything)
    lists(desk, customer, {contract, plain})
    rates(desk, {"customer_id": customer, "contract_id": contract})
    changes(desk, asked)


def reads(desk, this, everything):
    nobody = {**this, "contract_id": NOBODY}
    first = desk.client.v1.contracts
    found = desk.done(first.retrieve, **this).data
    assert (len(found.initial.commits), found.custom_fields) == (3, {"owner": "sales"})
    desk.refused(NotFoundError, NOBODY, first.retrieve, **nobody)
    second = desk.client.v2.contracts
    found = desk.done(second.retrieve, **this).data
    for kind in ("commits", "credits", "overrides", "scheduled_charges", "subscriptions"):
        assert len(getattr(found, kind)) == len(everything[kind]), kind
    for parts in (found.commits, found.discounts, found.scheduled_charges):
        assert [one.custom_fields for one in parts if one.name] == [{"owner": "sales"}]
    assert found.starting_at == datetime(2025, 1, 1, tzinfo=timezone.utc)
    refusal = desk.refused(BadRequestError, NOBODY, second.retrieve, **nobody)
    assert refusal.body["code"] == "ContractNotFound"
    for call in (first.retrieve, second.retrieve):
        desk.done(call, **this, include_balance=True, include_ledgers=True)


def lists(desk, customer, made):
    for call in (desk.client.v1.contracts.list, desk.client.v2.contracts.list):
        found = desk.pages(call, customer_id=customer, limit=1)
        assert {one.id for one in found} == made
    found = desk.pages(desk.client.v1.contracts.list, customer_id=customer, covering_date="2024-06-01T00:00:00Z")
    assert found == []
    desk.refused(NotFoundError, NOBODY, desk.client.v1.contracts.list, customer_id=NOBODY)
    refusal = desk.refused(BadRequestError, NOBODY, desk.client.v2.contracts.list, customer_id=NOBODY)
    assert refusal.body["code"] == "CustomerNotFound"


def rates(desk, this):
    call = desk.client.v1.contracts.retrieve_rate_schedule
    page = desk.done(call, **this, at="2025-06-01T00:00:00Z", limit=2)
    found = list(page.data)
    while page.next_page:
        page = desk.done(call, **this, at="2025-06-01T00:00:00Z", limit=2, next_page=page.next_page)
        found += page.data
    assert {one.product_name for one in found} == {"Seats", "Support"}  # Compute has no entitlement.
    assert any(one.override_rate for one in found)
    desk.refused(NotFoundError, NOBODY, call, **{**this, "contract_id": NOBODY})


def changes(desk, asked):
    contracts = desk.client.v1.contracts
    gone = desk.done(contracts.create, **asked).data.id
    this = {"customer_id": asked["customer_id"], "contract_id": gone}
    nobody = {**this, "contract_id": NOBODY}
    usage = {"group_key": "machine", "group_values": ["b"], "starting_at": "2025-02-01T00:00:00Z"}
    desk.done(contracts.set_usage_filter, **this, **usage)
    desk.refused(NotFoundError, NOBODY, contracts.set_usage_filter, **nobody, **usage)
    desk.done(contracts.update_end_date, **this, ending_before="2031-01-01T00:00:00Z")
    desk.refused(NotFoundError, NOBODY, contracts.update_end_date, **nobody, ending_before=END)
    desk.done(contracts.archive, **this, void_invoices=True)
    desk.refused(BadRequestError, "archived", contracts.archive, **this, void_invoices=True)
    found = desk.pages(contracts.list, customer_id=asked["customer_id"], include_archived=True)
    assert [one.id for one in found if one.archived_at] == [gone]
    desk.done(desk.client.v2.contracts.retrieve, **this)
