//! One number per character and reading, in pinyin order: what the finder stores instead of text.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use ::pinyin::{ToPinyin, ToPinyinMulti};

use super::{surnames, syllable};

/// A character as it is read at its place: 单 of 单县 and 单 of a family are two units. Comparing units of known
/// characters compares syllable, tone, then code point.
pub(crate) type Unit = u16;

/// Nothing: the padding after a short name.
pub(crate) const NONE: Unit = 0;
/// A dot, blank, bracket or other sign that a query may leave out.
pub(crate) const SKIP: Unit = 1;
const DIGITS: Unit = 2;
const LETTERS: Unit = 12;
/// The first unit that is a character with pinyin.
const HANZI: Unit = 64;

/// The unit of an ASCII digit or letter (of either case).
pub(crate) fn ascii_unit(c: char) -> Option<Unit> {
    match c {
        '0'..='9' => Some(DIGITS + (c as u16 - '0' as u16)),
        'a'..='z' => Some(LETTERS + (c as u16 - 'a' as u16)),
        'A'..='Z' => Some(LETTERS + (c as u16 - 'A' as u16)),
        _ => None,
    }
}

/// Whether the unit is an ASCII digit.
pub(crate) fn is_digit(unit: Unit) -> bool {
    (DIGITS..LETTERS).contains(&unit)
}

/// All characters with pinyin. Built once, about 0.5 MB, the same for everybody.
pub(crate) struct Table {
    /// Plain spellings in alphabetical order; the index is the number of the syllable.
    pub(crate) syllables: Vec<String>,
    /// Units `first[s]..first[s + 1]` are read as syllable `s` first of all.
    pub(crate) first: Vec<Unit>,
    /// What may be typed for a syllable and its number, ascending: the spellings of the syllable itself.
    pub(crate) spelled: Vec<(String, u16)>,
    /// The same with the spellings of all that sounds alike.
    pub(crate) alike: Vec<(String, u16)>,
    /// The unit and each unit of the same character with a further reading, ascending.
    more: Vec<(Unit, Unit)>,
    /// One bit for each unit that is in `more`.
    ambiguous: Vec<u64>,
    /// By unit: the first of those that differ from it by their role only.
    sorts: Vec<Unit>,
    chars: Vec<char>,
    tones: Vec<u8>,
    /// Index into `cells` by the upper bits of the code point.
    pages: Vec<u16>,
    cells: Vec<[Unit; 256]>,
    /// One bit for each everyday unit whose character stands in `single` or begins a pair of `compound`: most names
    /// need no look at either.
    families: Vec<u64>,
    /// Ascending, as all that is asked for each record.
    single: Vec<(char, Unit)>,
    compound: Vec<((char, char), (Unit, Unit))>,
    /// Every further unit of a character that is also a surname.
    variants: HashMap<char, Vec<Unit>>,
}

/// The table, built on first use (some 10 ms).
pub(crate) fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(build)
}

impl Table {
    /// The unit of a character outside surnames.
    pub(crate) fn unit(&self, c: char) -> Option<Unit> {
        let code = c as usize;
        let page = *self.pages.get(code >> 8)?;
        let unit = self.cells[usize::from(page)][code & 255];
        (unit != NONE).then_some(unit)
    }

    /// Whether the character of an everyday unit may be read otherwise at the beginning of a name.
    pub(crate) fn begins_surname(&self, unit: Unit) -> bool {
        self.families[usize::from(unit >> 6)] >> (unit & 63) & 1 == 1
    }

    /// The unit of a character that stands as a surname, when that is another one.
    pub(crate) fn surname(&self, c: char) -> Option<Unit> {
        let at = self.single.binary_search_by_key(&c, |(c, _)| *c).ok()?;
        Some(self.single[at].1)
    }

    /// The units of two characters that form a surname together.
    pub(crate) fn compound(&self, a: char, b: char) -> Option<(Unit, Unit)> {
        let at = self.compound.binary_search_by_key(&(a, b), |(pair, _)| *pair).ok()?;
        Some(self.compound[at].1)
    }

    /// Units of the same character with its other readings.
    pub(crate) fn others(&self, unit: Unit) -> impl Iterator<Item = Unit> {
        let word = self.ambiguous.get(usize::from(unit >> 6)).copied().unwrap_or(0);
        let from =
            if word >> (unit & 63) & 1 == 0 { self.more.len() } else { self.more.partition_point(|(u, _)| *u < unit) };
        self.more[from..].iter().take_while(move |(u, _)| *u == unit).map(|(_, other)| *other)
    }

    /// The unit that sorts like this one: 石 of a family stands with the stone.
    pub(crate) fn sorts_as(&self, unit: Unit) -> Unit {
        self.sorts.get(usize::from(unit)).copied().unwrap_or(unit)
    }

