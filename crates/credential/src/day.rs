//! Civil days of UTC+8, whatever the zone of the PC; on the wire a day is the number of days since 1970-01-01.

use chrono::{DateTime, NaiveDate};

const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a day");

/// The number of a day on the wire.
#[must_use]
pub fn number(day: NaiveDate) -> i64 {
    day.signed_duration_since(EPOCH).num_days()
}

/// The day of a number, within the years 1900 to 2199.
#[must_use]
pub fn day(number: i64) -> Option<NaiveDate> {
    // A membership of before 1970 has a negative number; what lies outside two centuries is no day of this trade.
    const RANGE: std::ops::Range<i64> = -25_567..84_006;
    RANGE.contains(&number).then(|| EPOCH + chrono::Duration::days(number))
}

/// The civil day of a moment in seconds since 1970.
#[must_use]
pub fn of(seconds: i64) -> Option<NaiveDate> {
    DateTime::from_timestamp(seconds.checked_add(8 * 3600)?, 0).map(|t| t.date_naive())
}

/// A moment at which a list can have been made: from 1970 to the end of 2199, in seconds.
#[must_use]
pub fn moment(seconds: i64) -> Option<i64> {
    const END: i64 = 84_006 * 86_400;
    (0..END).contains(&seconds).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_numbers_and_numbers_days() {
        let at = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        for (y, m, d, n) in [(1970, 1, 1, 0), (1969, 12, 31, -1), (2026, 11, 23, 20_780), (1900, 1, 1, -25_567)] {
            assert_eq!((number(at(y, m, d)), day(n)), (n, Some(at(y, m, d))));
        }
        assert_eq!(number(at(2199, 12, 31)), 84_005);
        assert_eq!((day(84_005), day(84_006), day(-25_568)), (Some(at(2199, 12, 31)), None, None));
        assert_eq!((day(i64::MIN), day(i64::MAX)), (None, None));
    }

    #[test]
    fn a_day_begins_when_it_begins_in_china() {
        let at = |y, m, d| NaiveDate::from_ymd_opt(y, m, d);
        assert_eq!(of(16 * 3600 - 1), at(1970, 1, 1));
        assert_eq!(of(16 * 3600), at(1970, 1, 2));
        assert_eq!(of(i64::MAX), None);
    }
}
