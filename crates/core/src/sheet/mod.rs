//! Sheets: the door for workbooks and text tables; a file becomes rows of cells, and a report goes back.
//!
//! Nothing here knows a member, a rule or a store. The callers say which columns they know; this folder finds
//! them, streams the rows and writes the answers beside them. There is no clock: dates to be written are given.
//!
//! Why the readers are our own and not a spreadsheet crate's: a file on a stick may be damaged or made to harm,
//! and the release build ends the program at a panic. Every length that stands in a file is checked before it is
//! used, and memory is bounded by [`Limits`], not by what the file claims. A spreadsheet crate reads the same files
//! in the tests, and both must agree cell by cell.

mod cell;
mod delimited;
mod fault;
mod header;
mod lines;
mod marks;
mod ole;
mod package;
mod patch;
mod report;
mod styles;
mod table;
mod text;
mod xls;
mod xls_strings;
mod xlsx;
mod xml;

mod book;
mod data;
#[cfg(test)]
mod tests;

pub use book::{Book, Format, Rows, SheetInfo, open};
pub use cell::{Cell, Row};
pub use data::{Data, Skipped};
pub use fault::{Bound, Looks, Seen, SheetFault};
pub use header::{Column, Found, Header, HeaderColumn, find_header};
pub use report::{Outcome, Remark, ReportWords, write_report};
pub use table::{Table, TableColumn, write_table};

/// What one file may cost. Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The file as it lies on the disk.
    pub file_bytes: u64,
    /// One part of a workbook (one sheet) after unpacking; it is streamed, never held.
    pub part_bytes: u64,
    /// What must be held in memory: the shared texts of a workbook.
    pub held_bytes: u64,
    /// Unpacked size over packed size, looked at once a part has grown past 32 MiB. Honest sheets stay below 60.
    pub ratio: u64,
    /// Rows with at least one filled cell.
    pub rows: u32,
    /// The furthest column that may hold something.
    pub columns: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 100 << 20,
            part_bytes: 2 << 30,
            held_bytes: 256 << 20,
            ratio: 300,
            rows: 1_000_000,
            columns: 1_024,
        }
    }
}
