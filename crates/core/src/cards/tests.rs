//! Cards on days that are set by hand, which no window can do.

use std::path::Path;

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use serde_json::{Value, json};

use crate::{
    founding::{self, Founded},
    office::Caller,
    people::Role,
    store::Moment,
};

const DAY: i64 = 86_400_000;

fn ask(founded: &Founded, day: u8, name: &str, ask: Value) -> Value {
    let moment = Moment { wall: 1_790_000_000_000 + i64::from(day) * DAY, rng: ChaCha20Rng::from_seed([day; 32]) };
    let caller = Caller { clerk: founded.clerk.id, roles: Role::ALL.to_vec(), moment };
    founded.office.call(name, ask, caller).unwrap().0
}

fn county(folder: &Path) -> Founded {
    let moment = Moment { wall: 1_790_000_000_000, rng: ChaCha20Rng::from_seed([99; 32]) };
    founding::county(&folder.join("county.db"), "东海县总工会", "990100", "周敏", moment).unwrap()
}

#[test]
fn a_code_signed_days_after_the_order_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let county = county(folder.path());
    let fields = json!({ "name": "王芳", "id_no": "990101199001010035" });
    let joined = ask(&county, 1, "members.join", json!({ "fields": fields, "on": "2019-03-01" }));
    ask(&county, 1, "cards.ask_numbers", json!({ "count": 10 }));
    let ordered = ask(&county, 1, "cards.order", json!({ "members": [joined["id"]] }));
    let card = &ordered["cards"][0]["id"];
    // The first card that this PC ever signs is signed five days later.
    let text = ask(&county, 6, "cards.sign", json!({ "ids": [card] }))["cards"][0]["code"].clone();
    let said = ask(&county, 6, "cards.verify", json!({ "text": text }));
    assert_eq!((&said["answer"], &said["tone"]), (&json!("valid_as_of"), &json!("good")), "{said}");
    assert_eq!(said["card"]["issued"], "2026-09-27");
    // And the same again a month later: the text is the same to the letter, so what was printed stays right.
    let again = ask(&county, 36, "cards.sign", json!({ "ids": [card] }))["cards"][0]["code"].clone();
    assert_eq!(again, text);
}
