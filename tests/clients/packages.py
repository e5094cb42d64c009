"""Packages with parts of all kinds, and the contracts that are made of them."""

from datetime import datetime, timezone

from metronome import BadRequestError, ConflictError, NotFoundError, UnprocessableEntityError

from contracts import part
from desk import NOBODY, USD

OWNER = {"custom_fields": {"owner": "sales"}}
START = "2027-01-31T00:00:00Z"
OF_PACKAGES = ["package_commit", "package_credit", "package_scheduled_charge", "package_subscription"]


def length(value, unit):
    return {"value": value, "unit": unit}


def terms(desk):
    """A package with every list, in the client's own fields."""
    access = {"schedule_items": [
        {"amount": 100, "starting_at_offset": length(0, "DAYS"), "duration": length(1, "MONTHS")},
    ]}
    charged = {"schedule_items": [
        {"unit_price": 50, "quantity": 2, "date_offset": length(1, "WEEKS")},
    ]}
    again = {
        "starting_at_offset": length(0, "DAYS"), "duration": length(3, "MONTHS"), "priority": 1,
        "access_amount": {"unit_price": 1000, "quantity": 1, "credit_type_id": USD},
        "commit_duration": {"value": 1, "unit": "PERIODS"}, "recurrence_frequency": "MONTHLY",
    }
    by_seats = {**again, "access_amount": {"unit_price": 5, "credit_type_id": USD}, "subscription_config": {
        "subscription_id": "seats", "allocation": "POOLED", "apply_seat_increase_config": {"is_prorated": True}}}
    return {
        "duration": length(1, "YEARS"),
        "contract_name": "Starter",
        "net_payment_terms_days": 30,
        "rate_card_alias": "standard",
        "billing_provider": "stripe",
        "delivery_method": "direct_to_billing_provider",
        "multiplier_override_prioritization": "EXPLICIT",
        "scheduled_charges_on_usage_invoices": "ALL",
        "usage_statement_schedule": {"frequency": "MONTHLY", "day": "CONTRACT_START"},
        "commits": [part(desk, "fixed", type="PREPAID", name="Commit", access_schedule=access,
                         invoice_schedule=charged, temporary_id="c-1", applicable_product_tags=["cloud"], **OWNER)],
        "credits": [part(desk, "fixed", access_schedule=access, **OWNER)],
        "recurring_commits": [part(desk, "fixed", **again, invoice_amount={
            "unit_price": 900, "quantity": 1, "credit_type_id": USD})],
        "recurring_credits": [part(desk, "fixed", **by_seats)],
        "overrides": [
            {"starting_at_offset": length(0, "DAYS"), "duration": length(6, "MONTHS"), "type": "MULTIPLIER",
             "multiplier": 0.9, "priority": 1, "is_commit_specific": True, "target": "COMMIT_RATE",
             "override_specifiers": [{"commit_ids": ["c-1"], "product_tags": ["cloud"]}]},
            {"starting_at_offset": length(1, "DAYS"), "type": "OVERWRITE", "overwrite_rate": {
                "rate_type": "FLAT", "price": 80}, "override_specifiers": [{"product_id": desk.made["usage"]}]},
        ],
        "scheduled_charges": [part(desk, "fixed", name="Fee", schedule=charged, **OWNER)],
        "subscriptions": [{
            "subscription_rate": {"billing_frequency": "MONTHLY", "product_id": desk.made["seats"]},
            "collection_schedule": "ADVANCE", "initial_quantity": 2, "temporary_id": "seats",
            "proration": {"is_prorated": True, "invoice_behavior": "BILL_IMMEDIATELY"}, **OWNER}],
    }


def walk(desk):
    packages, fields = desk.client.v1.packages, desk.client.v1.custom_fields
    for entity in OF_PACKAGES:
        desk.done(fields.add_key, entity=entity, key="owner", enforce_uniqueness=False)
    request = {"name": "Starter Plan", "uniqueness_key": "starter", "aliases": [{"name": "starter"}], **terms(desk)}
    package = desk.done(packages.create, **request).data.id
    refusal = desk.refused(ConflictError, "already been used", packages.create, **request)
    assert refusal.body["conflicting_id"] == package
    unnamed = {**terms(desk), "name": "", "duration": length(0, "DAYS")}
    desk.refused(BadRequestError, "duration.value", packages.create, **unnamed)
    read(desk, package)
    contracts(desk, package)
    archived(desk, package)


def read(desk, package):
    packages, fields = desk.client.v1.packages, desk.client.v1.custom_fields
    found = desk.done(packages.retrieve, package_id=package).data
    assert (found.duration.value, found.duration.unit) == (1, "YEARS")
    assert found.commits[0].custom_fields == {"owner": "sales"}
    named = found.overrides[0].override_specifiers[0].commit_template_ids
    assert named == [found.commits[0].id]
    desk.refused(NotFoundError, NOBODY, packages.retrieve, package_id=NOBODY)
    other = desk.done(packages.create, name="Other").data.id
    assert {one.id for one in desk.pages(packages.list, limit=1)} == {package, other}
    desk.refused(BadRequestError, "limit", packages.list, limit=0)
    fixed = {"entity": "package_commit", "entity_id": found.commits[0].id, "custom_fields": {"owner": "ops"}}
    desk.refused(BadRequestError, "Setting package managed fields", fields.set_values, **fixed)


def contracts(desk, package):
    packages, fields = desk.client.v1.packages, desk.client.v1.custom_fields
    customer = desk.made["customer"]
    this = {"customer_id": customer, "starting_at": START}
    calls = desk.client.v1.contracts
    contract = desk.done(calls.create, **this, package_alias="starter").data.id
    desk.done(calls.create, **this, package_id=package, custom_fields={"owner": "sales"})
    more = {"name": "Mine", "credits": [], "ending_before": "2029-01-01T00:00:00Z"}
    desk.refused(BadRequestError, "ending_before", calls.create, **this, package_id=package, **more)
    desk.refused(NotFoundError, "nowhere", calls.create, **this, package_alias="nowhere")
    found = desk.done(desk.client.v2.contracts.retrieve, customer_id=customer, contract_id=contract).data
    assert found.package_id == package
    commit = found.commits[0]
    assert commit.access_schedule.schedule_items[0].ending_before == datetime(2027, 2, 28, tzinfo=timezone.utc)
    assert commit.custom_fields == {"owner": "sales"}
    desk.done(fields.set_values, entity="commit", entity_id=commit.id, custom_fields={"owner": "ops"})
    assert desk.done(packages.retrieve, package_id=package).data.commits[0].custom_fields == {"owner": "sales"}
    on = {"package_id": package, "covering_date": START}
    listed = desk.pages(packages.list_contracts_on_package, **on, limit=1)
    assert len(listed) == 2 and listed[0].contract_id == contract
    gone = {**on, "starting_at": START}
    desk.refused(BadRequestError, "covering_date", packages.list_contracts_on_package, **gone)
    refusal = desk.refused(
        BadRequestError, NOBODY, packages.list_contracts_on_package, package_id=NOBODY
    )
    assert refusal.body["code"] == "PackageNotFound"


def archived(desk, package):
    packages = desk.client.v1.packages
    assert desk.done(packages.archive, package_id=package).data.id == package
    again = desk.refused(UnprocessableEntityError, "already archived", packages.archive, package_id=package)
    assert again.status_code == 422
    assert [one.id for one in desk.pages(packages.list, archive_filter="ARCHIVED")] == [package]
    this = {"customer_id": desk.made["customer"], "starting_at": START, "package_id": package}
    desk.refused(BadRequestError, "archived", desk.client.v1.contracts.create, **this)
