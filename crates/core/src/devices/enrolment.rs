//! Making an enrolment packet: who may let in whom, and what the packet holds.

use base64::Engine as _;
use niangjia_replication::{
    Stream,
    enrol::{self, Code, Enrolment, Further, HubAddress, Invited},
    keys::{Cert, CertId, CertKind, SigningKey, StreamKey, VerifyingKey, chain_from_cbor},
};
use rand_core::Rng as _;

use crate::{
    fault::Fault,
    identity::{Hub, Identity, Keys},
    office::Desk,
    store::versions::damaged,
};

/// A packet that was made.
pub(crate) struct Made {
    /// To be told by telephone.
    pub(crate) code: String,
    /// Base64.
    pub(crate) packet: String,
    /// The delegation in it: what tells it from every other packet.
    pub(crate) delegation: CertId,
}

/// Seals what an office or a further PC of one needs to join, with a delegation of its own.
///
/// # Errors
/// `alone`, `not_registrar`, `not_county`, `device_below` where this PC may not let in a PC of that office.
pub(crate) fn seal(
    desk: &mut Desk<'_>,
    office: Invited,
    streams: Vec<(Stream, StreamKey)>,
    further: Option<Further>,
) -> Result<Made, Fault> {
    let keys = desk.office().keys();
    let identity = desk.office().identity();
    let (signing, mut chain) = certifier(&keys, identity, &office)?;
    let county = identity.federation.ok_or_else(alone)?;
    let rng = &mut desk.act.moment.rng;
    let above = chain.last().ok_or_else(|| damaged("certificates"))?;
    let delegation = SigningKey::generate(rng);
    let mut serial = [0; 16];
    rng.fill_bytes(&mut serial);
    let cert =
        above.certify(&signing, CertKind::Delegation, delegation.public(), None, office.id, serial).map_err(damaged)?;
    let made_out = cert.id();
    chain.push(cert);
    let enrolment = Enrolment {
        root: keys.root.ok_or_else(|| damaged("root"))?,
        county,
        office,
        hub: keys.hub.as_ref().map(address).transpose()?,
        keys: streams,
        chain,
        delegation,
        further,
    };
    let code = Code::new(rng);
    let packet = enrol::seal(&enrolment, &code, crate::kdf(), rng).map_err(damaged)?;
    Ok(Made {
        code: code.text().to_string(),
        packet: base64::engine::general_purpose::STANDARD.encode(packet),
        delegation: made_out,
    })
}

/// Key and certificates that vouch for the delegation: the issuing key at the registrar, the PC's own at an office.
fn certifier(keys: &Keys, identity: &Identity, office: &Invited) -> Result<(SigningKey, Vec<Cert>), Fault> {
    if let Some((issuing, certs)) = &keys.issuing {
        return Ok((issuing.clone(), chain_from_cbor(certs).map_err(damaged)?));
    }
    if identity.federation.is_none() {
        return Err(alone());
    }
    if identity.county {
        return Err(Fault::new(
            "not_registrar",
            "邀请要在县总工会的登记机（最早建立的那台电脑）上办理：签发密钥只在那里。没有生成数据包，本机没有任何改动。",
            "Invitations are made on the county's registrar, the PC with which the county began: only that one has the issuing key. No packet was made and nothing was changed.",
        ));
    }
    if office.id != identity.office {
        return Err(Fault::new(
            "not_county",
            "只有县总工会能邀请别的办公室；本办公室只能添加自己的电脑。没有生成数据包。",
            "Only the county federation can invite another office; an office adds PCs of its own only. No packet was made.",
        ));
    }
    let chain = chain_from_cbor(&keys.chain).map_err(damaged)?;
    if chain.iter().filter(|cert| cert.claims().kind == CertKind::Delegation).count() > 1 {
        return Err(Fault::new(
            "device_below",
            "本机是由本单位另一台电脑添加的，不能再添加别的电脑，没有生成数据包。请在最早入网的那台电脑上办理；那台用不了时，请县总工会生成。",
            "This PC was added by another PC of the office and cannot add one itself; no packet was made. Use the PC that joined first, or ask the county for a packet when that one is gone.",
        ));
    }
    Ok((keys.device.clone(), chain))
}

fn alone() -> Fault {
    Fault::new(
        "alone",
        "本办公室单独使用，还没有加入县总工会，不能添加电脑，没有做任何改动。请先用县总工会给的入网数据包（.njinvite）加入。",
        "This office works alone and cannot add a PC; nothing was changed. Join a county with an enrolment packet (.njinvite) first.",
    )
}

fn address(hub: &Hub) -> Result<HubAddress, Fault> {
    let key =
        hex::decode(&hub.key).ok().and_then(|b| <[u8; 32]>::try_from(b).ok()).ok_or_else(|| damaged("hub key"))?;
    Ok(HubAddress { url: hub.url.clone(), key: VerifyingKey::from_bytes(&key).map_err(damaged)? })
}
