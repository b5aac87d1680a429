//! Unlock: from the database key to an office that can be searched. The key derivation is told apart.

use niangjia_core::{kdf, office::Office, replication::slot};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use crate::{
    floor,
    gauge::{self, Line, Trouble},
    office::{Desk, said},
    people::{self, People},
};

const FLOOR: &str = "opening the same database and reading its narrow table row by row";

/// An office that holds `count` members, from two rosters.
pub fn furnished(count: usize) -> Result<Desk, Trouble> {
    let dir = tempfile::tempdir()?;
    let desk = Desk::found()?;
    let mut people = People::new(42);
    for (seed, part) in [(2, count / 2), (3, count - count / 2)] {
        let roster = dir.path().join(format!("{seed}.xlsx"));
        people::roster(&mut people, part, &roster)?;
        desk.import(&roster, part, seed)?;
    }
    Ok(desk)
}

/// Measures unlocking.
pub fn run(count: usize, rounds: usize) -> Result<Vec<Line>, Trouble> {
    let desk = furnished(count)?;
    let (path, key) = (desk.path(), desk.key.clone());
    let (mut ours, mut floors, mut derivations) = (Vec::new(), Vec::new(), Vec::new());
    let mut rng = ChaCha20Rng::from_seed([9; 32]);
    for _ in 0..rounds * 2 + 1 {
        let (time, office) = gauge::process(|| Office::open(&path, &key).map_err(said))?;
        ours.push(time);
        if office.index_bytes() == 0 {
            return Err("nobody can be found".into());
        }
        drop(office);
        let (time, read) = gauge::process(|| {
            let conn = floor::open(&path, &key)?;
            let mut statement = conn.prepare("SELECT kind, rec, name, digits FROM lookup ORDER BY kind, rec")?;
            let mut rows = statement.query([])?;
            let mut bytes = 0;
            while let Some(row) = rows.next()? {
                std::hint::black_box((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
                bytes += row.get_ref(2)?.as_str()?.len() + row.get_ref(3)?.as_str()?.len();
            }
            Ok(bytes)
        })?;
        if read < count * 30 {
            return Err("the narrow table is too narrow".into());
        }
        floors.push(time);
    }
    for _ in 0..rounds {
        derivations.push(gauge::process(|| Ok(slot::lock("只有我知道的口令", b"clerk", b"key", kdf(), &mut rng)?))?.0);
    }
    Ok(vec![
        Line::ratio(
            format!("unlock to searchable, {count} members"),
            FLOOR,
            gauge::median(&mut ours),
            gauge::median(&mut floors),
            2.0,
        ),
        Line::told("– Argon2id of the passphrase, apart", gauge::median(&mut derivations), "ms", None),
    ])
}
