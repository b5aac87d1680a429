//! What goes into the finder and what comes out of it: entries, filters, hits, pages.

/// One record to be found. Everything is borrowed: the finder copies what it needs and keeps no text.
// No Debug: these are names and numbers of people.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// Kind of record, 0 to 31: the number the caller gives to members, enterprises, organisations, cases…
    pub kind: u8,
    /// Row id of the record; (`kind`, `rec`) names it.
    pub rec: i64,
    /// The name that is shown, marked and sorted by.
    pub title: &'a str,
    /// The title is a person's name: the surname is read as a surname, the given name counts as a word.
    pub person: bool,
    /// Further names that find the record (former name, short name, name at the bank).
    pub aliases: &'a [&'a str],
    /// ID number, phones, cards, credit code, case number; blanks, hyphens and empty ones are skipped.
    pub codes: &'a [&'a str],
    /// Index of the office in the caller's list.
    pub office: u16,
    /// Marks of the caller (draft, void, …) that [`Filter`] can ask for or leave out.
    pub flags: u8,
}

/// Which records may be hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Bit `k` set: records of kind `k`.
    pub kinds: u32,
    /// Only records of these offices; `None`: of all.
    pub offices: Option<Vec<u16>>,
    /// Every one of these flags must be set.
    pub with_flags: u8,
    /// None of these flags may be set.
    pub without_flags: u8,
    /// When letters find fewer than [`FEW`] records, add those that sound alike (z/zh, n/l, an/ang, rare readings).
    pub near: bool,
}

/// Below this number of exact hits the finder also looks for what sounds alike.
pub const FEW: usize = 10;

impl Default for Filter {
    fn default() -> Self {
        Self { kinds: u32::MAX, offices: None, with_flags: 0, without_flags: 0, near: true }
    }
}

impl Filter {
    /// Everything of one kind.
    #[must_use]
    pub fn kind(kind: u8) -> Self {
        Self { kinds: 1u32.checked_shl(u32::from(kind)).unwrap_or(0), ..Self::default() }
    }
}

/// How well a record answers the query, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Rank {
    /// The whole name or the whole number.
    Whole,
    /// The beginning of it.
    Prefix,
    /// The beginning of a word in it (given name, after a dot or bracket); the end of a number.
    Word,
    /// Somewhere inside.
    Inside,
    /// Only by a reading that sounds alike or is rare.
    Near,
}

/// One record found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Kind of record.
    pub kind: u8,
    /// Row id of the record.
    pub rec: i64,
    /// How well it answers.
    pub rank: Rank,
    /// What to mark in the title: half-open ranges of its characters (Unicode scalars), ascending, apart.
    /// Empty when a number or another name was hit.
    pub marks: Vec<(u32, u32)>,
}

/// The answer to one keystroke.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Exact number of records that answer, those in `hits` and all others.
    pub total: usize,
    /// How many of `total` are [`Rank::Near`] only.
    pub near: usize,
    /// The best ones in order: rank, then pinyin of the title, then the later row id.
    pub hits: Vec<Hit>,
}

/// One page of a list in pinyin order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Exact number of records in the whole list.
    pub total: usize,
    /// (kind, row id) of this page.
    pub rows: Vec<(u8, i64)>,
}
