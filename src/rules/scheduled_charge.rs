//! What scheduled charges, discounts and professional services need and may have.

use super::schedule::check_not_negative;
use super::{part_text, schedule};
use crate::error::{Fault, FieldProblem};
use crate::id::ScheduleItemId;
use crate::model::contract_edit::UpdateScheduledCharge;
use crate::model::scalar::Time;
use crate::model::scheduled_charge::{CreateProfessionalService, CreateScheduledCharge, ScheduledCharge};

/// What is wrong with a scheduled charge or a discount that is to be made; `at` stands in front of the names of its
/// fields.
pub fn faults(at: &str, request: &CreateScheduledCharge) -> Vec<Fault> {
    let problems = [
        ("name", part_text::name(request.name.as_deref())),
        ("netsuite_sales_order_id", part_text::text(request.netsuite_sales_order_id.as_deref())),
    ];
    let mut faults = Fault::of_fields(at, problems);
    faults.extend(schedule::invoice_faults(&format!("{at}schedule."), &request.schedule, false));
    faults
}

/// The charge that a sound request makes.
pub fn make(
    request: &CreateScheduledCharge,
    new_id: &mut impl FnMut() -> ScheduleItemId,
    now: Time,
) -> ScheduledCharge {
    ScheduledCharge {
        product_id: request.product_id,
        name: request.name.clone(),
        schedule: schedule::invoice(&request.schedule, new_id),
        netsuite_sales_order_id: request.netsuite_sales_order_id.clone(),
        created_at: now,
        archived_at: None,
    }
}

/// What is wrong with a professional service that is to be made.
pub fn service_faults(at: &str, request: &CreateProfessionalService) -> Vec<Fault> {
    let service = &request.service;
    let problems = [
        ("description", part_text::text(service.description.as_deref())),
        ("unit_price", check_not_negative(service.unit_price)),
        ("quantity", check_not_negative(service.quantity)),
        ("max_amount", check_not_negative(service.max_amount)),
        ("netsuite_sales_order_id", part_text::text(service.netsuite_sales_order_id.as_deref())),
    ];
    Fault::of_fields(at, problems)
}

/// What is wrong with a change of a scheduled charge. All of its dates may go: then it charges nothing.
pub fn update_faults(at: &str, before: &ScheduledCharge, update: &UpdateScheduledCharge) -> Vec<Fault> {
    if before.archived_at.is_some() {
        let rule = "it is archived, and what is archived is not edited";
        return vec![FieldProblem::NotAllowed { rule }.at(format!("{at}scheduled_charge_id"))];
    }
    let schedule_at = format!("{at}invoice_schedule.");
    let mut faults = schedule::update_invoice_faults(&schedule_at, &before.schedule, &update.schedule, false);
    let order = update.netsuite_sales_order_id.as_ref().and_then(Option::as_deref);
    faults.extend(Fault::of_fields(at, [("netsuite_sales_order_id", part_text::text(order))]));
    faults
}

/// The charge after a sound change.
pub fn update(
    before: &ScheduledCharge,
    update: &UpdateScheduledCharge,
    new_id: &mut impl FnMut() -> ScheduleItemId,
) -> ScheduledCharge {
    let schedule = schedule::update_invoice(&before.schedule, &update.schedule, new_id);
    let order = &update.netsuite_sales_order_id;
    let netsuite_sales_order_id = order.clone().unwrap_or_else(|| before.netsuite_sales_order_id.clone());
    ScheduledCharge { schedule, netsuite_sales_order_id, ..before.clone() }
}

