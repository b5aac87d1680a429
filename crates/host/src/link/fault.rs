//! What can stand between an office and its hub, said so that a clerk knows what to do.

use niangjia_replication::wire::{Refusal, RefusalCode, ReplicaFault};
use thiserror::Error;

/// Why an exchange ended early. Nothing is lost by any of them; what is saved here stays saved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LinkFault {
    /// No network, no answer, or a line that broke.
    #[error("no line to the hub: {0}")]
    NoLine(String),
    /// Whoever answers at the address does not hold the hub's key. Nothing was sent.
    #[error("another than our hub answers at its address")]
    OtherHub,
    #[error("the hub is not claimed by a county yet")]
    NotClaimed,
    /// The hub understood and said no.
    #[error("the hub refused: {0:?}")]
    Refused(RefusalCode),
    #[error("the hub is busy; again in {retry_after_s} s")]
    TooBusy { retry_after_s: u64 },
    /// One side is too old for the other.
    #[error("the hub speaks other versions of the protocol")]
    Protocol,
    /// The hub's disk is full, or it failed.
    #[error("the hub failed: {0:?}")]
    HubFailed(RefusalCode),
    /// An answer that no hub gives.
    #[error("an answer that cannot be understood")]
    Garbled,
    #[error("not an address of a hub")]
    Address,
    /// The office's own store failed.
    #[error(transparent)]
    Replica(#[from] ReplicaFault),
}

impl LinkFault {
    /// Somebody on the way is busy; `told` is what it said, in seconds.
    pub(super) fn busy(told: Option<u64>) -> Self {
        Self::TooBusy { retry_after_s: told.unwrap_or(5).clamp(1, 3600) }
    }

    /// Its stable name.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::NoLine(_) => "link.no_line",
            Self::OtherHub => "link.other_hub",
            Self::NotClaimed => "link.not_claimed",
            Self::Refused(RefusalCode::ClaimWrong) => "link.claim_wrong",
            Self::Refused(RefusalCode::ClaimSpent) => "link.claim_spent",
            Self::Refused(RefusalCode::Foreign | RefusalCode::Unsigned) => "link.not_known",
            Self::Refused(RefusalCode::Revoked) => "link.revoked",
            Self::Refused(_) => "link.refused",
            Self::TooBusy { .. } => "link.too_busy",
            Self::Protocol => "link.protocol",
            Self::HubFailed(RefusalCode::Full) => "link.hub_full",
            Self::HubFailed(_) => "link.hub_failed",
            Self::Garbled => "link.garbled",
            Self::Address => "link.address",
            Self::Replica(_) => "link.store",
        }
    }

    /// Whether the same attempt may succeed later without anybody doing anything.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::NoLine(_) | Self::TooBusy { .. } | Self::HubFailed(_) | Self::NotClaimed)
    }

    #[must_use]
    pub fn zh(&self) -> &'static str {
        match self.key() {
            "link.no_line" => "连不上县总工会的中转站。内容都已保存在本机，有网络时会自动同步。",
            "link.other_hub" => {
                "该地址应答的不是本县的中转站，未发送任何内容。请核对网络和地址；如中转站已更换，请联系县总工会。"
            }
            "link.not_claimed" => "中转站尚未由县总工会认领。请等待县总工会完成认领，内容都已保存在本机。",
            "link.claim_wrong" => "认领码不正确，或本机不是县总工会的电脑。请核对中转站安装时显示的认领码。",
            "link.claim_spent" => "该中转站已由另一个县认领，不能再次认领。",
            "link.not_known" => "中转站不认识本机的证书。请联系县总工会，核对本机是否属于本县。",
            "link.revoked" => {
                "县总工会已停用本机，或收回了本机加入时用的邀请，中转站不再收发本机的数据。内容都还在本机；如有疑问，请马上联系县总工会。"
            }
            "link.refused" => "中转站拒绝了本机的请求。内容都已保存在本机；请把此提示告诉县总工会。",
            "link.too_busy" => "中转站正忙，稍后会自动重试。",
            "link.protocol" => "本程序与中转站的版本相差太远。请升级较旧的一方；内容都已保存在本机。",
            "link.hub_full" => "中转站的磁盘已满，内容暂时发不出去。内容都已保存在本机；请通知县总工会。",
            "link.hub_failed" => "中转站出了故障，稍后会自动重试。如持续出现，请通知县总工会。",
            "link.garbled" => "中转站的应答无法识别。请升级程序；如持续出现，请通知县总工会。",
            "link.address" => "中转站地址不正确。地址应形如 https://主机:端口。",
            _ => "本机数据读写失败，同步已停止。请先检查磁盘空间，再重试。",
        }
    }

    #[must_use]
    pub fn en(&self) -> &'static str {
        match self.key() {
            "link.no_line" => {
                "The county's hub cannot be reached. Everything is saved on this PC and goes out when there is a line."
            }
            "link.other_hub" => {
                "What answers at this address is not our county's hub; nothing was sent. Check the network and the address, or ask the county if the hub was replaced."
            }
            "link.not_claimed" => {
                "The county has not claimed this hub yet. Wait for the county; everything is saved on this PC."
            }
            "link.claim_wrong" => {
                "The claim is not right, or this PC is not the county's. Check the claim shown when the hub was installed."
            }
            "link.claim_spent" => "Another county has claimed this hub; it cannot be claimed again.",
            "link.not_known" => {
                "The hub does not know this PC's certificate. Ask the county whether this PC belongs to it."
            }
            "link.revoked" => {
                "The county has shut this PC out, or taken back the invitation by which it joined, so the hub sends it nothing and takes nothing from it. Everything is still on this PC; if that is a mistake, call the county at once."
            }
            "link.refused" => {
                "The hub refused this PC's request. Everything is saved on this PC; tell the county what you see here."
            }
            "link.too_busy" => "The hub is busy; it is tried again soon.",
            "link.protocol" => {
                "This program and the hub are too many versions apart. Upgrade the older one; everything is saved on this PC."
            }
            "link.hub_full" => {
                "The hub's disk is full, so nothing can be sent for now. Everything is saved on this PC; tell the county."
            }
            "link.hub_failed" => "The hub failed; it is tried again soon. Tell the county if this goes on.",
            "link.garbled" => {
                "The hub's answer cannot be understood. Upgrade the program; tell the county if this goes on."
            }
            "link.address" => "This is not a hub's address. It looks like https://host:port.",
            _ => {
                "This PC's own data could not be read or written, so the exchange stopped. Check the free disk space, then try again."
            }
        }
    }
}

impl From<Refusal> for LinkFault {
    fn from(refusal: Refusal) -> Self {
        match refusal.code {
            RefusalCode::NotClaimed => Self::NotClaimed,
            RefusalCode::Protocol => Self::Protocol,
            RefusalCode::TooBusy => Self::busy(refusal.retry_after_s),
            RefusalCode::Full | RefusalCode::Failed => Self::HubFailed(refusal.code),
            code => Self::Refused(code),
        }
    }
}

impl From<reqwest::Error> for LinkFault {
    fn from(cause: reqwest::Error) -> Self {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&cause);
        let mut last = String::new();
        while let Some(at) = next {
            if at.is::<rustls::Error>() {
                // Another key, a portal that speaks no TLS, a box that reads along: all of them are not our hub.
                return Self::OtherHub;
            }
            last = at.to_string();
            // An I/O error shows what it wraps only here; its `source` is already one further.
            next = match at.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => at.source(),
            };
        }
        Self::NoLine(last)
    }
}
