//! The call about a customer's net balance (source: `metronome-api.md` §1.10).
//!
//! Nothing is drawn from commits and credits here, so that invoices take nothing from the balance: which of them
//! would count, `invoice_inclusion_mode`, is understood and makes no difference.

use serde::Serialize;

use super::answer::{Refusal, data, number};
use super::body::{Object, choice, list, map, typed_id, word};
use super::listing::Number;
use super::{Request, Route};
use crate::entity::CustomerId;
use crate::id::CreditTypeId;
use crate::model::net_balance::{NetBalanceFilter, NetBalanceQuestion};
use crate::store::{ReadingContracts as _, Store};

pub(super) const ROUTES: &[Route] = &[("POST", "/v1/contracts/customerBalances/getNetBalance", net_balance)];

/// The modes there are, which all mean the same here.
const INCLUSION_MODES: &[(&str, ())] = &[("FINALIZED", ()), ("FINALIZED_AND_DRAFT", ())];

#[derive(Serialize)]
struct NetBalance {
    balance: Number,
    credit_type_id: CreditTypeId,
}

fn net_balance(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (customer, question) = request.read(|body, _| {
        let customer = body.required("customer_id", typed_id::<CustomerId>);
        let credit_type_id = body.optional("credit_type_id", typed_id);
        let filters = body.objects("filters", filter);
        let mode = body.optional("invoice_inclusion_mode", |value| choice(value, INCLUSION_MODES));
        mode?;
        Some((customer?, NetBalanceQuestion { credit_type_id: credit_type_id?, filters: filters? }))
    })?;
    let balance = number(store.net_balance(customer, &question)?);
    data(NetBalance { balance, credit_type_id: question.credit_type() })
}

fn filter(fields: &Object<'_>) -> Option<NetBalanceFilter> {
    let balance_types = fields.optional("balance_types", |value| list(value, word));
    let ids = fields.optional("ids", |value| list(value, typed_id));
    let custom_fields = fields.optional("custom_fields", map);
    Some(NetBalanceFilter {
        balance_types: balance_types?.unwrap_or_default().into_iter().collect(),
        ids: ids?.unwrap_or_default().into_iter().collect(),
        custom_fields: custom_fields?.unwrap_or_default(),
    })
}
