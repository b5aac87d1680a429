//! Paper: official forms drawn from a job that the core has decided and masked. No SQL, no rule of members, no clock.
//!
//! A job is one JSON document ([`job`]); [`paper::draw`] makes pages of it, which become PDF or PNG. The program
//! `niangjia-paper` around it is started when something is printed, so that typst's weight lies beside the window.

pub mod code;
pub mod fault;
pub mod fonts;
pub mod forms;
pub mod job;
pub mod paper;
pub mod print;
pub mod text;
mod world;

pub use fault::Fault;
pub use fonts::Fonts;
pub use job::Job;
pub use paper::{Paper, Report, draw};
