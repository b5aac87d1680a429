//! Headers: which row names the columns, and which field each column is.

use std::collections::HashMap;

use super::cell::Row;
use super::fault::{Seen, SheetFault};

/// How many rows from the top are looked at.
pub(super) const LOOKED_AT: u32 = 30;

/// A column the caller knows.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// The field it fills.
    pub field: &'a str,
    /// The official name and usual variants.
    pub names: &'a [&'a str],
    /// A header without any key column (a person's name, an ID number) is none: lists of choices have the others too.
    pub key: bool,
}

/// The header of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// 1-based row where it begins; less than `row` when it takes two rows.
    pub first_row: u32,
    /// 1-based row after which the data begins.
    pub row: u32,
    /// The columns with a header text, from left to right.
    pub columns: Vec<HeaderColumn>,
    /// How many fields were found.
    pub score: usize,
}

/// A column of the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderColumn {
    /// 0-based column.
    pub index: usize,
    /// Its header as shown, without line breaks.
    pub text: String,
    /// The field it fills, if it is known.
    pub field: Option<String>,
}

/// A sheet with a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Place of the sheet in [`super::Book::sheets`].
    pub sheet: usize,
    /// Name of the sheet.
    pub name: String,
    /// Its header.
    pub header: Header,
}

impl Header {
    /// The 0-based column of a field.
    #[must_use]
    pub fn column(&self, field: &str) -> Option<usize> {
        let mut columns = self.columns.iter();
        columns.find(|c| c.field.as_deref() == Some(field)).map(|c| c.index)
    }
}

/// A header as it is matched: half-width, without blanks, stars, colons and numbering.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let c = match c {
            // Full-width forms of ASCII.
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            '【' | '〔' | '「' => '[',
            '】' | '〕' | '」' => ']',
            c => c,
        };
        if c.is_whitespace()
            || matches!(c, '*' | '★' | '※' | ':' | '"' | '“' | '”' | '\'' | '_' | '\u{feff}' | '\u{200b}')
        {
            continue;
        }
        out.extend(c.to_lowercase());
    }
    // "1.姓名", "2、性别"
    let unnumbered = out.trim_start_matches(|c: char| c.is_ascii_digit());
    if unnumbered.len() < out.len()
        && let Some(rest) = unnumbered.strip_prefix(['.', '、', ')'])
    {
        out = rest.to_owned();
    }
    out
}

/// The same without what stands in brackets: `（格式：yyyy/MM/dd）`, `(填写18位身份证)`, `[必填]`.
fn without_hints(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    let mut depth = 0_u32;
    for c in plain.chars() {
        match c {
            '(' | '[' | '<' => depth += 1,
            ')' | ']' | '>' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// What a header may be known by, the surest first.
fn keys(text: &str) -> Vec<String> {
    let whole = plain(text);
    let mut keys = vec![whole.clone(), without_hints(&whole)];
    // A second line is a hint: 是否农民工会员⏎填写“是”或“否”. But a word may be broken over lines too, so the whole comes first.
    if let Some(first) = text.trim().lines().next() {
        let first = plain(first);
        keys.push(without_hints(&first));
    }
    for hint in ["填写", "格式", "必填", "选填", "请选择"] {
        let bare = keys[1].clone();
        match bare.find(hint) {
            Some(0) => keys.push(bare[hint.len()..].to_owned()),
            Some(at) => keys.push(bare[..at].to_owned()),
            None => {}
        }
    }
    keys.retain(|key| !key.is_empty());
    keys.dedup();
    keys
}

/// The fields by every name they have.
struct Names<'a> {
    by_name: HashMap<String, usize>,
    columns: &'a [Column<'a>],
}

impl<'a> Names<'a> {
    fn new(columns: &'a [Column<'a>]) -> Self {
        let mut by_name = HashMap::new();
        // Full names first: a name without its hint must not take the place of another field's full name.
        for (at, column) in columns.iter().enumerate() {
            for name in column.names {
                by_name.entry(plain(name)).or_insert(at);
            }
        }
        for (at, column) in columns.iter().enumerate() {
            for name in column.names {
                let bare = without_hints(&plain(name));
                if !bare.is_empty() {
                    by_name.entry(bare).or_insert(at);
                }
            }
        }
        Self { by_name, columns }
    }

    /// The field of a header, and how sure that is (0 is the surest).
    fn field(&self, text: &str) -> Option<(usize, usize)> {
        let keys = keys(text);
        let mut ranked = keys.iter().enumerate();
        ranked.find_map(|(rank, key)| self.by_name.get(key).map(|&field| (field, rank)))
    }

    /// Columns for the header texts of one or two rows.
    fn columns(&self, texts: Vec<(usize, Vec<String>)>) -> (Vec<HeaderColumn>, Vec<usize>) {
        let mut best: HashMap<usize, (usize, usize)> = HashMap::new();
        let mut columns = Vec::with_capacity(texts.len());
        for (index, readings) in texts {
            let place = columns.len();
            columns.push(HeaderColumn {
                index,
                text: readings.first().map(|text| shown(text)).unwrap_or_default(),
                field: None,
            });
            let mut found = readings.iter().enumerate();
            let found = found.find_map(|(late, text)| self.field(text).map(|(field, rank)| (field, rank + late * 8)));
            if let Some((field, rank)) = found {
                // Two columns for one field: the surer one, else the left one.
                let now = best.entry(field).or_insert((rank, place));
                if rank < now.0 {
                    *now = (rank, place);
                }
            }
        }
        let mut fields: Vec<usize> = best.keys().copied().collect();
        fields.sort_unstable();
        for (&field, &(_, place)) in &best {
            columns[place].field = Some(self.columns[field].field.to_owned());
        }
        (columns, fields)
    }
}

