//! Usage that is given: priced and shown on the usage invoices of its periods.

use billfold::prelude::*;
use uuid::Uuid;

use crate::invoices::{all, charging};
use crate::support::catalog::{at, cpu_hours, usage};
use crate::support::fault;
use crate::support::provisioned::{Provisioned, day, fields, number, provisioned};

/// So much of a product on a day.
fn used(here: &Provisioned, product: ContractProductId, at: Time, quantity: &str) -> UsageQuantity {
    let quantity = number(quantity);
    UsageQuantity { contract_id: here.contract, at, of: RateQuestion::new(product), quantity }
}

fn asked(here: &Provisioned, through: Time, usage: Vec<UsageQuantity>) -> Result<Vec<Invoice>, Error> {
    let question = InvoiceQuestion {
        usage,
        invoice_type: Some(InvoiceType::Usage),
        ..InvoiceQuestion::through(through)
    };
    Ok(here.store.invoices(here.contract, &question, &PageRequest::default())?.items)
}

/// Quantity, price and total of each line.
fn told(invoice: &Invoice) -> Vec<String> {
    let line =
        |line: &InvoiceLine| format!("{} x {} = {}", line.quantity, line.unit_price.unwrap(), line.total);
    invoice.lines.iter().map(line).collect()
}

/// A further usage product with a rate on the card from the contract's start on.
fn product(here: &Provisioned, new: CreateProduct, rate: Rate) -> ContractProductId {
    let product = here.store.create_product(new).unwrap();
    here.store.add_rate(here.card, AddRate::new(product, day("01-01"), rate)).unwrap();
    product
}

fn metered(here: &Provisioned, name: &str) -> CreateProduct {
    CreateProduct { name: name.into(), ..usage(cpu_hours(&here.store)) }
}

#[test]
fn usage_is_on_the_invoice_of_its_period_at_the_rate_in_force_then() {
    let here = provisioned();
    let dearer = AddRate::new(here.usage, day("01-15"), Rate::flat(number("120.5")));
    here.store.add_rate(here.card, dearer).unwrap();
    let usage = vec![
        used(&here, here.usage, day("01-10"), "2.5"),
        used(&here, here.usage, day("01-15"), "2"),
        used(&here, here.usage, at("2025-01-31T23:59:59Z"), "0.001"),
        used(&here, here.usage, day("02-01"), "1"),
    ];
    let found = asked(&here, day("02-01"), usage).unwrap();
    assert_eq!(told(&found[0]), ["2.5 x 100 = 250", "2 x 120.5 = 241", "0.001 x 120.5 = 0.1205"]);
    assert_eq!(found[0].total, number("491.1205"));
    assert_eq!(told(&found[1]), ["1 x 120.5 = 120.5"]);
    let line = &found[0].lines[0];
    assert_eq!(
        (line.source, line.name.as_str()),
        (LineSource::Usage { product_id: here.usage }, "My Product")
    );
    assert_eq!(line.period, found[0].period);
    assert_ne!(line.id, found[0].lines[1].id);
    // Nothing is kept of it.
    assert!(all(&here.store, here.contract, day("02-01")).iter().all(|invoice| invoice.lines.is_empty()));
}

#[test]
fn usage_is_converted_and_rounded_before_it_is_priced_and_has_a_line_for_each_tier() {
    let here = provisioned();
    let thousands = CreateProduct {
        quantity_conversion: Some(QuantityConversion {
            conversion_factor: 1_000.into(),
            operation: ConversionOperation::Divide,
            name: None,
        }),
        quantity_rounding: Some(QuantityRounding {
            rounding_method: RoundingMethod::RoundUp,
            decimal_places: 0,
        }),
        ..metered(&here, "Thousands")
    };
    let tier = |size: Option<i64>, price: i64| Tier { size: size.map(Amount::from), price: price.into() };
    let tiers = Rate::tiered([tier(Some(100), 10), tier(Some(100), 7), tier(None, 5)]);
    let thousands = product(&here, thousands, tiers);
    // 249,001 of them are 250 thousands.
    let found = asked(&here, day("01-01"), vec![used(&here, thousands, day("01-02"), "249001")]).unwrap();
    assert_eq!(told(&found[0]), ["100 x 10 = 1000", "100 x 7 = 700", "50 x 5 = 250"]);
    assert_eq!(found[0].total, 1_950.into());
    let tiers: Vec<_> = found[0].lines.iter().filter_map(|line| line.tier).collect();
    let levels: Vec<_> = tiers.iter().map(|tier| (tier.level, tier.starting_at, tier.size)).collect();
    let hundred = Some(Amount::from(100));
    assert_eq!(levels, [(1, 0.into(), hundred), (2, 100.into(), hundred), (3, 200.into(), None)]);
}

