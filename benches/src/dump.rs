//! The floor of a first pull: the tables as columns, zstd level 3, in frames of 5,000 rows over a loopback socket, and
//! the INSERT floor at the other end. No log, no signature, no key of a stream, no office that could have been offline.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
};

use niangjia_core::store::DatabaseKey;
use rusqlite::{
    Connection, Statement,
    types::{ToSqlOutput, ValueRef},
};

use crate::{
    floor::{self, Copied},
    gauge::Trouble,
};

const FRAME: usize = 5_000;
/// The narrow table is not sent; it follows from the members.
const SENT: [&str; 2] = ["member", "event"];

/// What one pull cost.
pub struct Pulled {
    /// Bytes over the socket.
    pub bytes: usize,
    /// Members that arrived.
    pub rows: usize,
}

/// A server with the rows and an empty client, ready to be measured.
pub struct Dump {
    server: Connection,
    client: Connection,
}

impl Dump {
    /// Makes both databases.
    pub fn prepare(copied: &Copied, dir: &Path, key: &DatabaseKey) -> Result<Self, Trouble> {
        let server = floor::open(&dir.join("server.db"), key)?;
        copied.prepare(&server)?;
        copied.insert(&server)?;
        let client = floor::open(&dir.join("client.db"), key)?;
        copied.prepare(&client)?;
        Ok(Self { server, client })
    }

    /// Sends everything from one to the other.
    pub fn pull(self) -> Result<Pulled, Trouble> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let Self { server, client } = self;
        let sending = std::thread::spawn(move || -> Result<(), String> {
            let (socket, _) = listener.accept().map_err(|e| e.to_string())?;
            send(&server, socket).map_err(|e| e.to_string())
        });
        let pulled = receive(&client, TcpStream::connect(address)?)?;
        sending.join().map_err(|_| "the sender fell")??;
        Ok(pulled)
    }
}

fn send(conn: &Connection, mut socket: TcpStream) -> Result<(), Trouble> {
    let mut statements = SENT
        .iter()
        .map(|t| conn.prepare(&format!("SELECT * FROM {t} WHERE rec > ?1 ORDER BY rec LIMIT {FRAME}")))
        .collect::<Result<Vec<_>, _>>()?;
    let mut after = 0i64;
    loop {
        let from = after;
        for statement in &mut statements {
            let (plain, last) = columns(statement, from)?;
            let packed = zstd::bulk::compress(&plain, 3)?;
            socket.write_all(&u32::try_from(packed.len())?.to_le_bytes())?;
            socket.write_all(&u32::try_from(plain.len())?.to_le_bytes())?;
            socket.write_all(&packed)?;
            after = after.max(last);
        }
        if after == from {
            return Ok(());
        }
    }
}

/// Up to one frame of rows, column by column, and the number of the last.
fn columns(statement: &mut Statement<'_>, after: i64) -> Result<(Vec<u8>, i64), Trouble> {
    let count = statement.column_count();
    let place = statement.column_index("rec")?;
    let mut columns = vec![(Vec::new(), 0i64); count];
    let (mut rows, mut last) = (0u64, after);
    let mut query = statement.query([after])?;
    while let Some(row) = query.next()? {
        for (at, (out, before)) in columns.iter_mut().enumerate() {
            match row.get_ref(at)? {
                ValueRef::Integer(n) => {
                    out.push(1);
                    let step = n.wrapping_sub(*before);
                    number(out, ((step << 1) ^ (step >> 63)).cast_unsigned());
                    *before = n;
                }
                ValueRef::Text(bytes) => text(out, 2, bytes),
                ValueRef::Blob(bytes) => text(out, 3, bytes),
                ValueRef::Null | ValueRef::Real(_) => out.push(0),
            }
        }
        last = row.get(place)?;
        rows += 1;
    }
    let mut plain = Vec::new();
    number(&mut plain, rows);
    for (column, _) in columns {
        plain.extend_from_slice(&column);
    }
    Ok((plain, last))
}

fn number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push((n & 0x7f) as u8);
}

