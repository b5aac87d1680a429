//! A line that counts: it hands bytes on between office and hub, and says how many went and how often the direction turned.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::gauge::Trouble;

/// What has gone over the line.
#[derive(Default)]
pub struct Count {
    bytes: AtomicU64,
    /// Questions: how often something went up after something had come down.
    turns: AtomicU64,
    up: AtomicBool,
}

impl Count {
    /// Bytes in both directions, and questions, since it was asked last.
    pub fn take(&self) -> (u64, u64) {
        self.up.store(false, Ordering::SeqCst);
        (self.bytes.swap(0, Ordering::SeqCst), self.turns.swap(0, Ordering::SeqCst))
    }
}

/// Listens where the office looks for its hub, and hands on to where the hub is. Lives as long as the program.
pub fn between(office: SocketAddr, hub: SocketAddr) -> Result<Arc<Count>, Trouble> {
    let (listener, count) = (TcpListener::bind(office)?, Arc::new(Count::default()));
    let counted = count.clone();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let Ok(far) = TcpStream::connect(hub) else { continue };
            for up in [true, false] {
                let (Ok(from), Ok(to)) = (near.try_clone(), far.try_clone()) else { continue };
                let (from, to) = if up { (from, to) } else { (to, from) };
                let counted = counted.clone();
                std::thread::spawn(move || carry(from, to, up, &counted));
            }
        }
    });
    Ok(count)
}

fn carry(mut from: TcpStream, mut to: TcpStream, up: bool, count: &Count) {
    let _ = (from.set_nodelay(true), to.set_nodelay(true));
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        count.bytes.fetch_add(read as u64, Ordering::SeqCst);
        if count.up.swap(up, Ordering::SeqCst) != up && up {
            count.turns.fetch_add(1, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
