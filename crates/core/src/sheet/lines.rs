//! The report on a text table: every line as it came, in its own encoding, with the answer in a column behind.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use encoding_rs::{UTF_16BE, UTF_16LE};

use super::{
    book::Book,
    delimited::{Line, TextTable},
    fault::SheetFault,
    header::Found,
    report::{Remark, ReportWords},
};

/// Writes the lines with the answers. Nothing else is touched: quotes, blanks and `="…"` around numbers stay, so that the
/// programs of the office read it as they read the sheet that came.
pub(super) fn write_answers(
    book: &mut Book,
    part: &Path,
    found: &Found,
    by_row: &BTreeMap<u32, &Remark<'_>>,
    words: &ReportWords,
    earlier: Option<usize>,
) -> Result<(), SheetFault> {
    let mut width = found.header.columns.last().map_or(0, |c| c.index + 1);
    for row in book.rows(found.sheet)? {
        width = width.max(row?.cells.len());
    }
    let own = earlier.unwrap_or(width);
    let Some((mut lines, table)) = book.lines()? else { return Ok(()) };
    let file = File::create(part).map_err(SheetFault::NotWritten)?;
    let mut out = Out { to: BufWriter::new(file), table };
    if table.marked {
        out.put("\u{feff}")?;
    }
    while let Some((row, line)) = lines.next_line()? {
        let answer = match by_row.get(&row) {
            _ if row == found.header.row => Some(words.title.to_owned()),
            Some(remark) => Some(words.answer(remark)),
            // What was said the last time is not said of this time.
            None if earlier.is_some() && line.cuts.len() >= own => Some(String::new()),
            None => None,
        };
        let raw = std::str::from_utf8(&line.raw).map_err(|_| SheetFault::Damaged("text", "a row is torn"))?;
        match answer {
            Some(answer) => out.put(&placed(raw, line, own, char::from(table.separator), &answer))?,
            None => out.put(raw)?,
        }
        out.put(table.line_end)?;
    }
    out.to.flush().map_err(SheetFault::NotWritten)
}

/// The line with `answer` in its `own`th cell, counted from 0.
fn placed(raw: &str, line: &Line, own: usize, separator: char, answer: &str) -> String {
    let quoted = if answer.contains([separator, '"', '\n', '\r']) {
        format!("\"{}\"", answer.replace('"', "\"\""))
    } else {
        answer.to_owned()
    };
    // Separators divide the line into one cell more than there are separators.
    match own.checked_sub(line.cuts.len() + 1) {
        Some(lacking) => {
            let filling: String = std::iter::repeat_n(separator, lacking + 1).collect();
            format!("{raw}{filling}{quoted}")
        }
        None => {
            let from = own.checked_sub(1).and_then(|before| line.cuts.get(before)).map_or(0, |cut| cut + 1);
            let to = line.cuts.get(own).copied().unwrap_or(raw.len());
            format!("{}{quoted}{}", &raw[..from], &raw[to..])
        }
    }
}

struct Out {
    to: BufWriter<File>,
    table: TextTable,
}

impl Out {
    fn put(&mut self, text: &str) -> Result<(), SheetFault> {
        let encoding = self.table.encoding;
        let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let written = if encoding == UTF_16LE {
            self.to.write_all(&wide(u16::to_le_bytes))
        } else if encoding == UTF_16BE {
            self.to.write_all(&wide(u16::to_be_bytes))
        } else {
            self.to.write_all(&encoding.encode(text).0)
        };
        written.map_err(SheetFault::NotWritten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_stands_in_its_column_however_long_the_line_is() {
        let put = |raw: &str, own| {
            let cuts = raw.match_indices(',').map(|(at, _)| at).collect();
            placed(raw, &Line { raw: raw.into(), cuts }, own, ',', "已导入")
        };
        assert_eq!(put("王芳,1", 2), "王芳,1,已导入");
        assert_eq!(put("王芳", 3), "王芳,,,已导入");
        assert_eq!(put("王芳,1,,,", 2), "王芳,1,已导入,,");
        assert_eq!(put("王芳,1,旧", 2), "王芳,1,已导入");
        assert_eq!(put("旧,王芳", 0), "已导入,王芳");
        let line = Line { raw: b"a".to_vec(), cuts: Vec::new() };
        assert_eq!(placed("a", &line, 1, ',', "1,\"2\""), "a,\"1,\"\"2\"\"\"");
    }
}
