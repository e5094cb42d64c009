//! Products: what each type needs and may have, and how one is made.

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::catalog::{cpu_hours, of_type, refused, strings, summing, usage};
use crate::support::{every, fault, faults};

use ProductType::{Composite, Fixed, ProService, Subscription, Usage};

const TYPES: [ProductType; 5] = [Usage, Subscription, Composite, Fixed, ProService];

/// A store with a metric, and a product of that type that has what it needs.
fn prepared(product_type: ProductType) -> (Store, CreateProduct) {
    let store = Store::in_memory().unwrap();
    let metric = cpu_hours(&store);
    let mut request = of_type(product_type);
    match product_type {
        Usage => request.billable_metric_id = Some(metric),
        Composite => request.composite_tags = strings(&["cloud"]),
        _ => {}
    }
    (store, request)
}

#[test]
fn every_type_is_made_and_read_back() {
    for product_type in TYPES {
        let (store, request) = prepared(product_type);
        let id = store.create_product(request.clone()).unwrap();
        let product = store.product(id).unwrap();
        assert_eq!((product.id, product.product_type), (id, product_type));
        assert_eq!(product.initial.name, "My Product");
        assert_eq!(product.initial.billable_metric_id, request.billable_metric_id);
        assert_eq!(product.initial.composite_tags, request.composite_tags);
        assert_eq!(product.current, product.initial);
        assert_eq!((product.updates.len(), product.archived_at), (0, None));
        assert_eq!((product.initial.starting_at, product.initial.created_by), (None, None));
    }
}

#[test]
fn every_field_is_kept() {
    let (store, mut request) = prepared(Usage);
    request.tags = strings(&["cloud", "compute"]);
    request.pricing_group_key = strings(&["machine_type"]);
    request.presentation_group_key = strings(&["region", "machine_type"]);
    request.quantity_conversion = Some(QuantityConversion {
        conversion_factor: "1024.5".parse().unwrap(),
        operation: ConversionOperation::Divide,
        name: Some("MB to GB".into()),
    });
    request.quantity_rounding =
        Some(QuantityRounding { rounding_method: RoundingMethod::RoundHalfUp, decimal_places: 3 });
    request.is_refundable = Some(false);
    request.sql_breakdown_granularity = Some(SqlBreakdownGranularity::Hour);
    request.netsuite_internal_item_id = Some("41".into());
    request.netsuite_overage_item_id = Some("42".into());
    let id = store.create_product(request.clone()).unwrap();
    let state = store.product(id).unwrap().current;
    assert_eq!(state.tags, request.tags);
    assert_eq!(state.pricing_group_key, request.pricing_group_key);
    assert_eq!(state.presentation_group_key, request.presentation_group_key);
    assert_eq!(state.quantity_conversion, request.quantity_conversion);
    assert_eq!(state.quantity_rounding, request.quantity_rounding);
    assert_eq!(state.is_refundable, request.is_refundable);
    assert_eq!(state.sql_breakdown_granularity, request.sql_breakdown_granularity);
    assert_eq!(state.netsuite_internal_item_id, request.netsuite_internal_item_id);
    assert_eq!(state.netsuite_overage_item_id, request.netsuite_overage_item_id);

    let composite = CreateProduct {
        composite_product_ids: vec![id],
        exclude_free_usage: Some(true),
        include_composite_spend: Some(false),
        composite_scope: Some(CompositeScope::Customer),
        ..of_type(Composite)
    };
    let state = store.create_product(composite).and_then(|id| store.product(id)).unwrap().current;
    assert_eq!(state.composite_product_ids, [id]);
    assert_eq!((state.exclude_free_usage, state.include_composite_spend), (Some(true), Some(false)));
    assert_eq!(state.composite_scope, Some(CompositeScope::Customer));
}

#[test]
fn a_usage_product_needs_a_metric() {
    let (store, _) = prepared(Usage);
    let expected = ["billable_metric_id: missing; a USAGE product has a billable metric"];
    assert_eq!(refused(&store, |store| store.create_product(of_type(Usage))), expected);
}

