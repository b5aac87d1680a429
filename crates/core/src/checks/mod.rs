//! Checks: is a number, a name, a day or an amount what it claims to be? Pure functions; today's date comes from the caller.
//!
//! Every check first mends what typing and spreadsheets do to a value (full-width digits, blanks, apostrophes) and then
//! judges it strictly. A fault refuses the value; a notice lets it through and tells the clerk. Neither ever
//! contains the value, so both may be logged.

pub mod bank_card;
pub mod congress;
pub mod credit_code;
pub mod day;
pub mod dues;
pub mod id_number;
pub mod money;
pub mod name;
pub mod phone;
pub mod rate;
pub mod text;
pub mod yes_no;

use crate::words::Say;

/// What a check has to tell: a fault or a notice.
pub trait Finding: std::fmt::Debug {
    /// Stable key for programs and reports, such as `id_check_digit`; never renamed after a release.
    fn key(&self) -> &'static str;
    /// What happened, what it means and what to do. Never contains the value that was checked.
    fn say(&self) -> Say;
    /// Where the rule stands: document and article, or "office practice".
    fn source(&self) -> &'static str;
}

#[cfg(test)]
mod tests;