#[test]
fn usage_stands_before_other_charges_and_by_product() {
    let here = provisioned();
    here.edit(EditContract { add_subscriptions: vec![here.subscription()], ..Default::default() }).unwrap();
    let other = product(&here, metered(&here, "Other"), Rate::flat(7.into()));
    let asked = |products: [ContractProductId; 3]| {
        let usage = products.map(|product| used(&here, product, day("01-02"), "1"));
        asked(&here, day("01-01"), usage.to_vec()).unwrap().remove(0)
    };
    let first = asked([other, here.usage, other]);
    assert_eq!(told(&first), ["1 x 100 = 100", "1 x 7 = 7", "1 x 7 = 7", "3 x 1000 = 3000"]);
    assert_eq!(first.total, 3_114.into());
    assert_eq!(asked([other, other, here.usage]).lines, first.lines);
}

#[test]
fn usage_in_a_pricing_unit_is_converted_in_a_line_of_its_own() {
    let here = provisioned();
    let tokens = CreditTypeId::from(Uuid::from_u128(77));
    let update = UpdateRateCard {
        add_credit_type_conversions: vec![CreditTypeConversion {
            custom_credit_type_id: tokens,
            fiat_per_custom_credit: number("0.25"),
        }],
        ..Default::default()
    };
    here.store.update_rate_card(here.card, update).unwrap();
    let in_tokens = here.store.create_product(metered(&here, "In tokens")).unwrap();
    let rate = AddRate::new(in_tokens, day("01-01"), Rate::flat(3.into()));
    here.store.add_rate(here.card, AddRate { credit_type_id: Some(tokens), ..rate }).unwrap();
    let usage = vec![
        used(&here, in_tokens, day("01-02"), "2"),
        used(&here, here.usage, day("01-02"), "1"),
        used(&here, in_tokens, day("01-03"), "5"),
    ];
    let found = asked(&here, day("01-01"), usage.clone()).unwrap().remove(0);
    // 6 and 15 tokens are 21, at a quarter of a cent; they do not count themselves.
    assert_eq!(told(&found), ["1 x 100 = 100", "2 x 3 = 6", "5 x 3 = 15", "21 x 0.25 = 5.25"]);
    assert_eq!(found.total, number("105.25"));
    let conversion = &found.lines[3];
    assert_eq!(conversion.source, LineSource::Conversion { credit_type_id: tokens });
    assert_eq!((conversion.credit_type_id, &conversion.product), (CreditType::USD_CENTS, &None));
    assert_eq!(found.lines[1].credit_type_id, tokens);
    here.store.finalize_invoice(found.id, &usage).unwrap();
    let settled = here.store.invoice(found.id).unwrap();
    assert_eq!((settled.total, &settled.lines), (found.total, &found.lines));
}

#[test]
fn usage_that_is_finalised_stays_whatever_is_asked_with_later() {
    let here = provisioned();
    here.store.add_key(ManagedEntity::ContractProduct, "code", KeyKind::Indexed).unwrap();
    here.store.set_values(here.usage, [("code", "A")]).unwrap();
    let january = all(&here.store, here.contract, day("01-01"))[0].id;
    let usage = [used(&here, here.usage, day("01-10"), "3")];
    here.store.finalize_invoice(january, &usage).unwrap();
    let settled = here.store.invoice(january).unwrap();
    assert_eq!((told(&settled), settled.usage_is_settled), (vec!["3 x 100 = 300".to_owned()], true));
    here.clock.set(day("03-01"));
    here.store.set_values(here.usage, [("code", "B")]).unwrap();
    here.store.add_rate(here.card, AddRate::new(here.usage, day("01-01"), Rate::flat(9.into()))).unwrap();
    let other = vec![used(&here, here.usage, day("01-10"), "1000")];
    assert_eq!(asked(&here, day("01-01"), other).unwrap().remove(0), settled);
    assert_eq!(settled.passed_down_by(here.usage)["code"], "A");
}

#[test]
fn usage_of_an_invoice_that_is_final_by_itself_is_priced_as_it_was_when_it_became_so() {
    let here = provisioned();
    here.store.add_key(ManagedEntity::ContractProduct, "code", KeyKind::Indexed).unwrap();
    here.store.set_values(here.usage, [("code", "A")]).unwrap();
    let usage = || vec![used(&here, here.usage, day("01-10"), "3")];
    let january = || asked(&here, day("01-01"), usage()).unwrap().remove(0);
    let correct = |price: i64| {
        let rate = AddRate::new(here.usage, day("01-01"), Rate::flat(price.into()));
        here.store.add_rate(here.card, rate).unwrap();
    };
    here.clock.set(at("2025-02-01T12:00:00Z"));
    correct(110);
    assert_eq!(told(&january()), ["3 x 110 = 330"]);
    here.clock.set(day("02-02"));
    let settled = january();
    assert_eq!((settled.status, settled.total), (InvoiceStatus::Finalized, 330.into()));
    here.clock.set(day("02-10"));
    correct(500);
    here.store.set_values(here.usage, [("code", "B")]).unwrap();
    let thousands = ProductChanges {
        name: Some("Thousands".into()),
        quantity_conversion: Some(Some(QuantityConversion {
            conversion_factor: 1_000.into(),
            operation: ConversionOperation::Divide,
            name: None,
        })),
        ..Default::default()
    };
    here.store.update_product(here.usage, day("01-01"), thousands).unwrap();
    assert_eq!(january(), settled);
    here.edit(charging(&here, 1, &[day("12-01")])).unwrap();
    assert_eq!(january(), settled);
    // Void, it shows the same.
    here.clock.set(day("02-20"));
    here.store.void_invoice(settled.id).unwrap();
    assert_eq!((told(&january()), january().status), (told(&settled), InvoiceStatus::Void));
    assert_eq!(january().passed_down, settled.passed_down);
}

