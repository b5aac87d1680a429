//! Marks: conditional formats that colour a row as long as its answer begins with a word.
//!
//! The cells keep their own styles: when the clerk has corrected a row and clears the answer, the colour is gone.

use super::cell::{MAX_ROW, column_letters};
use super::xml::escape;

/// Which rows are marked and how.
pub(super) struct Marks {
    /// 1-based first data row.
    pub(super) first_row: u32,
    /// The word an answer begins with, and the number of its differential style.
    pub(super) words: Vec<(String, u32)>,
}

/// What may stand between the rows and the conditional formats (ECMA-376 18.3.1.99).
const BEFORE: [&[u8]; 11] = [
    b"sheetCalcPr",
    b"sheetProtection",
    b"protectedRanges",
    b"scenarios",
    b"autoFilter",
    b"sortState",
    b"dataConsolidate",
    b"customSheetViews",
    b"mergeCells",
    b"phoneticPr",
    b"conditionalFormatting",
];

/// Whether the conditional formats have their place before the element of this name.
pub(super) fn stand_before(name: &[u8]) -> bool {
    !BEFORE.contains(&name)
}

impl Marks {
    /// The formula of each word, for answers in this 0-based column.
    pub(super) fn formulas(&self, column: u32) -> Vec<String> {
        let cell = format!("${}{}", column_letters(column), self.first_row);
        let words = self.words.iter();
        words.map(|(word, _)| format!("LEFT({cell},{})=\"{word}\"", word.chars().count())).collect()
    }

    /// The element, with priorities behind those already given. `p` is the prefix of the sheet's tags.
    pub(super) fn element(&self, column: u32, p: &str, last_priority: u32) -> Vec<u8> {
        let (first, last) = (self.first_row, column_letters(column));
        let mut out = format!("<{p}conditionalFormatting sqref=\"A{first}:{last}{MAX_ROW}\">").into_bytes();
        for (at, (formula, (_, style))) in (1..).zip(self.formulas(column).iter().zip(&self.words)) {
            let priority = last_priority.saturating_add(at);
            out.extend_from_slice(
                format!("<{p}cfRule type=\"expression\" dxfId=\"{style}\" priority=\"{priority}\"><{p}formula>")
                    .as_bytes(),
            );
            escape(formula, &mut out);
            out.extend_from_slice(format!("</{p}formula></{p}cfRule>").as_bytes());
        }
        out.extend_from_slice(format!("</{p}conditionalFormatting>").as_bytes());
        out
    }
}
