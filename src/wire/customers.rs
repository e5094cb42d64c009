//! The calls about customers (source: `metronome-api.md` §2, and the seed "Provision a customer").

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::{self, Refusal, data, id as made, nothing, page, timestamp};
use super::body::{Object, Value, flag, id, list, nullable, object, one_of, pairs, text};
use super::{Request, Route};
use crate::entity::CustomerId;
use crate::error::{Error, Fault};
use crate::model::customer::{CreateCustomer, Customer, CustomerFilter, KEPT_FIELDS, UpdateCustomerConfig};
use crate::store::{ReadingRecords as _, Store, Writing as _, WritingRecords as _};

pub(super) const ROUTES: &[Route] = &[
    ("POST", "/v1/customers", create),
    ("GET", "/v1/customers", list_customers),
    ("POST", "/v1/customers/archive", archive),
    ("GET", "/v1/customers/{customer_id}", get),
    ("POST", "/v1/customers/{customer_id}/setIngestAliases", set_ingest_aliases),
    ("POST", "/v1/customers/{customer_id}/setName", set_name),
    ("POST", "/v1/customers/{customer_id}/updateConfig", update_config),
];

fn create(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (request, has_external_id) = request.read(|body, _| {
        let name = body.required("name", text);
        let aliases = body.optional("ingest_aliases", |value| list(value, text));
        // The older name of one more alias, which comes first.
        let external_id = body.optional("external_id", text);
        let custom_fields = body.optional("custom_fields", |value| pairs(value, text));
        let kept = kept(body);
        let mut ingest_aliases = aliases?.unwrap_or_default();
        let external_id = external_id?.filter(|external_id| !ingest_aliases.contains(external_id));
        let has_external_id = external_id.is_some();
        ingest_aliases.splice(0..0, external_id);
        let request = CreateCustomer {
            name: name?,
            ingest_aliases,
            salesforce_account_id: None,
            custom_fields: custom_fields?.unwrap_or_default().into(),
            kept: kept?,
        };
        Some((request, has_external_id))
    })?;
    let customer = store.write(|tx| {
        let id = tx.create_customer(request)?;
        tx.customer(id)
    });
    let customer = customer.map_err(|error| if has_external_id { in_the_request(error) } else { error })?;
    data(Summary::of(customer))
}

/// Faults of aliases by the places they have in a request, where the first of them is its `external_id`.
fn in_the_request(error: Error) -> Error {
    let Error::Refused(faults) = error else { return error };
    let renamed = |fault| match fault {
        Fault::Field { field, problem } => Fault::Field { field: place_in_the_request(field), problem },
        other => other,
    };
    Error::Refused(faults.into_iter().map(renamed).collect())
}

fn place_in_the_request(field: String) -> String {
    let place =
        field.strip_prefix("ingest_aliases[").and_then(|rest| rest.strip_suffix(']')?.parse::<usize>().ok());
    match place {
        None => field,
        Some(0) => "external_id".to_owned(),
        Some(place) => format!("ingest_aliases[{}]", place - 1),
    }
}

fn list_customers(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (filter, wanted) = request.read(|_, query| {
        let ingest_alias = query.text("ingest_alias").map(str::to_owned);
        let ids = query.ids("customer_ids");
        let salesforce_account_ids = query.list("salesforce_account_ids");
        let only_archived = query.flag("only_archived");
        let wanted = query.page();
        let filter = CustomerFilter {
            ingest_alias,
            customer_ids: ids?.into_iter().map(CustomerId::from).collect(),
            salesforce_account_ids,
            only_archived: only_archived?.unwrap_or(false),
        };
        Some((filter, wanted?))
    })?;
    page(store.customers(&filter, &wanted)?.map(Detail::of))
}

fn get(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let id = request.read(|_, _| request.id("customer_id"))?;
    data(Detail::of(store.customer(CustomerId::from(id))?))
}

fn archive(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let id = request.read(|body, _| body.required("id", id))?;
    store.archive(CustomerId::from(id))?;
    made(id)
}

fn set_ingest_aliases(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (id, aliases) = request.read(|body, _| {
        let id = request.id("customer_id");
        let aliases = body.required("ingest_aliases", |value| list(value, text));
        Some((id?, aliases?))
    })?;
    store.set_ingest_aliases(CustomerId::from(id), aliases)?;
    nothing()
}

fn set_name(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (id, name) = request.read(|body, _| {
        let id = request.id("customer_id");
        let name = body.required("name", text);
        Some((CustomerId::from(id?), name?))
    })?;
    let customer = store.write(|tx| {
        tx.set_customer_name(id, &name)?;
        tx.customer(id)
    })?;
    data(Summary::of(customer))
}

fn update_config(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (id, update) = request.read(|body, _| {
        let id = request.id("customer_id");
        let salesforce_account_id = body.optional("salesforce_account_id", |value| nullable(value, text));
        let leave = body.optional("leave_stripe_invoices_in_draft", |value| nullable(value, flag));
        let update = UpdateCustomerConfig {
            salesforce_account_id: salesforce_account_id?,
            leave_stripe_invoices_in_draft: leave?,
        };
        Some((CustomerId::from(id?), update))
    })?;
    store.update_customer_config(id, update)?;
    nothing()
}

const BILLING_PROVIDERS: &[&str] = &[
    "aws_marketplace",
    "stripe",
    "netsuite",
    "custom",
    "azure_marketplace",
    "quickbooks_online",
    "workday",
    "gcp_marketplace",
    "metronome",
];
const CONTRACT_BILLING_PROVIDERS: &[&str] =
    &["aws_marketplace", "azure_marketplace", "gcp_marketplace", "stripe", "netsuite"];