    /// Every unit that a character can be stored as.
    pub(crate) fn units(&self, c: char) -> impl Iterator<Item = Unit> {
        let more = self.variants.get(&c).map_or(&[][..], Vec::as_slice);
        self.unit(c).into_iter().chain(more.iter().copied())
    }

    /// The first unit behind those of this table, free for characters without pinyin.
    pub(crate) fn end(&self) -> Unit {
        HANZI + self.chars.len() as Unit
    }

    /// Character, plain syllable and tone of a unit of this table.
    pub(crate) fn reading(&self, unit: Unit) -> Option<(char, &str, u8)> {
        let at = usize::from(unit.checked_sub(HANZI)?);
        let c = *self.chars.get(at)?;
        let syllable = self.first.partition_point(|f| *f <= unit) - 1;
        Some((c, &self.syllables[syllable], self.tones[at]))
    }
}

/// What is known of one unit before the units are numbered. Syllables by their number in order of appearance.
struct Draft {
    plain: u16,
    tone: u8,
    c: char,
    role: Role,
    /// Further syllables that the character may be read as in its role.
    more: Vec<u16>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Everyday,
    Surname,
    /// Within the compound surname of this number.
    Compound(u16),
    /// A further reading: searched, never stored as the reading of a name.
    Other,
}

impl Draft {
    /// `readings`: at least one, the first one sorts.
    fn new(c: char, role: Role, readings: &[(u16, u8)]) -> Self {
        let (plain, tone) = readings[0];
        let mut more: Vec<u16> = Vec::new();
        for &(p, _) in &readings[1..] {
            if p != plain && !more.contains(&p) {
                more.push(p);
            }
        }
        Self { plain, tone, c, role, more }
    }
}

/// Toned syllables taken apart once each.
#[derive(Default)]
struct Spellings {
    toned: HashMap<&'static str, (u16, u8)>,
    plain: Vec<String>,
    ids: HashMap<String, u16>,
}

impl Spellings {
    fn id(&mut self, toned: &'static str) -> (u16, u8) {
        if let Some(known) = self.toned.get(toned) {
            return *known;
        }
        let (plain, tone) = syllable::split(toned);
        let id = *self.ids.entry(plain).or_insert_with_key(|plain| {
            self.plain.push(plain.clone());
            (self.plain.len() - 1) as u16
        });
        self.toned.insert(toned, (id, tone));
        (id, tone)
    }
}

fn hanzi() -> impl Iterator<Item = char> {
    [0x3007..=0x3007, 0x3400..=0x9fff, 0xf900..=0xfaff, 0x20000..=0x323af]
        .into_iter()
        .flatten()
        .filter_map(char::from_u32)
}

