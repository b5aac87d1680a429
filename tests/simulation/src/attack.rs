//! What strangers and insiders try: segments under another's name, segments in another's stream.

use niangjia_hub::relay;
use niangjia_replication::{
    Change, Dot, Draft, Hlc, Incarnation, Limits, RecordId, Segment, Set, Stream, block,
    keys::{CertId, Signer, SigningKey, StreamKey, VerifyingKey, chain_from_cbor, verify_chain},
    seal,
    wire::Placed,
};
use rand_core::Rng as _;

use crate::world::World;

impl World {
    /// A segment in the county's stream, sealed with the stream's key that every office has, under the name of the county's
    /// device but signed with a key of the stranger's own.
    pub(crate) fn forged(&mut self) -> Option<(Stream, Vec<u8>)> {
        let key = self.stream_key(0, &Stream::County)?;
        let mine = chain_from_cbor(&self.pcs[0].office().device_auth().0).ok()?;
        let mut rng = self.chance.rng();
        let signer = Signer { key: SigningKey::generate(&mut rng), cert: mine.last()?.id() };
        Some((Stream::County, self.segment(Stream::County, &key, &signer)))
    }

    /// A segment that a township's PC signs, honestly, into the stream of another office.
    pub(crate) fn trespassing(&mut self) -> Option<(Stream, Vec<u8>)> {
        let pc = (0..self.pcs.len()).find(|pc| self.pcs[*pc].office_no == 1)?;
        let (chain, key) = self.pcs[pc].office().device_auth();
        let cert: CertId = chain_from_cbor(&chain).ok()?.last()?.id();
        let stream = self.streams[0];
        let sealing = StreamKey::generate(1, &mut self.chance.rng());
        Some((stream, self.segment(stream, &sealing, &Signer { key, cert })))
    }

    fn segment(&mut self, stream: Stream, key: &StreamKey, signer: &Signer) -> Vec<u8> {
        let mut rng = self.chance.rng();
        let incarnation = Incarnation::new(&mut rng);
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let set = |field: &str, value: &str| Set {
            field: field.into(),
            value: niangjia_replication::Value::Text(value.into()),
            seen: Vec::new(),
        };
        let change = Change {
            dot: Dot { incarnation, counter: 1 },
            kind: "office".into(),
            record: RecordId(id),
            author: RecordId(id),
            hlc: Hlc { millis: 1, count: 0 },
            wall: 1,
            sets: vec![set("name", "冒名总工会"), set("code", "320722999")],
            event: None,
        };
        let block = block::encode([&change]).expect("a block");
        let draft = Draft { stream, chain: incarnation, seq: 1, prev: [0; 32], certs: &[] };
        let sealed = seal(&draft, &[&block], key, signer, &mut rng).expect("a segment");
        debug_assert!(Segment::parse(&sealed.bytes, &Limits::STANDARD).is_ok());
        sealed.bytes
    }

    /// The key of a stream as it lies in the file of a PC that has it.
    fn stream_key(&self, pc: usize, stream: &Stream) -> Option<StreamKey> {
        let name = format!("stream:{stream}:1");
        let key: [u8; 32] =
            self.pcs[pc].peek().query_row("SELECT value FROM secret WHERE name = ?1", [name], |row| row.get(0)).ok()?;
        Some(StreamKey::from_bytes(1, &key))
    }

    /// The county's device brings a frame to the hub.
    pub(crate) fn as_county(&self, stream: &Stream, frame: &[u8]) -> Option<Vec<Placed>> {
        let office = self.pcs[0].office();
        let root = VerifyingKey::from_bytes(&office.root_key()?).ok()?;
        let who = verify_chain(&chain_from_cbor(&office.device_auth().0).ok()?, &root).ok()?;
        Some(self.hub.relay().take(&who, *stream, &[frame.to_vec()], self.now).ok()??.placed)
    }

    /// The hub knows who signs once that PC has been there, or whoever brings its segments has shown its certificates.
    pub(crate) fn introduced(&self, pc: usize) -> Option<()> {
        let (root, chain) = (self.pcs[0].office().root_key()?, self.pcs[pc].office().device_auth().0);
        let root = VerifyingKey::from_bytes(&root).ok()?;
        let device = verify_chain(&chain_from_cbor(&chain).ok()?, &root).ok()?;
        self.hub.relay().store.note(&relay::device(&device, chain), self.now, None).ok()
    }
}
