//! Metrics and products that several subjects' tests begin with.

use billfold::prelude::*;

/// `name` with filters on these properties, summing the first, with these group keys.
pub fn summing(name: &str, properties: &[&str], group_keys: &[&[&str]]) -> CreateBillableMetric {
    CreateBillableMetric {
        name: name.into(),
        aggregation_type: Some(Aggregation::Sum),
        aggregation_key: Some(properties[0].into()),
        property_filters: properties.iter().map(|name| filter(name)).collect(),
        group_keys: group_keys.iter().map(|key| strings(key)).collect(),
        ..Default::default()
    }
}

/// A filter on that property that lets everything through.
pub fn filter(name: &str) -> PropertyFilter {
    PropertyFilter { name: name.into(), ..Default::default() }
}

pub fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The metric of the API's own example, with region and machine type as group keys, alone and together.
pub fn cpu_hours(store: &Store) -> BillableMetricId {
    let groups: [&[&str]; 3] = [&["region"], &["machine_type"], &["region", "machine_type"]];
    store
        .create_billable_metric(summing("CPU Hours", &["cpu_hours", "region", "machine_type"], &groups))
        .unwrap()
}

/// A product that is to be made, of that type.
pub fn of_type(product_type: ProductType) -> CreateProduct {
    CreateProduct { name: "My Product".into(), product_type, ..Default::default() }
}

/// A usage product of that metric.
pub fn usage(metric: BillableMetricId) -> CreateProduct {
    CreateProduct { billable_metric_id: Some(metric), ..of_type(ProductType::Usage) }
}

pub fn at(moment: &str) -> Time {
    moment.parse().unwrap()
}

/// Everything that creating something can change, of all entities.
pub fn everything(store: &Store) -> String {
    let mut all = String::new();
    for entity in ManagedEntity::ALL {
        for instance in store.entities(entity, &PageRequest::first(1_000)).unwrap().items {
            all += &format!("{instance:?} {:?}\n", store.values(instance.id).unwrap());
        }
    }
    let page = PageRequest::first(1_000);
    all += &format!("{:?}", store.billable_metrics(ArchiveFilter::All, &page).unwrap());
    all += &format!("{:?}", store.products(ArchiveFilter::All, &page).unwrap());
    all += &format!("{:?}", store.packages(ArchiveFilter::All, &page).unwrap());
    all
}

/// The faults of a call that must have been refused and must have changed nothing, as text.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(
    store: &Store,
    call: impl FnOnce(&Store) -> Result<T, Error>,
) -> Vec<String> {
    let before = everything(store);
    let faults = super::faults(call(store));
    assert_eq!(everything(store), before, "a refused call changed something");
    faults.iter().map(ToString::to_string).collect()
}
