//! How things stand at a hub, for the county's technician: what offices said of themselves, what is stored, what needs a hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use niangjia_replication::keys::{CertId, VerifyingKey};
use niangjia_replication::{Incarnation, RecordId, Stream, wire};
use serde::Serialize;

use crate::DATABASE;
use crate::backup::{LastBackup, last};
use crate::store::{Extent, Seen, SegmentStore, StoreFault};

const DAY: i64 = 86_400_000;
/// A backup older than this is one that was forgotten: the timer makes one a day.
const BACKUP_DUE: i64 = 2 * DAY;
/// An office may be cut off for weeks and be well; after one the technician should know.
const SILENT: i64 = 7 * DAY;
/// Room that is too little whatever the hub's size.
const LITTLE: u64 = 2 << 30;

/// Where an overview comes from.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) store: Arc<dyn SegmentStore>,
    pub(crate) dir: PathBuf,
    pub(crate) key: VerifyingKey,
}

/// How things stand.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    pub hub: RecordId,
    pub key: VerifyingKey,
    pub epoch: Option<Incarnation>,
    pub version: String,
    /// The hub's clock, milliseconds since 1970.
    pub time_ms: i64,
    pub claimed: bool,
    pub offices: Vec<OfficeLine>,
    pub forked: Vec<ForkLine>,
    pub segments: u64,
    /// The database with what it has not folded in yet.
    pub database_bytes: u64,
    /// Absent where the system does not say.
    pub free_bytes: Option<u64>,
    pub backup: Option<LastBackup>,
    /// What a person should look at; empty when all is well.
    pub attention: Vec<Attention>,
}

/// An office by what its PCs said last.
#[derive(Debug, Clone, Serialize)]
pub struct OfficeLine {
    pub office: RecordId,
    pub county: bool,
    /// Empty until one of its PCs has said it.
    pub name: String,
    pub code: String,
    pub pcs: Vec<PcLine>,
}

/// One PC of an office.
#[derive(Debug, Clone, Serialize)]
pub struct PcLine {
    pub cert: CertId,
    pub version: String,
    pub first_ms: i64,
    /// `None` while others only carried its segments here.
    pub last_ms: Option<i64>,
    /// Changes that it had not sent when it called last, in its own words.
    pub unsent: Option<u64>,
    pub counts: BTreeMap<String, u64>,
}

/// A chain with several ends.
#[derive(Debug, Clone, Serialize)]
pub struct ForkLine {
    pub stream: Stream,
    pub chain: Incarnation,
}

/// Something for a person, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attention {
    pub key: &'static str,
    pub zh: String,
    pub en: String,
}

impl Source {
    /// How things stand at `now`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn look(&self, now: i64) -> Result<Overview, StoreFault> {
        let Extent { segments, forked } = self.store.extent()?;
        let mut overview = Overview {
            hub: wire::hub_id(&self.key),
            key: self.key,
            epoch: self.store.birth()?.map(|birth| birth.epoch),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            time_ms: now,
            claimed: self.store.root()?.is_some(),
            offices: offices(self.store.seen()?),
            forked: forked.into_iter().map(|(stream, chain)| ForkLine { stream, chain }).collect(),
            segments,
            database_bytes: size(&self.dir),
            free_bytes: fs4::available_space(&self.dir).ok(),
            backup: last(&self.dir),
            attention: Vec::new(),
        };
        overview.attention = attention(&overview);
        Ok(overview)
    }
}

fn size(dir: &Path) -> u64 {
    let bytes = |name: String| std::fs::metadata(dir.join(name)).map_or(0, |file| file.len());
    bytes(DATABASE.to_owned()) + bytes(format!("{DATABASE}-wal"))
}

fn offices(seen: Vec<Seen>) -> Vec<OfficeLine> {
    let mut offices: BTreeMap<RecordId, (OfficeLine, Option<i64>)> = BTreeMap::new();
    for Seen { device, first_ms, last_ms, counts, about } in seen {
        let (line, newest) = offices.entry(device.office).or_insert_with(|| {
            let line = OfficeLine {
                office: device.office,
                county: device.county,
                name: String::new(),
                code: String::new(),
                pcs: Vec::new(),
            };
            (line, None)
        });
        // Of several PCs the one that called last knows the name best.
        if !about.name.is_empty() && *newest <= last_ms {
            (line.name, line.code, *newest) = (about.name, about.code, last_ms);
        }
        line.pcs.push(PcLine {
            cert: device.cert,
            version: about.version,
            first_ms,
            last_ms,
            unsent: counts.get("unsent").copied(),
            counts,
        });
    }
    let mut lines: Vec<_> = offices.into_values().map(|(line, _)| line).collect();
    for line in &mut lines {
        line.pcs.sort_by_key(|pc| std::cmp::Reverse(pc.last_ms));
    }
    lines.sort_by(|a, b| (!a.county, &a.code, &a.name, a.office).cmp(&(!b.county, &b.code, &b.name, b.office)));
    lines
}

impl OfficeLine {
    /// When any of its PCs called last.
    #[must_use]
    pub fn last_ms(&self) -> Option<i64> {
        self.pcs.iter().filter_map(|pc| pc.last_ms).max()
    }
}

