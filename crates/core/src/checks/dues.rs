//! Membership dues: half a percent of the month's wage, tens of yuan only.

use chrono::{Datelike, NaiveDate};

use super::money::{Fen, MoneyFault};

/// How an office computes dues. What counts as wage today is a local decision, so a fixed amount is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuesRule {
    /// The national rule, see [`of_wage`].
    HalfPercent,
    /// The same amount every month. Source: local.
    Fixed(Fen),
}

/// Dues of a month with this wage: 0.5 %, a remainder below ten yuan is not counted, so every full ten yuan of
/// wage are five fen. Bonuses, allowances, royalties, relief and pensions are not wage. Nothing from retained
/// members. Source: 工发〔1978〕101号.
///
/// # Errors
/// [`MoneyFault::Negative`] for a wage below zero.
pub fn of_wage(wage: Fen) -> Result<Fen, MoneyFault> {
    const TEN_YUAN: i64 = 1000;
    Ok(Fen(wage.not_negative()?.0 / TEN_YUAN * 5))
}

impl DuesRule {
    /// Dues of one month.
    ///
    /// # Errors
    /// [`MoneyFault::Negative`] for a wage or a fixed amount below zero.
    pub fn of_month(self, wage: Fen) -> Result<Fen, MoneyFault> {
        match self {
            Self::HalfPercent => of_wage(wage),
            Self::Fixed(amount) => amount.not_negative(),
        }
    }
}

/// Whether dues run in the month of `month`: from the month of approval until the month of leaving or retention,
/// both included. Source: 中国工会章程 arts. 6 and 8 (dues stop that day); monthly rounding is office practice.
#[must_use]
pub fn runs(month: NaiveDate, approved: NaiveDate, ended: Option<NaiveDate>) -> bool {
    let number = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
    number(month) >= number(approved) && ended.is_none_or(|end| number(month) <= number(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_rule() {
        for (wage, dues) in [
            ("4567.89", "22.80"),
            ("3000", "15.00"),
            ("12345.67", "61.70"),
            ("9.99", "0.00"),
            ("19.99", "0.05"),
            ("0", "0.00"),
        ] {
            let wage = Fen::parse(wage).unwrap();
            assert_eq!(of_wage(wage).unwrap().to_string(), dues);
            assert_eq!(DuesRule::HalfPercent.of_month(wage).unwrap().to_string(), dues);
        }
        assert_eq!(of_wage(Fen(-1)), Err(MoneyFault::Negative));
        assert_eq!(DuesRule::Fixed(Fen(500)).of_month(Fen(123_456)), Ok(Fen(500)));
    }

    #[test]
    fn dues_run_from_approval_to_leaving() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        let (approved, left) = (day(2024, 12, 31), day(2025, 3, 1));
        let months = [day(2024, 11, 30), day(2024, 12, 1), day(2025, 3, 31), day(2025, 4, 1)];
        let runs_until_left = months.map(|month| runs(month, approved, Some(left)));
        assert_eq!(runs_until_left, [false, true, true, false]);
        assert!(runs(day(2030, 1, 1), approved, None));
    }
}
