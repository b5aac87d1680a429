//! What the audit's entries are called and what their reasons mean: every act leaves one, and a clerk reads them in words.

use crate::words::Say;

/// Acts that are no command of the registry: the host runs them, or they belong to founding. With the commands that write they are all
/// that an entry can name; the window has words for each.
pub const BESIDE_COMMANDS: [&str; 15] = [
    "app.restore",
    "clerks.add",
    "county.recover",
    "devices.join",
    "kit.put_away",
    "kit.show",
    "members.index",
    "office.begin",
    "office.enrol",
    "packets.export",
    "packets.import",
    "paper.print",
    "paper.save",
    "records.attach",
    "transfers.confirm",
];

/// A reason that the program noted for itself, in words; `None` where a person wrote it, or where it says nothing to one.
pub(crate) fn noted(command: &str, reason: &str) -> Option<Say> {
    match command {
        "packets.export" => {
            let (number, to) = reason.split_once(" → ")?;
            Some(Say::owned(format!("第 {number} 号，交给{to}"), format!("No. {number}, for {to}")))
        }
        "packets.import" => {
            let (number, from) = reason.split_once(" ← ")?;
            Some(Say::owned(format!("第 {number} 号，来自{from}"), format!("No. {number}, from {from}")))
        }
        "paper.print" | "paper.save" => crate::paper::noted(reason),
        "log.prune" => {
            let freed = size(reason.strip_suffix(" B")?.parse().ok()?);
            Some(Say::owned(format!("腾出 {freed}"), format!("{freed} freed")))
        }
        "log.keep" => Some(match reason.parse().ok()? {
            0_u32 => Say::new("不自动清理", "Never by itself"),
            days => Say::owned(format!("保留 {days} 天"), format!("{days} days kept")),
        }),
        // The name of a file and of a stream: for support, not for a clerk.
        "app.restore" | "checkpoints.make" => Some(Say::new("", "")),
        _ => None,
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} KB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_program_noted_is_said_in_words_and_what_a_person_wrote_stays() {
        let zh = |command: &str, reason: &str| noted(command, reason).map(|say| say.zh.to_string());
        assert_eq!(zh("packets.export", "3 → 东海县总工会").as_deref(), Some("第 3 号，交给东海县总工会"));
        assert_eq!(zh("packets.import", "12 ← 平明镇总工会").as_deref(), Some("第 12 号，来自平明镇总工会"));
        assert_eq!(zh("log.keep", "0").as_deref(), Some("不自动清理"));
        assert_eq!(zh("log.keep", "90").as_deref(), Some("保留 90 天"));
        assert_eq!(zh("log.prune", "2097152 B").as_deref(), Some("腾出 2.0 MB"));
        assert_eq!(zh("log.prune", "2100 B").as_deref(), Some("腾出 3 KB"));
        assert_eq!(zh("checkpoints.make", "office/0192").as_deref(), Some(""));
        assert_eq!(zh("members.void", "3 → 录重了"), None);
    }
}
