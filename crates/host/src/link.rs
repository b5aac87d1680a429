//! The link: one exchange with the county's hub, over whatever line there is at the moment. The only user of `reqwest`.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use niangjia_replication::keys::{Cert, SigningKey, VerifyingKey, chain_to_cbor};
use niangjia_replication::wire::{self, Begun, ClaimAsk, Claimed, Received, RefusalCode, Refused, Replica, Status};
use niangjia_replication::{Incarnation, Stream};
use reqwest::header::AUTHORIZATION;
use serde::de::DeserializeOwned;

mod blobs;
mod bring;
pub(crate) mod call;
mod fault;
mod line;
mod pace;
mod pin;
mod run;

pub use blobs::Lane;
pub use fault::LinkFault;
pub use line::{Answer, Line};
pub use niangjia_replication::enrol::HubAddress;
pub use run::exchange;

/// How often one question is asked again when the hub is busy, and up to what pause, in seconds, that is waited for here
/// and not by the timer.
const TURNS: u32 = 3;
const SHORT: u64 = 15;

/// What this device signs its requests with.
#[derive(Debug, Clone)]
pub struct DeviceAuth {
    chain: Vec<u8>,
    key: SigningKey,
}

impl DeviceAuth {
    /// `certs`: the device's certificates, root side first.
    #[must_use]
    pub fn new(certs: &[Cert], key: SigningKey) -> Self {
        Self { chain: chain_to_cbor(certs), key }
    }
}

/// How far an exchange is; sums over the whole of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Asking what differs.
    Comparing,
    Sending {
        segments: u64,
        bytes: u64,
    },
    Receiving {
        segments: u64,
        changes: u64,
        bytes: u64,
    },
}

/// What an exchange did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Newly stored at the hub.
    pub sent: Received,
    pub received: Received,
    /// Both sides hold the same of every stream that this device may read.
    pub in_step: bool,
    /// And the hub lacks nothing below a checkpoint that is held here.
    pub hub_whole: bool,
    /// Segments of mine that the hub keeps beside others with the same number: this database, or a copy of it, writes
    /// twice under one identity.
    pub forks: u64,
    /// What the hub did not take, once for each stream and reason.
    pub refused: Vec<(Stream, Refused)>,
    /// The life of the hub's store.
    pub epoch: Option<Incarnation>,
    /// The hub's clock at the last answer that told it, milliseconds since 1970; for display only.
    pub hub_time_ms: i64,
    /// How long before the end of the exchange that was.
    pub hub_time_age: Duration,
}

/// A device's way to its hub.
#[derive(Debug)]
pub struct Link {
    client: reqwest::Client,
    hub: HubAddress,
    auth: DeviceAuth,
    began: Instant,
    /// What the hub said last that it has of frames on their way.
    begun: Mutex<BTreeMap<Stream, Begun>>,
    /// The hub has seen this device's certificates.
    shown: AtomicBool,
}

impl Link {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// [`LinkFault::Address`] for anything but `https://host[:port]`.
    pub fn new(hub: HubAddress, auth: DeviceAuth) -> Result<Self, LinkFault> {
        let url = hub.url.trim_end_matches('/').to_owned();
        let parsed = reqwest::Url::parse(&url).map_err(|_| LinkFault::Address)?;
        if parsed.scheme() != "https" || parsed.host_str().is_none() || parsed.path() != "/" || parsed.query().is_some()
        {
            return Err(LinkFault::Address);
        }
        let client = pin::client(hub.key)?;
        Ok(Self {
            client,
            hub: HubAddress { url, ..hub },
            auth,
            began: Instant::now(),
            begun: Mutex::default(),
            shown: AtomicBool::default(),
        })
    }

    /// The hub's state: its clock, its limits, whether it is claimed.
    ///
    /// # Errors
    /// Any [`LinkFault`] but [`LinkFault::Replica`].
    pub async fn status(&self) -> Result<Status, LinkFault> {
        let status: Status = call::whole(call::answer(self.client.get(self.url("/v1/status")), 0).await?).await?.0;
        match wire::PROTOCOL.common(&status.protocol) {
            Some(_) => Ok(status),
            None => Err(LinkFault::Protocol),
        }
    }

