//! What each change of a membership must say besides its day and its reason, and what a member's page tells of it. Sources: Trade
//! Union constitution articles 6 to 8; domain rules §2.8.

use chrono::{Datelike as _, Months, NaiveDate};
use serde_json::{Map, Value as Json, json};

use super::{
    ChangeAsk, Member,
    commands::text,
    correct, expulsions,
    idle::{self, Idle, Limits, Signs},
    rules::Membership,
};
use crate::{
    codes,
    fault::{Fault, FieldFault},
    office::View,
    record::{Record as _, RecordId, Value},
    store::rows::{self, Stored},
    words::Say,
};

/// A month as `YYYY-MM`.
pub(crate) fn month(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

fn field(field: &str, key: &str, say: Say) -> Fault {
    Fault::fields(vec![FieldFault { field: field.into(), key: key.into(), say }])
}

/// The further details of a change.
///
/// # Errors
/// What is missing, beside its field; `deemed_*` where a member may not be deemed to have left.
pub(super) fn further(
    view: &View<'_>,
    row: &Stored,
    ask: &ChangeAsk,
    event: &str,
) -> Result<Vec<(&'static str, Value)>, Fault> {
    Ok(match event {
        "retained" => {
            let kind = retained_kind(ask)?;
            vec![("kind", text(Some(&kind))), ("dues_stop", dues_stop(ask)?)]
        }
        "left" => {
            let kind = ask.kind.as_deref().unwrap_or("voluntary");
            if codes::LEFT_KIND.get(kind).is_none() {
                return Err(Fault::question("kind"));
            }
            if kind == "deemed" {
                decided(ask)?;
                let member = Member::from_values(&row.values)?;
                let signs = idle::signs(view, row.rec, member.dues_paid_to)?;
                may_be_deemed(signs, Limits::of(view)?, ask.on)?;
            }
            vec![("kind", Value::Text(kind.into())), ("dues_stop", dues_stop(ask)?)]
        }
        "expelled" => {
            decided(ask)?;
            Vec::new()
        }
        _ => Vec::new(),
    })
}

/// A reason of the list; other words are kept as the reason, under 其他.
fn retained_kind(ask: &ChangeAsk) -> Result<String, Fault> {
    match ask.kind.as_deref() {
        Some(kind) if codes::RETAINED_REASON.get(kind).is_some() => Ok(kind.to_owned()),
        Some(_) => Err(Fault::question("kind")),
        None => {
            let of_the_list = codes::RETAINED_REASON.get(ask.reason.trim());
            Ok(of_the_list.map_or("other", |code| code.code).to_owned())
        }
    }
}

fn dues_stop(ask: &ChangeAsk) -> Result<Value, Fault> {
    let Some(said) = ask.dues_stop.as_deref().map(str::trim).filter(|said| !said.is_empty()) else {
        // The month of the change is still paid for.
        let next = ask.on.checked_add_months(Months::new(1)).unwrap_or(ask.on);
        return Ok(Value::Text(month(next).as_str().into()));
    };
    let first: Option<NaiveDate> = format!("{said}-01").parse().ok();
    match first.filter(|first| (first.year(), first.month()) >= (ask.on.year(), ask.on.month())) {
        Some(first) => Ok(Value::Text(month(first).as_str().into())),
        None => Err(field(
            "dues_stop",
            "dues_stop",
            Say::new(
                "停交会费的月份要写成 2026-12 这样，并且不早于变更的那个月。",
                "Write the first month without dues as 2026-12; it cannot lie before the month of the change.",
            ),
        )),
    }
}

fn decided(ask: &ChangeAsk) -> Result<(), Fault> {
    if ask.document.as_deref().is_some_and(|document| !document.trim().is_empty()) {
        return Ok(());
    }
    Err(field(
        "document",
        "decision_missing",
        Say::new(
            "请填写决定文件的名称或文号，这一项要有决定才能办。",
            "Enter the decision: this is done only on a decision.",
        ),
    ))
}

/// Whether a member may be deemed to have left on that day.
///
/// # Errors
/// `deemed_unknown`, `deemed_too_soon`, `deemed_untold`.
pub(super) fn may_be_deemed(signs: Signs, limits: Limits, on: NaiveDate) -> Result<(), Fault> {
    let Some(idle) = signs.idle(on) else {
        return Err(Fault::new(
            "deemed_unknown",
            "没有这位会员的会费记录，不能按自动退会处理，没有做任何改动。请先在资料里填“会费交至”。",
            "No dues are recorded of this member, so nobody can be deemed to have left; nothing was changed. Enter first to which day dues are paid.",
        ));
    };
    if idle.months() < limits.deemed {
        let (Idle { dues, seen }, needed) = (idle, limits.deemed);
        return Err(Fault::say(
            "deemed_too_soon",
            Say::owned(
                format!(
                    "到这一天未交会费满 {dues} 个月、未参加活动满 {seen} 个月，两样都满 {needed} 个月才能按自动退会处理，没有做任何改动。"
                ),
                format!(
                    "By that day {dues} months without dues and {seen} without union life have passed, and both need {needed}; nothing was changed."
                ),
            ),
        ));
    }
    if !signs.talked_since() || signs.talked > Some(on) {
        return Err(Fault::new(
            "deemed_untold",
            "还没有谈话教育的记录，不能按自动退会处理，没有做任何改动。请先与本人谈话，在“会籍变更”里登记“谈话教育”。",
            "Nobody has recorded a talk with this member since, so nobody can be deemed to have left; nothing was changed. Talk to the member first and record it under the changes of the membership.",
        ));
    }
    Ok(())
}

/// For the member's page: what else may be recorded, the warning, and where an expulsion stands.
pub(super) fn derived(
    view: &View<'_>,
    id: RecordId,
    now: Membership,
    out: &mut Map<String, Json>,
) -> Result<(), Fault> {
    let layout = view.layout(Member::TYPE.name)?;
    let Some(row) = rows::by_id(view.conn, layout, id)? else { return Ok(()) };
    let member = Member::from_values(&row.values)?;
    let mut also = Vec::new();
    if now.after("talked").is_some() {
        also.push("talked");
    }
    let events = rows::events(view.conn, view.memory, layout.no, row.rec)?;
    if let Some((event, _)) = correct::last(&events) {
        also.push("corrected");
        out.insert("last_change".into(), json!(event));
    }
    out.insert("also".into(), json!(also));
    if let Some((signs, idle, level)) = idle::of(view, row.rec, &member, now)? {
        let talked = signs.talked.filter(|_| signs.talked_since());
        let warning = json!({ "dues": idle.dues, "seen": idle.seen, "level": level, "talked_on": talked });
        out.insert("idle".into(), warning);
    }
    if now == Membership::Expelled
        && let Some(say) = expulsions::standing(view, &events)
    {
        out.insert("expulsion".into(), json!({ "zh": say.zh, "en": say.en }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { first: 4, second: 5, deemed: 6 };

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn ask(on: &str, dues_stop: Option<&str>) -> ChangeAsk {
        ChangeAsk {
            id: String::new(),
            event: "retained".into(),
            on: day(on),
            reason: "retired".into(),
            document: None,
            kind: None,
            dues_stop: dues_stop.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn dues_stop_with_the_month_after_unless_somebody_says_otherwise() {
        let stops = |on, said| dues_stop(&ask(on, said)).ok();
        assert_eq!(stops("2026-12-31", None), Some(Value::Text("2027-01".into())));
        assert_eq!(stops("2026-01-31", Some(" ")), Some(Value::Text("2026-02".into())));
        assert_eq!(stops("2026-05-31", Some("2026-05")), Some(Value::Text("2026-05".into())));
        assert_eq!(stops("2026-05-01", Some("2026-04")), None);
        assert_eq!(stops("2026-05-01", Some("五月")), None);
    }

    #[test]
    fn a_reason_of_the_list_is_its_kind_and_other_words_are_other() {
        assert_eq!(retained_kind(&ask("2026-05-01", None)).unwrap(), "retired");
        let words = ChangeAsk { reason: "停薪留职两年".into(), ..ask("2026-05-01", None) };
        assert_eq!(retained_kind(&words).unwrap(), "other");
        let wrong = ChangeAsk { kind: Some("voluntary".into()), ..ask("2026-05-01", None) };
        assert!(retained_kind(&wrong).is_err());
    }

    #[test]
    fn nobody_is_deemed_to_have_left_untold_or_too_soon() {
        let signs = Signs { dues_to: Some(day("2026-05-31")), talked: Some(day("2026-11-20")), ..Signs::default() };
        let refused = |signs, on: &str| may_be_deemed(signs, LIMITS, day(on)).err().map(|fault| fault.code);
        assert_eq!(refused(signs, "2026-12-01"), None);
        assert_eq!(refused(signs, "2026-11-30").as_deref(), Some("deemed_too_soon"));
        assert_eq!(refused(Signs { talked: None, ..signs }, "2026-12-01").as_deref(), Some("deemed_untold"));
        let before = Signs { talked: Some(day("2026-05-01")), ..signs };
        assert_eq!(refused(before, "2026-12-01").as_deref(), Some("deemed_untold"), "told while dues were paid");
        let after = Signs { talked: Some(day("2026-12-05")), ..signs };
        assert_eq!(refused(after, "2026-12-01").as_deref(), Some("deemed_untold"), "told after the decision");
        assert_eq!(refused(Signs { dues_to: None, ..signs }, "2026-12-01").as_deref(), Some("deemed_unknown"));
        let came = Signs { seen: Some(day("2026-06-01")), ..signs };
        assert_eq!(refused(came, "2026-12-01").as_deref(), Some("deemed_too_soon"));
    }
}
