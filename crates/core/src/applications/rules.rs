//! Rules of an application: what may happen to it after what, and by when it is to be decided. Sources: Trade Union constitution
//! article 2; domain rules §2.2. Pure.

use chrono::{Datelike as _, NaiveDate, Weekday};

use crate::store::EventRow;

/// Where an application stands, a fold over its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Entered, and not handed in yet.
    Draft,
    /// Handed in.
    Submitted,
    /// The group has agreed.
    GroupOk,
    /// Admitted: the member stands.
    Approved,
    /// Not admitted.
    Rejected,
    /// Taken back by the applicant.
    Withdrawn,
    /// Gone to another office with a succession; decided there.
    Transferred,
}

impl State {
    const ALL: [Self; 7] = [
        Self::Draft,
        Self::Submitted,
        Self::GroupOk,
        Self::Approved,
        Self::Rejected,
        Self::Withdrawn,
        Self::Transferred,
    ];

    /// Code of the state in `joining_state`.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::GroupOk => "group_ok",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Transferred => "transferred",
        }
    }

    /// The state of a stored key; what a newer version wrote counts as a draft, of which nothing follows by itself.
    pub(super) fn from_key(key: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.key() == key).unwrap_or(Self::Draft)
    }

    /// The state after an event that a clerk enters; `None` where it cannot follow.
    pub(super) fn after(self, event: &str) -> Option<Self> {
        use State as S;
        Some(match (event, self) {
            ("submitted", S::Draft) => S::Submitted,
            ("group_ok", S::Submitted) => S::GroupOk,
            // A union without groups decides at once.
            ("approved", S::Submitted | S::GroupOk) => S::Approved,
            ("rejected", S::Submitted | S::GroupOk) => S::Rejected,
            ("withdrawn", S::Draft | S::Submitted | S::GroupOk) => S::Withdrawn,
            _ => return None,
        })
    }

    /// Whether somebody waits for the union's answer.
    pub(super) const fn waits(self) -> bool {
        matches!(self, Self::Submitted | Self::GroupOk)
    }

    /// Whether it may still be edited.
    pub(super) const fn open(self) -> bool {
        matches!(self, Self::Draft | Self::Submitted | Self::GroupOk)
    }
}

/// What a clerk may enter now.
pub(super) fn possible(now: State) -> Vec<&'static str> {
    ["submitted", "group_ok", "approved", "rejected", "withdrawn"]
        .into_iter()
        .filter(|event| now.after(event).is_some())
        .collect()
}

/// Folds events, in the order that every replica shares, into a state. An approval stands whatever another PC decided beside
/// it: the member was made with it. An event that cannot follow changes nothing.
pub(crate) fn fold(events: &[EventRow]) -> String {
    let state = events.iter().fold(State::Draft, |state, event| match event.name.as_str() {
        "approved" => State::Approved,
        name => state.after(name).unwrap_or(state),
    });
    state.key().to_owned()
}

/// Whether two PCs decided differently.
pub(super) fn contested(events: &[EventRow]) -> bool {
    let happened = |name: &str| events.iter().any(|event| event.name == name);
    happened("approved") && (happened("rejected") || happened("withdrawn"))
}

/// The last day of so many working days after a day. Saturdays and Sundays are none; which other days are free, and which
/// weekends are worked for them, no list here says.
pub(super) fn working_days_after(day: NaiveDate, days: i64) -> NaiveDate {
    let (mut now, mut left) = (day, days);
    while left > 0 {
        let Some(next) = now.succ_opt() else { return now };
        now = next;
        if !matches!(now.weekday(), Weekday::Sat | Weekday::Sun) {
            left -= 1;
        }
    }
    now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_goes_one_way() {
        use State as S;
        assert_eq!(possible(S::Draft), ["submitted", "withdrawn"]);
        assert_eq!(possible(S::Submitted), ["group_ok", "approved", "rejected", "withdrawn"]);
        assert_eq!(possible(S::GroupOk), ["approved", "rejected", "withdrawn"]);
        for done in [S::Approved, S::Rejected, S::Withdrawn] {
            assert!(possible(done).is_empty() && !done.waits() && !done.open());
        }
        assert_eq!(S::Draft.after("approved"), None, "nobody is admitted who has not applied");
        assert_eq!(S::from_key("of a newer version"), S::Draft);
    }

    #[test]
    fn working_days_pass_over_weekends() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (from, days, to) in [
            ("2026-11-23", 3, "2026-11-26"),
            ("2026-11-26", 3, "2026-12-01"),
            ("2026-11-27", 1, "2026-11-30"),
            ("2026-11-28", 1, "2026-11-30"),
            ("2026-11-29", 3, "2026-12-02"),
            ("2026-11-23", 0, "2026-11-23"),
        ] {
            assert_eq!(working_days_after(day(from), days), day(to), "{from} + {days}");
        }
    }
}
