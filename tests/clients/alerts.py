"""Alerts: made with every field that the client has, read as a customer has them, and archived."""

from metronome import BadRequestError, ConflictError, NotFoundError

from desk import NOBODY, USD

BALANCE = "low_remaining_contract_credit_and_commit_balance_reached"
PERCENTAGE = "low_remaining_contract_credit_and_commit_percentage_reached"


def owned(entity, **more):
    return {"entity": entity, "key": "owner", "value": "sales", **more}


def requests(desk):
    """Alerts with all that narrows one down, and those of customers and of all."""
    specifiers = [
        {"custom_field_filters": [owned("Commit")],
         "exclude": [{"custom_field_filters": [owned("Commit", value="trial")]}]},
        {"custom_field_filters": [owned("ContractCredit")]},
    ]
    return {
        "spend": {"alert_type": "spend_threshold_reached", "threshold": 10_000, "credit_type_id": USD,
                  "customer_id": desk.made["customer"], "evaluate_on_create": False, "uniqueness_key": "a-1",
                  "custom_field_filters": [owned("Contract")], "group_values": [{"key": "region"}],
                  "credit_grant_type_filters": ["enterprise"]},
        "usage": {"alert_type": "usage_threshold_reached", "threshold": 1_000,
                  "billable_metric_id": desk.made["metric"]},
        "total": {"alert_type": "invoice_total_reached", "threshold": 1.5, "invoice_types_filter": ["USAGE"]},
        "seats": {"alert_type": "low_remaining_seat_balance_reached", "threshold": 5,
                  "access_type": "SPEND", "seat_filter": {"seat_group_key": "machine"}},
        "balance": {"alert_type": BALANCE, "threshold": 0, "alert_specifiers": specifiers},
        "percentage": {"alert_type": PERCENTAGE, "threshold": 20, "access_type": "QUANTITY",
                       "alert_specifiers": [{"custom_field_filters": [owned("Commit", value="eu")]}]},
        "each": {"alert_type": PERCENTAGE, "threshold": 10, "alert_specifiers": [
            {"custom_field_filters": [{"entity": "Commit", "key": "owner"}]}]},
    }


def walk(desk):
    create, asked = desk.client.v1.alerts.create, requests(desk)
    made = {name: desk.done(create, name=name, **fields).data.id for name, fields in asked.items()}
    wrong(desk, asked, made)
    reads(desk, asked, made)
    parts(desk, made)
    archives(desk, asked, made)


def wrong(desk, asked, made):
    create = desk.client.v1.alerts.create
    refusal = desk.refused(ConflictError, "uniqueness key", create, name="again", **asked["spend"])
    assert refusal.body["conflicting_id"] == made["spend"], refusal.body
    assert refusal.body["conflicting_value"] == "a-1", refusal.body
    for more in ({"access_type": "SPEND"}, {"name": ""}, {"threshold": -1}, {"plan_id": NOBODY}):
        desk.refused(BadRequestError, next(iter(more)), create, **{**asked["total"], "name": "total", **more})
    units = {**asked["percentage"], "credit_type_id": USD}
    desk.refused(BadRequestError, "credit_type_id", create, name="units", **units)
    apart = [owned("Commit"), owned("ContractCredit", value="support")]
    desk.refused(
        BadRequestError, "the same set of key and value pairs", create, name="apart", alert_type=BALANCE,
        threshold=1, custom_field_filters=apart,
    )
    unheard = {**asked["spend"], "custom_field_filters": [owned("Contract", key="unheard of")]}
    desk.refused(NotFoundError, "unheard of", create, name="unheard", **{**unheard, "uniqueness_key": "a-2"})


def reads(desk, asked, made):
    """Each alert is given back with all it was made with, but for what is only for its making."""
    retrieve = desk.client.v1.customers.alerts.retrieve
    customer = desk.made["customer"]
    kept = {"customer_id", "billable_metric_id", "evaluate_on_create", "alert_type", "credit_type_id"}
    for name, fields in asked.items():
        found = desk.done(retrieve, customer_id=customer, alert_id=made[name]).data
        assert (found.customer_status, found.triggered_by) == ("evaluating", None), found
        alert = found.alert.to_dict(mode="json")
        assert (alert["type"], alert["status"]) == (fields["alert_type"], "enabled"), alert
        for field in fields.keys() - kept:
            assert alert[field] == fields[field], (name, field, alert)
    of = {name: desk.done(retrieve, customer_id=customer, alert_id=id).data.alert for name, id in made.items()}
    assert of["spend"].credit_type.id == USD and of["spend"].access_type is None
    assert (of["balance"].access_type, of["balance"].credit_type.id) == ("SPEND", USD)
    assert (of["percentage"].access_type, of["percentage"].credit_type) == ("QUANTITY", None)
    desk.refused(NotFoundError, NOBODY, retrieve, customer_id=customer, alert_id=NOBODY)
    desk.refused(NotFoundError, NOBODY, retrieve, customer_id=NOBODY, alert_id=made["usage"])
    other = desk.done(desk.client.v1.customers.create, name="Another").data.id
    desk.refused(NotFoundError, made["spend"], retrieve, customer_id=other, alert_id=made["spend"])


def parts(desk, made):
    """An alert that looks at each value by itself is asked for one of them."""
    retrieve = desk.client.v1.customers.alerts.retrieve
    for name, part in {
        "spend": {"group_values": [{"key": "region", "value": "EU"}]},
        "seats": {"seat_filter": {"seat_group_key": "machine", "seat_group_value": "a"}},
        "each": {"alert_specifiers": [{"custom_field_filters": [owned("Commit")]}]},
    }.items():
        this = {"customer_id": desk.made["customer"], "plans_or_contracts": "CONTRACTS"}
        desk.done(retrieve, alert_id=made[name], **this, **part)
        desk.refused(BadRequestError, "value", retrieve, alert_id=made["total"], **this, **part)


def archives(desk, asked, made):
    archive, create = desk.client.v1.alerts.archive, desk.client.v1.alerts.create
    assert desk.done(archive, id=made["spend"], release_uniqueness_key=True).data.id == made["spend"]
    desk.refused(BadRequestError, "archived", archive, id=made["spend"])
    desk.refused(NotFoundError, NOBODY, archive, id=NOBODY)
    successor = desk.done(create, name="successor", **asked["spend"]).data.id
    desk.done(archive, id=successor)
    desk.refused(ConflictError, "uniqueness key", create, name="again", **asked["spend"])
    desk.done(archive, id=made["usage"])

    call, this = desk.client.v1.customers.alerts.list, {"customer_id": desk.made["customer"]}
    in_use = desk.pages(call, **this)
    assert {one.alert.id for one in in_use} == set(made.values()) - {made["spend"], made["usage"]}
    everything = desk.pages(
        call, **this, alert_statuses=["ENABLED", "DISABLED", "ARCHIVED"], extra_query={"limit": 2}
    )
    assert {one.alert.id for one in everything} == {*made.values(), successor}
    assert len(everything) == len(made) + 1, "an alert stands on one page"
    for one in desk.pages(call, **this, alert_statuses=["ARCHIVED"]):
        assert (one.customer_status, one.alert.status) == (None, "archived")
        assert one.alert.uniqueness_key == ("a-1" if one.alert.id == successor else None)
    assert desk.pages(call, **this, alert_statuses=["DISABLED"]) == []
    desk.refused(NotFoundError, NOBODY, call, customer_id=NOBODY)
    desk.refused(BadRequestError, "alert_statuses", call, **this, alert_statuses=["ODD"])
