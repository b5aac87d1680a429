//! The county is founded again from its kit: two shares, and the hub or what an office brings on a stick.

use std::{path::Path, sync::Arc};

use niangjia_core::{
    Fault,
    fault::FieldFault,
    identity::Hub,
    packets::Came,
    recovery::{self, Known, Returning},
    replication::{
        keys::SigningKey,
        kit::{self, KitFault, Share},
    },
    words::Say,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Station,
    asks::{Created, PacketAsk},
    founding::passphrase_fits,
};
use crate::{disk::database, moment, sync};

/// How often an exchange is begun anew before it is given up: each goes on where the last one ended.
const TRIES: usize = 5;

/// Founding the county again.
#[derive(Deserialize, JsonSchema)]
pub struct RecoverAsk {
    /// Two of the three printed shares, line breaks and blanks as they come.
    pub shares: Vec<String>,
    /// The hub's address.
    #[serde(default)]
    pub url: Option<String>,
    /// The hub's public key.
    #[serde(default)]
    pub key: Option<String>,
    /// A packet that an office made for the county with `whole`, where there is no hub.
    #[serde(default)]
    pub packet: Option<PacketAsk>,
    /// Official name of the county, asked for only where its own record does not come.
    #[serde(default)]
    pub name: Option<String>,
    /// Administrative code, likewise.
    #[serde(default)]
    pub code: Option<String>,
    /// Whether the county is founded with what there is, where not everything comes from the hub: also with what a PC summed up that was
    /// shut out afterwards, and without what nobody has brought.
    #[serde(default)]
    pub without: bool,
    /// The first clerk's own name.
    pub clerk: String,
    /// The clerk's passphrase.
    pub passphrase: String,
}

fn wrong(field: &str, key: &str, say: Say) -> Fault {
    Fault::fields(vec![FieldFault { field: field.into(), key: key.into(), say }])
}

fn root_of(shares: &[String]) -> Result<SigningKey, Fault> {
    let typo = || {
        wrong(
            "shares",
            "share_typo",
            Say::new(
                "应急密钥抄写有误，请对照打印件逐行再核一遍（不区分大小写，空格随意）。",
                "A share has a slip in it; compare it with the printed sheet line by line. Case and blanks do not matter.",
            ),
        )
    };
    let read: Vec<Share> =
        shares.iter().map(|text| Share::parse(text)).collect::<Result<_, _>>().map_err(|_| typo())?;
    kit::combine(&read).map_err(|fault| {
        let say = match fault {
            KitFault::TooFew => Say::new(
                "需要三份应急密钥中的任意两份（不是同一份抄两遍）。",
                "Two different ones of the three shares are needed.",
            ),
            KitFault::OtherKit => Say::new(
                "这两份应急密钥不是同一套，请核对打印件上的县名。",
                "These shares are of different kits; look at the county's name on the printed sheets.",
            ),
            KitFault::Broken => Say::new(
                "这两份应急密钥对不上，可能不是同一次打印的。请换另一份再试。",
                "These shares do not fit together; they may be of two printings. Try the other one.",
            ),
        };
        wrong("shares", "shares_do_not_fit", say)
    })
}

impl Station {
    /// Founds the county again on this PC.
    ///
    /// # Errors
    /// `office_exists`, `fields` for the shares, what the line or the packet says, `county_unnamed`. The folder is then as empty
    /// as before.
    pub(super) async fn recover(self: &Arc<Self>, ask: RecoverAsk) -> Result<Created, Fault> {
        self.fresh()?;
        passphrase_fits(&ask.passphrase)?;
        let root = root_of(&ask.shares)?;
        let hub = match (&ask.url, &ask.key) {
            (Some(url), Some(key)) => {
                Some(Hub { url: url.trim().trim_end_matches('/').to_owned(), key: key.trim().to_owned() })
            }
            _ if ask.packet.is_some() => None,
            _ => {
                return Err(wrong(
                    "url",
                    "hub_missing",
                    Say::new(
                        "请填写中转站的地址和公钥；没有中转站时，请选择乡镇导出的数据包。",
                        "Enter the hub's address and key, or choose a packet from an office where there is no hub.",
                    ),
                ));
            }
        };
        let path = database(&self.dir);
        let returning = recovery::begin(&path, root, hub.clone(), moment())?;
        let founded = match self.refill(returning, hub, &ask).await {
            Ok(returning) => {
                let known = ask.name.as_deref().zip(ask.code.as_deref()).map(|(name, code)| Known { name, code });
                recovery::finish(&path, returning, known, &ask.clerk, moment())
            }
            Err(fault) => Err(fault),
        };
        let founded = founded.inspect_err(|_| {
            // Nothing half-founded stays behind: the next try begins in an empty folder.
            for ending in ["", "-wal", "-shm"] {
                let mut file = path.clone().into_os_string();
                file.push(ending);
                let _ = std::fs::remove_file(file);
            }
        })?;
        let created = self.begin(founded, &ask.clerk, &ask.passphrase)?;
        self.timer.wake();
        Ok(created)
    }

    /// Fetches what the hub has and takes in what an office brings.
    async fn refill(
        self: &Arc<Self>,
        returning: Returning,
        hub: Option<Hub>,
        ask: &RecoverAsk,
    ) -> Result<Returning, Fault> {
        let Returning { office, .. } = &returning;
        if let Some(packet) = &ask.packet {
            let file = packet.path.as_deref().ok_or_else(|| Fault::question("packet"))?;
            self.take_whole(office, Path::new(file))?;
        }
        let Some(hub) = hub else { return Ok(returning) };
        sync::fetch(returning, &hub, TRIES, ask.without).await
    }

    /// All parts of a packet that lie beside each other; what is damaged of it is told, not passed over.
    fn take_whole(&self, office: &niangjia_core::office::Office, path: &Path) -> Result<(), Fault> {
        let (incoming, files) = crate::packets::opened(office, path)?;
        let mut came = Came::default();
        for (part, file) in files {
            if let Some(bad) = self.import_part(office, &incoming, &file, &mut came)? {
                return Err(crate::packets::part_damaged(part, &incoming, came.segments).because(bad));
            }
        }
        Ok(())
    }
}
