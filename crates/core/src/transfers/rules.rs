//! Rules of a transfer: where it stands, a fold over what its offices said. Sources: domain rules §2.6 (old union releases, new
//! union must accept; once joined is joined); the set of states is ours. Pure.

use std::collections::BTreeMap;

use crate::{cards, members, store::EventRow};

/// Where a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Asked for; the old office has not let go.
    Requested,
    /// Let go, and nobody has taken in.
    Released,
    /// Taken in, and the old office has not let go as far as is known.
    Unreleased,
    /// Let go and taken in; the county's word is awaited.
    Provisional,
    /// The county has confirmed who holds the membership.
    Confirmed,
    /// Taken in by two, or against the word of the old office: the county decides.
    Disputed,
    /// The old office refuses to let go.
    Refused,
    /// Whoever began it has taken it back.
    Withdrawn,
}

impl State {
    const ALL: [Self; 8] = [
        Self::Requested,
        Self::Released,
        Self::Unreleased,
        Self::Provisional,
        Self::Confirmed,
        Self::Disputed,
        Self::Refused,
        Self::Withdrawn,
    ];

    /// Code of the state in `transfer_state`.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Released => "released",
            Self::Unreleased => "unreleased",
            Self::Provisional => "provisional",
            Self::Confirmed => "confirmed",
            Self::Disputed => "disputed",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of a stored key; what a newer version wrote is awaited like a request.
    pub(super) fn from_key(key: &str) -> Self {
        Self::ALL.into_iter().find(|s| s.key() == key).unwrap_or(Self::Requested)
    }

    /// Whether somebody is still waited for.
    pub(super) fn open(self) -> bool {
        !matches!(self, Self::Confirmed | Self::Refused | Self::Withdrawn)
    }
}

/// What the events come to. Only sets and the last word of each office count, so two offices that acted without having heard
/// of each other come to the same on every PC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The old office has let go, and has not taken that back.
    pub(super) released: bool,
    /// It has let go at some time, and taken that back.
    pub(super) taken_back: bool,
    /// It has said no.
    pub(super) refused: bool,
    /// Whoever asked asks no more.
    pub(super) withdrawn: bool,
    /// Offices that have taken in and not given back, by id.
    pub(super) takers: Vec<Vec<u8>>,
    /// The county has confirmed or decided: for whom, and whether a person did.
    pub(super) confirmed: Option<(Vec<u8>, bool)>,
}

/// Reads the events, in the order that every replica shares.
pub(super) fn said(events: &[EventRow]) -> Said {
    let mut out = Said::default();
    let mut takers: BTreeMap<Vec<u8>, bool> = BTreeMap::new();
    for event in events {
        let office = || event.bytes("office").map(<[u8]>::to_vec);
        match event.name.as_str() {
            "requested" => out.withdrawn = false,
            "released" => (out.released, out.refused) = (true, false),
            "release_withdrawn" => (out.released, out.taken_back) = (false, true),
            "refused" => out.refused = true,
            "withdrawn" => out.withdrawn = true,
            "taken_in" => drop(office().map(|office| takers.insert(office, true))),
            "given_back" => drop(office().map(|office| takers.insert(office, false))),
            // The receipt of a letter to outside the county has come.
            "receipted" => out.confirmed = office().map(|office| (office, true)),
            "confirmed" | "decided" => {
                let decided = event.name == "decided";
                // What a person decided stands before what the program confirmed.
                if decided || out.confirmed.as_ref().is_none_or(|(_, by_person)| !by_person) {
                    out.confirmed = office().map(|office| (office, decided));
                }
            }
            _ => {}
        }
    }
    out.takers = takers.into_iter().filter(|(_, holds)| *holds).map(|(office, _)| office).collect();
    out
}