fn attention(now: &Overview) -> Vec<Attention> {
    let mut all = Vec::new();
    let mut say = |key, zh: String, en: String| all.push(Attention { key, zh, en });
    if !now.claimed {
        say(
            "not_claimed",
            "中转站还没有被县总工会认领，各乡镇暂时不能上报。请在县总工会的程序里用安装时显示的认领码认领。".into(),
            "No county has claimed this hub, so nobody can send yet. Claim it in the county's program with the claim shown by init.".into(),
        );
    }
    match &now.backup {
        None => say(
            "no_backup",
            "还没有做过备份。请启用每日备份（见 docs/hub.md），否则磁盘损坏后只能等各乡镇重新上报。".into(),
            "No backup was ever made. Switch the daily one on (docs/hub.md); without it a lost disk is refilled by the offices alone.".into(),
        ),
        Some(backup) if backup.good == Some(false) => say(
            "bad_backup",
            format!("最近的备份 {} 核对没有通过，不能用来恢复。请检查磁盘，再做一次备份。", backup.name),
            format!("The last backup, {}, is not whole and cannot be restored. Check the disk and make another.", backup.name),
        ),
        Some(backup) if now.time_ms - backup.made_ms > BACKUP_DUE => say(
            "old_backup",
            format!("最近的备份是 {} 天前做的。请检查每日备份是否还在运行。", (now.time_ms - backup.made_ms) / DAY),
            format!("The last backup is {} days old. See whether the daily one still runs.", (now.time_ms - backup.made_ms) / DAY),
        ),
        Some(backup) if backup.verified_ms.is_none() => say(
            "unread_backup",
            "最近的备份还没有核对过。请运行 niangjia-hub verify。".into(),
            "The last backup was never read through. Run niangjia-hub verify.".into(),
        ),
        Some(_) => {}
    }
    // A backup needs as much room again as the hub has now.
    if now.free_bytes.is_some_and(|free| free < LITTLE.max(now.database_bytes.saturating_add(now.database_bytes / 4))) {
        say(
            "little_room",
            "磁盘剩余空间不多了。空间用完后各乡镇将不能上报，备份也做不成。请清理或扩容。".into(),
            "The disk is nearly full. Once it is, offices cannot send and no backup can be made. Make room.".into(),
        );
    }
    if !now.forked.is_empty() {
        let n = now.forked.len();
        say(
            "forked",
            format!(
                "有 {n} 条数据链出现分叉：同一份数据曾在两台电脑上各自写入（克隆或旧备份）。两边内容都已保留，不会丢；请告诉县总工会查明是哪台电脑。"
            ),
            format!(
                "Forked chains: {n}. Copies of one database were written to on two PCs (a clone or an old backup). Both sides are kept; tell the county to find out which PCs they are."
            ),
        );
    }
    let silent = now.offices.iter().filter(|office| office.last_ms().is_none_or(|last| now.time_ms - last > SILENT));
    let silent = silent.count();
    if silent > 0 {
        say(
            "silent",
            format!("有 {silent} 个办公室超过 7 天没有联系。下表中已标出，请打电话问问。"),
            format!(
                "Offices that have not called for more than 7 days: {silent}. They are marked below; give them a call."
            ),
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use niangjia_replication::keys::SigningKey;

    use super::*;

    fn calm() -> Overview {
        let key = SigningKey::from_bytes(&[1; 32]).public();
        let pc = PcLine {
            cert: CertId([1; 32]),
            version: "0.1.0".into(),
            first_ms: 0,
            last_ms: Some(100 * DAY),
            unsent: Some(0),
            counts: BTreeMap::new(),
        };
        let (name, code) = ("平明镇总工会".into(), "990101001".into());
        let backup = LastBackup {
            name: "monday.njhub".into(),
            made_ms: 99 * DAY,
            bytes: 1,
            segments: 1,
            verified_ms: Some(99 * DAY),
            good: Some(true),
        };
        Overview {
            hub: wire::hub_id(&key),
            key,
            epoch: None,
            version: String::new(),
            time_ms: 100 * DAY,
            claimed: true,
            offices: vec![OfficeLine { office: RecordId([1; 16]), county: false, name, code, pcs: vec![pc] }],
            forked: Vec::new(),
            segments: 1,
            database_bytes: 1 << 20,
            free_bytes: Some(10 << 30),
            backup: Some(backup),
            attention: Vec::new(),
        }
    }

    fn keys(change: impl FnOnce(&mut Overview)) -> Vec<&'static str> {
        let mut now = calm();
        change(&mut now);
        attention(&now).into_iter().map(|one| one.key).collect()
    }

    #[test]
    fn a_calm_hub_asks_for_nothing_and_each_trouble_is_named() {
        assert_eq!(keys(|_| ()), [""; 0]);
        assert_eq!(keys(|now| now.claimed = false), ["not_claimed"]);
        assert_eq!(keys(|now| now.backup = None), ["no_backup"]);
        assert_eq!(keys(|now| now.backup.as_mut().unwrap().good = Some(false)), ["bad_backup"]);
        assert_eq!(keys(|now| now.backup.as_mut().unwrap().made_ms = 97 * DAY), ["old_backup"]);
        assert_eq!(keys(|now| now.backup.as_mut().unwrap().verified_ms = None), ["unread_backup"]);
        assert_eq!(keys(|now| now.free_bytes = Some(1 << 30)), ["little_room"]);
        assert_eq!(keys(|now| now.free_bytes = None), [""; 0]);
        assert_eq!(keys(|now| now.database_bytes = 9 << 30), ["little_room"]);
        assert_eq!(keys(|now| now.offices[0].pcs[0].last_ms = Some(92 * DAY)), ["silent"]);
        assert_eq!(keys(|now| now.offices[0].pcs[0].last_ms = None), ["silent"]);
        let fork = ForkLine { stream: Stream::County, chain: Incarnation([1; 16]) };
        assert_eq!(keys(|now| now.forked = vec![fork]), ["forked"]);
    }
}
