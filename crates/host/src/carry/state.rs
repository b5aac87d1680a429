//! How a locked office stands towards its hub, said so that whoever stands before the locked window knows.

use niangjia_core::{
    Fault,
    replication::wire::{RefusalCode, ReplicaFault},
    words::Say,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::file::{CarryFault, CarryFile, Since};
use crate::{link::LinkFault, space::Space, station::Station, sync::spoken};

/// Nothing to exchange while locked.
pub(crate) const CARRY_NONE: &str = "carry_none";
/// Somebody has unlocked: the exchange of the office goes on.
pub(crate) const CARRY_UNLOCKED: &str = "carry_unlocked";

/// How a locked office stands towards its hub.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CarryState {
    /// Changes written on this PC that the hub does not hold yet.
    pub unsent: u64,
    /// Those of them that are sent only once the office is unlocked.
    pub later: u64,
    /// Changes that came since the office was locked; they take effect when it is unlocked.
    pub received: u64,
    /// Sealed bytes of them.
    pub inbox_bytes: u64,
    /// So many may lie there.
    pub inbox_most: u64,
    /// No more fits: the rest comes when the office is unlocked.
    pub full: bool,
    /// The county has shut out this PC: nothing is sent or fetched any more.
    pub shut_out: bool,
    /// When the last exchange of the locked office ended well, milliseconds since 1970.
    pub last: Option<i64>,
    /// All this in a sentence.
    pub say: Say,
}

impl CarryFault {
    fn spoken(self) -> Fault {
        match self {
            Self::Unlocked => unlocked(),
            cause => Fault::new(
                "carry_failed",
                "锁定期间使用的传送文件读写失败。数据都在本机和中转站，没有丢失；解锁后会重新建立。",
                "The files from which a locked PC comes into step could not be read or written. Nothing is lost: the data are on this PC and at the hub, and the files are made anew after unlocking.",
            )
            .because(cause),
        }
    }
}

impl From<CarryFault> for Fault {
    fn from(fault: CarryFault) -> Self {
        fault.spoken()
    }
}

pub(super) fn unlocked() -> Fault {
    Fault::new(
        CARRY_UNLOCKED,
        "办公室已经解锁，由解锁后的同步继续收发。",
        "The office is unlocked; the exchange of the unlocked office goes on with it.",
    )
}

pub(super) fn none() -> Fault {
    Fault::new(
        CARRY_NONE,
        "本机锁定期间没有可收发的内容：还没有加入县总工会、还没有中转站地址，或在设置里关闭了锁定后收发。解锁后一切照常。",
        "This PC has nothing to exchange while it is locked: it follows no county yet, knows no hub, or carrying was switched off in the settings. After unlocking everything works as usual.",
    )
}

pub(super) fn shut_out() -> Fault {
    let fault = LinkFault::Refused(RefusalCode::Revoked);
    Fault::say(fault.key(), Say::new(fault.zh(), fault.en()))
}

impl Station {
    /// How a locked office stands towards its hub; `None` where there is nothing to tell.
    pub(crate) fn carry_state(&self) -> Option<CarryState> {
        let read = || -> Result<Option<CarryState>, CarryFault> {
            let Some(file) = CarryFile::open(self.dir())? else { return Ok(None) };
            let (Some(papers), since, sums) = (file.papers()?, file.since()?, file.sums()?) else { return Ok(None) };
            let unsent = papers.unsent.saturating_sub(sums.handed);
            let later = papers.unsent.saturating_sub(sums.laid);
            // With a full disk nothing fits, whatever the limit.
            let room = self.keeper.disk(self.dir()).state != Space::Full;
            let most = if room { self.keeper.keeping().inbox } else { 0 };
            let Since { last, shut_out, full } = since;
            let say = state_say((unsent, later), sums.came, full.then_some(most), shut_out);
            let (received, inbox_bytes) = (sums.came, sums.bytes);
            Ok(Some(CarryState { unsent, later, received, inbox_bytes, inbox_most: most, full, shut_out, last, say }))
        };
        read().unwrap_or_else(|fault| {
            tracing::warn!(%fault, "what is carried cannot be told");
            None
        })
    }
}

/// A fault of the line, or of the folder below it.
pub(super) fn told(fault: &LinkFault) -> Fault {
    match fault {
        LinkFault::Replica(ReplicaFault(cause)) => match cause.downcast_ref::<CarryFault>() {
            Some(CarryFault::Unlocked) => unlocked(),
            _ => CarryFault::Damaged.spoken().because(cause),
        },
        fault => spoken(fault),
    }
}

/// How it stands, in a sentence.
pub(super) fn state_say((unsent, later): (u64, u64), came: u64, full: Option<u64>, shut_out: bool) -> Say {
    if shut_out {
        return Say::new(
            "已锁定：县总工会已停用本机，不再收发。内容都还在本机；如有疑问，请马上联系县总工会。",
            "Locked: the county has shut this PC out, and nothing is sent or fetched any more. Everything is still on this PC; if that is a mistake, call the county at once.",
        );
    }
    let (zh, en) = match (unsent.saturating_sub(later), later) {
        (0, 0) => ("内容已全部上报".to_owned(), "everything has been sent".to_owned()),
        (n, 0) => (format!("未上报 {n} 条会继续上送"), format!("{n} not yet sent go on being sent")),
        (0, later) => {
            (format!("未上报 {later} 条，解锁后上送"), format!("{later} not yet sent, which go after unlocking"))
        }
        (n, later) => (
            format!("未上报 {n} 条会继续上送，另有 {later} 条解锁后上送"),
            format!("{n} not yet sent go on being sent, {later} more after unlocking"),
        ),
    };
    let (then_zh, then_en) = match (full, came) {
        (Some(0), _) => (
            format!("已收 {came} 条，本机磁盘已满，其余的解锁后再收"),
            format!("{came} received, this PC's disk is full, the rest comes after unlocking"),
        ),
        (Some(most), _) => (
            format!("已收 {came} 条（满 {} MB），其余的解锁后再收", most >> 20),
            format!("{came} received (full at {} MB), the rest comes after unlocking", most >> 20),
        ),
        (None, 0) => ("收到的数据解锁后生效".to_owned(), "what is received takes effect after unlocking".to_owned()),
        (None, n) => (format!("已收到 {n} 条，解锁后生效"), format!("{n} received, which take effect after unlocking")),
    };
    Say::owned(format!("已锁定：{zh}；{then_zh}。"), format!("Locked: {en}; {then_en}."))
}
