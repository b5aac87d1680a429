//! Data rows: what stands below the header, without the rows that are not people.

use super::book::Rows;
use super::cell::{Cell, Row};
use super::fault::SheetFault;
use super::header::{Header, plain, shown};

/// Why a row below the header is no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// Instructions, notes, signatures.
    Instruction,
    /// Sums.
    Total,
    /// A sample of how to fill in.
    Sample,
    /// The header once more, as on each printed page.
    Header,
    /// Nothing in any known column: rows that only carry a number were prepared and never filled in.
    Unfilled,
}

/// How many left-out rows are remembered; a prepared form may have 60,000 of them.
const REMEMBERED: usize = 1_000;
/// A single text of this many characters alone in its row is an instruction, not a person.
const LONG: usize = 25;

const SIGNED: [&str; 9] =
    ["填表人", "制表人", "填报人", "审核人", "复核人", "经办人", "单位负责人", "填表单位", "填报单位"];
const NOTES: [&str; 8] = ["填表说明", "填写说明", "填报说明", "填表须知", "说明", "注意", "备注", "附件"];
const TOTALS: [&str; 5] = ["合计", "总计", "小计", "共计", "总人数"];
const SAMPLES: [&str; 6] = ["示例", "样例", "范例", "举例", "例", "例如"];

/// Rows of people, streamed. See [`super::Book::data`].
pub struct Data<'a> {
    rows: Rows<'a>,
    header: Header,
    /// Columns with a field, and their header as it is shown.
    known: Vec<(usize, String)>,
    skipped: Vec<(u32, Skipped)>,
}

impl<'a> Data<'a> {
    pub(super) fn new(rows: Rows<'a>, header: Header) -> Self {
        let known = header.columns.iter().filter(|c| c.field.is_some());
        let known = known.map(|c| (c.index, c.text.clone())).collect();
        Self { rows, header, known, skipped: Vec::new() }
    }

    /// The rows left out so far, at most the first thousand: 1-based row and why.
    #[must_use]
    pub fn skipped(&self) -> &[(u32, Skipped)] {
        &self.skipped
    }

    /// The last row as the file declares it; see [`Rows::last_row`].
    #[must_use]
    pub fn last_row(&self) -> Option<u32> {
        self.rows.last_row()
    }

    fn judge(&self, row: &Row<'_>) -> Option<Skipped> {
        let mut filled = row.filled();
        let (_, first) = filled.next()?;
        let alone = filled.next().is_none();
        let text = first.text();
        let head = plain(&text);
        if SAMPLES.contains(&head.as_str()) || head.starts_with("示例") || head.starts_with("样例") {
            return Some(Skipped::Sample);
        }
        if TOTALS.iter().any(|word| head == *word || (head.starts_with(word) && alone)) {
            return Some(Skipped::Total);
        }
        let noted = NOTES.iter().any(|word| head.starts_with(word) && (alone || text.contains(['：', ':', '\n'])));
        let signed = SIGNED.iter().any(|word| head.starts_with(word)) && (alone || text.contains(['：', ':']));
        let note = alone && (text.trim_start().starts_with(['注', '※']) && text.contains(['：', ':', '.', '、']));
        if noted || signed || note || (alone && (text.chars().count() >= LONG || text.trim().contains('\n'))) {
            return Some(Skipped::Instruction);
        }
        if !self.known.iter().any(|(column, _)| !row.cell(*column).is_empty()) {
            return Some(Skipped::Unfilled);
        }
        // This runs for every row, so the first character is asked before the whole text.
        let repeated = self.known.iter().filter(|(column, header)| match row.cell(*column) {
            Cell::Text(text) => text.trim_start().starts_with(|c| header.starts_with(c)) && shown(text) == *header,
            _ => false,
        });
        (repeated.count() >= 2).then_some(Skipped::Header)
    }
}

impl<'a> Iterator for Data<'a> {
    type Item = Result<Row<'a>, SheetFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = match self.rows.next()? {
                Ok(row) => row,
                Err(fault) => return Some(Err(fault)),
            };
            if row.number <= self.header.row {
                continue;
            }
            match self.judge(&row) {
                None => return Some(Ok(row)),
                Some(why) => {
                    if self.skipped.len() < REMEMBERED {
                        self.skipped.push((row.number, why));
                    }
                }
            }
        }
    }
}