/// Where that leaves the transfer.
pub(super) fn state(said: &Said) -> State {
    let only = match said.takers.as_slice() {
        [one] => Some(one),
        _ => None,
    };
    match &said.confirmed {
        Some((_, true)) => return State::Confirmed,
        // Another one took in meanwhile, or this one gave her back: who holds it stays, and a person looks.
        Some((holder, false)) if only == Some(holder) => return State::Confirmed,
        Some(_) => return State::Disputed,
        None => {}
    }
    match (said.takers.len(), said.released) {
        (2.., _) => State::Disputed,
        (1, true) => State::Provisional,
        (1, false) if said.refused || said.taken_back => State::Disputed,
        (1, false) => State::Unreleased,
        (_, true) => State::Released,
        _ if said.refused => State::Refused,
        _ if said.withdrawn || said.taken_back => State::Withdrawn,
        _ => State::Requested,
    }
}

/// The state of a transfer as the store keeps it.
pub(crate) fn fold(events: &[EventRow]) -> String {
    state(&said(events)).key().to_owned()
}

/// The state of a late edit: it waits until somebody takes or refuses it; whoever took it, took it.
pub(crate) fn fold_late(events: &[EventRow]) -> String {
    let has = |name: &str| events.iter().any(|event| event.name == name);
    if has("accepted") {
        "accepted"
    } else if has("refused") {
        "refused"
    } else {
        "waiting"
    }
    .to_owned()
}

/// Whether a membership or a card in that state counts where it stands.
pub(crate) fn stands(state: &str) -> bool {
    members::Membership::from_key(state).holds() || cards::Standing::from_key(state).counts()
}

/// Transfers themselves are never provisional.
pub(crate) fn never(_: &str) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{record::Value, store::event_of_test as event};

    const A: &[u8] = &[1; 16];
    const B: &[u8] = &[2; 16];

    fn of(office: &[u8]) -> Vec<(String, Value)> {
        vec![("office".into(), Value::Bytes(office.to_vec().into()))]
    }

    fn after(events: &[(&str, &[u8])]) -> State {
        let events: Vec<EventRow> = events.iter().map(|(name, office)| event(name, of(office))).collect();
        state(&said(&events))
    }

    #[test]
    fn a_transfer_goes_its_way() {
        assert_eq!(after(&[]), State::Requested);
        assert_eq!(after(&[("requested", B)]), State::Requested);
        assert_eq!(after(&[("requested", B), ("withdrawn", B)]), State::Withdrawn);
        assert_eq!(after(&[("requested", B), ("refused", A)]), State::Refused);
        assert_eq!(after(&[("requested", B), ("refused", A), ("released", A)]), State::Released);
        assert_eq!(after(&[("released", A), ("release_withdrawn", A)]), State::Withdrawn);
        assert_eq!(after(&[("released", A), ("taken_in", A)]), State::Provisional);
        assert_eq!(after(&[("released", A), ("taken_in", A), ("confirmed", A)]), State::Confirmed);
        assert_eq!(after(&[("taken_in", A), ("given_back", A)]), State::Requested);
        let given_back = [("released", A), ("taken_in", A), ("given_back", A), ("confirmed", A)];
        assert_eq!(after(&given_back), State::Disputed, "given back before the county's word had come");
    }

    #[test]
    fn what_two_did_without_having_heard_of_each_other_is_decided_by_the_county() {
        for both in [[("taken_in", A), ("taken_in", B)], [("taken_in", B), ("taken_in", A)]] {
            assert_eq!(after(&both), State::Disputed);
            let [one, other] = both;
            assert_eq!(after(&[("released", A), one, ("confirmed", A), other]), State::Disputed);
            assert_eq!(after(&[one, ("confirmed", A), other, ("decided", B)]), State::Confirmed);
            assert_eq!(
                after(&[one, ("decided", B), other, ("confirmed", A)]),
                State::Confirmed,
                "a person's word stays"
            );
        }
        assert_eq!(after(&[("taken_in", A), ("refused", B)]), State::Disputed);
        assert_eq!(after(&[("taken_in", A), ("taken_in", A)]), State::Unreleased, "two PCs of one office");
        assert_eq!(after(&[("released", A), ("release_withdrawn", A), ("taken_in", B)]), State::Disputed);
    }
}
