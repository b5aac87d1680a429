//! Duplicates: all pairs of an office that may be one person, and those of one entry.

use serde_json::{Value, json};

use crate::{
    floor,
    gauge::{self, Line, Trouble},
    office::Desk,
    people::{self, NAME, People, Person},
};

/// Members of a large office, and how many of them were entered a second time without their ID number.
const MEMBERS: usize = 20_000;
const TWICE: usize = 200;

const FLOOR: &str = "the same columns read row by row";

/// Kind and number of the document.
const DOCUMENT: [usize; 2] = [1, 2];

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// Measures the list as it is asked for the first time, the page of one member, and a form that is being typed.
pub fn run(rounds: usize) -> Result<Vec<Line>, Trouble> {
    let dir = tempfile::tempdir()?;
    let (once, again) = (dir.path().join("once.xlsx"), dir.path().join("again.xlsx"));
    let mut people = People::new(7);
    let members: Vec<Person> = (0..MEMBERS).map(|_| people.person()).collect();
    people::sheet(members.iter().cloned(), &once)?;
    let twins = members.iter().step_by(MEMBERS / TWICE).enumerate().map(|(n, person)| {
        let mut person = person.clone();
        (person[DOCUMENT[0]], person[DOCUMENT[1]]) = ("护照".into(), format!("E{n:08}"));
        person
    });
    people::sheet(twins, &again)?;
    let desk = Desk::found()?;
    desk.import(&once, MEMBERS, 2)?;
    desk.import(&again, TWICE, 3)?;

    let (mut ours, mut floors, mut pages, mut forms) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut one = Value::Null;
    let (path, key) = (desk.path(), desk.key.clone());
    for _ in 0..rounds {
        desk.office.index().map_err(crate::office::said)?;
        let (time, found) = gauge::thread(|| desk.ask("members.duplicates", json!({}), 4));
        let found = found?;
        if count(&found["open"]) < TWICE as u64 {
            return Err(format!("of {TWICE} only {} are proposed", found["open"]).into());
        }
        one = found["rows"][0]["sides"][0]["row"]["id"].clone();
        ours.push(time);
        let conn = floor::open(&path, &key)?;
        let (time, read) = gauge::thread(|| -> rusqlite::Result<usize> {
            let mut all = conn.prepare(
                "SELECT id, name, former_name, id_kind, id_no, birth_date, mobile, sex, state FROM member WHERE void = 0",
            )?;
            let mut rows = all.query([])?;
            let mut read = 0;
            while let Some(row) = rows.next()? {
                std::hint::black_box((row.get::<_, [u8; 16]>(0)?, row.get::<_, Option<String>>(1)?));
                read += 1;
            }
            Ok(read)
        });
        if read? != MEMBERS + TWICE {
            return Err("not everybody was read".into());
        }
        floors.push(time);
    }
    for person in members.iter().step_by(97) {
        let fields = json!({ "name": person[NAME], "mobile": person[6], "birth_date": person[4] });
        let (time, told) = gauge::thread(|| desk.ask("members.check", json!({ "fields": fields }), 5));
        if told?["notices"].as_array().is_none_or(Vec::is_empty) {
            return Err("somebody who is here already was not told of".into());
        }
        forms.push(time);
        let (time, page) = gauge::thread(|| desk.ask("members.get", json!({ "id": one }), 6));
        if page?["derived"]["alike"].is_null() {
            return Err("the page does not tell of the other entry".into());
        }
        pages.push(time);
    }
    let all = format!("all duplicates among {MEMBERS} members, {TWICE} of them entered twice");
    let (ours, floor) = (gauge::median(&mut ours), gauge::median(&mut floors));
    Ok(vec![
        Line::told(all, ours, "ms", Some(1000.0)),
        Line { bar: None, ..Line::ratio("the same beside reading them", FLOOR, ours, floor, 0.0) },
        Line::told(
            "a form without an ID number, with who may be here already",
            gauge::median(&mut forms),
            "ms",
            Some(5.0),
        ),
        Line::told("a member's page, with who may be the same", gauge::median(&mut pages), "ms", Some(5.0)),
    ])
}
