//! Import: a roster of 20 columns from .xlsx to committed, logged and searchable.

use std::path::Path;

use calamine::{Reader as _, Xlsx, open_workbook};

use crate::{
    floor::{self, Copied},
    gauge::{self, Line, Trouble},
    office::Desk,
    people::{self, People},
};

const FLOOR: &str = "the cells of the same .xlsx read by calamine, and the same rows and indices by prepared INSERTs (SQLCipher, WAL, synchronous=FULL, one transaction)";

/// Measures imports into empty offices.
pub fn run(count: usize, rounds: usize) -> Result<Vec<Line>, Trouble> {
    let dir = tempfile::tempdir()?;
    let roster = dir.path().join("roster.xlsx");
    people::roster(&mut People::new(7), count, &roster)?;
    let copied = {
        let desk = Desk::found()?;
        desk.import(&roster, count, 2)?;
        Copied::from(&desk.path(), &desk.key)?
    };
    let (mut ours, mut floors, mut inserts) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let desk = Desk::found()?;
        let (time, ()) = gauge::process(|| desk.import(&roster, count, 2))?;
        ours.push(time);
        if desk.office.index_bytes() == 0 {
            return Err("nobody can be found".into());
        }
        let (reading, cells) = gauge::process(|| read(&roster))?;
        if cells < count * people::COLUMNS.len() / 2 {
            return Err(format!("calamine saw only {cells} cells").into());
        }
        let inserting = insert(&copied, dir.path(), &desk)?;
        floors.push(reading + inserting);
        inserts.push(inserting);
    }
    Ok(vec![
        Line::ratio(
            format!("import {count} rows × 20 columns"),
            FLOOR,
            gauge::median(&mut ours),
            gauge::median(&mut floors),
            2.0,
        ),
        Line::told("– of its floor, the INSERTs", gauge::median(&mut inserts), "ms", None),
    ])
}

/// CPU time of the INSERT floor in a new database.
pub fn insert(copied: &Copied, dir: &Path, desk: &Desk) -> Result<f64, Trouble> {
    let folder = tempfile::tempdir_in(dir)?;
    let conn = floor::open(&folder.path().join("floor.db"), &desk.key)?;
    copied.prepare(&conn)?;
    Ok(gauge::process(|| copied.insert(&conn))?.0)
}

fn read(roster: &Path) -> Result<usize, Trouble> {
    let mut book: Xlsx<_> = open_workbook(roster)?;
    let sheet = book.sheet_names().first().cloned().ok_or("no sheet")?;
    let mut reader = book.worksheet_cells_reader(&sheet)?;
    let mut cells = 0;
    while let Some(cell) = reader.next_cell()? {
        std::hint::black_box(cell.get_value());
        cells += 1;
    }
    Ok(cells)
}
