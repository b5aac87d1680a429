//! What clerks type: classes of queries about people who are there, and some who are not.

use niangjia_core::pinyin;

use crate::people::{CODES, Dice, NAME, Person};

/// A query class.
pub struct Class {
    /// What is typed.
    pub name: &'static str,
    /// Examples.
    pub queries: Vec<String>,
    /// Letters mixed with characters, or several initials.
    pub mixed: bool,
}

/// Letters of the readings that a name is sorted by: `zhang`, `wei`.
pub fn syllables(name: &str) -> Vec<String> {
    let key = pinyin::sort_key(name);
    let letters = |part: &str| part.chars().filter(char::is_ascii_lowercase).collect();
    key.split(' ').filter(|part| !part.is_empty()).map(letters).collect()
}

fn part(text: &str, from: usize, to: usize) -> String {
    text.chars().skip(from).take(to - from).collect()
}

fn initial(syllable: &str) -> &str {
    &syllable[..1]
}

/// As people abbreviate: zh, ch, sh stay together.
fn sound(syllable: &str) -> &str {
    if syllable[1..].starts_with('h') { &syllable[..2] } else { initial(syllable) }
}

fn readings(person: &Person) -> Option<Vec<String>> {
    Some(syllables(&person[NAME])).filter(|s| s.len() > 1 && s.iter().all(|s| !s.is_empty()))
}

type Make = fn(&Person, &mut Dice) -> Option<String>;

const ID: usize = CODES[0];
const PHONE: usize = CODES[1];
const NUMBER: usize = CODES[2];
/// Queries of a class.
const MANY: usize = 60;

const PLAIN: [(&str, Make); 20] = [
    ("one character", |m, _| Some(part(&m[NAME], 0, 1))),
    ("surname + one", |m, _| Some(part(&m[NAME], 0, 2))),
    ("given name", |m, _| Some(part(&m[NAME], 1, 9))),
    ("full name", |m, _| Some(m[NAME].clone())),
    ("full pinyin", |m, _| Some(readings(m)?.concat())),
    ("surname pinyin", |m, _| Some(readings(m)?.swap_remove(0))),
    ("5 letters", |m, _| Some(part(&readings(m)?.concat(), 0, 5))),
    ("birth date", |m, _| Some(part(&m[ID], 6, 14))),
    ("last 4 of ID", |m, _| Some(part(&m[ID], 14, 18))),
    ("6 inside ID", |m, d| Some(m[ID].get(d.below(6) + 4..)?[..6].to_owned())),
    ("last 4 of phone", |m, _| Some(part(&m[PHONE], 7, 11))),
    ("whole phone", |m, _| Some(m[PHONE].clone())),
    ("last 6 of number", |m, _| Some(part(&m[NUMBER], 10, 16))),
    ("whole ID", |m, _| Some(m[ID].clone())),
    ("3 digits", |m, d| Some(m[PHONE].get(d.below(8)..)?[..3].to_owned())),
    ("1 digit", |_, d| Some(d.below(10).to_string())),
    ("two words", |m, _| Some(format!("{} {}", part(&m[NAME], 0, 1), part(&m[ID], 14, 18)))),
    ("wildcard 王?明", |m, _| Some(format!("{}?{}", part(&m[NAME], 0, 1), part(&m[NAME], 2, 3)))),
    ("miss characters", |m, _| Some(format!("{}龘", m[NAME]))),
    ("miss digits", |_, d| Some(format!("00{:07}00", d.below(10_000_000)))),
];

const MIXED: [(&str, Make); 8] = [
    ("张w", |m, _| Some(format!("{}{}", part(&m[NAME], 0, 1), initial(&readings(m)?[1])))),
    ("zhangw", |m, _| readings(m).map(|s| format!("{}{}", s[0], initial(&s[1])))),
    ("zhwei", |m, _| readings(m).map(|s| format!("{}{}", sound(&s[0]), s[1]))),
    ("zw", |m, _| readings(m).map(|s| format!("{}{}", initial(&s[0]), initial(&s[1])))),
    ("zwm", |m, _| Some(readings(m)?.iter().map(|s| initial(s)).collect())),
    ("1 letter", |m, _| Some(initial(&readings(m)?[0]).to_owned())),
    ("miss letters", |m, _| Some(format!("{}xqv", readings(m)?.concat()))),
    ("sounds alike", |m, _| Some(readings(m)?.concat().replace("ng", "n").replace('h', ""))),
];

/// All classes.
pub fn classes(members: &[Person], enterprises: &[(String, String)], dice: &mut Dice) -> Vec<Class> {
    let mut class = |name: &'static str, make: Make, mixed: bool| {
        let mut queries = Vec::new();
        while queries.len() < MANY {
            let member = &members[dice.below(members.len())];
            if member[NAME].chars().count() <= 4 {
                queries.extend(make(member, dice));
            }
        }
        Class { name, queries, mixed }
    };
    let mut classes: Vec<Class> = PLAIN.iter().map(|(name, make)| class(name, *make, false)).collect();
    classes.extend(MIXED.iter().map(|(name, make)| class(name, *make, true)));
    let some = || enterprises.iter().take(MANY);
    let companies = some().map(|(title, _)| part(title, 2, 6)).collect();
    classes.push(Class { name: "part of company", queries: companies, mixed: false });
    let codes = some().map(|(_, code)| part(code, 8, 13)).collect();
    classes.push(Class { name: "part of code", queries: codes, mixed: false });
    classes
}
