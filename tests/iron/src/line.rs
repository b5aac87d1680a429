//! A line between an office and its hub that is slow, or breaks after a number of bytes.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    time::Instant,
};

use crate::Chance;

/// What is wrong with it.
#[derive(Clone, Copy, Debug)]
pub enum Badness {
    /// Nothing; it only counts.
    Good,
    /// Each connection ends once so many bytes went to the hub.
    Up(u64),
    /// Each connection ends once so many bytes came to the office.
    Down(u64),
    /// Each connection ends at the hub's first byte after so many went up: what it answers comes to nobody.
    Answer(u64),
    /// So many bytes a second each way, so much time one way, and a break after so many bytes both ways together, on average.
    Slow {
        /// Bytes a second.
        rate: u64,
        /// Time of one way.
        way: Duration,
        /// Bytes between two breaks, on average; 0 for none.
        between: u64,
    },
}

/// Bytes and connections of a line, of all its connections together.
#[derive(Default)]
pub struct Counts {
    /// Bytes towards the hub.
    pub up: AtomicU64,
    /// Bytes towards the office.
    pub down: AtomicU64,
    /// Connections made.
    pub calls: AtomicU64,
    /// Bytes of each connection, up and down.
    pub each: Mutex<Vec<Arc<[AtomicU64; 2]>>>,
    /// Told when an answer was withheld.
    pub cut: tokio::sync::Notify,
}

impl Counts {
    /// Bytes up, bytes down, connections.
    #[must_use]
    pub fn now(&self) -> (u64, u64, u64) {
        let of = |count: &AtomicU64| count.load(Ordering::SeqCst);
        (of(&self.up), of(&self.down), of(&self.calls))
    }

    /// Bytes of all connections, up and down, of each what goes beyond `first`.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn beyond(&self, first: [u64; 2]) -> [u64; 2] {
        let each = self.each.lock().expect("no panic");
        [0, 1].map(|way| each.iter().map(|own| own[way].load(Ordering::SeqCst).saturating_sub(first[way])).sum())
    }
}

/// The line; it lasts as long as the runtime.
pub struct Line {
    /// Where the office calls.
    pub addr: SocketAddr,
    /// What went over it.
    pub counts: Arc<Counts>,
}

impl Line {
    /// A line to a hub.
    ///
    /// # Panics
    /// Without a free port on this machine.
    pub async fn to(hub: &str, badness: Badness, seed: u64) -> Self {
        let hub: SocketAddr = hub.parse().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let line = Self { addr: listener.local_addr().expect("an address"), counts: Arc::default() };
        let (counts, chance) = (line.counts.clone(), Arc::new(Mutex::new(Chance::of(seed))));
        tokio::spawn(async move {
            while let Ok((office, _)) = listener.accept().await {
                counts.calls.fetch_add(1, Ordering::SeqCst);
                let breaks = match badness {
                    // Once in so many bytes, whatever went before: the distance is exponential.
                    Badness::Slow { between: between @ 1.., .. } => {
                        let unit = chance.lock().expect("no panic").below(1 << 32) as f64 / f64::from(u32::MAX);
                        ((-(1.0 - unit * 0.999_999).ln()) * between as f64) as u64
                    }
                    _ => u64::MAX,
                };
                tokio::spawn(carry(office, hub, badness, breaks, counts.clone()));
            }
        });
        line
    }

    /// The hub's address over this line.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.addr)
    }
}

async fn carry(office: TcpStream, hub: SocketAddr, badness: Badness, breaks: u64, counts: Arc<Counts>) {
    let own: Arc<[AtomicU64; 2]> = Arc::default();
    counts.each.lock().expect("no panic").push(own.clone());
    let Ok(hub) = TcpStream::connect(hub).await else { return };
    let _ = (office.set_nodelay(true), hub.set_nodelay(true));
    let (from_office, to_office) = office.into_split();
    let (from_hub, to_hub) = hub.into_split();
    let together = AtomicU64::new(0);
    let (up, down) = match badness {
        Badness::Up(most) => (most, u64::MAX),
        Badness::Down(most) => (u64::MAX, most),
        Badness::Good | Badness::Slow { .. } | Badness::Answer(_) => (u64::MAX, u64::MAX),
    };
    let pace = match badness {
        Badness::Slow { rate, way, .. } => Some((rate, way)),
        _ => None,
    };
    let limits = |own| Limits { own, together: &together, breaks, pace };
    if let Badness::Answer(after) = badness {
        return without_answer((from_office, to_office), (from_hub, to_hub), after, &counts).await;
    }
    // Whichever way ends first takes the other with it, as a cable does.
    tokio::select! {
        () = one_way(from_office, to_hub, limits(up), [&counts.up, &own[0]]) => {}
        () = one_way(from_hub, to_office, limits(down), [&counts.down, &own[1]]) => {}
    }
}

type Ends = (OwnedReadHalf, OwnedWriteHalf);

async fn without_answer(office: Ends, hub: Ends, after: u64, counts: &Counts) {
    let ((mut from_office, mut to_office), (mut from_hub, mut to_hub)) = (office, hub);
    let (mut sent, mut up, mut down) = (0, vec![0; 4096], vec![0; 4096]);
    loop {
        tokio::select! {
            read = from_office.read(&mut up) => {
                let Ok(n @ 1..) = read else { return };
                sent += n as u64;
                if to_hub.write_all(&up[..n]).await.is_err() { return }
            }
            read = from_hub.read(&mut down) => {
                let Ok(n @ 1..) = read else { return };
                if sent > after {
                    counts.cut.notify_one();
                    return;
                }
                if to_office.write_all(&down[..n]).await.is_err() { return }
            }
        }
    }
}

struct Limits<'l> {
    own: u64,
    together: &'l AtomicU64,
    breaks: u64,
    pace: Option<(u64, Duration)>,
}

async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, limits: Limits<'_>, counts: [&AtomicU64; 2]) {
    let (mut sent, mut piece) = (0, vec![0; if limits.pace.is_some() { 512 } else { 4096 }]);
    let (queue, mut under_way) = tokio::sync::mpsc::channel::<(Instant, Vec<u8>)>(4096);
    let arrive = async {
        while let Some((at, bytes)) = under_way.recv().await {
            tokio::time::sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    let depart = async {
        let mut free = Instant::now();
        loop {
            let Ok(n @ 1..) = from.read(&mut piece).await else { return };
            let whole = n as u64;
            let before = limits.together.fetch_add(whole, Ordering::SeqCst);
            let left = (limits.own - sent).min(limits.breaks.saturating_sub(before));
            let n = whole.min(left);
            sent += n;
            for count in counts {
                count.fetch_add(n, Ordering::SeqCst);
            }
            let at = match limits.pace {
                None => Instant::now(),
                Some((rate, way)) => {
                    free = free.max(Instant::now()) + Duration::from_micros(n * 1_000_000 / rate);
                    tokio::time::sleep_until(free).await;
                    free + way
                }
            };
            let bytes = piece[..usize::try_from(n).unwrap_or(0)].to_vec();
            if queue.send((at, bytes)).await.is_err() {
                return;
            }
            if n < whole || sent == limits.own {
                // What left before the break still arrives.
                drop(queue);
                return;
            }
        }
    };
    tokio::join!(depart, arrive);
}
