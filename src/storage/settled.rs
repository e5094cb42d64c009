//! Settled invoices: contract, invoice and a number -> what the invoice says; contract and what is charged -> the
//! invoice that it is on; contract -> until when there is nothing more to be settled.
//!
//! Most invoices are one row. One that would be too large for a row is several, each with the lines and values that
//! go on where those of the one before end.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::codec::{self, FieldsRow};
use super::collection::{self, Put};
use super::member::{Member, Row};
use super::rows;
use super::tables::{ID_BYTES, TableId};
use super::view::Reader;
use crate::entity::{ContractId, EntityId, InvoiceId};
use crate::error::{Error, Result};
use crate::model::change::What;
use crate::model::charge_line::LineSource;
use crate::model::invoice::{InvoiceLine, InvoiceStatement, InvoiceStatus};
use crate::model::scalar::Time;

/// A row is full with so many bytes, and goes on to the end of the line or of the values of one instance.
const ROW_BYTES: usize = 64 << 10;

/// Puts invoices in the place of drafts, or of those that were settled before and are void now.
pub fn put(
    member: &Member<'_>,
    contract: ContractId,
    row: &mut FieldsRow,
    invoices: Vec<(InvoiceId, InvoiceStatement)>,
) -> Result<()> {
    let mut puts = Vec::new();
    for (id, statement) in invoices {
        for row in charged(contract, id, &statement)? {
            member.put_row(&row)?;
        }
        for (number, part) in split(statement)?.into_iter().enumerate() {
            let number = u32::try_from(number).map_err(|_| Error::corrupt("an invoice of too many rows"))?;
            puts.push(Put { key: row_key(id, number), part: Some(part) });
        }
    }
    collection::put(member, contract.uuid(), row, puts)
}

/// The rows that lead from what is charged on an invoice to the invoice.
pub fn charged(contract: ContractId, id: InvoiceId, statement: &InvoiceStatement) -> Result<Vec<Row>> {
    let row = |line: &InvoiceLine| {
        let key = charged_key(contract, line.source)?;
        let table = TableId::ContractCharged;
        Ok(key.map(|key| Row { table, value: codec::seal_holder(&key, id.uuid()).to_vec(), key }))
    };
    statement.lines.iter().map(row).filter_map(Result::transpose).collect()
}

/// The bytes of a row's key behind the contract.
#[cfg(feature = "wire")]
pub const KEY_BYTES: usize = ID_BYTES + 4;

/// The invoice that a row is of, or a part of.
pub fn invoice_of(row_key: &[u8]) -> Result<InvoiceId> {
    let id = row_key.first_chunk::<ID_BYTES>().map(|id| InvoiceId::from(Uuid::from_bytes(*id)));
    id.ok_or_else(|| Error::corrupt("table contract.invoices: a key without an id"))
}

fn row_key(id: InvoiceId, number: u32) -> Vec<u8> {
    [id.uuid().as_bytes().as_slice(), &number.to_be_bytes()].concat()
}

fn split(mut statement: InvoiceStatement) -> Result<Vec<InvoiceStatement>> {
    let lines = std::mem::take(&mut statement.lines);
    let passed_down = std::mem::take(&mut statement.passed_down);
    let empty = statement.clone();
    let (mut rows, mut bytes) = (Vec::new(), 0);
    let mut go_on = |statement: &mut InvoiceStatement, more: usize| {
        bytes += more;
        if bytes > ROW_BYTES {
            rows.push(std::mem::replace(statement, empty.clone()));
            bytes = 0;
        }
    };
    for line in lines {
        let more = codec::payload(&line)?.len();
        statement.lines.push(line);
        go_on(&mut statement, more);
    }
    for (from, values) in passed_down {
        let more = values.iter().map(|(key, value)| key.len() + value.len()).sum();
        statement.passed_down.insert(from, values);
        go_on(&mut statement, more);
    }
    rows.push(statement);
    Ok(rows)
}

/// A settled invoice of a contract.
pub fn get(reader: &impl Reader, contract: ContractId, id: InvoiceId) -> Result<Option<InvoiceStatement>> {
    Ok(between(reader, contract, id, id)?.remove(&id))
}

/// How a settled invoice of a contract stands: its first row says it.
pub fn status(reader: &impl Reader, contract: ContractId, id: InvoiceId) -> Result<Option<InvoiceStatus>> {
    let row: Option<InvoiceStatement> = collection::get(reader, contract.uuid(), &row_key(id, 0))?;
    Ok(row.map(|row| row.status))
}

/// The settled invoices of a contract whose ids are from one to another, inclusive.
pub fn between(
    reader: &impl Reader,
    contract: ContractId,
    first: InvoiceId,
    last: InvoiceId,
) -> Result<BTreeMap<InvoiceId, InvoiceStatement>> {
    let mut found: BTreeMap<InvoiceId, InvoiceStatement> = BTreeMap::new();
    let from = first.uuid().into_bytes();
    let from = Bound::Included(from.as_slice());
    collection::scan(reader, contract.uuid(), &[], from, |key, row: InvoiceStatement| {
        let id = invoice_of(key)?;
        if id > last {
            return Ok(ControlFlow::Break(()));
        }
        match found.get_mut(&id) {
            Some(statement) => {
                statement.lines.extend(row.lines);
                statement.passed_down.extend(row.passed_down);
            }
            None => drop(found.insert(id, row)),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// The settled invoice that a charge of a contract is on.
pub fn charged_on(
    reader: &impl Reader,
    contract: ContractId,
    source: LineSource,
) -> Result<Option<InvoiceId>> {
    let Some(key) = charged_key(contract, source)? else { return Ok(None) };
    let table = TableId::ContractCharged;
    let found = reader.get(table, &key, |row| codec::open_holder(table, &key, row))?;
    Ok(found.map(InvoiceId::from))
}

/// Until when every invoice of a contract that was due is settled; `None` where that is when it was made.
pub fn until(reader: &impl Reader, contract: ContractId) -> Result<Option<Time>> {
    let (table, id) = (TableId::SettledUntil, contract.uuid());
    reader.get(table, id.as_bytes(), |row| codec::decode(table, id.as_bytes(), row))
}

/// Says until when every invoice of a contract that was due is settled.
pub fn set_until(member: &Member<'_>, contract: ContractId, until: Time) -> Result<()> {
    let id = contract.uuid();
    member.put(TableId::SettledUntil, id.as_bytes(), Some(&codec::encode(id.as_bytes(), &until)?))?;
    rows::note(member, contract.into(), &What::Settled { until })
}

/// Forgets what was charged and settled, with the contract.
pub fn clear(member: &Member<'_>, contract: ContractId) -> Result<()> {
    let begins = contract.uuid().into_bytes();
    member.put(TableId::SettledUntil, &begins, None)?;
    let mut keys = Vec::new();
    member.scan(TableId::ContractCharged, Bound::Included(&begins), |key, _| {
        if !key.starts_with(&begins) {
            return Ok(ControlFlow::Break(()));
        }
        keys.push(key.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    keys.iter().try_for_each(|key| member.put(TableId::ContractCharged, key, None))
}

/// `None` for usage, which can be on any number of invoices, and for what is made of other lines.
fn charged_key(contract: ContractId, source: LineSource) -> Result<Option<Vec<u8>>> {
    if matches!(source, LineSource::Usage { .. } | LineSource::Conversion { .. }) {
        return Ok(None);
    }
    Ok(Some([contract.uuid().as_bytes().as_slice(), &codec::payload(&source)?].concat()))
}