/// A header text on one line.
pub(super) fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Finds the header among the first rows of a sheet.
///
/// The row with the most known columns wins, the upper one at a draw; two rows together win when they know more than
/// one alone (groups such as 证件 above 类别 and 号码).
///
/// # Errors
/// [`SheetFault::NoKnownColumn`] when no row has two known columns with a key column among them,
/// [`SheetFault::ColumnMissing`] when one has a key column and nothing else.
pub fn find_header(rows: &[Row<'_>], columns: &[Column<'_>]) -> Result<Header, SheetFault> {
    let names = Names::new(columns);
    let needs_key = columns.iter().any(|c| c.key);
    let mut best: Option<Header> = None;
    let mut nearly: Vec<usize> = Vec::new();
    let mut consider = |first_row: u32, row: u32, texts: Vec<(usize, Vec<String>)>| {
        let (found, fields) = names.columns(texts);
        let keyed = !needs_key || fields.iter().any(|&f| columns[f].key);
        if fields.len() >= 2.min(columns.len()) && keyed && best.as_ref().is_none_or(|b| fields.len() > b.score) {
            best = Some(Header { first_row, row, columns: found, score: fields.len() });
        } else if needs_key && keyed && nearly.is_empty() {
            nearly = fields;
        }
    };
    let top = || rows.iter().take_while(|row| row.number <= LOOKED_AT);
    for row in top() {
        consider(row.number, row.number, one_row(row));
    }
    for (upper, lower) in top().zip(top().skip(1)) {
        if lower.number == upper.number + 1 {
            consider(upper.number, lower.number, two_rows(upper, lower));
        }
    }
    best.ok_or_else(|| {
        let name = |at: usize| columns[at].names.first().map_or_else(String::new, |name| (*name).to_owned());
        let missing: Vec<String> =
            (0..columns.len()).filter(|at| columns[*at].key && !nearly.contains(at)).map(name).collect();
        if nearly.is_empty() || missing.is_empty() {
            return SheetFault::NoKnownColumn(seen(rows));
        }
        SheetFault::ColumnMissing { known: nearly.iter().copied().map(name).collect(), missing }
    })
}

fn one_row(row: &Row<'_>) -> Vec<(usize, Vec<String>)> {
    row.filled().map(|(index, cell)| (index, vec![cell.text().into_owned()])).collect()
}

/// Readings of each column of two rows: group and name together, the name alone; the group alone when nothing is below.
fn two_rows(upper: &Row<'_>, lower: &Row<'_>) -> Vec<(usize, Vec<String>)> {
    let width = upper.cells.len().max(lower.cells.len());
    let mut group = String::new();
    let mut texts = Vec::with_capacity(width);
    for index in 0..width {
        let above = upper.cell(index).text();
        let above = above.trim();
        let below = lower.cell(index).text();
        let below = below.trim();
        if !above.is_empty() {
            above.clone_into(&mut group);
        }
        match (above.is_empty(), below.is_empty()) {
            (true, true) => {}
            (false, true) => texts.push((index, vec![above.to_owned()])),
            // Merged cells keep their text in the first column only.
            _ => texts.push((index, vec![format!("{group}{below}"), below.to_owned()])),
        }
    }
    texts
}

/// What the clerk is shown when no header is known. Long digit runs are left out: they are data, not headers.
fn seen(rows: &[Row<'_>]) -> Seen {
    let fullest = rows.iter().max_by_key(|row| (row.filled().count(), std::cmp::Reverse(row.number)));
    let Some(row) = fullest else {
        return Seen::default();
    };
    let texts = row.filled().map(|(_, cell)| shown(&cell.text()));
    let texts = texts.filter(|text| text.bytes().filter(u8::is_ascii_digit).count() < 5);
    Seen(texts.map(|text| text.chars().take(16).collect()).take(12).collect())
}