fn build() -> Table {
    let mut spell = Spellings::default();
    let everyday = lines(READINGS);
    let only: HashSet<char> =
        READINGS.lines().filter_map(|line| line.strip_prefix("= ")).flat_map(str::chars).collect();
    let surnames = lines(surnames::SINGLE);
    let pairs: Vec<([char; 2], [&'static str; 2])> = compounds().collect();
    let mut drafts: Vec<Draft> = Vec::with_capacity(43_000);
    for c in hanzi() {
        let Some(first) = c.to_pinyin() else { continue };
        let usual: Vec<(u16, u8)> = match everyday.get(&c) {
            Some(toned) => toned.iter().map(|t| spell.id(t)).collect(),
            None if only.contains(&c) => vec![spell.id(first.with_tone())],
            None => c.to_pinyin_multi().into_iter().flatten().map(|p| spell.id(p.with_tone())).collect(),
        };
        let usual_draft = Draft::new(c, Role::Everyday, &usual);
        let mut others = usual_draft.more.clone();
        drafts.push(usual_draft);
        if let Some(toned) = surnames.get(&c) {
            let mut family: Vec<_> = toned.iter().map(|t| spell.id(t)).collect();
            // The everyday reading stays: many a clerk types `dan` for a Mr 单 whom she has only seen written.
            family.push(usual[0]);
            let draft = Draft::new(c, Role::Surname, &family);
            others.extend(draft.more.iter().filter(|p| **p != usual[0].0));
            drafts.push(draft);
        }
        others.sort_unstable();
        others.dedup();
        drafts.extend(others.iter().map(|p| Draft::new(c, Role::Other, &[(*p, 5)])));
    }
    for (number, (pair, toned)) in pairs.iter().enumerate() {
        for (c, toned) in pair.iter().zip(toned) {
            if let Some(usual) = drafts.iter().find(|d| d.c == *c && d.role == Role::Everyday) {
                let family = [spell.id(toned), (usual.plain, usual.tone)];
                drafts.push(Draft::new(*c, Role::Compound(number as u16), &family));
            }
        }
    }
    Table::number(drafts, &spell.plain, &pairs)
}

const READINGS: &str = include_str!("readings.txt");

/// Lines of `character reading reading …`; `#` begins a comment, `=` another list.
fn lines(text: &'static str) -> HashMap<char, Vec<&'static str>> {
    text.lines()
        .filter(|line| !line.starts_with(['#', '=']))
        .filter_map(|line| {
            let mut words = line.split(' ');
            let c = words.next()?.chars().next()?;
            Some((c, words.collect()))
        })
        .collect()
}

fn compounds() -> impl Iterator<Item = ([char; 2], [&'static str; 2])> {
    surnames::COMPOUND.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let mut pair = words.next()?.chars();
        Some(([pair.next()?, pair.next()?], [words.next()?, words.next()?]))
    })
}

impl Table {
    /// Sorts the drafts into pinyin order and gives them their units.
    fn number(mut drafts: Vec<Draft>, spellings: &[String], pairs: &[([char; 2], [&'static str; 2])]) -> Self {
        let mut syllables = spellings.to_vec();
        syllables.sort_unstable();
        let ids: Vec<u16> = spellings.iter().map(|s| syllables.binary_search(s).map_or(0, |at| at as u16)).collect();
        let id = |appeared: u16| ids[usize::from(appeared)];
        drafts.sort_unstable_by_key(|d| (id(d.plain), d.tone, d.c, d.role));
        let mut table = Self {
            first: vec![HANZI; syllables.len() + 1],
            spelled: spellings_of(&syllables, syllable::spellings),
            alike: spellings_of(&syllables, syllable::sound_alikes),
            more: Vec::new(),
            ambiguous: vec![0; 1 << 10],
            sorts: (0..HANZI + drafts.len() as Unit).collect(),
            families: vec![0; 1 << 10],
            chars: Vec::with_capacity(drafts.len()),
            tones: Vec::with_capacity(drafts.len()),
            pages: vec![0; 0x32400 >> 8],
            cells: vec![[NONE; 256]],
            single: Vec::new(),
            compound: pairs.iter().map(|([a, b], _)| ((*a, *b), (NONE, NONE))).collect(),
            variants: HashMap::new(),
            syllables,
        };
        let mut read_as: HashMap<(char, u16), Unit> = HashMap::new();
        for (at, draft) in drafts.iter().enumerate() {
            let unit = HANZI + at as Unit;
            table.chars.push(draft.c);
            table.tones.push(draft.tone);
            table.first[usize::from(id(draft.plain)) + 1] = unit + 1;
            table.place(draft, unit, pairs);
            if matches!(draft.role, Role::Everyday | Role::Other) {
                read_as.insert((draft.c, draft.plain), unit);
            }
        }
        for (at, draft) in drafts.iter().enumerate() {
            let unit = HANZI + at as Unit;
            for other in draft.more.iter().filter_map(|p| read_as.get(&(draft.c, *p))) {
                table.more.push((unit, *other));
                table.ambiguous[usize::from(unit >> 6)] |= 1 << (unit & 63);
            }
        }
        for (at, two) in drafts.windows(2).enumerate() {
            let [a, b] = [&two[0], &two[1]].map(|d| (d.plain, d.tone, d.c));
            if a == b {
                let before = usize::from(HANZI) + at;
                table.sorts[before + 1] = table.sorts[before];
            }
        }
        table.single.sort_unstable();
        table.compound.sort_unstable();
        let families = table.single.iter().map(|s| s.0).chain(table.compound.iter().map(|c| c.0.0));
        for unit in families.filter_map(|c| table.unit(c)).collect::<Vec<_>>() {
            table.families[usize::from(unit >> 6)] |= 1 << (unit & 63);
        }
        // A syllable that no unit has as its first reading is an empty range behind the one before.
        for at in 1..table.first.len() {
            table.first[at] = table.first[at].max(table.first[at - 1]);
        }
        table
    }

    fn place(&mut self, draft: &Draft, unit: Unit, pairs: &[([char; 2], [&'static str; 2])]) {
        match draft.role {
            Role::Everyday => {
                let code = draft.c as usize;
                let page = &mut self.pages[code >> 8];
                if *page == 0 {
                    *page = self.cells.len() as u16;
                    self.cells.push([NONE; 256]);
                }
                self.cells[usize::from(*page)][code & 255] = unit;
                return;
            }
            Role::Surname => {
                self.single.push((draft.c, unit));
            }
            Role::Compound(number) => {
                let [a, _] = pairs[usize::from(number)].0;
                let both = &mut self.compound[usize::from(number)].1;
                if a == draft.c {
                    both.0 = unit;
                } else {
                    both.1 = unit;
                }
            }
            Role::Other => {}
        }
        self.variants.entry(draft.c).or_default().push(unit);
    }
}

fn spellings_of(syllables: &[String], spell: fn(&str) -> Vec<String>) -> Vec<(String, u16)> {
    let mut all: Vec<(String, u16)> = syllables
        .iter()
        .enumerate()
        .flat_map(|(id, s)| spell(s).into_iter().map(move |form| (form, id as u16)))
        .collect();
    all.sort_unstable();
    all
}
