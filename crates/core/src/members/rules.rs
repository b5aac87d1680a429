//! Rules of membership: which event may follow which, what state a person is in, and what the fields must say.
//! Sources: Trade Union constitution articles 2, 5–8; membership measures of 2016; domain rules §2.2, §2.8.

use chrono::NaiveDate;

use crate::{
    checks::{
        Finding as _, bank_card,
        id_number::{self, IdKind, Sex},
    },
    fault::Fault,
    office::View,
    record::Value,
    records::Candidate,
    store::EventRow,
    words::Say,
};

/// The standing of a membership, a fold over its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// Entered but not admitted.
    None,
    /// Member with all rights.
    Active,
    /// 保留会籍: no dues, no vote, not counted.
    Retained,
    /// 退会.
    Left,
    /// 开除会籍.
    Expelled,
    /// Died.
    Deceased,
    /// Moved out of the county.
    MovedOut,
    /// Let go to another union, and counted here until the county has confirmed that it took in.
    InTransit,
    /// Taken in from another union; counted there until the county has confirmed it.
    Provisional,
    /// Held by another union of the county.
    Transferred,
}

impl Membership {
    /// Code of the state in `membership_state`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Active => "active",
            Self::Retained => "retained",
            Self::Left => "left",
            Self::Expelled => "expelled",
            Self::Deceased => "deceased",
            Self::MovedOut => "moved_out",
            Self::InTransit => "out_in_transit",
            Self::Provisional => "provisional",
            Self::Transferred => "transferred",
        }
    }

    /// The state after an event; `None` where the event cannot follow. Death and correction of it follow anything.
    #[must_use]
    pub fn after(self, event: &str) -> Option<Self> {
        Some(match (event, self) {
            // 退会 is free and joining again is free (constitution, article 6).
            ("joined", Self::None | Self::Left | Self::Expelled | Self::MovedOut) => Self::Active,
            ("moved_in", Self::None | Self::Left | Self::MovedOut) => Self::Active,
            // A roster may bring a person of whom only the last change is known: any event may be the first.
            ("retained", Self::None | Self::Active) => Self::Retained,
            ("restored", Self::Retained) => Self::Active,
            ("left", Self::None | Self::Active | Self::Retained) => Self::Left,
            ("expelled", Self::None | Self::Active | Self::Retained) => Self::Expelled,
            ("moved_out", Self::None | Self::Active | Self::Retained) => Self::MovedOut,
            // Who is held elsewhere is written off there.
            ("deceased", Self::Deceased | Self::Transferred) => return None,
            ("deceased", _) => Self::Deceased,
            // Told of in the history; the membership stays what it is.
            ("talked" | "seen", Self::Active) => Self::Active,
            ("talked" | "seen", Self::InTransit) => Self::InTransit,
            // Who is retained pays no dues and has no vote, but is met.
            ("met", Self::Active | Self::InTransit | Self::Retained) => self,
            ("on_record", Self::Expelled) => Self::Expelled,
            _ => return None,
        })
    }

    /// The state of a stored key; what a newer version wrote counts as none.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        const ALL: [Membership; 9] = [
            Membership::Active,
            Membership::Retained,
            Membership::Left,
            Membership::Expelled,
            Membership::Deceased,
            Membership::MovedOut,
            Membership::InTransit,
            Membership::Provisional,
            Membership::Transferred,
        ];
        ALL.into_iter().find(|m| m.key() == key).unwrap_or(Self::None)
    }

    /// Whether it is a membership, counted or not.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Active | Self::Retained | Self::InTransit)
    }
}

/// Folds events, in the order that every replica shares, into a state. An event that cannot follow stands in history
/// and changes nothing.
#[must_use]
pub fn fold(events: &[EventRow]) -> String {
    let state = events.iter().fold(Membership::None, |state, event| step(state, event).unwrap_or(state));
    if state == Membership::Active && events.iter().any(|event| event.name == "released" && !answered(event, events)) {
        return Membership::InTransit.key().to_owned();
    }
    state.key().to_owned()
}

/// Whether a release was taken back, or somebody took in on it. Set against set: the file of a member who came home holds the
/// releases of all her offices, and their order says nothing.
fn answered(release: &EventRow, events: &[EventRow]) -> bool {
    let same = |event: &&EventRow| event.bytes("transfer") == release.bytes("transfer");
    let of = |name: &str| events.iter().filter(|event| event.name == name).filter(same).count();
    of("taken_in") > 0 || of("release_withdrawn") >= of("released")
}

/// The state after an event as it was written; `None` where it changes nothing.
pub(super) fn step(state: Membership, event: &EventRow) -> Option<Membership> {
    match (event.name.as_str(), state) {
        // A slip is put right by saying what stood before it; both stay in the history.
        ("corrected", _) => event.text("to").map(Membership::from_key),
        // Taken in on a slip or a card: what she was before comes with her file, and is the same membership.
        ("taken_in", Membership::None | Membership::MovedOut) => Some(Membership::Active),
        (name, state) => state.after(name),
    }
}

/// Event of a code of 会籍变化类型 on the collection form. 转入 and 转出 are taken from a roster as what they were then.
#[must_use]
pub(super) fn event_of_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "1" => "joined",
        "2" => "moved_in",
        "3" => "retained",
        "4" => "moved_out",
        "5" => "expelled",
        "6" => "left",
        _ => return None,
    })
}

