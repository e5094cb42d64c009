"""Invoices of the contracts that were made, which began in the past."""

from metronome import BadRequestError, NotFoundError

from desk import NOBODY


def walk(desk):
    calls = desk.client.v1.customers.invoices
    customer = desk.made["customer"]
    everything = desk.pages(calls.list, customer_id=customer, limit=10)
    assert {one.status for one in everything} >= {"FINALIZED", "DRAFT"}
    assert {one.type for one in everything} >= {"USAGE", "SCHEDULED"}
    assert any(one.line_items and one.contract_custom_fields for one in everything)
    for one in everything:
        desk.done(calls.retrieve, customer_id=customer, invoice_id=one.id)
    some = desk.pages(
        calls.list, customer_id=customer, status="FINALIZED", type="SCHEDULED", sort="date_asc",
        contract_id=desk.made["contract"], skip_zero_qty_line_items=True,
        starting_on="2025-01-01T00:00:00Z", ending_before="2025-12-01T00:00:00Z",
    )
    assert some and {one.contract_id for one in some} == {desk.made["contract"]}
    desk.refused(NotFoundError, NOBODY, calls.list, customer_id=NOBODY)
    desk.refused(BadRequestError, "status", calls.list, customer_id=customer, status="LOST")
    desk.refused(NotFoundError, NOBODY, calls.retrieve, customer_id=customer, invoice_id=NOBODY)
    void = desk.client.v1.invoices.void
    assert desk.done(void, id=some[0].id).data.id == some[0].id
    found = desk.done(calls.retrieve, customer_id=customer, invoice_id=some[0].id).data
    assert found.status == "VOID"
    desk.refused(NotFoundError, NOBODY, void, id=NOBODY)
