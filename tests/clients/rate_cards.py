"""Rate cards and their rates."""

from metronome import BadRequestError, NotFoundError

from desk import NOBODY

START = "2020-01-01T00:00:00Z"


def walk(desk):
    cards = desk.client.v1.contracts.rate_cards
    card = desk.done(
        cards.create,
        name="Card",
        description="What most pay",
        aliases=[{"name": "standard", "starting_at": START}, {"name": "base"}],
        custom_fields={"owner": "sales"},
    ).data.id
    desk.made["card"] = card
    desk.refused(BadRequestError, "fiat_credit_type_id", cards.create, name="Card", fiat_credit_type_id="$")
    desk.done(cards.update, rate_card_id=card, description="What all pay")
    desk.refused(NotFoundError, NOBODY, cards.update, rate_card_id=NOBODY, name="Card")
    gone = desk.done(cards.create, name="Gone").data.id
    desk.done(cards.archive, id=gone)
    desk.refused(BadRequestError, "archived", cards.archive, id=gone)
    found = desk.done(cards.retrieve, id=card).data
    assert (found.name, found.description, len(found.aliases)) == ("Card", "What all pay", 2)
    desk.refused(NotFoundError, NOBODY, cards.retrieve, id=NOBODY)
    assert [one.id for one in desk.pages(cards.list, limit=1)] == [card]
    desk.refused(BadRequestError, "limit", cards.list, limit=0)
    rates(desk, card)
    schedule(desk, card)


def rates(desk, card):
    rates = desk.client.v1.contracts.rate_cards.rates
    usage = {"product_id": desk.made["usage"], "starting_at": START, "entitled": True}
    flat = desk.done(
        rates.add,
        rate_card_id=card,
        **usage,
        rate_type="FLAT",
        price=100,
        pricing_group_values={"region": "NA"},
        commit_rate={"rate_type": "FLAT", "price": 90},
    ).data
    assert (flat.rate_type, flat.price) == ("FLAT", 100)
    desk.refused(
        BadRequestError, "price", rates.add, rate_card_id=card, **usage, rate_type="FLAT", price=-1
    )
    tiers = [{"price": 100, "size": 10}, {"price": 80}]
    in_europe = {"pricing_group_values": {"region": "EU"}, "ending_before": "2030-01-01T00:00:00Z"}
    many = [
        {**usage, **in_europe, "rate_type": "TIERED", "tiers": tiers},
        {**usage, "product_id": desk.made["seats"], "rate_type": "FLAT", "price": 1500,
         "billing_frequency": "MONTHLY"},
        {**usage, "product_id": desk.made["composite"], "rate_type": "PERCENTAGE", "price": 0.1},
    ]
    desk.done(rates.add_many, rate_card_id=card, rates=many)
    desk.refused(NotFoundError, NOBODY, rates.add_many, rate_card_id=NOBODY, rates=many)
    asked = {"rate_card_id": card, "at": "2025-01-01T00:00:00Z"}
    found = desk.pages(rates.list, **asked, limit=1)
    assert sorted(one.rate.rate_type for one in found) == ["FLAT", "FLAT", "PERCENTAGE", "TIERED"]
    found = desk.pages(rates.list, **asked, selectors=[{"product_id": desk.made["seats"]}])
    assert [(one.product_name, one.rate.price) for one in found] == [("Seats", 1500)]
    desk.refused(NotFoundError, NOBODY, rates.list, **{**asked, "rate_card_id": NOBODY})


def schedule(desk, card):
    cards = desk.client.v1.contracts.rate_cards
    asked = {"rate_card_id": card, "starting_at": "2024-01-01T00:00:00Z"}
    page = desk.done(cards.retrieve_rate_schedule, **asked, limit=2)
    segments = list(page.data)
    while page.next_page:
        page = desk.done(cards.retrieve_rate_schedule, **asked, limit=2, next_page=page.next_page)
        segments += page.data
    assert len(segments) == 4
    desk.refused(NotFoundError, NOBODY, cards.retrieve_rate_schedule, **{**asked, "rate_card_id": NOBODY})