/// Whether an event on that day can be: not in the future, not before the person was sixteen (told, not refused).
///
/// # Errors
/// `event_day_future`.
pub(crate) fn day_of_event(on: NaiveDate, today: NaiveDate) -> Result<(), Fault> {
    if on > today {
        return Err(Fault::fields(vec![crate::fault::FieldFault {
            field: "on".into(),
            key: "event_day_future".into(),
            say: Say::new(
                "日期在今天之后，请核对。还没发生的变化请到时再登记。",
                "The date lies in the future; record a change when it has happened.",
            ),
        }]));
    }
    Ok(())
}

/// Rules of a member's fields.
pub(crate) fn member(view: &View<'_>, candidate: &mut Candidate<'_>) -> Result<(), Fault> {
    check_fields(candidate, view.today());
    if let Some(number) = candidate.text("id_no") {
        let rows = view.select::<super::Member>("id_no = ?1 AND void = 0", &[&number])?;
        // Entries that are one person by a link, and what another office holds now, bear one number rightly.
        let linked = view.office.merged();
        let other = |row: &crate::store::rows::Stored| {
            Some(row.id) != candidate.id && row.state.as_deref() != Some("transferred") && !linked.contains(&row.rec)
        };
        let behind = candidate.id.is_some()
            && rows.iter().any(|(row, _)| Some(row.id) == candidate.id && linked.contains(&row.rec));
        if !behind && rows.iter().any(|(row, _)| other(row)) {
            candidate.fault("id_no", "id_taken", Say::new("这个证件号码已经登记过一位会员。请先搜索这个号码，打开那条记录办理，不要重复建档。", "A member with this ID number is here already. Search for the number and work on that record instead of making a second one."));
        }
    }
    if candidate.id.is_none() {
        crate::duplicates::typed(view, candidate)?;
    }
    if candidate.id.is_none()
        && let Some(number) = candidate.text("id_no")
        && let Some(office) = crate::known::elsewhere(view, number)?.into_iter().next()
    {
        candidate.notice(
            "id_no",
            "known_elsewhere",
            Say::owned(
                format!("这个证件号码已经是{}的会员。一次入会，不用重新入会：请按接转接收，或请对方转出。", office.name),
                format!("Somebody with this number is a member at {} already. Nobody joins twice: take her in on her slip or card, or ask that union to let go.", office.name),
            ),
        );
    }
    Ok(())
}

/// The part that looks at nothing but the fields; import uses it row by row.
pub(crate) fn check_fields(candidate: &mut Candidate<'_>, today: NaiveDate) {
    let kind = candidate.text("id_kind").and_then(IdKind::from_code).unwrap_or(IdKind::ResidentId);
    if candidate.text("id_no").is_some() && candidate.text("id_kind").is_none() {
        candidate.fill("id_kind", Value::Text(IdKind::ResidentId.code().into()));
    }
    if let Some(number) = candidate.text("id_no") {
        match id_number::check(kind, number, today) {
            Ok(parsed) => {
                let sex = candidate.text("sex").and_then(Sex::from_code);
                let birth = candidate.text("birth_date").and_then(|d| d.parse().ok());
                for notice in parsed.warnings.iter().copied().chain(parsed.compare(sex, birth)) {
                    let field = match notice.key() {
                        "sex_differs_from_id" => "sex",
                        "birth_differs_from_id" => "birth_date",
                        _ => "id_no",
                    };
                    candidate.notice(field, notice.key(), notice.say());
                }
                if let Some(sex) = parsed.sex {
                    candidate.fill("sex", Value::Text(sex.code().into()));
                }
                if let Some(birth) = parsed.birth {
                    candidate.fill("birth_date", Value::Text(birth.to_string().into()));
                }
            }
            Err(fault) => candidate.fault("id_no", fault.key(), fault.say()),
        }
    }
    // Refused or mended where it was read; here it is only compared with its check digit.
    if let Some(Ok((_, Some(notice)))) = candidate.text("bank_card_no").map(bank_card::check) {
        candidate.notice("bank_card_no", notice.key(), notice.say());
    }
    if let (Some(from), Some(to)) = (candidate.text("contract_from"), candidate.text("contract_to"))
        && to < from
    {
        candidate.fault(
            "contract_to",
            "days_reversed",
            Say::new("合同结束日期早于开始日期，请核对。", "The contract ends before it begins; check the dates."),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::Membership as M;

    #[test]
    fn who_left_may_join_again_and_the_dead_do_not() {
        assert_eq!(M::None.after("joined"), Some(M::Active));
        assert_eq!(M::Active.after("left").and_then(|m| m.after("joined")), Some(M::Active));
        assert_eq!(M::Active.after("retained").and_then(|m| m.after("restored")), Some(M::Active));
        assert_eq!(M::Deceased.after("joined"), None);
        assert_eq!(M::Deceased.after("deceased"), None);
        assert_eq!(M::Active.after("joined"), None, "joined twice is one membership");
        assert_eq!(M::Active.after("event of a newer version"), None);
        assert_eq!(M::Retained.after("met"), Some(M::Retained));
        assert_eq!(M::Left.after("met"), None);
    }
}
