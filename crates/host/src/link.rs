//! The link: one exchange with the county's hub, over whatever line there is at the moment. The only user of `reqwest`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use niangjia_replication::frontier::Head;
use niangjia_replication::keys::{Cert, SigningKey, VerifyingKey, chain_to_cbor};
use niangjia_replication::wire::{
    self, Begun, ChangedAsk, ClaimAsk, Claimed, Digest, Frames, MissingAsk, Placed, Received, Refused, Replica, Status,
};
use niangjia_replication::{Frontier, Incarnation, Limits, Segment, Stream};
use reqwest::header::AUTHORIZATION;
use serde::de::DeserializeOwned;

mod blobs;
pub(crate) mod call;
mod checkpoint;
mod fault;
mod line;
mod pace;
mod pieces;
mod pin;

pub use blobs::Lane;
pub use fault::LinkFault;
pub use line::{Answer, Line};
pub use niangjia_replication::enrol::HubAddress;
use pace::Pace;

/// Send, receive, send what that produced, and one to see that it is so.
const ROUNDS: usize = 4;
/// Frames that have come are handed to the replica in parts of at least so many bytes, unless the page ends before.
const PART: usize = 512 << 10;

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
    /// A request of some size did not pass this line whole.
    brittle: Arc<AtomicBool>,
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
        Ok(Self { client, hub: HubAddress { url, ..hub }, auth, began: Instant::now(), brittle: Arc::default() })
    }

    /// Shares what earlier links learnt about the line.
    #[must_use]
    pub fn over(self, brittle: Arc<AtomicBool>) -> Self {
        Self { brittle, ..self }
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

    fn post(&self, path: &str, body: Vec<u8>) -> Result<reqwest::RequestBuilder, LinkFault> {
        self.signed(reqwest::Method::POST, path, body)
    }

    fn signed(&self, method: reqwest::Method, path: &str, body: Vec<u8>) -> Result<reqwest::RequestBuilder, LinkFault> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|cause| LinkFault::NoLine(cause.to_string()))?;
        let digest = wire::request_digest(&self.hub.key, method.as_str(), path, &body, &nonce);
        let signature = URL_SAFE_NO_PAD.encode(self.auth.key.sign(&digest));
        let chain = URL_SAFE_NO_PAD.encode(&self.auth.chain);
        Ok(self
            .client
            .request(method, self.url(path))
            .header(AUTHORIZATION, format!("{}{chain}.{signature}", wire::SCHEME))
            .header(wire::NONCE, hex::encode(nonce))
            .header(wire::VERSION, wire::PROTOCOL.max)
            .body(body))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        question: &impl serde::Serialize,
    ) -> Result<(T, Option<Incarnation>), LinkFault> {
        call::whole(self.answer(path, wire::encode(question)).await?).await
    }

    /// The answer to a question, which is asked again for a while when the hub is busy.
    async fn answer(&self, path: &str, body: Vec<u8>) -> Result<reqwest::Response, LinkFault> {
        let mut left = TURNS;
        loop {
            match call::answer(self.post(path, body.clone())?, body.len()).await {
                Err(LinkFault::TooBusy { retry_after_s }) if left > 0 && retry_after_s <= SHORT => {
                    left -= 1;
                    tokio::time::sleep(call::spread(Duration::from_secs(retry_after_s))).await;
                }
                done => return done,
            }
        }
    }
}

/// One exchange over any line: what [`Link::exchange`] does over TLS, the simulation does in memory.
///
/// # Errors
/// The fault that ended it.
pub async fn exchange<L: Line>(
    line: &L,
    replica: &mut dyn Replica,
    progress: &mut (dyn FnMut(Step) + Send),
) -> Result<Outcome, LinkFault> {
    let (outcome, up, down) = (Outcome::default(), Pace::up(), Pace::down());
    let mut run = Run { line, replica, progress, outcome, told: None, asked: line.clock(), up, down };
    for _ in 0..ROUNDS {
        let differ = run.compare().await?;
        if differ.is_empty() {
            run.outcome.in_step = true;
            run.tell().await?;
            break;
        }
        let before = (run.outcome.sent.segments, run.outcome.forks, run.outcome.received.segments);
        for (stream, hub) in differ {
            let hub = run.send(stream, hub).await?;
            run.fetch(stream, &hub).await?;
        }
        if before == (run.outcome.sent.segments, run.outcome.forks, run.outcome.received.segments) {
            break;
        }
    }
    if !run.outcome.in_step {
        run.tell().await?;
    }
    run.offer().await?;
    run.outcome.hub_time_age = line.clock().saturating_sub(run.asked);
    Ok(run.outcome)
}