fn text(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn receive(conn: &Connection, mut socket: TcpStream) -> Result<Pulled, Trouble> {
    let tx = conn.unchecked_transaction()?;
    let mut pulled = Pulled { bytes: 0, rows: 0 };
    {
        let mut inserts = Vec::new();
        for table in SENT {
            let names = tx.prepare(&format!("SELECT * FROM {table}"))?.column_names().collect::<Vec<_>>().join(", ");
            let count = names.split(", ").count();
            let holes = vec!["?"; count].join(", ");
            inserts.push((count, tx.prepare(&format!("INSERT INTO {table} ({names}) VALUES ({holes})"))?));
        }
        let members = tx.prepare("SELECT * FROM member")?;
        let mut places = Vec::new();
        for name in ["rec", "name", "former_name", "id_no", "mobile", "member_no"] {
            places.push(members.column_index(name)?);
        }
        let mut narrow = tx.prepare("INSERT INTO lookup (kind, rec, name, digits) VALUES (1, ?1, ?2, ?3)")?;
        'frames: loop {
            for (table, (count, insert)) in inserts.iter_mut().enumerate() {
                let mut head = [0; 8];
                socket.read_exact(&mut head)?;
                let size =
                    |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
                let (packed, plain) = (size(0), size(4));
                let mut body = vec![0; packed];
                socket.read_exact(&mut body)?;
                pulled.bytes += 8 + packed;
                let body = zstd::bulk::decompress(&body, plain)?;
                let mut rest = &body[..];
                let rows = usize::try_from(unnumber(&mut rest)?)?;
                if rows == 0 {
                    if table + 1 == SENT.len() {
                        break 'frames;
                    }
                    continue;
                }
                let columns = (0..*count).map(|_| uncolumn(&mut rest, rows)).collect::<Result<Vec<_>, _>>()?;
                for row in 0..rows {
                    for (at, column) in columns.iter().enumerate() {
                        insert.raw_bind_parameter(at + 1, ToSqlOutput::Borrowed(column[row]))?;
                    }
                    insert.raw_execute()?;
                    if table == 0 {
                        let cell = |at: usize| columns[places[at]][row].as_str().unwrap_or("");
                        let joined = |cells: &[&str], by: &str| {
                            cells.iter().filter(|c| !c.is_empty()).copied().collect::<Vec<_>>().join(by)
                        };
                        let name = joined(&[cell(1), cell(2)], "\u{1f}");
                        let digits = joined(&[cell(3), cell(4), cell(5)], "\t");
                        narrow.execute(rusqlite::params![columns[places[0]][row].as_i64()?, name, digits])?;
                        pulled.rows += 1;
                    }
                }
            }
        }
    }
    tx.commit()?;
    Ok(pulled)
}

fn unnumber(rest: &mut &[u8]) -> Result<u64, Trouble> {
    let (mut n, mut shift) = (0u64, 0);
    loop {
        let (byte, more) = rest.split_first().ok_or("a frame is cut")?;
        *rest = more;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(n);
        }
        shift += 7;
    }
}

fn uncolumn<'a>(rest: &mut &'a [u8], rows: usize) -> Result<Vec<ValueRef<'a>>, Trouble> {
    let mut column = Vec::with_capacity(rows);
    let mut before = 0i64;
    for _ in 0..rows {
        let (tag, more) = rest.split_first().ok_or("a frame is cut")?;
        *rest = more;
        column.push(match tag {
            0 => ValueRef::Null,
            1 => {
                let step = unnumber(rest)?;
                before = before.wrapping_add((step >> 1).cast_signed() ^ -((step & 1).cast_signed()));
                ValueRef::Integer(before)
            }
            tag => {
                let length = usize::try_from(unnumber(rest)?)?;
                let (bytes, more) = rest.split_at_checked(length).ok_or("a frame is cut")?;
                *rest = more;
                if *tag == 2 { ValueRef::Text(bytes) } else { ValueRef::Blob(bytes) }
            }
        });
    }
    Ok(column)
}