const COLLECTION_METHODS: &[&str] =
    &["charge_automatically", "send_invoice", "auto_charge_payment_intent", "manually_charge_payment_intent"];
const TAX_PROVIDERS: &[&str] = &["anrok", "avalara", "stripe"];
const DELIVERY_METHODS: &[&str] = &["direct_to_billing_provider", "aws_sqs", "tackle", "aws_sns"];
const REVENUE_SYSTEMS: &[&str] = &["netsuite"];
const REVENUE_DELIVERY_METHODS: &[&str] = &["direct_to_billing_provider"];
const AWS_REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// The fields that say how a customer is billed elsewhere: checked for their shape, kept as they are written.
fn kept(body: &Object<'_>) -> Option<BTreeMap<String, String>> {
    let [billing_config_field, providers_field, revenue_field] = KEPT_FIELDS;
    let billing = body.optional(billing_config_field, |value| as_written(value, billing_config));
    let providers = body.optional(providers_field, |value| {
        list(value, |value| as_written(value, provider_configuration)).map(|_| value.json().to_owned())
    });
    let revenue = body.optional(revenue_field, |value| {
        list(value, |value| as_written(value, revenue_configuration)).map(|_| value.json().to_owned())
    });
    let texts = KEPT_FIELDS.into_iter().zip([billing?, providers?, revenue?]);
    Some(texts.filter_map(|(name, json)| Some((name.to_owned(), json?))).collect())
}

/// An object's JSON, once `check` has asked for all fields it may have.
fn as_written(value: Value<'_>, check: impl FnOnce(&Object<'_>) -> Option<()>) -> Option<String> {
    let fields = object(value)?;
    let checked = check(&fields);
    fields.finish();
    checked.map(|()| value.json().to_owned())
}

fn billing_config(fields: &Object<'_>) -> Option<()> {
    let provider = fields.required("billing_provider_type", |value| one_of(value, BILLING_PROVIDERS));
    let customer = fields.required("billing_provider_customer_id", text);
    let method = fields.optional("stripe_collection_method", |value| one_of(value, COLLECTION_METHODS));
    let ids = ["aws_customer_id", "aws_customer_account_id", "aws_product_code"];
    let ids = ids.map(|name| fields.optional(name, text)).into_iter().collect::<Option<Vec<_>>>();
    let region = fields.optional("aws_region", |value| one_of(value, AWS_REGIONS));
    let subscription = fields.optional("aws_is_subscription_product", flag);
    provider.and(customer).and(method).and(ids).and(region).and(subscription).map(drop)
}

fn provider_configuration(fields: &Object<'_>) -> Option<()> {
    let provider = fields.required("billing_provider", |value| one_of(value, CONTRACT_BILLING_PROVIDERS));
    let tax = fields.optional("tax_provider", |value| one_of(value, TAX_PROVIDERS));
    let delivery = delivery(fields, DELIVERY_METHODS);
    provider.and(tax).and(delivery)
}

fn revenue_configuration(fields: &Object<'_>) -> Option<()> {
    let provider = fields.required("provider", |value| one_of(value, REVENUE_SYSTEMS));
    let delivery = delivery(fields, REVENUE_DELIVERY_METHODS);
    provider.and(delivery)
}

fn delivery(fields: &Object<'_>, methods: &[&'static str]) -> Option<()> {
    let configuration = fields.optional("configuration", |value| pairs(value, |_| Some(())));
    let method_id = fields.optional("delivery_method_id", id);
    let method = fields.optional("delivery_method", |value| one_of(value, methods));
    configuration.and(method_id).and(method).map(drop)
}

/// A customer as the calls that change it answer it.
#[derive(Serialize)]
struct Summary {
    id: CustomerId,
    external_id: String,
    ingest_aliases: Vec<String>,
    name: String,
    custom_fields: BTreeMap<String, String>,
}

impl Summary {
    fn of(customer: Customer) -> Self {
        Self {
            id: customer.id,
            external_id: external_id(&customer),
            ingest_aliases: customer.ingest_aliases,
            name: customer.name,
            custom_fields: customer.custom_fields,
        }
    }
}

/// A customer as it is read.
#[derive(Serialize)]
struct Detail {
    #[serde(flatten)]
    summary: Summary,
    customer_config: Config,
    created_at: String,
    updated_at: String,
    archived_at: Option<String>,
    #[serde(flatten)]
    kept: BTreeMap<String, Box<RawValue>>,
}

#[derive(Serialize)]
struct Config {
    salesforce_account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leave_stripe_invoices_in_draft: Option<bool>,
}

impl Detail {
    fn of(mut customer: Customer) -> Self {
        let kept = std::mem::take(&mut customer.kept).into_iter();
        Self {
            customer_config: Config {
                salesforce_account_id: customer.salesforce_account_id.take(),
                leave_stripe_invoices_in_draft: customer.leave_stripe_invoices_in_draft,
            },
            created_at: timestamp(customer.created_at),
            updated_at: timestamp(customer.updated_at),
            archived_at: customer.archived_at.map(timestamp),
            kept: kept.filter_map(|(name, json)| Some((name, answer::kept(&json)?))).collect(),
            summary: Summary::of(customer),
        }
    }
}

/// The first name that usage events can call the customer by.
fn external_id(customer: &Customer) -> String {
    customer.ingest_aliases.first().cloned().unwrap_or_else(|| customer.id.to_string())
}
