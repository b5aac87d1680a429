//! What encoding, decoding, sealing and opening cost: 100,000 changes of 20 text fields.
//!
//! `cargo run --release -p niangjia-replication --example speed` prints milliseconds of processor time (of elapsed
//! time where the system does not tell) and bytes. Nothing is asserted: a slow machine is no defect.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use niangjia_replication::block::{decode, encode, encode_within};
use niangjia_replication::keys::{CertId, Signer, SigningKey, StreamKey};
use niangjia_replication::{Change, Dot, Draft, Hlc, Incarnation, Limits, RecordId, Segment, Set, Stream, Value, seal};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

const CHANGES: u64 = 100_000;
const FIELDS: usize = 20;
const STREETS: [&str; 5] = ["人民路", "解放街", "平明镇", "安峰镇", "工业园区"];

fn main() -> Result<(), Box<dyn Error>> {
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let changes = changes(rng);
    let wide = Limits { plain: usize::MAX, changes: u32::MAX, cells: u32::MAX, ..Limits::STANDARD };
    println!("{CHANGES} changes x {FIELDS} text fields");

    let whole = timed("encode, one block", || encode_within(&changes, &wide))?;
    println!("{:>44} bytes", whole.len());
    let read = timed("decode and iterate, one block", || look(&whole, &wide))?;
    println!("{read:>44} bytes of text seen");

    let portions: Vec<&[Change]> = changes.chunks(2_000).collect();
    let blocks =
        timed("encode, blocks of 2,000", || portions.iter().map(|p| encode(*p)).collect::<Result<Vec<_>, _>>())?;
    timed("decode and iterate, blocks of 2,000", || {
        blocks.iter().try_for_each(|b| look(b, &Limits::STANDARD).map(drop))
    })?;
    timed("decode and compute ids", || {
        let scratch = &mut Vec::new();
        blocks.iter().try_for_each(|b| {
            decode(b, &Limits::STANDARD)?.changes().for_each(|c| {
                std::hint::black_box(c.id_with(scratch));
            });
            Ok::<_, niangjia_replication::Bad>(())
        })
    })?;
    timed("decode and own", || {
        blocks.iter().try_for_each(|b| {
            decode(b, &Limits::STANDARD)?.changes().for_each(|c| {
                std::hint::black_box(c.to_owned());
            });
            Ok::<_, niangjia_replication::Bad>(())
        })
    })?;
    sealing(&blocks, rng)
}

fn sealing(blocks: &[Vec<u8>], rng: &mut ChaCha20Rng) -> Result<(), Box<dyn Error>> {
    let signer = Signer { key: SigningKey::generate(rng), cert: CertId([1; 32]) };
    let key = StreamKey::generate(1, rng);
    let mut draft = Draft {
        stream: Stream::Office(RecordId([2; 16])),
        chain: Incarnation([1; 16]),
        seq: 1,
        prev: [0; 32],
        certs: &[],
    };
    // Five portions of 2,000 give sealed bodies of about 512 KiB.
    let sealed = timed("seal (zstd, cipher, signature)", || {
        blocks
            .chunks(5)
            .map(|pair| {
                let pair: Vec<&[u8]> = pair.iter().map(Vec::as_slice).collect();
                let sealed = seal(&draft, &pair, &key, &signer, rng)?;
                (draft.seq, draft.prev) = (draft.seq + 1, sealed.hash);
                Ok::<_, niangjia_replication::Bad>(sealed)
            })
            .collect::<Result<Vec<_>, _>>()
    })?;
    let bytes: usize = sealed.iter().map(|s| s.bytes.len()).sum();
    println!("{:>44} segments of {} bytes", sealed.len(), bytes / sealed.len());
    println!("{:>44} bytes a change", bytes / CHANGES as usize);
    let public = signer.key.public();
    timed("parse, verify, open", || {
        sealed.iter().try_for_each(|s| {
            let limits = &Limits::STANDARD;
            Segment::parse(&s.bytes, limits)?.verify(&public)?.open(&key, limits).map(drop)
        })
    })?;
    Ok(())
}

fn look(bytes: &[u8], limits: &Limits) -> Result<usize, niangjia_replication::Bad> {
    let mut seen = 0;
    for change in decode(bytes, limits)?.changes() {
        for set in change.sets() {
            if let niangjia_replication::ValueRef::Text(t) = set.value {
                seen += t.len() + set.seen.len();
            }
        }
    }
    Ok(seen)
}

/// As an imported workbook gives them: names, numbers, dates, short codes, addresses, and fields left empty.
fn changes(rng: &mut ChaCha20Rng) -> Vec<Change> {
    let fields: Vec<Arc<str>> = (0..FIELDS).map(|n| Arc::from(format!("field_{n}"))).collect();
    let kind: Arc<str> = "member".into();
    (1..=CHANGES)
        .map(|counter| {
            let mut pick = |of: u32| rng.next_u32() % of;
            let mut text = |n: usize| match n {
                0 => char::from_u32(0x4e00 + pick(2000)).into_iter().chain(['某', '芳']).collect(),
                1 => format!("9901{:02}19{:02}{:02}{:02}{:04}", pick(30), pick(99), pick(12), pick(28), pick(9999)),
                2 => format!("1{:010}", pick(u32::MAX)),
                3 | 4 => format!("20{:02}-{:02}-{:02}", pick(26), 1 + pick(12), 1 + pick(28)),
                5 => format!("{}{}号", STREETS[pick(5) as usize], pick(400)),
                6 => format!("{:012}", u64::from(pick(u32::MAX)) * 7),
                7..=13 => pick(9).to_string(),
                14 | 15 => STREETS[pick(5) as usize].into(),
                _ => String::new(),
            };
            let set = |(n, field): (usize, &Arc<str>)| Set {
                field: field.clone(),
                value: Value::Text(text(n).into()),
                seen: vec![],
            };
            let sets = fields.iter().enumerate().map(set).collect();
            let millis = 1_790_000_000_000 + counter;
            Change {
                dot: Dot { incarnation: Incarnation([1; 16]), counter },
                kind: kind.clone(),
                record: RecordId::new(millis, rng),
                author: RecordId([3; 16]),
                hlc: Hlc { millis, count: 0 },
                wall: millis as i64,
                sets,
                event: None,
            }
        })
        .collect()
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (start, before) = (Instant::now(), processor());
    let done = work();
    let millis = match (before, processor()) {
        (Some(before), Some(after)) => (after - before) as f64 / 1e6,
        _ => start.elapsed().as_secs_f64() * 1e3,
    };
    println!("{what:<40}{millis:>10.1} ms");
    done
}

/// Nanoseconds that this thread has run.
fn processor() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split_whitespace().next()?.parse().ok()
}
