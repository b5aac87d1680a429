//! Civil days as offices write them, read strictly: a day that is not in the calendar is never moved to another.

use chrono::{Datelike, NaiveDate, TimeDelta};

use crate::checks::{Finding, text};
use crate::words::Say;

/// Why a day was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.say().en)]
pub enum DayFault {
    /// Nothing was entered.
    Missing,
    /// Not written in one of the known forms, or the year has no four digits.
    Form,
    /// Only year, or year and month.
    Incomplete,
    /// Not a day of the calendar, such as 30 February, or before 1800 or after 2200.
    NotADay,
    /// Later than today where that cannot be.
    Future,
}

/// Reads 1988/03/25, 1988-3-25, 1988.03.25, 19880325 and 1988年3月25日, with full-width digits and blanks, and
/// the same with a time of midnight behind it as spreadsheets write it.
///
/// # Errors
/// [`DayFault`].
pub fn parse(day: &str) -> Result<NaiveDate, DayFault> {
    let half: String = day.chars().map(text::half_width).filter(|c| !text::is_invisible(*c)).collect();
    let half = without_midnight(half.trim().trim_start_matches('\''));
    let tight: String = half.chars().filter(|c| *c != ' ').collect();
    if tight.is_empty() {
        return Err(DayFault::Missing);
    }
    if text::is_digits(&tight) {
        return match tight.len() {
            8 => from_parts(&tight[..4], &tight[4..6], &tight[6..]),
            4 | 6 => Err(DayFault::Incomplete),
            _ => Err(DayFault::Form),
        };
    }
    if let Some((year, rest)) = tight.split_once('年') {
        let (month, rest) = rest.split_once('月').ok_or(DayFault::Incomplete)?;
        let day = rest.strip_suffix(['日', '号']).unwrap_or(rest);
        if day.is_empty() {
            return Err(DayFault::Incomplete);
        }
        return from_parts(year, month, day);
    }
    // One kind of separator throughout: 1988/03.25 is more likely a slip than a date.
    let separator = tight
        .chars()
        .find(|c| !c.is_ascii_digit())
        .filter(|c| text::is_dash(*c) || "/.。、".contains(*c))
        .ok_or(DayFault::Form)?;
    let parts: Vec<&str> = tight.split(separator).collect();
    match parts[..] {
        [year, month, day] => from_parts(year, month, day),
        [year, month] if text::is_digits(year) && text::is_digits(month) => Err(DayFault::Incomplete),
        _ => Err(DayFault::Form),
    }
}

/// Reads the number a spreadsheet keeps for a day (1900 date system); a time of day is ignored.
///
/// # Errors
/// [`DayFault::NotADay`] for anything before 1 March 1900 (the system counts a 29 February 1900 that never was)
/// or after 2200; [`DayFault::Form`] when it is not a number.
pub fn from_serial(serial: f64) -> Result<NaiveDate, DayFault> {
    if !serial.is_finite() {
        return Err(DayFault::Form);
    }
    // 61 is 1 March 1900; 109938 is beyond 2200 and keeps the conversion exact.
    if !(61.0..200_000.0).contains(&serial) {
        return Err(DayFault::NotADay);
    }
    let days = TimeDelta::try_days(serial as i64).ok_or(DayFault::NotADay)?;
    let origin = NaiveDate::from_ymd_opt(1899, 12, 30).ok_or(DayFault::NotADay)?;
    let day = origin.checked_add_signed(days).ok_or(DayFault::NotADay)?;
    in_range(day).ok_or(DayFault::NotADay)
}

/// Refuses a day that lies after today, for things that have already happened.
///
/// # Errors
/// [`DayFault::Future`].
pub fn not_after(day: NaiveDate, today: NaiveDate) -> Result<NaiveDate, DayFault> {
    if day > today { Err(DayFault::Future) } else { Ok(day) }
}

/// `2025年3月1日`, as documents are dated (GB/T 9704-2012).
#[must_use]
pub fn in_chinese(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

/// `2025/03/01`, as the collection forms want it.
#[must_use]
pub fn slashed(day: NaiveDate) -> String {
    day.format("%Y/%m/%d").to_string()
}

/// Drops ` 00:00:00` and `T00:00:00`; any other time stays and makes the text unreadable.
fn without_midnight(day: &str) -> &str {
    let Some((date, time)) = day.split_once([' ', 'T']) else {
        return day;
    };
    let midnight = time.contains(':') && time.chars().all(|c| "0:.".contains(c));
    if midnight { date } else { day }
}

fn from_parts(year: &str, month: &str, day: &str) -> Result<NaiveDate, DayFault> {
    let number = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        let good = text::is_digits(part) && lengths.contains(&part.len());
        good.then(|| part.parse::<u32>().ok()).flatten()
    };
    let year = number(year, 4..=4).ok_or(DayFault::Form)?;
    let month = number(month, 1..=2).ok_or(DayFault::Form)?;
    let day = number(day, 1..=2).ok_or(DayFault::Form)?;
    let year = i32::try_from(year).map_err(|_| DayFault::Form)?;
    NaiveDate::from_ymd_opt(year, month, day).and_then(in_range).ok_or(DayFault::NotADay)
}