#[test]
fn a_composite_product_needs_products_or_tags() {
    let (store, _) = prepared(Usage);
    let part = store.create_product(of_type(Fixed)).unwrap();
    let of_products = CreateProduct { composite_product_ids: vec![part], ..of_type(Composite) };
    store.create_product(of_products.clone()).unwrap();
    let of_tags = CreateProduct { composite_tags: strings(&["cloud"]), ..of_type(Composite) };
    store.create_product(of_tags).unwrap();
    let rule = "a COMPOSITE product has composite_product_ids or composite_tags";
    let expected = [format!("composite_product_ids: missing; {rule}")];
    assert_eq!(refused(&store, |store| store.create_product(of_type(Composite))), expected);
    let unknown = ContractProductId::from(Uuid::from_u128(7));
    let of_unknown = CreateProduct { composite_product_ids: vec![part, unknown], ..of_type(Composite) };
    let expected = [format!("composite_product_ids[1]: there is no contract_product {unknown}")];
    assert_eq!(refused(&store, |store| store.create_product(of_unknown)), expected);
    store.archive(part).unwrap();
    store.create_product(of_products).unwrap();
}

#[test]
fn limited_fields_are_taken_for_their_types_and_refused_for_the_others() {
    type Set = fn(&mut CreateProduct, BillableMetricId);
    let limited: [(&str, &[ProductType], Set); 10] = [
        ("billable_metric_id", &[Usage], |product, metric| product.billable_metric_id = Some(metric)),
        ("composite_tags", &[Composite], |product, _| product.composite_tags = strings(&["a"])),
        ("pricing_group_key", &[Usage], |product, _| product.pricing_group_key = strings(&["region"])),
        ("presentation_group_key", &[Usage], |product, _| {
            product.presentation_group_key = strings(&["region"]);
        }),
        ("quantity_conversion", &[Usage], |product, _| {
            product.quantity_conversion = Some(QuantityConversion {
                conversion_factor: 2.into(),
                operation: ConversionOperation::Multiply,
                name: None,
            });
        }),
        ("quantity_rounding", &[Usage], |product, _| {
            product.quantity_rounding =
                Some(QuantityRounding { rounding_method: RoundingMethod::RoundUp, decimal_places: 0 });
        }),
        ("exclude_free_usage", &[Composite], |product, _| product.exclude_free_usage = Some(false)),
        ("include_composite_spend", &[Composite], |product, _| product.include_composite_spend = Some(true)),
        ("composite_scope", &[Composite], |product, _| {
            product.composite_scope = Some(CompositeScope::Contract);
        }),
        ("netsuite_overage_item_id", &[Usage, Composite], |product, _| {
            product.netsuite_overage_item_id = Some("9".into());
        }),
    ];
    for (field, types, set) in limited {
        for product_type in TYPES {
            let (store, mut request) = prepared(product_type);
            set(&mut request, cpu_hours(&store));
            if types.contains(&product_type) {
                store.create_product(request).unwrap();
            } else {
                let faults = refused(&store, |store| store.create_product(request));
                let begins = format!("{field}: not allowed here; it is for {}", types[0]);
                assert!(faults.len() == 1 && faults[0].starts_with(&begins), "{product_type}: {faults:?}");
            }
        }
    }
}

