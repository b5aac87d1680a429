//! Styles of a report: three fills for the answers and two marks for whole rows, added behind what is there.

use super::fault::SheetFault;
use super::patch::{prefix_of, retag};
use super::report::Outcome;
use super::xml::{Piece, Xml};

/// Numbers of the styles that were added.
#[derive(Clone, Copy, Debug)]
pub(super) struct Added {
    pub(super) title: u32,
    refused: u32,
    noticed: u32,
    taken: u32,
    pub(super) refused_mark: u32,
    pub(super) noticed_mark: u32,
}

impl Added {
    pub(super) const fn cell(&self, outcome: Outcome) -> u32 {
        match outcome {
            Outcome::Taken | Outcome::There | Outcome::Updated => self.taken,
            Outcome::Noticed | Outcome::Kept => self.noticed,
            Outcome::Refused => self.refused,
        }
    }
}

/// Pale red and pale yellow, and grey for the title: readable in print and for the colour-blind beside the words.
const REFUSED: &str = "FFFFC7CE";
const NOTICED: &str = "FFFFF2CC";
const TITLE: &str = "FFD9D9D9";

/// How many entries the lists have now. What their `count` attributes say is not believed.
#[derive(Default)]
struct Counts {
    fills: Option<u32>,
    cell_formats: Option<u32>,
    marks: Option<u32>,
}

fn count(styles: &[u8]) -> Result<Counts, SheetFault> {
    let mut counts = Counts::default();
    let mut xml = Xml::new(styles, "styles");
    let mut path: Vec<Vec<u8>> = Vec::new();
    loop {
        match xml.next()? {
            Piece::Start(tag) => {
                let name = tag.local().to_vec();
                if path.len() == 1 {
                    match name.as_slice() {
                        b"fills" => counts.fills = Some(0),
                        b"cellXfs" => counts.cell_formats = Some(0),
                        b"dxfs" => counts.marks = Some(0),
                        _ => {}
                    }
                } else if path.len() == 2 {
                    let list = match path[1].as_slice() {
                        b"fills" => &mut counts.fills,
                        b"cellXfs" => &mut counts.cell_formats,
                        b"dxfs" => &mut counts.marks,
                        _ => &mut None,
                    };
                    if let Some(list) = list {
                        *list += 1;
                    }
                }
                if !tag.empty {
                    path.push(name);
                }
            }
            Piece::End(_) => {
                path.pop();
            }
            Piece::Eof => return Ok(counts),
            _ => {}
        }
    }
}

/// The styles with the new ones behind; `None` when there is no list to add to, and then nothing is coloured.
pub(super) fn add_styles(styles: &[u8]) -> Result<(Vec<u8>, Option<Added>), SheetFault> {
    let counts = count(styles)?;
    // More formats than this and Excel refuses the file.
    let (Some(fills), Some(formats @ 1..64_000)) = (counts.fills, counts.cell_formats) else {
        return Ok((styles.to_vec(), None));
    };
    let marks = counts.marks.unwrap_or(0);
    let added = Added {
        title: formats,
        refused: formats + 1,
        noticed: formats + 2,
        taken: formats + 3,
        refused_mark: marks,
        noticed_mark: marks + 1,
    };
    let mut out = Vec::with_capacity(styles.len() + 2048);
    let mut xml = Xml::new(styles, "styles");
    let mut depth = 0_u32;
    let mut prefix = String::new();
    let mut marks_done = false;
    loop {
        let piece = xml.next()?;
        match piece {
            Piece::Start(tag) => {
                if depth == 0 {
                    prefix = prefix_of(&tag)?;
                }
                let count = match tag.local() {
                    b"fills" => Some(fills + 3),
                    b"cellXfs" => Some(formats + 4),
                    b"dxfs" => Some(marks + 2),
                    // The list of marks has its place before these; a workbook without any has no list.
                    b"tableStyles" | b"colors" | b"extLst" if depth == 1 && !marks_done => {
                        marks_done = true;
                        out.extend_from_slice(&mark_list(&prefix));
                        None
                    }
                    _ => None,
                };
                if let (1, Some(count)) = (depth, count) {
                    let mut head = retag(&tag, &[("count", Some(count.to_string()))])?;
                    if tag.empty {
                        // Only the list of marks is ever written empty.
                        marks_done = true;
                        head.truncate(head.len() - 2);
                        head.push(b'>');
                        head.extend_from_slice(&mark_entries(&prefix));
                        head.extend_from_slice(format!("</{prefix}dxfs>").as_bytes());
                    } else {
                        depth += 1;
                    }
                    out.extend_from_slice(&head);
                    continue;
                }
                if !tag.empty {
                    depth += 1;
                }
            }
            Piece::End(name) => {
                depth = depth.saturating_sub(1);
                match (depth, name) {
                    (1, b"fills") => {
                        for colour in [TITLE, REFUSED, NOTICED] {
                            out.extend_from_slice(fill(&prefix, colour).as_bytes());
                        }
                    }
                    (1, b"cellXfs") => {
                        for fill in [fills, fills + 1, fills + 2, 0] {
                            out.extend_from_slice(format(&prefix, fill).as_bytes());
                        }
                    }
                    (1, b"dxfs") => {
                        marks_done = true;
                        out.extend_from_slice(&mark_entries(&prefix));
                    }
                    (0, _) if !marks_done => {
                        marks_done = true;
                        out.extend_from_slice(&mark_list(&prefix));
                    }
                    _ => {}
                }
            }
            Piece::Eof => return Ok((out, Some(added))),
            _ => {}
        }
        out.extend_from_slice(xml.raw());
    }
}

fn fill(p: &str, colour: &str) -> String {
    format!(
        "<{p}fill><{p}patternFill patternType=\"solid\"><{p}fgColor rgb=\"{colour}\"/><{p}bgColor indexed=\"64\"/></{p}patternFill></{p}fill>"
    )
}

/// A text cell (49 is `@`) in the plain font of the workbook.
fn format(p: &str, fill: u32) -> String {
    format!(
        "<{p}xf numFmtId=\"49\" fontId=\"0\" fillId=\"{fill}\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFill=\"1\" applyAlignment=\"1\"><{p}alignment vertical=\"center\"/></{p}xf>"
    )
}

fn mark_entries(p: &str) -> Vec<u8> {
    let entry = |colour: &str| {
        format!(
            "<{p}dxf><{p}fill><{p}patternFill patternType=\"solid\"><{p}fgColor rgb=\"{colour}\"/><{p}bgColor rgb=\"{colour}\"/></{p}patternFill></{p}fill></{p}dxf>"
        )
    };
    (entry(REFUSED) + &entry(NOTICED)).into_bytes()
}

fn mark_list(p: &str) -> Vec<u8> {
    let mut list = format!("<{p}dxfs count=\"2\">").into_bytes();
    list.extend_from_slice(&mark_entries(p));
    list.extend_from_slice(format!("</{p}dxfs>").as_bytes());
    list
}
