//! Lines of invoices as the calls that read invoices answer them. What nobody said is left out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::{number, timestamp};
use super::listing::{JustId, Number};
use crate::entity::{
    CommitId, ContractProductId, DiscountId, EntityRef, ProfessionalServiceId, ScheduledChargeId,
    SubscriptionId,
};
use crate::model::balance::CommitType;
use crate::model::charge_line::LineSource;
use crate::model::credit_type::CreditType;
use crate::model::invoice::{InvoiceLine, InvoiceStatement, InvoicedProduct, InvoicedTier};
use crate::model::product::ProductType;

/// Values of an instance that an invoice shows, by key.
type Values = BTreeMap<String, String>;

#[derive(Serialize)]
pub(super) struct ListedInvoiceLine {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    quantity: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Number,
    total: Number,
    credit_type: CreditType,
    #[serde(flatten)]
    product: Option<Product>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<String>,
    #[serde(flatten)]
    source: Source,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pricing_group_values: Values,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    presentation_group_values: Values,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<Tier>,
}

#[derive(Serialize)]
struct Product {
    product_id: ContractProductId,
    product_type: &'static str,
    product_tags: Vec<String>,
    product_custom_fields: Values,
}

/// What is charged, where it is more than the product.
#[derive(Serialize)]
#[serde(untagged)]
enum Source {
    None {},
    Commit {
        commit_id: CommitId,
        commit_custom_fields: Values,
        #[serde(skip_serializing_if = "Option::is_none")]
        commit_type: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        postpaid_commit: Option<JustId<CommitId>>,
    },
    ScheduledCharge {
        scheduled_charge_id: ScheduledChargeId,
        scheduled_charge_custom_fields: Values,
    },
    Discount {
        discount_id: DiscountId,
        discount_custom_fields: Values,
    },
    ProfessionalService {
        professional_service_id: ProfessionalServiceId,
        professional_service_custom_fields: Values,
    },
    Subscription {
        subscription_id: SubscriptionId,
        subscription_custom_fields: Values,
        is_prorated: bool,
    },
}

/// Amounts of a tier are texts in the API.
#[derive(Serialize)]
struct Tier {
    level: u32,
    starting_at: String,
    size: Option<String>,
}

impl ListedInvoiceLine {
    pub(super) fn of(line: &InvoiceLine, on: &InvoiceStatement) -> Self {
        Self {
            name: line.name.clone(),
            kind: kind(line.source),
            quantity: number(line.quantity),
            unit_price: line.unit_price.and_then(number),
            total: number(line.total),
            credit_type: CreditType::of(line.credit_type_id),
            product: line.product.as_ref().map(|product| Product::of(product, on)),
            starting_at: line.period.map(|period| timestamp(period.starting_at)),
            ending_before: line.period.map(|period| timestamp(period.ending_before)),
            source: Source::of(line, on),
            pricing_group_values: line.pricing_group_values.clone(),
            presentation_group_values: line.presentation_group_values.clone(),
            tier: line.tier.map(Tier::of),
        }
    }
}

/// The API has no words of its own for discounts and professional services, which are scheduled charges to it, nor
/// for what is paid behind a postpaid commit.
const fn kind(source: LineSource) -> &'static str {
    match source {
        LineSource::Usage { .. } => "usage",
        LineSource::Commit { .. } | LineSource::RecurringCommit { .. } => "commit_purchase",
        LineSource::ScheduledCharge { .. }
        | LineSource::Discount { .. }
        | LineSource::ProfessionalService { .. } => "scheduled",
        LineSource::Subscription { .. } => "subscription",
        LineSource::Conversion { .. } => "cpu_conversion",
    }
}

impl Product {
    fn of(product: &InvoicedProduct, on: &InvoiceStatement) -> Self {
        Self {
            product_id: product.id,
            product_type: match product.product_type {
                ProductType::Usage => "UsageProductListItem",
                ProductType::Subscription => "SubscriptionProductListItem",
                ProductType::Composite => "CompositeProductListItem",
                ProductType::Fixed => "FixedProductListItem",
                ProductType::ProService => "ProServiceProductListItem",
            },
            product_tags: product.tags.clone(),
            product_custom_fields: on.passed_down_by(product.id).clone(),
        }
    }
}

