//! Products: what programs do with them, what that does to the model, and what can be read of them.

use std::collections::{BTreeMap, BTreeSet};

use billfold::prelude::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::compare::{admits, same};
use super::metrics::{PROPERTIES, metrics};
use super::operation::{Answer, MISSING, NOT_ALLOWED, Op, Pairs, Refusal, at, not_a_value};
use super::program::{PRODUCTS, adopted_ids, ids_of, instance_ops, mostly, pairs, short_name};
use super::state::{Held, Model};
use crate::support::catalog::strings;
use crate::support::every;

/// A product of the model: what it was made as, and its updates in the order they were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub initial: CreateProduct,
    pub updates: Vec<(Time, ProductChanges)>,
}

impl Schedule {
    /// Field by field what was said of it last, of all that counts at that moment.
    pub fn at(&self, moment: Time) -> CreateProduct {
        let mut state = self.initial.clone();
        for (_, changes) in self.updates.iter().filter(|(start, _)| *start <= moment) {
            let changes = changes.clone();
            state.name = changes.name.unwrap_or(state.name);
            state.billable_metric_id = changes.billable_metric_id.or(state.billable_metric_id);
            state.composite_product_ids =
                changes.composite_product_ids.unwrap_or(state.composite_product_ids);
            state.composite_tags = changes.composite_tags.unwrap_or(state.composite_tags);
            state.tags = changes.tags.unwrap_or(state.tags);
            state.pricing_group_key = changes.pricing_group_key.unwrap_or(state.pricing_group_key);
            state.presentation_group_key =
                changes.presentation_group_key.unwrap_or(state.presentation_group_key);
            state.quantity_conversion = changes.quantity_conversion.unwrap_or(state.quantity_conversion);
            state.is_refundable = changes.is_refundable.or(state.is_refundable);
        }
        state
    }
}

/// Moments that programs schedule at, and look at: two hours long gone, two to come, and one that is no hour.
pub fn moments() -> [Time; 5] {
    [
        "1999-01-01T00:00:00Z",
        "2001-01-01T01:00:00Z",
        "2100-01-01T00:00:00Z",
        "2100-01-01T00:30:00Z",
        "2100-01-01T01:00:00Z",
    ]
    .map(|moment| moment.parse().unwrap())
}

fn hour() -> impl Strategy<Value = Time> {
    select(moments().into_iter().filter(|moment| moment.is_on_the_hour()).collect::<Vec<_>>())
}

/// The products that programs name.
pub fn products() -> impl Iterator<Item = ContractProductId> + Clone {
    adopted_ids().take(2).chain(ids_of(PRODUCTS)).map(ContractProductId::from)
}

/// One metric, then one product for each type that programs begin with.
pub fn first_products() -> [CreateProduct; 4] {
    let of = |product_type| CreateProduct { name: "first".to_owned(), product_type, ..Default::default() };
    let usage = CreateProduct {
        billable_metric_id: metrics().next(),
        pricing_group_key: strings(&PROPERTIES[..1]),
        tags: strings(&["tag"]),
        ..of(ProductType::Usage)
    };
    let composite = CreateProduct { composite_tags: strings(&["tag"]), ..of(ProductType::Composite) };
    [usage, of(ProductType::Subscription), composite, of(ProductType::Fixed)]
}

fn groups() -> impl Strategy<Value = Vec<String>> {
    let nothing: &[&str] = &[];
    select(vec![nothing, &PROPERTIES[..1], &PROPERTIES[1..2], &PROPERTIES[..2]]).prop_map(strings)
}

pub fn tags() -> impl Strategy<Value = Vec<String>> {
    select(vec![vec![], vec!["tag"], vec!["tag", "other"], vec!["other"]]).prop_map(|tags| strings(&tags))
}

fn parts() -> impl Strategy<Value = Vec<ContractProductId>> {
    vec(select(products().collect::<Vec<_>>()), 0..3)
}

fn conversion() -> impl Strategy<Value = QuantityConversion> {
    let factor = prop_oneof![4 => Just(1_024), 1 => Just(0)];
    factor.prop_map(|factor| QuantityConversion {
        conversion_factor: factor.into(),
        operation: ConversionOperation::Divide,
        name: None,
    })
}