/// What a charge becomes when its contract ends at a moment before the one it was to end at: later dates go. An
/// archived one stays as it was.
pub fn end(before: &ScheduledCharge, end: Time) -> ScheduledCharge {
    if before.archived_at.is_some() {
        return before.clone();
    }
    ScheduledCharge { schedule: schedule::end_invoice(&before.schedule, end), ..before.clone() }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::contract_edit::UpdateInvoiceSchedule;
    use crate::model::custom_field::CustomFields;
    use crate::model::scalar::Amount;
    use crate::model::schedule::CreateInvoiceItem;
    use crate::model::scheduled_charge::ProfessionalService;

    fn day(text: &str) -> Time {
        format!("{text}T00:00:00Z").parse().unwrap()
    }

    fn charge(amount: i64, at: &str) -> CreateInvoiceItem {
        CreateInvoiceItem { timestamp: day(at), price: Amount::from(amount).into() }
    }

    fn request() -> CreateScheduledCharge {
        let dates = [charge(5, "2025-01-01"), charge(6, "2025-02-01"), charge(7, "2025-03-01")];
        CreateScheduledCharge::new(Uuid::from_u128(1).into(), dates.into())
    }

    fn ids(from: u128) -> impl FnMut() -> ScheduleItemId {
        let mut last = from;
        move || {
            last += 1;
            ScheduleItemId::new(Uuid::from_u128(last))
        }
    }

    #[test]
    fn a_charge_has_dates_and_a_name_that_says_something() {
        assert!(faults("scheduled_charges[0].", &request()).is_empty());
        let named = CreateScheduledCharge { name: Some("Platform fee".into()), ..request() };
        assert!(faults("scheduled_charges[0].", &named).is_empty());
        let mut wrong = CreateScheduledCharge {
            name: Some(String::new()),
            netsuite_sales_order_id: Some("x".repeat(10_001)),
            ..request()
        };
        wrong.schedule.do_not_invoice = true;
        assert_eq!(
            Fault::fields(&faults("scheduled_charges[0].", &wrong)),
            [
                "scheduled_charges[0].name",
                "scheduled_charges[0].netsuite_sales_order_id",
                "scheduled_charges[0].schedule.do_not_invoice"
            ]
        );
    }

    #[test]
    fn a_charge_is_made_changed_and_ended() {
        let made = make(&request(), &mut ids(0), day("2024-12-01"));
        assert_eq!((made.created_at, made.archived_at), (day("2024-12-01"), None));
        let dates = |charge: &ScheduledCharge| -> Vec<_> {
            charge.schedule.schedule_items.iter().map(|item| item.timestamp).collect()
        };
        let schedule = UpdateInvoiceSchedule {
            add_schedule_items: vec![charge(8, "2025-04-01")],
            remove_schedule_items: vec![made.schedule.schedule_items[0].id],
            ..Default::default()
        };
        let later = UpdateScheduledCharge {
            id: Uuid::from_u128(2).into(),
            schedule,
            netsuite_sales_order_id: Some(Some("42".into())),
        };
        assert!(update_faults("u.", &made, &later).is_empty());
        let changed = update(&made, &later, &mut ids(10));
        assert_eq!(changed.netsuite_sales_order_id.as_deref(), Some("42"));
        assert_eq!(dates(&changed), [day("2025-02-01"), day("2025-03-01"), day("2025-04-01")]);
        let ended = end(&changed, day("2025-03-01"));
        assert_eq!(dates(&ended), [day("2025-02-01"), day("2025-03-01")]);
        assert!(Fault::fields(&update_faults("u.", &changed, &later))[0].starts_with("u.invoice_schedule."));
    }

    #[test]
    fn an_archived_charge_stays_as_it_was() {
        let made = make(&request(), &mut ids(0), day("2024-12-01"));
        let archived = ScheduledCharge { archived_at: Some(day("2025-01-02")), ..made };
        let nothing = UpdateScheduledCharge {
            id: Uuid::from_u128(2).into(),
            schedule: Default::default(),
            netsuite_sales_order_id: None,
        };
        assert_eq!(Fault::fields(&update_faults("u.", &archived, &nothing)), ["u.scheduled_charge_id"]);
        assert_eq!(end(&archived, day("2025-01-01")), archived);
    }

    #[test]
    fn the_numbers_of_a_professional_service_are_0_or_more() {
        let service = |number: i64, text: usize| CreateProfessionalService {
            service: ProfessionalService {
                product_id: Uuid::from_u128(1).into(),
                description: Some("x".repeat(text)),
                unit_price: number.into(),
                quantity: number.into(),
                max_amount: number.into(),
                netsuite_sales_order_id: Some("x".repeat(text)),
            },
            custom_fields: CustomFields::default(),
        };
        assert!(service_faults("", &service(0, 10_000)).is_empty());
        assert_eq!(
            Fault::fields(&service_faults("p.", &service(-1, 10_001))),
            ["p.description", "p.unit_price", "p.quantity", "p.max_amount", "p.netsuite_sales_order_id"]
        );
    }
}
