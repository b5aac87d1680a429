//! Who asks: the certificate chain of a request, checked once up to the pinned root, and its signature.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use niangjia_replication::keys::{Identity, VerifyingKey, chain_from_cbor, chain_to_cbor, verify_asker};
use niangjia_replication::wire::{NAMED, NONCE, RefusalCode, SCHEME, request_digest};

use crate::relay::device;
use crate::store::Device;

/// Chains remembered as checked; each costs some four signatures to check again.
const REMEMBERED: usize = 4096;

/// The asker's certificates, or the digest of those that it showed before.
enum Chain {
    Shown(Vec<u8>),
    Named([u8; 32]),
}

/// The header of a request, read but not believed.
pub(crate) struct Signed {
    chain: Chain,
    signature: Vec<u8>,
    nonce: [u8; 16],
}

impl Signed {
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, RefusalCode> {
        Self::parse(headers).ok_or(RefusalCode::Unsigned)
    }

    fn parse(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (chain, signature) = text.strip_prefix(SCHEME)?.split_once('.')?;
        let chain = match chain.strip_prefix(NAMED) {
            Some(name) => Chain::Named(URL_SAFE_NO_PAD.decode(name).ok()?.try_into().ok()?),
            None => Chain::Shown(URL_SAFE_NO_PAD.decode(chain).ok()?),
        };
        let mut nonce = [0; 16];
        hex::decode_to_slice(headers.get(NONCE)?.as_bytes(), &mut nonce).ok()?;
        Some(Self { chain, signature: URL_SAFE_NO_PAD.decode(signature).ok()?, nonce })
    }

    /// Whether the signature covers this request to this hub.
    pub(crate) fn check(
        &self,
        who: &Asker,
        hub: &VerifyingKey,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<(), RefusalCode> {
        let digest = request_digest(hub, method, path, body, &self.nonce);
        who.key.verify(&digest, &self.signature).map_err(|_| RefusalCode::Unsigned)
    }
}

/// Who asks, once its chain was checked.
#[derive(Clone)]
pub(crate) struct Asker {
    pub(crate) identity: Identity,
    /// The device, also where its carrier asks: what is shut out or remembered is the device.
    pub(crate) device: Device,
    /// Signs the request.
    key: VerifyingKey,
}

impl Asker {
    /// Of one request; `root` is another than the pinned one only in a claim.
    pub(crate) fn of(signed: &Signed, root: &VerifyingKey) -> Result<Self, RefusalCode> {
        let Chain::Shown(chain) = &signed.chain else { return Err(RefusalCode::Unsigned) };
        let certs = chain_from_cbor(chain).map_err(|_| RefusalCode::Malformed)?;
        let asking = verify_asker(&certs, root).map_err(|_| RefusalCode::Foreign)?;
        let chain = chain_to_cbor(certs.get(..asking.device).unwrap_or_default());
        Ok(Self { identity: asking.identity, device: device(&asking.identity, chain), key: asking.key })
    }

    /// Whether a locked PC asks, by its carrier.
    pub(crate) fn carried(&self) -> bool {
        self.key != self.identity.device_key
    }
}

/// Chains that were checked against the pinned root, by the hash of their bytes.
#[derive(Default)]
pub(crate) struct Known(Mutex<HashMap<[u8; 32], Asker>>);

impl Known {
    pub(crate) fn asker(&self, signed: &Signed, root: &VerifyingKey) -> Result<Asker, RefusalCode> {
        let name = match &signed.chain {
            Chain::Shown(chain) => *blake3::hash(chain).as_bytes(),
            Chain::Named(name) => *name,
        };
        if let Some(asker) = self.lock().get(&name) {
            return Ok(asker.clone());
        }
        let asker = Asker::of(signed, root)?;
        let mut known = self.lock();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(name, asker.clone());
        Ok(asker)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Asker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