#[test]
fn group_keys_together_are_one_group_key_of_the_metric() {
    let (store, request) = prepared(Usage);
    let grouped = |pricing: &[&str], presentation: &[&str]| CreateProduct {
        pricing_group_key: strings(pricing),
        presentation_group_key: strings(presentation),
        ..request.clone()
    };
    let sound: [(&[&str], &[&str]); 5] = [
        (&["region"], &[]),
        (&[], &["machine_type"]),
        (&["machine_type"], &["region"]),
        (&["region", "machine_type"], &[]),
        (&["region"], &["machine_type", "region"]),
    ];
    for (pricing, presentation) in sound {
        store.create_product(grouped(pricing, presentation)).unwrap();
    }
    let rule = "pricing and presentation group key together are one group key of the billable metric";
    let wrong: [(&[&str], &[&str], &str, &str); 3] = [
        (&["cpu_hours"], &[], "pricing_group_key", "cpu_hours"),
        (&[], &["zone"], "presentation_group_key", "zone"),
        (&["region", "zone"], &["machine_type"], "pricing_group_key", "machine_type, region, zone"),
    ];
    for (pricing, presentation, field, value) in wrong {
        let expected = [format!("{field}: \"{value}\" is not allowed; {rule}")];
        assert_eq!(refused(&store, |store| store.create_product(grouped(pricing, presentation))), expected);
    }
    // Two group keys of one property each are not one of both.
    let apart = summing("apart", &["bytes", "region", "zone"], &[&["region"], &["zone"]]);
    let metric = store.create_billable_metric(apart).unwrap();
    let both = CreateProduct { billable_metric_id: Some(metric), ..grouped(&["region"], &["zone"]) };
    assert_eq!(refused(&store, |store| store.create_product(both)).len(), 1);
}

#[test]
fn group_keys_of_a_metric_that_is_nothing_but_an_id_are_refused() {
    let store = Store::in_memory().unwrap();
    let metric = BillableMetricId::from(Uuid::from_u128(5));
    store.adopt(metric).unwrap();
    store.create_product(usage(metric)).unwrap();
    let grouped = CreateProduct { pricing_group_key: strings(&["region"]), ..usage(metric) };
    assert_eq!(fault(store.create_product(grouped)), Fault::NothingButAnId { target: metric.into() });
}

#[test]
fn an_unknown_metric_is_not_found_and_an_archived_one_is_invalid() {
    let (store, request) = prepared(Usage);
    let unknown = BillableMetricId::from(Uuid::from_u128(5));
    let error = store.create_product(usage(unknown)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.to_string(), format!("billable_metric_id: there is no billable_metric {unknown}"));
    let metric = request.billable_metric_id.unwrap();
    let product = store.create_product(request.clone()).unwrap();
    store.archive(metric).unwrap();
    let error = store.create_product(request).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let expected =
        format!("billable_metric_id: billable_metric {metric} is archived, and cannot be given any more");
    assert_eq!(error.to_string(), expected);
    // Who has it keeps it.
    assert_eq!(store.product(product).unwrap().current.billable_metric_id, Some(metric));
}

#[test]
fn a_conversion_factor_is_greater_than_nothing() {
    let (store, request) = prepared(Usage);
    for (factor, sound) in
        [("0.0000000000000000000000000001", true), ("1024", true), ("0", false), ("-1", false)]
    {
        let conversion = QuantityConversion {
            conversion_factor: factor.parse().unwrap(),
            operation: ConversionOperation::Divide,
            name: None,
        };
        let request = CreateProduct { quantity_conversion: Some(conversion), ..request.clone() };
        if sound {
            store.create_product(request).unwrap();
        } else {
            let faults = refused(&store, |store| store.create_product(request));
            let rule = "a conversion factor is greater than 0";
            let place = "quantity_conversion.conversion_factor";
            assert_eq!(faults, [format!("{place}: \"{factor}\" is not allowed; {rule}")]);
        }
    }
}

