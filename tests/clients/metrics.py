"""Billable metrics."""

from metronome import BadRequestError, NotFoundError

from desk import NOBODY


def walk(desk):
    metrics = desk.client.v1.billable_metrics
    streaming = desk.done(
        metrics.create,
        name="CPU hours",
        aggregation_type="SUM",
        aggregation_key="cpu_hours",
        event_type_filter={"in_values": ["cpu_usage"]},
        group_keys=[["region"], ["machine"], ["machine", "region"]],
        property_filters=[
            {"name": "cpu_hours", "exists": True},
            {"name": "region", "exists": True, "in_values": ["EU", "NA"]},
            {"name": "machine", "exists": True, "not_in_values": ["test"]},
        ],
        custom_fields={"owner": "sales"},
    ).data.id
    desk.made["metric"] = streaming
    desk.refused(BadRequestError, "aggregation_type: missing", metrics.create, name="Half")
    in_sql = desk.done(metrics.create, name="In SQL", sql="SELECT count(*) AS value FROM events").data.id
    found = desk.done(metrics.retrieve, billable_metric_id=streaming).data
    assert (found.name, found.group_keys) == ("CPU hours", [["region"], ["machine"], ["machine", "region"]])
    assert found.property_filters[1].in_values == ["EU", "NA"]
    desk.refused(NotFoundError, NOBODY, metrics.retrieve, billable_metric_id=NOBODY)
    desk.done(metrics.update, billable_metric_id=in_sql, name="Counted in SQL")
    desk.refused(NotFoundError, NOBODY, metrics.update, billable_metric_id=NOBODY, name="Counted")
    assert desk.done(metrics.archive, id=in_sql).data.id == in_sql
    desk.refused(BadRequestError, "archived", metrics.archive, id=in_sql)
    assert [one.id for one in desk.pages(metrics.list)] == [streaming]
    everything = desk.pages(metrics.list, include_archived=True, limit=1)
    assert {one.name: one.archived_at is None for one in everything} == {
        "CPU hours": True, "Counted in SQL": False,
    }
    desk.refused(BadRequestError, "limit", metrics.list, limit=0)
