//! The finder against a slow matcher that does what the words of the specification say, on thousands of made-up
//! names and queries.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::*;
use crate::pinyin::{fold, is_sign, sort_key, sort_key_of_text, table};

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
    fn pick(&mut self, of: &str) -> char {
        let chars: Vec<char> = of.chars().collect();
        self.one(&chars)
    }
}

#[derive(Clone, Debug)]
struct Record {
    kind: u8,
    rec: i64,
    title: String,
    person: bool,
    aliases: Vec<String>,
    codes: Vec<String>,
    office: u16,
    flags: u8,
}

impl Record {
    fn random(dice: &mut Dice, rec: i64) -> Self {
        let person = dice.below(5) > 0;
        let mut title = String::new();
        if person && dice.below(12) > 0 {
            title.push_str(dice.one(&["王", "张", "单", "曾", "尉迟", "欧阳", "石", "乐", "万", "万俟", "李"]));
            for _ in 0..dice.below(4) {
                title.push(dice.pick("伟芳西安先重乐长行明茜昂一张单昂安"));
            }
        } else {
            for _ in 0..1 + dice.below(9) {
                title.push(dice.pick("阿卜·杜拉·麦提东海重行长（安）Aa3 ９Ｂ西安𮯰建筑公司王"));
            }
        }
        let code = |dice: &mut Dice| -> String {
            let signs = dice.one(&["01234", "0123X", "01-2 3", "01AMX", "00"]);
            (0..dice.one(&[0, 3, 8, 18, 30])).map(|_| dice.pick(signs)).collect()
        };
        let codes = (0..dice.below(4)).map(|_| code(dice)).collect();
        let alias = |dice: &mut Dice| (0..1 + dice.below(3)).map(|_| dice.pick("王安西明〔3〕号")).collect();
        Self {
            kind: if person { 1 } else { 2 },
            rec,
            title,
            person,
            aliases: if dice.below(9) == 0 { vec![alias(dice)] } else { Vec::new() },
            codes,
            office: dice.below(3) as u16,
            flags: dice.below(4) as u8,
        }
    }

    fn push_to(&self, finder: &mut Finder) {
        let texts = |all: &'_ [String]| -> Vec<String> { all.to_vec() };
        let (aliases, codes) = (texts(&self.aliases), texts(&self.codes));
        finder.push(&Entry {
            kind: self.kind,
            rec: self.rec,
            title: &self.title,
            person: self.person,
            aliases: &aliases.iter().map(String::as_str).collect::<Vec<_>>(),
            codes: &codes.iter().map(String::as_str).collect::<Vec<_>>(),
            office: self.office,
            flags: self.flags,
        });
    }

    fn key(&self) -> String {
        if self.person { sort_key(&self.title) } else { sort_key_of_text(&self.title) }
    }
}

/// Everything that may be typed for one syllable.
fn typed(syllable: &str, near: bool) -> &'static [&'static str] {
    type Forms = BTreeMap<&'static str, Vec<&'static str>>;
    static FORMS: [OnceLock<Forms>; 2] = [OnceLock::new(), OnceLock::new()];
    let forms = FORMS[usize::from(near)].get_or_init(|| {
        let mut forms = Forms::new();
        for (form, syllable) in if near { &table().alike } else { &table().spelled } {
            forms.entry(&table().syllables[usize::from(*syllable)]).or_default().push(form);
        }
        forms
    });
    &forms[syllable]
}

/// One character of a name: itself and the spellings of its readings.
struct Sound {
    c: char,
    forms: Vec<&'static str>,
}