fn in_range(day: NaiveDate) -> Option<NaiveDate> {
    (1800..=2200).contains(&day.year()).then_some(day)
}

impl Finding for DayFault {
    fn key(&self) -> &'static str {
        match self {
            Self::Missing => "day_missing",
            Self::Form => "day_form",
            Self::Incomplete => "day_incomplete",
            Self::NotADay => "day_invalid",
            Self::Future => "day_in_future",
        }
    }

    fn say(&self) -> Say {
        match self {
            Self::Missing => Say::new(
                "没有填写日期。请按 年/月/日 填写，例如 2025/03/01。",
                "No date was entered. Write year/month/day, for example 2025/03/01.",
            ),
            Self::Form => Say::new(
                "看不懂这个日期。请按 年/月/日 填写，年份写满四位，例如 2025/03/01。",
                "The date could not be read. Write year/month/day with four digits for the year, for example 2025/03/01.",
            ),
            Self::Incomplete => Say::new(
                "日期没有写全，只有年或年月。请补上月和日，例如 2025/03/01。",
                "The date is incomplete: only a year, or year and month. Add the rest, for example 2025/03/01.",
            ),
            Self::NotADay => Say::new(
                "日历上没有这一天（例如 2 月 30 日）。请核对年、月、日后重填。",
                "There is no such day in the calendar (like 30 February). Check year, month and day.",
            ),
            Self::Future => Say::new(
                "日期晚于今天，而这件事应当已经发生。请核对后重填。",
                "The date lies after today, but this must already have happened. Please check it.",
            ),
        }
    }

    fn source(&self) -> &'static str {
        match self {
            Self::Future => "office practice",
            _ => "会员信息采集表: yyyy/MM/dd; Gregorian calendar",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    #[test]
    fn the_forms_offices_use() {
        for typed in [
            "1988/03/25",
            "1988-3-25",
            "1988.03.25",
            "19880325",
            "1988年3月25日",
            "1988年03月25日",
            "1988年3月25号",
            "1988年3月25",
            "１９８８年３月２５日",
            "１９８８／０３／２５",
            "１９８８．３．２５",
            " 1988 / 3 / 25 ",
            "1988—03—25",
            "'1988/03/25",
            "1988-03-25 00:00:00",
            "1988-03-25T00:00:00",
            "1988/3/25 0:00",
            "\u{FEFF}19880325",
            "1988、3、25",
            "1988 年 3 月 25 日",
        ] {
            assert_eq!(parse(typed), Ok(day(1988, 3, 25)), "{typed}");
        }
    }

    #[test]
    fn what_is_not_a_day_is_refused() {
        let expected = [
            ("", DayFault::Missing),
            ("　", DayFault::Missing),
            ("1988/02/30", DayFault::NotADay),
            ("19000229", DayFault::NotADay),
            ("1988-13-01", DayFault::NotADay),
            ("1988-00-01", DayFault::NotADay),
            ("0988-01-01", DayFault::NotADay),
            ("88-3-25", DayFault::Form),
            ("1988/03.25", DayFault::Form),
            ("1988/03/25/1", DayFault::Form),
            ("1988-03-25 08:30:00", DayFault::Form),
            ("1988//25", DayFault::Form),
            ("3/25/1988", DayFault::Form),
            ("32227", DayFault::Form),
            ("同上", DayFault::Form),
            ("不详", DayFault::Form),
            ("1988", DayFault::Incomplete),
            ("198803", DayFault::Incomplete),
            ("1988.03", DayFault::Incomplete),
            ("1988年", DayFault::Incomplete),
            ("1988年3月", DayFault::Incomplete),
        ];
        for (typed, fault) in expected {
            assert_eq!(parse(typed), Err(fault), "{typed}");
        }
    }

    #[test]
    fn spreadsheet_serials() {
        assert_eq!(from_serial(32_227.0), Ok(day(1988, 3, 25)));
        assert_eq!(from_serial(32_227.75), Ok(day(1988, 3, 25)));
        assert_eq!(from_serial(61.0), Ok(day(1900, 3, 1)));
        assert_eq!(from_serial(60.0), Err(DayFault::NotADay));
        assert_eq!(from_serial(45_658.0), Ok(day(2025, 1, 1)));
        assert_eq!(from_serial(19_880_325.0), Err(DayFault::NotADay));
        assert_eq!(from_serial(-1.0), Err(DayFault::NotADay));
        assert_eq!(from_serial(f64::NAN), Err(DayFault::Form));
    }

    #[test]
    fn written_as_documents_write_it() {
        assert_eq!(in_chinese(day(2025, 3, 1)), "2025年3月1日");
        assert_eq!(slashed(day(2025, 3, 1)), "2025/03/01");
        let today = day(2025, 11, 21);
        assert_eq!(not_after(today, today), Ok(today));
        assert_eq!(not_after(day(2025, 11, 22), today), Err(DayFault::Future));
    }
}
