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
    /// Two of the three printed shares, line breaks and blanks as they come. One that was printed once there was a hub may bring the
    /// hub's lines along, and is taken with all that stands around them.
    pub shares: Vec<String>,
    /// The hub's address, where no share brings it.
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

/// A printed share as it was typed or pasted: alone, or with all that its sheet says.
struct Sheet {
    share: String,
    hub: Option<Hub>,
}

impl Sheet {
    /// A share alone is handed on as it is, so that a slip in it is told by its line. Where the hub's address stands beside it, the lines
    /// of the share are those of four groups of four (a fingerprint is one word), and the hub's key is the one of sixty-four digits.
    fn read(text: &str) -> Self {
        let found = text.find("https://").and_then(|at| text[at..].split_whitespace().next());
        let Some(url) = found else { return Self { share: text.to_owned(), hub: None } };
        // What a line is called stands before a colon.
        let said = |line: &'_ str| line.rsplit(['：', ':']).next().unwrap_or_default().trim().to_owned();
        let lines: Vec<String> = text.lines().filter(|line| !line.contains(url)).map(said).collect();
        let fours = |line: &&String| {
            let groups: Vec<&str> = line.split(|c: char| c.is_whitespace() || c == '-').collect();
            groups.len() == 4 && groups.iter().all(|g| g.len() == 4 && g.bytes().all(|b| b.is_ascii_alphanumeric()))
        };
        let share: Vec<&str> = lines.iter().filter(fours).map(String::as_str).collect();
        let digits = |line: &String| line.split_whitespace().collect::<String>();
        let key = lines.iter().map(digits).find(|key| key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit()));
        Self { share: share.join("\n"), hub: key.map(|key| Hub { url: address(url), key: key.to_ascii_lowercase() }) }
    }
}

fn address(typed: &str) -> String {
    typed.trim().trim_end_matches('/').to_owned()
}

fn root_of(sheets: &[Sheet]) -> Result<SigningKey, Fault> {
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
        sheets.iter().map(|sheet| Share::parse(&sheet.share)).collect::<Result<_, _>>().map_err(|_| typo())?;
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
        let sheets: Vec<Sheet> = ask.shares.iter().map(|text| Sheet::read(text)).collect();
        let root = root_of(&sheets)?;
        let hub = match (&ask.url, &ask.key) {
            (Some(url), Some(key)) => Some(Hub { url: address(url), key: key.split_whitespace().collect() }),
            _ if ask.packet.is_some() => None,
            _ if sheets.iter().any(|sheet| sheet.hub.is_some()) => sheets.iter().find_map(|sheet| sheet.hub.clone()),
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