/// One exchange under way.
struct Run<'a, L> {
    line: &'a L,
    replica: &'a mut dyn Replica,
    progress: &'a mut (dyn FnMut(Step) + Send),
    outcome: Outcome,
    /// The counts that the hub was told last.
    told: Option<BTreeMap<String, u64>>,
    /// When the hub told its time last, by the line's clock.
    asked: Duration,
    up: Pace,
    down: Pace,
}

impl<L: Line> Run<'_, L> {
    /// Asks what differs. For all else the replica learns that the hub has it.
    async fn compare(&mut self) -> Result<Vec<(Stream, Frontier)>, LinkFault> {
        (self.progress)(Step::Comparing);
        let mine = waiting(|| self.replica.frontiers())?;
        let ask = ChangedAsk {
            streams: mine.iter().map(|(stream, frontier)| (*stream, Digest::of(frontier))).collect(),
            counts: waiting(|| self.replica.counts())?,
            about: None,
        };
        // Told first, and again when it is otherwise: what was unsent at the beginning is not at the end.
        let ask = if self.told.as_ref() == Some(&ask.counts) {
            ChangedAsk { counts: BTreeMap::new(), ..ask }
        } else {
            self.told = Some(ask.counts.clone());
            ChangedAsk { about: self.replica.about(), ..ask }
        };
        let (changed, epoch) = self.line.changed(&ask).await?;
        self.outcome.hub_time_ms = changed.time_ms;
        self.asked = self.line.clock();
        self.outcome.epoch = epoch;
        let differ: BTreeSet<Stream> = changed.differ.iter().map(|(stream, _)| *stream).collect();
        waiting(|| {
            for (stream, frontier) in &mine {
                if !differ.contains(stream) {
                    self.replica.hub_has(stream, frontier)?;
                }
            }
            changed.differ.iter().try_for_each(|(stream, frontier)| self.replica.hub_has(stream, frontier))
        })?;
        Ok(changed.differ)
    }

    /// Sends what the hub lacks of a stream; returns what it holds then.
    async fn send(&mut self, stream: Stream, mut hub: Frontier) -> Result<Frontier, LinkFault> {
        // Beside its heads, what the hub said that it holds; so the replica goes on behind it.
        let mut told = hub.clone();
        loop {
            let most = self.up.bytes;
            let mut batch = waiting(|| self.replica.segments_after(&stream, &told, most))?;
            batch.truncate(fitting(&batch));
            if batch.is_empty() {
                return Ok(hub);
            }
            let mut body = Vec::with_capacity(batch.iter().map(|segment| segment.len() + 4).sum());
            for segment in &batch {
                wire::put_frame(&mut body, segment).map_err(|_| LinkFault::Garbled)?;
            }
            let (size, began) = (body.len(), self.line.clock());
            let taken = self.line.bring(&stream, body).await?;
            self.up.took(size, self.line.clock().saturating_sub(began));
            if taken.placed.len() != batch.len() {
                return Err(LinkFault::Garbled);
            }
            let before = told.clone();
            hub = taken.frontier;
            for (chain, heads) in hub.chains() {
                heads.iter().for_each(|head| told.add(chain, *head));
            }
            for (segment, placed) in batch.iter().zip(&taken.placed) {
                self.note(stream, segment, placed, &mut told)?;
            }
            waiting(|| self.replica.hub_has(&stream, &hub))?;
            let Received { segments, bytes, .. } = self.outcome.sent;
            (self.progress)(Step::Sending { segments, bytes });
            if told == before {
                // Nothing was learnt, so the next batch would be the same again.
                return Ok(hub);
            }
        }
    }

    /// Tells the hub what the county has ordered and it does not know: it reads no stream.
    async fn tell(&mut self) -> Result<(), LinkFault> {
        let Some(epoch) = self.outcome.epoch else { return Ok(()) };
        let orders = waiting(|| self.replica.orders(&epoch))?;
        if orders.is_empty() {
            return Ok(());
        }
        let mut rest = &orders[..];
        while !rest.is_empty() {
            let (part, more) = rest.split_at(fitting(rest));
            let mut body = Vec::new();
            for order in part {
                wire::put_frame(&mut body, order).map_err(|_| LinkFault::Garbled)?;
            }
            self.line.tell(body).await?;
            rest = more;
        }
        Ok(waiting(|| self.replica.orders_told(&epoch, &orders))?)
    }

    fn note(&mut self, stream: Stream, bytes: &[u8], placed: &Placed, told: &mut Frontier) -> Result<(), LinkFault> {
        let segment = Segment::parse(bytes, &Limits::STANDARD).map_err(|_| LinkFault::Garbled)?;
        let header = segment.header();
        let head = Head { seq: header.seq, hash: segment.hash() };
        match placed {
            Placed::Refused(why) => {
                // As if the hub were far ahead on this chain: it is left alone until the next exchange, the others go on.
                told.add(header.chain, Head { seq: u64::MAX, ..head });
                if !self.outcome.refused.iter().any(|(of, known)| *of == stream && known == why) {
                    self.outcome.refused.push((stream, why.clone()));
                }
                return Ok(());
            }
            Placed::Known => {}
            Placed::Stored | Placed::Fork => {
                self.outcome.forks += u64::from(*placed == Placed::Fork);
                self.outcome.sent.segments += 1;
                self.outcome.sent.changes += u64::from(header.changes);
                self.outcome.sent.bytes += bytes.len() as u64;
            }
        }
        told.add(header.chain, head);
        Ok(())
    }

    /// Fetches what the replica lacks of a stream, page by page, each kept as it comes.
    async fn fetch(&mut self, stream: Stream, hub: &Frontier) -> Result<(), LinkFault> {
        if !hub.is_empty() {
            self.checkpoint(stream).await?;
        }
        let mut have = self.have(&stream)?;
        while have != *hub {
            let begun = waiting(|| self.replica.begun(&stream));
            let ask = MissingAsk {
                have: have.clone(),
                max_bytes: self.down.bytes as u64,
                begun: (!begun.is_empty()).then(|| Begun::of(&begun)),
            };
            let more = self.page(stream, &ask, &begun).await?;
            let now = self.have(&stream)?;
            // A page that changed nothing would come again for ever.
            if !more || now == have {
                break;
            }
            have = now;
        }
        Ok(())
    }

    fn have(&mut self, stream: &Stream) -> Result<Frontier, LinkFault> {
        let mut all = waiting(|| self.replica.frontiers())?;
        let at = all.iter().position(|(of, _)| of == stream);
        Ok(at.map(|at| all.swap_remove(at).1).unwrap_or_default())
    }

    /// One page; whether more follows. Whole frames are kept even if the line breaks after them.
    async fn page(&mut self, stream: Stream, ask: &MissingAsk, begun: &[u8]) -> Result<bool, LinkFault> {
        let began = self.line.clock();
        let answer = self.line.missing(&stream, ask).await?;
        self.keep_page(stream, answer, began, begun).await
    }

    async fn keep_page(
        &mut self,
        stream: Stream,
        mut answer: L::Answer,
        began: Duration,
        begun: &[u8],
    ) -> Result<bool, LinkFault> {
        let more = answer.more();
        let (mut frames, mut part, mut bytes) = (Frames::new(), Vec::new(), 0);
        if answer.from() > 0 {
            frames.push(begun.get(..answer.from()).ok_or(LinkFault::Garbled)?);
        }
        loop {
            let piece = answer.piece().await;
            if let Ok(Some(piece)) = &piece {
                bytes += piece.len();
                frames.push(piece);
                part.extend(frames.take(&Limits::STANDARD).map_err(|_| LinkFault::Garbled)?);
            }
            let on = matches!(piece, Ok(Some(_)));
            if !part.is_empty() && (!on || part.iter().map(Vec::len).sum::<usize>() >= PART) {
                self.keep(stream, std::mem::take(&mut part))?;
            }
            if !on {
                if !begun.is_empty() || !frames.is_empty() {
                    // What a break leaves of a frame is gone on with, so that one larger than the line ever carries comes too.
                    let left = if piece.is_err() { frames.rest() } else { &[] };
                    waiting(|| self.replica.keep_begun(&stream, left));
                }
                piece?;
                break;
            }
        }
        if !frames.is_empty() {
            return Err(LinkFault::Garbled);
        }
        self.down.took(bytes, self.line.clock().saturating_sub(began));
        Ok(more)
    }

    fn keep(&mut self, stream: Stream, segments: Vec<Vec<u8>>) -> Result<(), LinkFault> {
        let kept = waiting(|| self.replica.receive(&stream, segments))?;
        let sum = &mut self.outcome.received;
        sum.segments += kept.segments;
        sum.changes += kept.changes;
        sum.bytes += kept.bytes;
        let Received { segments, changes, bytes } = *sum;
        (self.progress)(Step::Receiving { segments, changes, bytes });
        Ok(())
    }
}

/// How many of a batch go into one request.
fn fitting(batch: &[Vec<u8>]) -> usize {
    let mut size = 0;
    let fit = batch.iter().take(wire::FRAMES).take_while(|segment| {
        size += segment.len() + 4;
        size <= wire::BATCH
    });
    fit.count().max(1).min(batch.len())
}

/// Runs what waits for a disk without holding up other tasks.
fn waiting<T>(act: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(act),
        _ => act(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_cut_where_a_request_ends_but_never_empty() {
        assert_eq!(fitting(&[]), 0);
        assert_eq!(fitting(&vec![vec![0; 300 << 10]; 9]), 3);
        assert_eq!(fitting(&[vec![0; 2 << 20], vec![0]]), 1);
        assert_eq!(fitting(&vec![vec![0; 10]; 5000]), wire::FRAMES);
    }

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
