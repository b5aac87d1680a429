//! When a member was last seen, and by what. Being seen is more than union life: whoever fetches a card, answers the phone or says
//! goodbye before the season was there. Source: domain rules §2.7 (alerts for members not seen for n months); what counts is office
//! practice. Pure.

use chrono::{Datelike as _, Months, NaiveDate};

/// What somebody was seen by; of several on one day the last named is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// The entry was made here: on that day the office had to do with the person. So nobody is missed on the day of a first import.
    Entered,
    Dues,
    Joined,
    Went,
    Back,
    Card,
    Talked,
    Life,
    Met,
}

impl How {
    /// Code in `sighting`.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Dues => "dues",
            Self::Joined => "joined",
            Self::Went => "went",
            Self::Back => "back",
            Self::Card => "card",
            Self::Talked => "talked",
            Self::Life => "life",
            Self::Met => "met",
        }
    }
}

/// One time at which somebody was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sighting {
    pub(super) on: NaiveDate,
    pub(super) how: How,
}

/// The last of them. A day ahead, such as that up to which dues are paid, tells of no more than today.
pub(super) fn last(all: impl IntoIterator<Item = (How, Option<NaiveDate>)>, today: NaiveDate) -> Option<Sighting> {
    all.into_iter().filter_map(|(how, on)| Some(Sighting { on: on?.min(today), how })).max()
}

/// Whether so many months have passed since; a month has passed on the day of the same number, or the last day of a shorter month.
pub(super) fn unseen(last: Option<Sighting>, months: i64, today: NaiveDate) -> bool {
    let Ok(months) = u32::try_from(months) else { return false };
    last.is_none_or(|last| last.on.checked_add_months(Months::new(months)).is_some_and(|day| day <= today))
}

/// Whole months since.
pub(super) fn months_since(on: NaiveDate, today: NaiveDate) -> i64 {
    let number = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
    let months = number(today) - number(on);
    let over = u32::try_from(months).ok().and_then(|n| on.checked_add_months(Months::new(n)));
    if over.is_some_and(|day| day > today) { months - 1 } else { months.max(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn met(on: &str) -> Option<Sighting> {
        Some(Sighting { on: day(on), how: How::Met })
    }

    #[test]
    fn the_latest_counts_and_the_strongest_of_one_day() {
        let today = day("2026-11-23");
        let on = |text: &str| Some(day(text));
        let all = [
            (How::Entered, on("2026-05-02")),
            (How::Life, on("2026-05-02")),
            (How::Card, on("2026-04-01")),
            (How::Met, None),
        ];
        assert_eq!(last(all, today), Some(Sighting { on: day("2026-05-02"), how: How::Life }));
        assert_eq!(last([(How::Dues, on("2027-12-31"))], today).unwrap().on, today, "paid ahead is not seen ahead");
        assert_eq!(last([(How::Met, None)], today), None);
    }

    #[test]
    fn months_pass_on_the_day_of_the_same_number() {
        for (seen, today, says) in [
            ("2026-05-23", "2026-11-22", false),
            ("2026-05-23", "2026-11-23", true),
            ("2026-08-31", "2027-02-27", false),
            ("2026-08-31", "2027-02-28", true),
        ] {
            assert_eq!(unseen(met(seen), 6, day(today)), says, "{seen} {today}");
        }
        assert!(!unseen(met("2026-05-23"), 7, day("2026-11-23")), "another number, another answer");
        assert!(unseen(None, 36, day("2026-11-23")), "never seen is not seen");
    }

    #[test]
    fn months_are_told_whole() {
        for (on, today, months) in [
            ("2026-05-23", "2026-11-22", 5),
            ("2026-05-23", "2026-11-23", 6),
            ("2026-11-30", "2026-11-30", 0),
            ("2025-12-31", "2026-02-28", 2),
        ] {
            assert_eq!(months_since(day(on), day(today)), months, "{on} {today}");
        }
    }
}