/// A name without signs; where words begin; whether it is a name with a surname.
fn sounds(name: &str, person: bool, near: bool) -> (Vec<Sound>, Vec<bool>) {
    let chars: Vec<char> = name.chars().map(fold).collect();
    let mut row = Vec::new();
    let given = crate::pinyin::units(table(), &chars, person, |_| 0, &mut row);
    let (mut sounds, mut words, mut word) = (Vec::new(), Vec::new(), false);
    for (at, (c, unit)) in chars.iter().zip(row).enumerate() {
        if is_sign(*c) {
            word = true;
            continue;
        }
        let units = std::iter::once(unit).chain(table().others(unit));
        let readings = units.filter_map(|u| table().reading(u)).map(|(_, plain, _)| plain);
        words.push(word || (given > 0 && at == given));
        sounds.push(Sound { c: *c, forms: readings.flat_map(|plain| typed(plain, near)).copied().collect() });
        word = false;
    }
    (sounds, words)
}

/// How many sounds a word can eat from the first one on: every possibility.
fn eaten(sounds: &[Sound], word: &[char]) -> Vec<usize> {
    let Some(first) = word.first() else { return vec![0] };
    if *first == '\'' {
        return eaten(sounds, &word[1..]);
    }
    let Some((sound, rest)) = sounds.split_first() else { return Vec::new() };
    let mut lengths = Vec::new();
    if *first == '?' || *first == sound.c {
        lengths.push(1);
    }
    let run = word.iter().take_while(|c| c.is_ascii_lowercase()).count();
    for form in &sound.forms {
        let form: Vec<char> = form.chars().collect();
        let two = if form.get(1) == Some(&'h') { 2 } else { 1 };
        for len in 1..=form.len().min(run) {
            if form[..len] == word[..len] && (len == form.len() || len == 1 || len == two || len == run) {
                lengths.push(len);
            }
        }
    }
    lengths.sort_unstable();
    lengths.dedup();
    let more = lengths.into_iter().flat_map(|len| eaten(rest, &word[len..]));
    more.map(|n| n + 1).collect()
}

fn rank_of_name(name: &str, person: bool, word: &[char], near: bool) -> Option<u8> {
    let (sounds, words) = sounds(name, person, near);
    (0..sounds.len())
        .flat_map(|from| eaten(&sounds[from..], word).into_iter().map(move |n| (from, n)))
        .map(|(from, n)| match (from, words[from]) {
            (0, _) if n == sounds.len() => 0,
            (0, _) => 1,
            (_, true) => 2,
            _ => 3,
        })
        .min()
}

fn rank_of_code(code: &str, word: &[char]) -> Option<u8> {
    let code: Vec<char> = code.chars().map(fold).filter(|c| !is_sign(*c)).collect();
    (0..(code.len() + 1).saturating_sub(word.len()))
        .filter(|at| code[*at..].iter().zip(word).all(|(have, want)| *want == '?' || have == want))
        .map(|at| match (at == 0, at + word.len() == code.len()) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            _ => 3,
        })
        .min()
}

fn rank(record: &Record, word: &[char], near: bool) -> Option<u8> {
    let letters = word.iter().all(|c| c.is_ascii_lowercase() || *c == '?');
    let codes = word.iter().all(|c| c.is_ascii_alphanumeric() || *c == '?')
        && word.iter().any(|c| *c != '?')
        && (!letters || word.len() > 2 || near);
    let title = rank_of_name(&record.title, record.person, word, near);
    let aliases = record.aliases.iter().map(|a| rank_of_name(a, record.person, word, near));
    // A lone x is an initial.
    let x = word.len() <= 2 && word.iter().all(|c| matches!(c, 'x' | '?'));
    let numbers = record.codes.iter().filter(|_| codes && !x).map(|c| rank_of_code(c, word));
    std::iter::once(title).chain(aliases).chain(numbers).flatten().min()
}

/// The characters of a word that count; an apostrophe only between letters or digits and something.
fn signs(word: &str) -> Vec<char> {
    let mut signs: Vec<char> = Vec::new();
    for c in word.chars() {
        let bound = c == '\'' && signs.last().is_some_and(char::is_ascii_alphanumeric);
        if bound || c == '?' || !is_sign(c) {
            signs.push(c);
        }
    }
    if signs.last() == Some(&'\'') {
        signs.pop();
    }
    signs
}

