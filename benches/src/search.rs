//! Search: one keystroke to 50 ranked hits and the exact count.

use std::hint::black_box;

use niangjia_core::finder::{Entry, Filter, Finder, Session};
use serde_json::json;

use crate::{
    gauge::{self, Line, Trouble},
    people::{CODES, Dice, NAME, People, Person},
    queries::{classes, syllables},
    unlock,
};

const FLOOR: &str = "one memchr over the bytes that a scanning search would read: name, its pinyin, ID number, telephone, member number";
const HITS: usize = 50;

fn finder(members: &[Person], enterprises: &[(String, String)]) -> Result<Finder, Trouble> {
    let mut finder = Finder::with_capacity(members.len() + enterprises.len());
    let mut push = |kind, rec: usize, title: &str, person, codes: &[&str]| -> Result<(), Trouble> {
        let rec = i64::try_from(rec)?;
        finder.push(&Entry { kind, rec, title, person, aliases: &[], codes, office: 0, flags: 0 });
        Ok(())
    };
    for (rec, member) in members.iter().enumerate() {
        push(1, rec, &member[NAME], true, &CODES.map(|c| &*member[c]))?;
    }
    for (rec, (title, code)) in enterprises.iter().enumerate() {
        push(2, rec, title, false, &[code])?;
    }
    finder.settle();
    Ok(finder)
}

fn scanned(members: &[Person]) -> Vec<u8> {
    let mut text = Vec::new();
    for member in members {
        text.extend_from_slice(member[NAME].as_bytes());
        text.push(b'\t');
        text.extend(syllables(&member[NAME]).concat().bytes());
        for code in CODES {
            text.push(b'\t');
            text.extend_from_slice(member[code].as_bytes());
        }
        text.push(b'\n');
    }
    text
}

/// Measures every class of queries, each asked from nothing, and whole words typed key by key.
pub fn run(count: usize, rounds: usize) -> Result<Vec<Line>, Trouble> {
    let mut people = People::new(42);
    let members: Vec<Person> = (0..count).map(|_| people.person()).collect();
    let enterprises: Vec<(String, String)> = (0..count / 60).map(|_| people.enterprise()).collect();
    let finder = finder(&members, &enterprises)?;
    let text = scanned(&members);
    let classes = classes(&members, &enterprises, &mut Dice(777));
    let filter = Filter::default();
    let mut slowest = ("", 0.0);
    let (mut floors, mut plain, mut mixed, mut typed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        for class in &classes {
            let mut times = Vec::new();
            for query in &class.queries {
                floors.push(gauge::thread(|| black_box(memchr::memchr(0, black_box(&text)))).0);
                let mut session = Session::new();
                times.push(gauge::thread(|| black_box(finder.find(&mut session, query, &filter, HITS))).0);
                let (mut session, mut so_far) = (Session::new(), String::new());
                for c in query.chars() {
                    so_far.push(c);
                    typed.push(gauge::thread(|| black_box(finder.find(&mut session, &so_far, &filter, HITS))).0);
                }
            }
            if class.mixed { &mut mixed } else { &mut plain }.extend(&times);
            let middle = gauge::median(&mut times);
            if middle > slowest.1 {
                slowest = (class.name, middle);
            }
        }
    }
    let floor = gauge::median(&mut floors);
    let line = |work: &str, times: &mut [f64], q: f64, most: f64| {
        Line::ratio(format!("{work}, {count} members"), FLOOR, gauge::quantile(times, q), floor, most)
    };
    let mut lines = vec![
        line("keystroke, p50", &mut plain, 0.5, 2.0),
        line("keystroke, p99", &mut plain, 0.99, 4.0),
        line("keystroke, mixed letters, p50", &mut mixed, 0.5, 2.0),
        line("keystroke, mixed letters, p99", &mut mixed, 0.99, 8.0),
        line("typed key by key, p50", &mut typed, 0.5, 2.0),
        line("typed key by key, p99", &mut typed, 0.99, 4.0),
        Line::told(format!("– slowest class of queries: {}", slowest.0), slowest.1, "ms", None),
    ];
    lines.extend(door(count, floor, &members, &enterprises)?);
    Ok(lines)
}

/// The same through the command door: hits with title and detail read from the database, as JSON.
fn door(count: usize, floor: f64, members: &[Person], enterprises: &[(String, String)]) -> Result<Vec<Line>, Trouble> {
    let desk = unlock::furnished(count)?;
    let (mut plain, mut mixed) = (Vec::new(), Vec::new());
    for class in classes(members, enterprises, &mut Dice(777)) {
        for query in class.queries.iter().take(20) {
            let question = json!({ "text": query, "limit": HITS });
            let (time, answer) = gauge::thread(|| desk.ask("search", question, 5));
            answer?;
            if class.mixed { &mut mixed } else { &mut plain }.push(time);
        }
    }
    let line = |work: &str, times: &mut [f64], q: f64| Line {
        bar: None,
        ..Line::ratio(work, FLOOR, gauge::quantile(times, q), floor, 0.0)
    };
    Ok(vec![
        // As the office builds it from its own table, not as the bench does.
        Line::told("search index", gauge::megabytes(desk.office.index_bytes()), "MB", Some(25.0)),
        line("– through the door with the rows of the hits, p50", &mut plain, 0.5),
        line("– through the door, p99", &mut plain, 0.99),
        line("– through the door, mixed letters, p99", &mut mixed, 0.99),
    ])
}
