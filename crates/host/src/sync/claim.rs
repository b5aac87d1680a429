//! A county claims its hub, once.

use std::sync::Arc;

use niangjia_core::{Fault, fault::FieldFault, identity::Hub, people::Role, replication::keys::VerifyingKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{link, spoken};
use crate::{moment, station::Station};

/// The hub that a county claims.
#[derive(Deserialize, JsonSchema)]
pub struct ClaimAsk {
    /// `https://HOST:PORT`.
    pub url: String,
    /// The hub's public key, as `init` printed it.
    pub key: String,
    /// The one-time claim, as `init` printed it.
    pub claim: String,
}

/// A claimed hub.
#[derive(Serialize, JsonSchema)]
pub struct ClaimAnswer {
    /// The hub's address.
    pub url: String,
}

/// A refused claim names the field in which the clerk mends it.
fn beside(mut fault: Fault) -> Fault {
    let field = match fault.code.as_str() {
        "link.address" | "link.no_line" => "url",
        "hub_key" | "link.other_hub" => "key",
        "link.claim_wrong" | "link.claim_spent" => "claim",
        _ => return fault,
    };
    fault.fields.push(FieldFault { field: field.into(), key: fault.code.clone(), say: fault.say.clone() });
    fault
}

impl Station {
    /// Claims a hub for this county and remembers it.
    pub(crate) async fn claim(self: &Arc<Self>, ask: ClaimAsk) -> Result<ClaimAnswer, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::SystemAdmin)?;
        let root = session.office.root_key().filter(|_| session.office.identity().county).ok_or_else(|| {
            Fault::new(
                "not_county",
                "只有县总工会能认领中转站；乡镇的地址由入网数据包带来。",
                "Only the county claims a hub; a township learns its address from the enrolment packet.",
            )
        })?;
        let root = VerifyingKey::from_bytes(&root).map_err(Fault::question)?;
        let hub = Hub { url: ask.url.trim().trim_end_matches('/').to_owned(), key: ask.key.trim().to_owned() };
        let claimed = match link(&session, &hub) {
            Ok(link) => link.claim(ask.claim.trim(), root).await.map_err(|e| spoken(&e)),
            Err(fault) => Err(fault),
        };
        claimed.map_err(beside)?;
        let url = hub.url.clone();
        session.office.set_hub(hub, &mut moment().rng)?;
        self.timer.wake();
        Ok(ClaimAnswer { url })
    }
}
