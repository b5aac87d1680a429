//! Unlock: from the database key to an office that can be searched. The key derivation is told apart.

use niangjia_core::{kdf, office::Office, replication::slot};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use crate::{
    floor,
    gauge::{self, Line, Trouble},
    narrow,
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

/// What deriving the key from a passphrase costs.
pub fn derivation(rounds: usize) -> Result<f64, Trouble> {
    let mut rng = ChaCha20Rng::from_seed([9; 32]);
    let mut derivations = Vec::new();
    for _ in 0..rounds {
        derivations.push(gauge::process(|| Ok(slot::lock("只有我知道的口令", b"clerk", b"key", kdf(), &mut rng)?))?.0);
    }
    Ok(gauge::median(&mut derivations))
}

/// Measures unlocking.
pub fn run(count: usize, rounds: usize) -> Result<Vec<Line>, Trouble> {
    let desk = furnished(count)?;
    let (path, key) = (desk.path(), desk.key.clone());
    let (mut ours, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..rounds * 2 + 1 {
        let (time, office) = gauge::process(|| Office::open(&path, &key).map_err(said))?;
        ours.push(time);
        if office.index_bytes() == 0 {
            return Err("nobody can be found".into());
        }
        drop(office);
        let (time, read) = gauge::process(|| Ok(narrow::read(&floor::open(&path, &key)?)?))?;
        if read < count * 30 {
            return Err("the narrow table is too narrow".into());
        }
        floors.push(time);
    }
    Ok(vec![
        Line::ratio(
            format!("unlock to searchable, {count} members"),
            FLOOR,
            gauge::median(&mut ours),
            gauge::median(&mut floors),
            2.0,
        ),
        Line::told("– Argon2id of the passphrase, apart", derivation(rounds)?, "ms", None),
    ])
}