#[test]
fn a_product_is_made_with_its_values_or_not_at_all_and_every_fault_is_named() {
    let (store, request) = prepared(Usage);
    store.add_key(ManagedEntity::ContractProduct, "stripe_product_id", KeyKind::Enforced).unwrap();
    let sold = CreateProduct { custom_fields: [("stripe_product_id", "prod_1")].into(), ..request.clone() };
    let holder = store.create_product(sold.clone()).unwrap();
    assert_eq!(store.find("stripe_product_id", "prod_1").unwrap(), Some(holder));
    assert_eq!(store.create_product(sold).unwrap_err().kind(), ErrorKind::Conflict);
    let wrong = CreateProduct {
        pricing_group_key: strings(&["zone"]),
        composite_tags: strings(&["cloud"]),
        quantity_conversion: Some(QuantityConversion {
            conversion_factor: Amount::ZERO,
            operation: ConversionOperation::Multiply,
            name: None,
        }),
        custom_fields: [("stripe_product_id", "prod_1"), ("tier", "x")].into(),
        ..request
    };
    let faults = refused(&store, |store| store.create_product(wrong));
    for part in ["composite_tags", "conversion_factor", "pricing_group_key", "\"tier\"", &holder.to_string()]
    {
        assert_eq!(faults.iter().filter(|fault| fault.contains(part)).count(), 1, "{part}: {faults:?}");
    }
    assert_eq!(faults.len(), 5, "{faults:?}");
    assert_eq!(store.key(ManagedEntity::ContractProduct, "stripe_product_id").unwrap().unwrap().instances, 1);
}

#[test]
fn archived_products_are_listed_where_they_are_asked_for() {
    let (store, request) = prepared(Usage);
    let ids: Vec<_> = (0..5).map(|_| store.create_product(request.clone()).unwrap()).collect();
    store.archive(ids[1]).unwrap();
    store.archive(ids[4]).unwrap();
    assert_eq!(fault(store.archive(ids[1])), Fault::AlreadyArchived { target: ids[1].into() });
    for limit in 1..=6 {
        let listed = |filter| -> Vec<_> {
            every(limit, |page| store.products(filter, page)).into_iter().map(|product| product.id).collect()
        };
        assert_eq!(listed(ArchiveFilter::All), ids);
        assert_eq!(listed(ArchiveFilter::Archived), [ids[1], ids[4]]);
        assert_eq!(listed(ArchiveFilter::NotArchived), [ids[0], ids[2], ids[3]]);
    }
    // The lists of two entities are two questions.
    let cursor = store.products(ArchiveFilter::All, &PageRequest::first(1)).unwrap().next.unwrap();
    let other = store.billable_metrics(ArchiveFilter::All, &PageRequest::after(cursor, 1));
    assert_eq!(fault(other), Fault::CursorOfAnotherQuestion);
}

#[test]
fn products_and_metrics_are_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("billing.redb");
    let store = Store::open(&path).unwrap();
    let metric = cpu_hours(&store);
    let id = store.create_product(usage(metric)).unwrap();
    let rename = ProductChanges { name: Some("Renamed".into()), ..Default::default() };
    store.update_product(id, "2020-01-01T00:00:00Z".parse().unwrap(), rename).unwrap();
    let before = (store.product(id).unwrap(), store.billable_metric(metric).unwrap());
    store.close().unwrap();
    let store = Store::open_read_only(&path).unwrap();
    assert_eq!((store.product(id).unwrap(), store.billable_metric(metric).unwrap()), before);
    assert_eq!(before.0.current.name, "Renamed");
}

#[test]
fn a_refused_product_leaves_its_transaction_as_it_was() {
    let (store, request) = prepared(Usage);
    let made = store
        .write(|tx| {
            // The metric of the same transaction is as good as any.
            let metric = tx.create_billable_metric(summing("m", &["bytes"], &[]))?;
            assert_eq!(faults(tx.create_product(of_type(Composite))).len(), 1);
            let id = tx.create_product(CreateProduct { billable_metric_id: Some(metric), ..request })?;
            assert_eq!(tx.product(id)?.current.billable_metric_id, Some(metric));
            Ok(id)
        })
        .unwrap();
    let listed = store.products(ArchiveFilter::All, &PageRequest::default()).unwrap().items;
    assert_eq!(listed.iter().map(|product| product.id).collect::<Vec<_>>(), [made]);
    let dry = store.dry_run(|tx| tx.create_product(of_type(Fixed))).unwrap();
    assert!(!store.exists(dry).unwrap());
}
