"""Customers and their ingest aliases."""

from metronome import BadRequestError, ConflictError, NotFoundError

from desk import NOBODY


def walk(desk):
    customers = desk.client.v1.customers
    asked = {"name": "Brand X", "ingest_aliases": ["team@example.com", "a&b=c +%/é"]}
    customer = desk.done(customers.create, **asked, custom_fields={"owner": "sales"}).data.id
    desk.made["customer"] = customer
    desk.refused(ConflictError, "team@example.com", customers.create, **asked)
    found = desk.done(customers.retrieve, customer_id=customer).data
    assert (found.name, found.ingest_aliases, found.custom_fields) == (
        "Brand X", ["team@example.com", "a&b=c +%/é"], {"owner": "sales"},
    )
    desk.refused(NotFoundError, NOBODY, customers.retrieve, customer_id=NOBODY)
    desk.refused(BadRequestError, "UUID", customers.retrieve, customer_id="a b")
    lists(desk, customer)
    changes(desk, customer)


def lists(desk, customer):
    customers = desk.client.v1.customers
    # Through a query: the alias arrives as it was given.
    found = desk.pages(customers.list, ingest_alias="a&b=c +%/é")
    assert [one.id for one in found] == [customer]
    everyone = desk.pages(customers.list, limit=1)
    assert len(everyone) == 3 and customer in [one.id for one in everyone]
    several = [one.id for one in everyone[:2]]
    found = desk.pages(customers.list, customer_ids=several)
    assert sorted(one.id for one in found) == sorted(several)
    desk.refused(BadRequestError, "limit", customers.list, limit=1000)


def changes(desk, customer):
    customers = desk.client.v1.customers
    named = desk.done(customers.set_name, customer_id=customer, name="Brand Y").data
    assert named.name == "Brand Y"
    desk.refused(NotFoundError, NOBODY, customers.set_name, customer_id=NOBODY, name="Brand Y")
    desk.done(customers.set_ingest_aliases, customer_id=customer, ingest_aliases=["new"])
    desk.refused(
        NotFoundError, NOBODY, customers.set_ingest_aliases, customer_id=NOBODY, ingest_aliases=["new"]
    )
    desk.done(customers.update_config, customer_id=customer, salesforce_account_id="sf_1")
    desk.refused(
        NotFoundError, NOBODY, customers.update_config, customer_id=NOBODY, salesforce_account_id="sf_1"
    )
    assert [one.id for one in desk.pages(customers.list, salesforce_account_ids=["sf_1"])] == [customer]
    gone = desk.done(customers.create, name="Gone").data.id
    assert desk.done(customers.archive, id=gone).data.id == gone
    desk.refused(BadRequestError, "archived", customers.archive, id=gone)
    assert [one.id for one in desk.pages(customers.list, only_archived=True)] == [gone]