/// (kind, row id) and rank of all that answer.
fn slow(records: &[Record], query: &str, filter: &Filter) -> BTreeMap<(u8, i64), u8> {
    let folded: String = query.chars().map(fold).map(|c| if c == '*' { '?' } else { c }).collect();
    let words: Vec<Vec<char>> =
        folded.split_whitespace().map(signs).filter(|word: &Vec<char>| !word.is_empty()).collect();
    let wanted = |r: &&Record| {
        filter.kinds >> r.kind & 1 == 1
            && filter.offices.as_ref().is_none_or(|o| o.contains(&r.office))
            && r.flags & filter.with_flags == filter.with_flags
            && r.flags & filter.without_flags == 0
    };
    let worst = |r: &Record, near: bool| -> Option<u8> {
        words.iter().map(|word| rank(r, word, near)).try_fold(0, |a, b| Some(a.max(b?)))
    };
    let mut found = BTreeMap::new();
    for record in records.iter().filter(wanted) {
        let rank = if words.is_empty() { Some(1) } else { worst(record, false) };
        found.extend(rank.map(|rank| ((record.kind, record.rec), rank)));
    }
    let number = |word: &[char]| {
        word.iter().any(char::is_ascii_digit) && word.iter().all(|c| c.is_ascii_digit() || matches!(c, 'x' | '?'))
    };
    let sound = |word: &Vec<char>| word.iter().any(char::is_ascii_lowercase) && !number(word);
    if filter.near && words.iter().any(sound) && found.len() < FEW {
        for record in records.iter().filter(wanted) {
            let key = (record.kind, record.rec);
            if !found.contains_key(&key) && worst(record, true).is_some() {
                found.insert(key, 4);
            }
        }
    }
    found
}

fn query(dice: &mut Dice, records: &[Record]) -> String {
    let record = &records[dice.below(records.len())];
    let mut query = String::new();
    for _ in 0..dice.one(&[1, 1, 1, 2]) {
        match dice.below(7) {
            0 if !record.codes.is_empty() => {
                let code: Vec<char> =
                    dice.one(&record.codes.iter().map(String::as_str).collect::<Vec<_>>()).chars().collect();
                let from = dice.below(code.len() + 1);
                query.extend(code[from..].iter().take(1 + dice.below(6)));
            }
            1 => query.extend((0..1 + dice.below(4)).map(|_| dice.pick("zhanglxiwsdc'"))),
            2 => query.extend((0..1 + dice.below(3)).map(|_| dice.pick("0123X?9a"))),
            _ => {
                let chars: Vec<char> = record.title.chars().map(fold).collect();
                let from = dice.below(chars.len());
                for c in chars[from..].iter().take(1 + dice.below(4)) {
                    let unit = table().surname(*c).filter(|_| dice.below(2) == 0).or_else(|| table().unit(*c));
                    let readings: Vec<_> =
                        unit.into_iter().chain(unit.into_iter().flat_map(|u| table().others(u))).collect();
                    let plain = readings.get(dice.below(3)).and_then(|u| table().reading(*u)).map(|r| r.1.to_owned());
                    match (dice.below(6), plain) {
                        (0 | 1, Some(plain)) => query.push_str(&plain),
                        (2, Some(plain)) => query.push_str(&plain[..1]),
                        (3, Some(plain)) => {
                            let forms = typed(&plain, true);
                            query.push_str(dice.one(forms));
                        }
                        (4, _) => query.push('?'),
                        _ => query.push(*c),
                    }
                }
            }
        }
        query.push(' ');
    }
    // A word of blanks at the end is part of typing.
    query.trim_end().to_owned()
}

