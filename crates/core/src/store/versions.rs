//! Versions of a row: which change each register shows, and which leaves stand beside each other.

use std::collections::BTreeMap;

use crate::{fault::Fault, record::Layout};

/// One version of one register. `inc` is this store's own number of an incarnation; it never leaves the PC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Leaf {
    pub(crate) inc: i64,
    pub(crate) ctr: i64,
    /// Causal depth: one more than the deepest version that its author saw.
    pub(crate) depth: i64,
}

/// The versions of a row: one for all registers, and those that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) base: (i64, i64),
    pub(crate) own: BTreeMap<usize, Vec<Leaf>>,
}

/// Register and its leaves (incarnation, counter, depth), as they lie in the blob.
type Packed = Vec<(usize, Vec<(i64, i64, i64)>)>;

impl Versions {
    pub(crate) fn new(inc: i64, ctr: i64) -> Self {
        Self { base: (inc, ctr), own: BTreeMap::new() }
    }

    /// The leaves of a register; the first one is shown.
    pub(crate) fn leaves(&self, register: usize) -> Vec<Leaf> {
        self.own.get(&register).cloned().unwrap_or_else(|| vec![Leaf { inc: self.base.0, ctr: self.base.1, depth: 1 }])
    }

    /// Every change that stands in the row.
    pub(crate) fn dots(&self) -> impl Iterator<Item = (i64, i64)> {
        std::iter::once(self.base).chain(self.own.values().flatten().map(|l| (l.inc, l.ctr)))
    }

    /// Whether some register has several leaves.
    pub(crate) fn forked(&self) -> bool {
        self.own.values().any(|l| l.len() > 1)
    }

    /// The blob of the registers that differ, `None` where none does.
    pub(crate) fn pack(&self) -> Option<Vec<u8>> {
        if self.own.is_empty() {
            return None;
        }
        let flat: Packed =
            self.own.iter().map(|(r, l)| (*r, l.iter().map(|l| (l.inc, l.ctr, l.depth)).collect())).collect();
        let mut out = Vec::with_capacity(16 * flat.len());
        ciborium::into_writer(&flat, &mut out).ok()?;
        Some(out)
    }

    pub(crate) fn unpack(base: (i64, i64), blob: Option<&[u8]>) -> Result<Self, Fault> {
        let mut own = BTreeMap::new();
        if let Some(blob) = blob {
            let flat: Packed = ciborium::from_reader(blob).map_err(damaged)?;
            for (register, leaves) in flat {
                own.insert(register, leaves.into_iter().map(|(inc, ctr, depth)| Leaf { inc, ctr, depth }).collect());
            }
        }
        Ok(Self { base, own })
    }

    /// What somebody knows who saw `seen` and whose save made these versions out of `before`: his own new ones, and of all else
    /// what he saw, even where others have written since.
    pub(crate) fn known_to(&self, before: &Self, seen: &Self, layout: &Layout) -> Self {
        let mut known = seen.clone();
        for register in 0..layout.registers.len() {
            let stood = before.leaves(register);
            let new: Vec<Leaf> = self.leaves(register).into_iter().filter(|leaf| !stood.contains(leaf)).collect();
            if !new.is_empty() {
                known.own.insert(register, new);
            }
        }
        known
    }

    /// The token that a read hands out and a save hands back: what was seen, register by register.
    pub(crate) fn token(&self, layout: &Layout) -> String {
        let mut token = format!("{}.{}", self.base.0, self.base.1);
        for (register, leaves) in &self.own {
            let name = layout.registers.get(*register).map_or("", |r| r.name);
            let dots: Vec<String> = leaves.iter().map(|l| format!("{}.{}.{}", l.inc, l.ctr, l.depth)).collect();
            token.push_str(&format!(";{name}={}", dots.join("|")));
        }
        token
    }

    /// Reads a token back.
    pub(crate) fn from_token(token: &str, layout: &Layout) -> Result<Self, Fault> {
        let mut parts = token.split(';');
        let base = numbers(parts.next().unwrap_or(""))?;
        let [inc, ctr] = base[..] else { return Err(unreadable()) };
        let mut versions = Self::new(inc, ctr);
        for part in parts {
            let (name, dots) = part.split_once('=').ok_or_else(unreadable)?;
            let register = layout.register(name).ok_or_else(unreadable)?;
            let mut leaves = Vec::new();
            for dot in dots.split('|') {
                let [inc, ctr, depth] = numbers(dot)?[..] else { return Err(unreadable()) };
                leaves.push(Leaf { inc, ctr, depth });
            }
            versions.own.insert(register, leaves);
        }
        Ok(versions)
    }
}

fn numbers(text: &str) -> Result<Vec<i64>, Fault> {
    text.split('.').map(|n| n.parse().map_err(|_| unreadable())).collect()
}

fn unreadable() -> Fault {
    Fault::new(
        "token_unreadable",
        "无法确认您看到的是哪个版本，所以没有保存，您填写的内容还在。请重新打开这条记录后再保存。",
        "It is not clear which version you saw, so nothing was saved; what you typed is still there. Open the record again and save.",
    )
}

/// What stands in the database cannot be understood.
pub(crate) const UNREADABLE: &str = "row_unreadable";

pub(crate) fn damaged(cause: impl ToString) -> Fault {
    Fault::new(UNREADABLE, "本机有一处内部数据读不懂，记录本身完好。请在设置里重建数据表，或联系县总工会。", "An internal value of this store cannot be read; the records themselves are intact. Rebuild the tables in the settings or call the county federation.").because(cause)
}