fn changes() -> BoxedStrategy<ProductChanges> {
    let metric = option::weighted(0.4, mostly(metrics().take(2), metrics()));
    let names = (option::weighted(0.5, short_name()), option::weighted(0.4, tags()));
    let shares = (option::weighted(0.2, parts()), option::weighted(0.2, tags()));
    let keys = (option::weighted(0.3, groups()), option::weighted(0.15, groups()));
    let conversion = option::weighted(0.2, option::of(conversion()));
    (names, metric, shares, keys, conversion, option::of(any::<bool>()))
        .prop_map(|(names, metric, shares, keys, quantity_conversion, is_refundable)| ProductChanges {
            name: names.0,
            tags: names.1,
            billable_metric_id: metric,
            composite_product_ids: shares.0,
            composite_tags: shares.1,
            pricing_group_key: keys.0,
            presentation_group_key: keys.1,
            quantity_conversion,
            is_refundable,
            ..Default::default()
        })
        .boxed()
}

/// What of the changes a product of the type takes, with the group keys of most metrics.
fn fit(mut said: ProductChanges, product_type: ProductType) -> ProductChanges {
    let [of_usage, of_composite] = [ProductType::Usage, ProductType::Composite].map(|it| it == product_type);
    said.billable_metric_id = said.billable_metric_id.filter(|_| of_usage);
    said.pricing_group_key = said.pricing_group_key.filter(|key| of_usage && *key != [PROPERTIES[1]]);
    said.presentation_group_key = None;
    said.quantity_conversion = said.quantity_conversion.filter(|_| of_usage);
    said.composite_tags = said.composite_tags.filter(|_| of_composite);
    said.composite_product_ids = said.composite_product_ids.filter(|_| of_composite);
    said
}

/// A product of a type, with what an update could say of it: for USAGE mostly with a metric.
fn new_product() -> BoxedStrategy<CreateProduct> {
    let types = [ProductType::Usage, ProductType::Fixed, ProductType::Subscription, ProductType::Composite];
    let fitting = any::<bool>();
    (select(types.to_vec()), changes(), mostly(metrics().take(2), metrics()), fitting)
        .prop_map(|(product_type, mut said, metric, fitting)| {
            if fitting {
                said = fit(said, product_type);
                said.billable_metric_id = (product_type == ProductType::Usage).then_some(metric);
                said.composite_tags = (product_type == ProductType::Composite).then(|| strings(&["tag"]));
            }
            let none = CreateProduct { product_type, ..Default::default() };
            Schedule { initial: none, updates: vec![(moments()[0], said)] }.at(moments()[0])
        })
        .boxed()
}

/// What happens to products besides what happens to any instance.
pub fn of_products() -> BoxedStrategy<Op> {
    let id = || mostly(products().skip(2).take(3), products());
    prop_oneof![
        5 => (new_product(), pairs()).prop_map(|(new, values)| Op::CreateProduct(new, values)),
        8 => (0..3_usize, hour(), changes()).prop_map(|(nth, start, changes)| {
            let id = products().nth(2 + nth).unwrap();
            Op::UpdateProduct(id, start, fit(changes, first_products()[nth].product_type))
        }),
        3 => (id(), select(moments().to_vec()), changes())
            .prop_map(|(id, start, changes)| Op::UpdateProduct(id, start, changes)),
        3 => (id(), hour(), short_name(), tags()).prop_map(|(id, start, name, tags)| {
            let changes = ProductChanges { name: Some(name), tags: Some(tags), ..Default::default() };
            Op::UpdateProduct(id, start, changes)
        }),
        2 => id().prop_flat_map(|id| instance_ops(id.into())),
    ]
    .boxed()
}