#[test]
fn usage_of_a_product_whose_price_came_after_the_invoice_is_priced_at_it() {
    let here = provisioned();
    here.clock.set(day("02-10"));
    let late = product(&here, metered(&here, "Late"), Rate::flat(7.into()));
    let found = asked(&here, day("01-01"), vec![used(&here, late, day("01-10"), "3")]).unwrap();
    assert_eq!((found[0].status, told(&found[0])), (InvoiceStatus::Finalized, vec!["3 x 7 = 21".to_owned()]));
}

#[test]
fn usage_of_a_period_that_was_cut_is_on_the_part_that_it_is_of() {
    let here = provisioned();
    here.clock.set(day("02-20"));
    here.store.set_contract_end(here.contract, Some(day("02-15"))).unwrap();
    here.store.set_contract_end(here.contract, None).unwrap();
    let usage = vec![
        used(&here, here.usage, at("2025-02-14T23:00:00Z"), "1"),
        used(&here, here.usage, day("02-15"), "2"),
    ];
    let found = asked(&here, day("02-15"), usage).unwrap();
    let totals: Vec<_> = found.iter().map(|invoice| invoice.total.to_string()).collect();
    assert_eq!(totals, ["0", "100", "200"]);
}

#[test]
fn usage_that_cannot_be_shown_is_refused_with_all_that_is_wrong() {
    let here = provisioned();
    let other = here.store.create_contract(here.plain()).unwrap();
    let unpriced = here.store.create_product(metered(&here, "Unpriced")).unwrap();
    let unknown = ContractProductId::from(Uuid::from_u128(9));
    let good = used(&here, here.usage, day("01-02"), "1");
    let usage = vec![
        good.clone(),
        UsageQuantity { quantity: (-1).into(), ..good.clone() },
        UsageQuantity { contract_id: other, ..good.clone() },
        UsageQuantity { at: at("2024-12-31T23:59:59Z"), quantity: (-2).into(), ..good.clone() },
        UsageQuantity { at: at("2026-01-01T00:00:00Z"), ..good.clone() },
        used(&here, unpriced, day("01-02"), "1"),
        used(&here, unknown, day("01-02"), "1"),
    ];
    let found = fields(asked(&here, day("01-01"), usage));
    assert_eq!(
        found[..6],
        [
            "usage[1].quantity",
            "usage[2].contract_id",
            "usage[3].quantity",
            "usage[3].at",
            "usage[4].at",
            "usage[5].product_id"
        ]
    );
    assert_eq!(found.len(), 7, "{found:?}");
    let too_many = vec![good.clone(); 1_001];
    assert_eq!(fields(asked(&here, day("01-01"), too_many)), ["usage"]);
    assert_eq!(asked(&here, day("01-01"), vec![good; 1_000]).unwrap()[0].lines.len(), 1_000);
}

#[test]
fn an_invoice_is_finalised_with_usage_of_its_own_period_alone() {
    let here = provisioned();
    here.edit(charging(&here, 100, &[day("01-10")])).unwrap();
    let found = all(&here.store, here.contract, day("01-10"));
    let (scheduled, january) = (found[0].id, found[1].id);
    let of_january = used(&here, here.usage, day("01-10"), "1");
    let of_february = UsageQuantity { at: day("02-01"), ..of_january.clone() };
    let before = here.everything();
    let finalize = |id, usage: &[UsageQuantity]| here.store.finalize_invoice(id, usage);
    assert_eq!(fields(finalize(january, &[of_january.clone(), of_february.clone()])), ["usage[1].at"]);
    assert_eq!(fields(finalize(scheduled, std::slice::from_ref(&of_january))), ["usage[0].at"]);
    assert_eq!(here.everything(), before);
    finalize(scheduled, &[]).unwrap();
    finalize(january, std::slice::from_ref(&of_january)).unwrap();
    let twice = fault(finalize(january, &[of_january]));
    assert_eq!(twice, Fault::InvoiceSettled { target: january.into(), status: InvoiceStatus::Finalized });
}
