"""Commits and credits of customers, and what is left of them."""

from metronome import BadRequestError, ConflictError, NotFoundError

from contracts import ACCESS, CHARGED, OWNER, part
from desk import NOBODY, USD


def walk(desk):
    v1 = desk.client.v1
    customer = desk.made["customer"]
    asked = {"customer_id": customer, "priority": 1, **OWNER, "name": "Own", "description": "Of the customer"}
    access = {**ACCESS, "credit_type_id": USD}
    commit = part(
        desk, "fixed", **asked, type="PREPAID", access_schedule=access, uniqueness_key="c-1",
        applicable_contract_ids=[desk.made["contract"]], applicable_product_tags=["cloud"],
        invoice_contract_id=desk.made["contract"], invoice_schedule={**CHARGED, "credit_type_id": USD},
    )
    credit = part(desk, "fixed", **asked, access_schedule=access, uniqueness_key="d-1", rate_type="LIST_RATE")
    made = {}
    for kind, calls, request in (
        ("commit", v1.customers.commits, commit),
        ("credit", v1.customers.credits, credit),
    ):
        made[kind] = desk.done(calls.create, **request).data.id
        refusal = desk.refused(ConflictError, "uniqueness key", calls.create, **request)
        assert refusal.body["conflicting_id"] == made[kind]
        own = desk.pages(calls.list, customer_id=customer)
        assert [one.id for one in own] == [made[kind]]
        everything = desk.pages(calls.list, customer_id=customer, limit=2, **{f"include_contract_{kind}s": True})
        assert len(everything) > 3 and made[kind] in [one.id for one in everything]
        archived = {"include_archived": True, f"include_contract_{kind}s": True}
        assert len(desk.pages(calls.list, customer_id=customer, **archived)) > len(everything)
        one = desk.pages(calls.list, customer_id=customer, **{f"{kind}_id": made[kind]})
        assert [found.custom_fields for found in one] == [{"owner": "sales"}]
        desk.refused(NotFoundError, NOBODY, calls.list, customer_id=NOBODY)
    desk.made.update(made)
    net(desk, customer)


def net(desk, customer):
    call = desk.client.v1.contracts.get_net_balance
    found = desk.done(call, customer_id=customer, credit_type_id=USD).data
    assert found.balance > 0 and found.credit_type_id == USD, found
    fields = {"custom_fields": {"owner": "sales"}, "balance_types": ["PREPAID_COMMIT"]}
    some = desk.done(call, customer_id=customer, filters=[fields]).data
    assert 0 < some.balance < found.balance
    desk.refused(NotFoundError, NOBODY, call, customer_id=NOBODY)
    desk.refused(BadRequestError, "limit", desk.client.v1.customers.commits.list, customer_id=customer, limit=0)