    /// Makes the hub this county's, once; repeating it is harmless.
    ///
    /// # Errors
    /// [`LinkFault::Refused`] when the claim is wrong or another county came first, or when this is no county device.
    pub async fn claim(&self, claim: &str, root: VerifyingKey) -> Result<Claimed, LinkFault> {
        let ask = ClaimAsk { claim: claim.to_owned(), root };
        Ok(self.ask("/v1/claim", &ask).await?.0)
    }

    /// Brings both sides into step as far as the line allows. What has come or gone before a fault stays; calling again
    /// goes on from there.
    ///
    /// # Errors
    /// The fault that ended it. Trying again later is the caller's timer's matter.
    pub async fn exchange(
        &self,
        replica: &mut dyn Replica,
        progress: &mut (dyn FnMut(Step) + Send),
    ) -> Result<Outcome, LinkFault> {
        exchange(self, replica, progress).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.hub.url)
    }

    /// A request of this device; its body is still to be put to it.
    fn signed(&self, method: reqwest::Method, path: &str, body: &[u8]) -> Result<reqwest::RequestBuilder, LinkFault> {
        self.signed_by(URL_SAFE_NO_PAD.encode(&self.auth.chain), method, path, body)
    }

    /// The same, with the certificates named where the hub has seen them.
    fn signed_short(
        &self,
        method: reqwest::Method,
        path: &str,
        body: &[u8],
    ) -> Result<reqwest::RequestBuilder, LinkFault> {
        if !self.shown.load(Ordering::Relaxed) {
            return self.signed(method, path, body);
        }
        let name = URL_SAFE_NO_PAD.encode(blake3::hash(&self.auth.chain).as_bytes());
        self.signed_by(format!("{}{name}", wire::NAMED), method, path, body)
    }

    fn signed_by(
        &self,
        chain: String,
        method: reqwest::Method,
        path: &str,
        body: &[u8],
    ) -> Result<reqwest::RequestBuilder, LinkFault> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|cause| LinkFault::NoLine(cause.to_string()))?;
        let digest = wire::request_digest(&self.hub.key, method.as_str(), path, body, &nonce);
        let signature = URL_SAFE_NO_PAD.encode(self.auth.key.sign(&digest));
        Ok(self
            .client
            .request(method, self.url(path))
            .header(AUTHORIZATION, format!("{}{chain}.{signature}", wire::SCHEME))
            .header(wire::NONCE, hex::encode(nonce))
            .header(wire::VERSION, wire::PROTOCOL.max))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        question: &impl serde::Serialize,
    ) -> Result<(T, Option<Incarnation>), LinkFault> {
        call::whole(self.answer(path, wire::encode(question)).await?).await
    }

    /// The answer to a question.
    async fn answer(&self, path: &str, body: Vec<u8>) -> Result<reqwest::Response, LinkFault> {
        let request = || Ok(self.signed_short(reqwest::Method::POST, path, &body)?.body(body.clone()));
        self.patiently(body.len(), request).await
    }

    /// The answer to a request with a body of `size` bytes, which is made again for a while when the hub is busy.
    async fn patiently(
        &self,
        size: usize,
        request: impl Fn() -> Result<reqwest::RequestBuilder, LinkFault> + Send,
    ) -> Result<reqwest::Response, LinkFault> {
        let mut left = TURNS;
        loop {
            match call::answer(request()?, size).await {
                // It was begun anew, or has seen many others since.
                Err(LinkFault::Refused(RefusalCode::Unsigned)) if self.shown.swap(false, Ordering::Relaxed) => {}
                Err(LinkFault::TooBusy { retry_after_s }) if left > 0 && retry_after_s <= SHORT => {
                    left -= 1;
                    tokio::time::sleep(call::spread(Duration::from_secs(retry_after_s))).await;
                }
                done => {
                    self.shown.fetch_or(done.is_ok(), Ordering::Relaxed);
                    return done;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_https_address_is_taken() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let link = |url: &str| {
            let hub = HubAddress { url: url.to_owned(), key: key.public() };
            Link::new(hub, DeviceAuth::new(&[], key.clone()))
        };
        assert!(link("https://hub.example:7443/").is_ok() && link("https://[::1]:7443").is_ok());
        for wrong in ["http://hub.example", "hub.example:7443", "https://hub.example/x", "https://hub.example/?x", ""] {
            assert!(matches!(link(wrong), Err(LinkFault::Address)), "{wrong}");
        }
    }
}