fn agree(finder: &Finder, session: &mut Session, records: &[Record], query: &str, filter: &Filter) {
    let found = finder.find(session, query, filter, 1_000);
    let fast: BTreeMap<(u8, i64), u8> = found.hits.iter().map(|h| ((h.kind, h.rec), h.rank as u8)).collect();
    let slow = slow(records, query, filter);
    if fast != slow {
        let differs = |r: &&Record| fast.get(&(r.kind, r.rec)) != slow.get(&(r.kind, r.rec));
        let record = records.iter().find(differs);
        let key = record.map(|r| (r.kind, r.rec)).unwrap_or_default();
        panic!("{query:?}: {:?}, slowly {:?}: {record:?}", fast.get(&key), slow.get(&key));
    }
    assert_eq!((found.total, found.hits.len()), (fast.len(), fast.len()), "{query:?}");
    assert_eq!(found.near, fast.values().filter(|rank| **rank == 4).count(), "{query:?}");
    let best = finder.find(session, query, filter, 7);
    assert_eq!((best.total, &best.hits[..]), (found.total, &found.hits[..found.hits.len().min(7)]), "{query:?}");
    let keys: BTreeMap<(u8, i64), String> = records.iter().map(|r| ((r.kind, r.rec), r.key())).collect();
    let people = found.hits.iter().filter(|h| h.kind == 1);
    let order: Vec<_> = people.map(|h| (h.rank, &keys[&(h.kind, h.rec)], -h.rec)).collect();
    let wrong = order.windows(2).find(|two| two[0] > two[1]);
    assert!(wrong.is_none(), "{query:?} {wrong:?}");
    let page = finder.page(session, query, filter, false, 2, 9);
    let mut all: Vec<_> = fast.keys().filter(|k| k.0 == 1).collect();
    all.sort_by_key(|k| (&keys[k], -k.1));
    if filter.kinds == 2 {
        let all: Vec<_> = all.into_iter().copied().skip(2).take(9).collect();
        assert_eq!(page.rows, all, "{query:?}");
    }
    for hit in &found.hits {
        let length =
            records.iter().find(|r| (r.kind, r.rec) == (hit.kind, hit.rec)).map_or(0, |r| r.title.chars().count());
        assert!(hit.marks.iter().all(|(from, to)| from < to && *to as usize <= length));
        assert!(hit.marks.is_sorted_by(|a, b| a.1 < b.0));
    }
}

#[test]
fn finds_what_a_slow_matcher_finds() {
    for seed in 0..6 {
        let mut dice = Dice(seed);
        let count = [30, 90, 300][seed as usize % 3];
        let mut records: Vec<Record> = (0..count).map(|rec| Record::random(&mut dice, rec)).collect();
        let mut finder = Finder::with_capacity(10);
        records.iter().for_each(|record| record.push_to(&mut finder));
        let mut session = Session::new();
        for round in 0..90 {
            let query = query(&mut dice, &records);
            let filter = match dice.below(6) {
                0 => Filter::kind(1),
                1 => Filter { offices: Some(vec![1, 2]), with_flags: 1, ..Filter::default() },
                2 => Filter { near: false, without_flags: 2, ..Filter::default() },
                _ => Filter::default(),
            };
            agree(&finder, &mut Session::new(), &records, &query, &filter);
            // The same, as it is typed: each key narrows what the last one found.
            let mut typed = String::new();
            for c in query.chars() {
                typed.push(c);
                agree(&finder, &mut session, &records, &typed, &filter);
            }
            // A record changes or goes; now and then all are sorted in.
            let at = dice.below(records.len());
            match dice.below(3) {
                0 if records.len() > 20 => {
                    let gone = records.swap_remove(at);
                    assert!(finder.remove(gone.kind, gone.rec));
                }
                1 => {
                    let old = &records[at];
                    assert!(finder.remove(old.kind, old.rec));
                    records[at] = Record::random(&mut dice, old.rec);
                    records[at].push_to(&mut finder);
                }
                _ => {
                    records.push(Record::random(&mut dice, 10_000 + round));
                    records[records.len() - 1].push_to(&mut finder);
                }
            }
            if round % 40 == 39 {
                finder.settle();
            }
            assert_eq!(finder.len(), records.len());
        }
    }
}