impl Source {
    fn of(line: &InvoiceLine, on: &InvoiceStatement) -> Self {
        let passed_down = |from: EntityRef| on.passed_down_by(from).clone();
        if let Some(commit_id) = line.source.commit_id() {
            let postpaid = line.commit_type == Some(CommitType::Postpaid);
            return Self::Commit {
                commit_id,
                commit_custom_fields: passed_down(commit_id.into()),
                commit_type: line.commit_type.map(|kind| match kind {
                    CommitType::Prepaid => "PrepaidCommit",
                    CommitType::Postpaid => "PostpaidCommit",
                }),
                postpaid_commit: postpaid.then_some(JustId { id: commit_id }),
            };
        }
        match line.source {
            LineSource::ScheduledCharge { id, .. } => Self::ScheduledCharge {
                scheduled_charge_id: id,
                scheduled_charge_custom_fields: passed_down(id.into()),
            },
            LineSource::Discount { id, .. } => {
                Self::Discount { discount_id: id, discount_custom_fields: passed_down(id.into()) }
            }
            LineSource::ProfessionalService { id } => Self::ProfessionalService {
                professional_service_id: id,
                professional_service_custom_fields: passed_down(id.into()),
            },
            LineSource::Subscription { id, .. } => Self::Subscription {
                subscription_id: id,
                subscription_custom_fields: passed_down(id.into()),
                is_prorated: line.is_prorated,
            },
            _ => Self::None {},
        }
    }
}