/// Which of the fields that not every type has are said, and which one has them.
fn limited(said: &ProductChanges) -> [(&'static str, ProductType, bool); 6] {
    use ProductType::{Composite, Usage};
    [
        ("billable_metric_id", Usage, said.billable_metric_id.is_some()),
        ("composite_product_ids", Composite, said.composite_product_ids.is_some()),
        ("composite_tags", Composite, said.composite_tags.is_some()),
        ("pricing_group_key", Usage, said.pricing_group_key.is_some()),
        ("presentation_group_key", Usage, said.presentation_group_key.is_some()),
        ("quantity_conversion", Usage, matches!(said.quantity_conversion, Some(Some(_)))),
    ]
}

impl Model {
    pub fn product(&self, id: ContractProductId) -> Refusal<(&Held, &Schedule)> {
        self.made(id.into(), |held| held.product.as_ref())
    }

    pub fn create_product(&mut self, new: &CreateProduct, values: &Pairs) -> Refusal<Answer> {
        let target = self.fresh(ManagedEntity::ContractProduct);
        let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
        let parts = &new.composite_product_ids;
        let said = ProductChanges {
            billable_metric_id: new.billable_metric_id,
            composite_product_ids: (!parts.is_empty()).then(|| parts.clone()),
            composite_tags: some(&new.composite_tags),
            pricing_group_key: some(&new.pricing_group_key),
            presentation_group_key: some(&new.presentation_group_key),
            quantity_conversion: new.quantity_conversion.clone().map(Some),
            ..Default::default()
        };
        let mut faults = self.wrong_changes(None, &said);
        faults.extend(not_of_the_type(new.product_type, &said));
        faults.extend(lacking(new));
        faults.extend(self.wrong_groups(new));
        let product = Some(Schedule { initial: new.clone(), updates: Vec::new() });
        let held = Held { product, ..Held::default() };
        self.make(target, held, each_once(faults), self.values_of_new(target, values))
    }

    pub fn update_product(
        &mut self,
        id: ContractProductId,
        start: Time,
        changes: &ProductChanges,
    ) -> Refusal<Answer> {
        let mut faults = self.wrong_changes(Some(id), changes);
        // The fourth moment is half past.
        faults.extend((start == moments()[3]).then(|| at("starting_at", not_a_value(&start))));
        let mut after = match self.product(id) {
            Ok((_, product)) => product.clone(),
            Err(unknown) => return Err([unknown, faults].concat()),
        };
        faults.extend(not_of_the_type(after.initial.product_type, changes));
        after.updates.push((start, changes.clone()));
        let [metric, parts, tags, pricing, presentation, _] = limited(changes).map(|(.., said)| said);
        let states = moments().into_iter().filter(|moment| *moment >= start).map(|moment| after.at(moment));
        for state in states {
            if metric || parts || tags || pricing || presentation {
                faults.extend(lacking(&state));
            }
            if metric || pricing || presentation {
                faults.extend(self.wrong_groups(&state));
            }
        }
        if !faults.is_empty() {
            return Err(each_once(faults));
        }
        self.touch(id.into(), |held| held.product = Some(after));
        Ok(Answer::Done)
    }

    /// What is wrong with changes, whatever product they are of.
    fn wrong_changes(&self, own: Option<ContractProductId>, said: &ProductChanges) -> Vec<Fault> {
        let metric = said.billable_metric_id;
        let mut faults: Vec<_> =
            metric.and_then(|id| self.wrong_reference("billable_metric_id", id.into())).into_iter().collect();
        for (place, part) in said.composite_product_ids.iter().flatten().enumerate() {
            let field = format!("composite_product_ids[{place}]");
            if own == Some(*part) {
                faults.push(at(field, not_a_value(&part)));
            } else if !self.instances.contains_key(&part.into()) {
                faults.push(Fault::ReferenceNotFound { field, target: part.into() });
            }
        }
        let factor = said.quantity_conversion.iter().flatten().map(|conversion| conversion.conversion_factor);
        let zero = factor.filter(|factor| *factor == Amount::ZERO);
        faults.extend(zero.map(|zero| at("quantity_conversion.conversion_factor", not_a_value(&zero))));
        faults
    }

    /// The fault of a state whose group keys together are none of its metric.
    fn wrong_groups(&self, state: &CreateProduct) -> Option<Fault> {
        let wanted: BTreeSet<_> =
            state.pricing_group_key.iter().chain(&state.presentation_group_key).cloned().collect();
        let metric = state.billable_metric_id.filter(|_| state.product_type == ProductType::Usage)?;
        if wanted.is_empty() {
            return None;
        }
        let groups = match self.metric(metric) {
            Ok((_, metric)) => &metric.group_keys,
            Err(faults) if matches!(faults[..], [Fault::NothingButAnId { .. }]) => {
                return faults.first().cloned();
            }
            Err(_) => return self.wrong_reference("billable_metric_id", metric.into()),
        };
        let fits = groups.iter().any(|key| key.iter().cloned().collect::<BTreeSet<_>>() == wanted);
        let field =
            if state.pricing_group_key.is_empty() { "presentation_group_key" } else { "pricing_group_key" };
        let value = wanted.into_iter().collect::<Vec<_>>().join(", ");
        (!fits).then(|| at(field, not_a_value(&value)))
    }
}

fn not_of_the_type(product_type: ProductType, said: &ProductChanges) -> impl Iterator<Item = Fault> {
    let wrong = limited(said).into_iter().filter(move |(_, having, said)| *said && *having != product_type);
    wrong.map(|(field, ..)| at(field, NOT_ALLOWED))
}

/// The fault of a state that lacks what its type needs.
fn lacking(state: &CreateProduct) -> Option<Fault> {
    let no_part = state.composite_product_ids.is_empty() && state.composite_tags.is_empty();
    match state.product_type {
        ProductType::Usage if state.billable_metric_id.is_none() => Some(at("billable_metric_id", MISSING)),
        ProductType::Composite if no_part => Some(at("composite_product_ids", MISSING)),
        _ => None,
    }
}

fn each_once(faults: Vec<Fault>) -> Vec<Fault> {
    let mut once = Vec::new();
    for fault in faults {
        if !once.contains(&fault) {
            once.push(fault);
        }
    }
    once
}

fn said(state: ProductState, product_type: ProductType) -> CreateProduct {
    CreateProduct {
        name: state.name,
        product_type,
        billable_metric_id: state.billable_metric_id,
        composite_product_ids: state.composite_product_ids,
        composite_tags: state.composite_tags,
        tags: state.tags,
        pricing_group_key: state.pricing_group_key,
        presentation_group_key: state.presentation_group_key,
        quantity_conversion: state.quantity_conversion,
        quantity_rounding: state.quantity_rounding,
        exclude_free_usage: state.exclude_free_usage,
        include_composite_spend: state.include_composite_spend,
        composite_scope: state.composite_scope,
        is_refundable: state.is_refundable,
        sql_breakdown_granularity: state.sql_breakdown_granularity,
        netsuite_internal_item_id: state.netsuite_internal_item_id,
        netsuite_overage_item_id: state.netsuite_overage_item_id,
        custom_fields: CustomFields::default(),
    }
}

/// What can be read of a product, but for when it was said and by whom: with what it is at a moment, and the start
/// of the update made last of those that count.
type Shown = (ContractProductId, Schedule, Option<Time>, CreateProduct, BTreeMap<String, String>, bool);

fn shown(product: Product) -> Shown {
    let kind = product.product_type;
    let updates = product.updates.into_iter().map(|update| (update.starting_at, update.changes)).collect();
    let start = product.current.starting_at;
    let schedule = Schedule { initial: said(product.initial, kind), updates };
    let archived = product.archived_at.is_some();
    (product.id, schedule, start, said(product.current, kind), product.custom_fields, archived)
}

/// Products one by one, at each moment and now, and as every list has them.
pub fn compare_products(from: &impl Reading, model: &Model) {
    let expected = |id: ContractProductId, moment: Time| {
        let (held, product) = model.product(id)?;
        let counting = product.updates.iter().filter(|(start, _)| *start <= moment);
        let start = counting.map(|(start, _)| *start).next_back();
        Ok((id, product.clone(), start, product.at(moment), held.values.clone(), held.archived))
    };
    let now = Time::now();
    for id in products() {
        same(from.product(id).map(shown), expected(id, now));
        for moment in moments() {
            same(from.product_at(id, moment).map(shown), expected(id, moment));
        }
    }
    for filter in [ArchiveFilter::NotArchived, ArchiveFilter::Archived, ArchiveFilter::All] {
        let of_entity = model.of_entity(ManagedEntity::ContractProduct);
        let listed: Vec<_> = of_entity
            .filter_map(|id| expected(id.into(), now).ok())
            .filter(|(.., archived)| admits(filter, *archived))
            .collect();
        let found = every(2, |page| from.products(filter, page));
        assert_eq!(found.into_iter().map(shown).collect::<Vec<_>>(), listed, "{filter}");
    }
}
