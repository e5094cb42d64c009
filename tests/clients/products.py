"""Products of all types."""

from metronome import BadRequestError, NotFoundError

from desk import NOBODY

OWNER = {"owner": "sales"}


def walk(desk):
    products = desk.client.v1.contracts.products
    usage = desk.done(
        products.create,
        name="Compute",
        type="USAGE",
        billable_metric_id=desk.made["metric"],
        pricing_group_key=["region"],
        presentation_group_key=["machine"],
        quantity_conversion={"conversion_factor": 60, "operation": "DIVIDE", "name": "Hours"},
        quantity_rounding={"decimal_places": 2, "rounding_method": "ROUND_HALF_UP"},
        tags=["cloud"],
        custom_fields=OWNER,
    ).data.id
    desk.made["usage"] = usage
    for name, fields in {
        "seats": {"name": "Seats", "type": "SUBSCRIPTION"},
        "fixed": {"name": "Fee", "type": "FIXED", "custom_fields": OWNER, "is_refundable": False},
        "service": {"name": "Help", "type": "PROFESSIONAL_SERVICE", "netsuite_internal_item_id": "NS 1"},
        "composite": {"name": "Support", "type": "COMPOSITE", "composite_product_ids": [usage]},
        "gone": {"name": "Gone", "type": "COMPOSITE", "composite_tags": ["cloud"]},
    }.items():
        desk.made[name] = desk.done(products.create, **fields).data.id
    desk.refused(BadRequestError, "type", products.create, name="Odd", type="ODD")
    change = {"starting_at": "2025-01-01T00:00:00Z", "name": "Compute hours", "tags": ["cloud", "cpu"]}
    desk.done(products.update, product_id=usage, **change)
    desk.refused(NotFoundError, NOBODY, products.update, product_id=NOBODY, **change)
    found = desk.done(products.retrieve, id=usage).data
    assert (found.current.name, found.initial.name) == ("Compute hours", "Compute")
    assert (len(found.updates), found.custom_fields) == (1, OWNER)
    desk.refused(NotFoundError, NOBODY, products.retrieve, id=NOBODY)
    desk.done(products.archive, product_id=desk.made["gone"])
    desk.refused(BadRequestError, "archived", products.archive, product_id=desk.made["gone"])
    assert len(desk.pages(products.list, limit=2)) == 5
    assert len(desk.pages(products.list, archive_filter="ALL")) == 6
    for one in desk.pages(products.list, archive_filter="ARCHIVED"):
        desk.done(products.retrieve, id=one.id)
    desk.refused(BadRequestError, "archive_filter", products.list, archive_filter="ODD")