impl Tier {
    fn of(tier: InvoicedTier) -> Self {
        Self {
            level: tier.level,
            starting_at: tier.starting_at.to_string(),
            size: tier.size.map(|size| size.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{CreditTypeId, InvoiceLineId, RecurringCommitId, ScheduleItemId};
    use crate::model::invoice::{InvoiceStatus, InvoiceType};
    use crate::model::scalar::{Amount, Time};
    use crate::model::statement::StatementPeriod;
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn id<I: From<Uuid>>(number: u128) -> I {
        Uuid::from_u128(number).into()
    }

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    /// A line of that source for 3 at 0.5 each, with nothing that a line can be without: in another credit type than
    /// its invoice.
    fn line(source: LineSource) -> InvoiceLine {
        InvoiceLine {
            id: id::<InvoiceLineId>(1),
            source,
            name: "Fee".into(),
            product: None,
            unit_price: Some(amount("0.5")),
            quantity: amount("3"),
            total: amount("1.5"),
            credit_type_id: CreditType::EUR,
            period: None,
            commit_type: None,
            is_prorated: false,
            pricing_group_values: Values::new(),
            presentation_group_values: Values::new(),
            tier: None,
        }
    }

    fn value(key: &str, value: &str) -> Values {
        [(key.to_owned(), value.to_owned())].into()
    }

    /// What is answered of a line, with `{"owner": "sales"}` passed down by those, but for what all lines have.
    fn listed<const N: usize>(line: &InvoiceLine, owned: [EntityRef; N]) -> Value {
        let on = InvoiceStatement {
            status: InvoiceStatus::Draft,
            invoice_type: InvoiceType::Scheduled,
            credit_type_id: CreditType::USD_CENTS,
            period: None,
            issued_at: Time::UNIX_EPOCH,
            settled_at: Time::UNIX_EPOCH,
            usage_is_settled: false,
            net_payment_terms_days: None,
            lines: Vec::new(),
            passed_down: owned.map(|owner| (owner, value("owner", "sales"))).into(),
        };
        let mut listed = serde_json::to_value(ListedInvoiceLine::of(line, &on)).unwrap();
        let fields = listed.as_object_mut().unwrap();
        let euros = json!({"id": CreditType::EUR, "name": "EUR"});
        for (name, expected) in
            [("name", json!("Fee")), ("quantity", json!(3)), ("total", json!(1.5)), ("credit_type", euros)]
        {
            assert_eq!(fields.remove(name), Some(expected), "{name}");
        }
        listed
    }

    /// The same, of a line that has nothing but its price besides.
    fn of_source(source: LineSource, owner: EntityRef) -> Value {
        let mut listed = listed(&line(source), [owner]);
        assert_eq!(listed.as_object_mut().unwrap().remove("unit_price"), Some(json!(0.5)));
        listed
    }

    #[test]
    fn a_line_names_what_is_charged_with_the_values_of_that() {
        let item = id::<ScheduleItemId>(8);
        let (charge, discount) = (id::<ScheduledChargeId>(7), id::<DiscountId>(6));
        let (service, seats) = (id::<ProfessionalServiceId>(5), id::<SubscriptionId>(4));
        let sales = json!({"owner": "sales"});
        assert_eq!(
            of_source(LineSource::ScheduledCharge { id: charge, item }, charge.into()),
            json!({"type": "scheduled", "scheduled_charge_id": charge, "scheduled_charge_custom_fields": sales})
        );
        assert_eq!(
            of_source(LineSource::Discount { id: discount, item }, discount.into()),
            json!({"type": "scheduled", "discount_id": discount, "discount_custom_fields": sales})
        );
        assert_eq!(
            of_source(LineSource::ProfessionalService { id: service }, service.into()),
            json!({"type": "scheduled", "professional_service_id": service,
                "professional_service_custom_fields": sales})
        );
        let (period, from) = (Time::UNIX_EPOCH, Time::UNIX_EPOCH);
        assert_eq!(
            of_source(LineSource::Subscription { id: seats, period, from }, seats.into()),
            json!({"type": "subscription", "subscription_id": seats, "subscription_custom_fields": sales,
                "is_prorated": false})
        );
        let in_part =
            InvoiceLine { is_prorated: true, ..line(LineSource::Subscription { id: seats, period, from }) };
        assert_eq!(listed(&in_part, [])["is_prorated"], true);
        let credit_type_id = id::<CreditTypeId>(3);
        let conversion = of_source(LineSource::Conversion { credit_type_id }, seats.into());
        assert_eq!(conversion, json!({"type": "cpu_conversion"}));
    }

    #[test]
    fn a_commit_is_told_with_when_it_is_paid_for() {
        let commit = id::<CommitId>(7);
        let source = LineSource::Commit { id: commit, item: id(8) };
        let paid =
            |commit_type| InvoiceLine { unit_price: None, commit_type: Some(commit_type), ..line(source) };
        assert_eq!(
            listed(&paid(CommitType::Prepaid), [commit.into()]),
            json!({"type": "commit_purchase", "commit_id": commit, "commit_type": "PrepaidCommit",
                "commit_custom_fields": {"owner": "sales"}})
        );
        assert_eq!(
            listed(&paid(CommitType::Postpaid), []),
            json!({"type": "commit_purchase", "commit_id": commit, "commit_type": "PostpaidCommit",
                "postpaid_commit": {"id": commit}, "commit_custom_fields": {}})
        );
    }

    #[test]
    fn each_grant_of_a_recurring_commit_is_a_commit_of_its_own() {
        let source = |number| LineSource::RecurringCommit { id: id::<RecurringCommitId>(7), number };
        let of_grant = |number| listed(&line(source(number)), [])["commit_id"].take();
        assert_eq!(of_grant(0), of_grant(0));
        assert_ne!(of_grant(0), of_grant(1));
        assert_ne!(of_grant(0), json!(id::<CommitId>(7)));
    }

    #[test]
    fn usage_is_told_with_product_period_groups_and_tier() {
        let product = id::<ContractProductId>(7);
        let end: Time = "2025-01-01T00:00:00.0005Z".parse().unwrap();
        let usage = InvoiceLine {
            product: Some(InvoicedProduct {
                id: product,
                product_type: ProductType::Usage,
                tags: vec!["cloud".into()],
            }),
            unit_price: None,
            period: Some(StatementPeriod { starting_at: Time::UNIX_EPOCH, ending_before: end }),
            pricing_group_values: value("region", "EU"),
            presentation_group_values: value("team", "a"),
            tier: Some(InvoicedTier { level: 2, starting_at: amount("100.5"), size: None }),
            ..line(LineSource::Usage { product_id: product })
        };
        let expected = json!({"type": "usage", "product_id": product, "product_type": "UsageProductListItem",
            "product_tags": ["cloud"], "product_custom_fields": {"owner": "sales"},
            "starting_at": "1970-01-01T00:00:00.000Z", "ending_before": "2025-01-01T00:00:00.0005Z",
            "pricing_group_values": {"region": "EU"}, "presentation_group_values": {"team": "a"},
            "tier": {"level": 2, "starting_at": "100.5", "size": null}});
        assert_eq!(listed(&usage, [product.into()]), expected);
        let last = InvoicedTier { level: 1, starting_at: amount("0"), size: Some(amount("100.5")) };
        let first = listed(&InvoiceLine { tier: Some(last), ..usage }, []);
        assert_eq!(first["tier"], json!({"level": 1, "starting_at": "0", "size": "100.5"}));
    }

    #[test]
    fn products_are_told_as_what_they_are() {
        for (product_type, said) in [
            (ProductType::Usage, "UsageProductListItem"),
            (ProductType::Subscription, "SubscriptionProductListItem"),
            (ProductType::Composite, "CompositeProductListItem"),
            (ProductType::Fixed, "FixedProductListItem"),
            (ProductType::ProService, "ProServiceProductListItem"),
        ] {
            let product = Some(InvoicedProduct { id: id(7), product_type, tags: Vec::new() });
            let line = InvoiceLine { product, ..line(LineSource::ProfessionalService { id: id(5) }) };
            assert_eq!(listed(&line, [])["product_type"], said);
        }
    }
}
