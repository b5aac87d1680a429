//! Founding: a county, a township that works alone, or one that joins with a packet.

use niangjia_core::{
    Fault,
    fault::FieldFault,
    founding::{self, Founded},
    kept_shares,
    replication::{
        Bad,
        enrol::{self, Code, Enrolment},
        kit,
    },
    words::Say,
};

use super::{
    Station,
    asks::{CreateAsk, Created, EnrolAsk, OfficeRole, PacketAsk},
};
use crate::{
    disk::{OfficeLine, Slot, database},
    moment, place,
};

impl Station {
    pub(super) fn fresh(&self) -> Result<(), Fault> {
        place::check(&self.dir)?;
        if self.folder().office.is_some() {
            return Err(Fault::new(
                "office_exists",
                "这台电脑的数据文件夹里已有一个办公室，没有新建。请直接解锁。",
                "The data folder of this PC already holds an office; none was made. Unlock it.",
            ));
        }
        Ok(())
    }

    pub(super) fn create(&self, ask: CreateAsk) -> Result<Created, Fault> {
        self.fresh()?;
        passphrase_fits(&ask.passphrase)?;
        let path = database(&self.dir);
        let founded = match ask.role {
            OfficeRole::County => founding::county(&path, &ask.name, &ask.code, &ask.clerk, moment())?,
            OfficeRole::Township => founding::alone(&path, &ask.name, &ask.code, &ask.clerk, moment())?,
        };
        self.begin(founded, &ask.clerk, &ask.passphrase)
    }

    pub(super) fn join(&self, ask: &EnrolAsk) -> Result<Created, Fault> {
        self.fresh()?;
        passphrase_fits(&ask.passphrase)?;
        let enrolment = opened(&ask.packet, &ask.code)?;
        let founded = founding::join(&database(&self.dir), enrolment, &ask.clerk, moment())?;
        let created = self.begin(founded, &ask.clerk, &ask.passphrase)?;
        // What the office has already comes at once where there is a line.
        self.timer.wake();
        Ok(created)
    }

    /// Keeps the first clerk's slot and unlocks.
    pub(super) fn begin(&self, founded: Founded, clerk: &str, passphrase: &str) -> Result<Created, Fault> {
        let mut rng = moment().rng;
        let Founded { office, key, clerk: keys, root } = founded;
        let identity = office.identity().clone();
        let shares: Option<Vec<String>> =
            root.as_ref().map(|root| kit::split(root, &mut rng).iter().map(|s| s.text().to_string()).collect());
        let slot = Slot::lock(clerk.trim(), passphrase, &key, &keys, &mut rng)?;
        // Before the slot: once anybody can open the office, a power cut loses no share of it.
        let kept =
            shares.as_ref().map_or(Ok(()), |shares| kept_shares::keep(&database(&self.dir), &key, shares, &mut rng));
        let saved = kept.and_then(|()| {
            self.change_folder(|folder| {
                folder.office = Some(OfficeLine {
                    id: identity.office.to_string(),
                    name: identity.name.clone(),
                    code: identity.code.clone(),
                    role: if identity.county { OfficeRole::County } else { OfficeRole::Township },
                });
                folder.clerks.push(slot);
            })
        });
        if let Err(fault) = saved {
            // Without its key slot nobody could ever open it: the next try begins in an empty folder.
            drop(office);
            let _ = kept_shares::destroy(&database(&self.dir));
            for ending in ["", "-wal", "-shm"] {
                let mut file = database(&self.dir).into_os_string();
                file.push(ending);
                let _ = std::fs::remove_file(file);
            }
            return Err(fault);
        }
        let device = fingerprint(&office.device_key());
        let created = Created {
            office: identity.office.to_string(),
            fingerprint: office.root_key().map_or_else(|| device.clone(), |k| fingerprint(&k)),
            device,
            shares,
        };
        self.enter(office, &keys, key)?;
        self.keeper.settle();
        Ok(created)
    }
}

/// What is compared by telephone.
pub(super) fn fingerprint(key: &[u8]) -> String {
    hex::encode(&blake3::hash(key).as_bytes()[..8])
}

/// Opens an enrolment packet with the code that was told.
///
/// # Errors
/// `fields` for either.
pub(super) fn opened(packet: &PacketAsk, code: &str) -> Result<Enrolment, Fault> {
    let wrong =
        |field: &str, key: &str, say| Fault::fields(vec![FieldFault { field: field.into(), key: key.into(), say }]);
    let code = Code::parse(code).map_err(|_| {
        wrong(
            "code",
            "code_typo",
            Say::new(
                "这串代码抄写有误，请对照电话里听到的再核一遍（不区分大小写，空格随意）。",
                "The code has a slip in it; compare it with what you were told. Case and blanks do not matter.",
            ),
        )
    })?;
    if packet.upload.is_some() {
        // The station has put its path in the place of every upload by now.
        return Err(Fault::question("upload"));
    }
    let path = packet.path.as_deref().ok_or_else(|| Fault::question("packet"))?;
    let size = std::fs::metadata(path)?.len();
    if size > 1 << 20 {
        return Err(wrong(
            "packet",
            "packet_not_ours",
            Say::new(
                "这个文件不是入网数据包，请选择县总工会或本单位另一台电脑生成的 .njinvite 文件。",
                "This file is no enrolment packet; choose the .njinvite file from the county or from another PC of your office.",
            ),
        ));
    }
    let bytes = std::fs::read(path)?;
    enrol::open(&bytes, &code).map_err(|e| {
        if e == Bad::Foreign {
            return wrong(
                "packet",
                "packet_foreign",
                Say::new(
                    "这个数据包是试验版程序做的（保护太弱），正式的程序不能用。请对方用正式版重新生成。代码没有问题。",
                    "This packet was made by a test build (too weak) and is not taken by this program. Ask for one made with a release. The code is not to blame.",
                ),
            );
        }
        wrong("packet", "packet_or_code", Say::new("打不开：代码和数据包对不上，或文件不完整。请核对代码，或请对方重新生成。", "The packet does not open: code and packet do not belong together, or the file is not whole. Check the code or ask for a new packet."))
            .because(e)
    })
}

/// A passphrase guards everything on a PC that may be stolen; length is what counts (NIST SP 800-63B), shape is not asked for.
pub(super) fn passphrase_fits(passphrase: &str) -> Result<(), Fault> {
    if passphrase.chars().count() >= 8 {
        return Ok(());
    }
    Err(Fault::fields(vec![FieldFault {
        field: "passphrase".into(),
        key: "passphrase_short".into(),
        say: Say::new(
            "口令至少 8 个字。可以用一句好记的话，比如几个词连起来。",
            "The passphrase has at least 8 characters; a sentence that is easy to remember will do.",
        ),
    }]))
}
