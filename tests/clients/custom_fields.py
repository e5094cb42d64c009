"""Keys and values of custom fields."""

from metronome import BadRequestError, ConflictError, NotFoundError

from desk import NOBODY

# Each thing with values of its own has this key, which is not unique, so that every answer has values to show.
LABELLED = [
    "billable_metric", "commit", "contract_credit", "contract_product", "contract", "customer", "discount",
    "professional_service", "rate_card", "scheduled_charge", "subscription",
]


def walk(desk):
    fields = desk.client.v1.custom_fields
    for entity in LABELLED:
        desk.done(fields.add_key, entity=entity, key="owner", enforce_uniqueness=False)
    unique = {"entity": "customer", "key": "x_account_id"}
    desk.done(fields.add_key, **unique, enforce_uniqueness=True)
    desk.refused(BadRequestError, "Duplicate", fields.add_key, **unique, enforce_uniqueness=True)
    keys = desk.pages(fields.list_keys, entities=["customer", "contract"])
    assert {(key.entity, key.key, key.enforce_uniqueness) for key in keys} == {
        ("contract", "owner", False), ("customer", "owner", False), ("customer", "x_account_id", True),
    }
    desk.refused(BadRequestError, "entities", fields.list_keys, entities=["colour"])
    values_of_customers(desk)
    desk.done(fields.add_key, entity="alert", key="gone", enforce_uniqueness=False)
    desk.done(fields.remove_key, entity="alert", key="gone")
    desk.refused(NotFoundError, "gone", fields.remove_key, entity="alert", key="gone")


def values_of_customers(desk):
    fields, customers = desk.client.v1.custom_fields, desk.client.v1.customers
    one, other = [
        {"entity": "customer", "entity_id": desk.done(customers.create, name=name).data.id}
        for name in ("WidgetsExpress", "Acme")
    ]
    account = {"x_account_id": "KyVnHhSBWl7eY2bl"}
    desk.done(fields.set_values, **one, custom_fields=account)
    desk.refused(ConflictError, one["entity_id"], fields.set_values, **other, custom_fields=account)
    desk.refused(BadRequestError, "tear", fields.set_values, **one, custom_fields={"tear": "gold"})
    found = desk.done(customers.retrieve, customer_id=one["entity_id"])
    assert found.data.custom_fields == account
    desk.done(fields.delete_values, **one, keys=["x_account_id"])
    desk.done(fields.set_values, **other, custom_fields=account)
    desk.refused(
        NotFoundError, NOBODY, fields.delete_values, entity="customer", entity_id=NOBODY, keys=["owner"]
    )
