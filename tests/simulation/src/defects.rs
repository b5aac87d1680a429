//! The planted defects, each a broken rule. The suite must catch every one; a test that cannot fail is a defect.

use crate::{Verdict, history};

/// Those that every history may show.
const NARROW: &[&str] = &[
    "versions taken at save",
    "cursor before data",
    "no dedupe",
    "winner by arrival",
    "last write wins",
    "signature unchecked",
    "parked dropped",
    "nothing is parked",
    "quarantine drops",
    "confirmed before it came",
    "receipts are receipted",
    "rebuild skips events",
    "rebuild skips the outbox",
    "a stamp ahead is refused",
    "only one's own is offered",
    "audit after the act",
    "a choice replaces one side",
    "a group is torn apart",
    "the outbox is not counted",
    "an old copy counts from its own end",
    "undo over later work",
    "depth from what stands",
    "replaced versions forget their depth",
    "events fold as they come",
    "a checkpoint forgets one side",
    "a checkpoint forgets how far it goes",
    "a checkpoint keeps no order",
    "the hub tells everybody",
    "anybody writes anywhere",
    "the order is ignored",
    "rotation leaves the key as it was",
    "prunes what the hub lacks",
    "what lies below a checkpoint is not brought",
];

/// Those that only the wide histories can show.
const WIDE: [&str; 14] = [
    "the first event follows nothing",
    "what is carried makes known what it left out",
    "a clone keeps its incarnation",
    "a restore ignores the second file",
    "unknown fields dropped",
    "a checkpoint drops what it does not know",
    "a packet is receipted with its first part",
    "a packet that left has arrived",
    "a blob is whole before all of it came",
    "the hub acknowledges a blob too early",
    "who stays may be void",
    "the last thing saved alone stays behind",
    "nobody tells the county a key",
    "what a locked PC laid out counts as sent",
];

/// Those that need people who move, cards and successions.
const MOVING: [&str; 7] = [
    "a ruling leaves the old row as it was",
    "a newcomer counts at once",
    "what stands is adopted again",
    "late edits stay where they were written",
    "what is written late stays behind its enterprise",
    "a number is leased twice",
    "whichever came first is the base",
];

/// Every switch, by the name under which `planted!` knows it in the product.
pub fn all() -> impl Iterator<Item = &'static str> {
    NARROW.iter().chain(&WIDE).chain(&MOVING).copied()
}

/// The first history, counted from 1, that notices the defect, and what it says.
#[must_use]
pub fn caught(defect: &'static str, from: u64, within: u64) -> Option<(u64, Verdict)> {
    let from = if MOVING.contains(&defect) {
        from + crate::CARDS
    } else if WIDE.contains(&defect) {
        from + crate::WIDE
    } else {
        from
    };
    (0..within).map(|n| (n + 1, history(from + n, Some(defect), false))).find(|(_, verdict)| !verdict.broken.is_empty())
}
