//! Rules of a card: what may happen to it after what, and how it stands. Sources: Trade Union constitution articles 2, 5–7
//! (card given on admission, taken back on leaving); domain rules §2.5, §2.8. Pure.

use niangjia_credential::Status;

use crate::{members::Membership, store::EventRow};

/// Where a card stands, a fold over its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No event has come.
    None,
    /// Numbered, and not printed yet.
    Ordered,
    /// Printed, and with the office.
    Printed,
    /// With its member.
    Held,
    /// Reported lost.
    Lost,
    /// Another card of the same member took its place.
    Replaced,
    /// With the office again, for good.
    TakenBack,
    /// Spoilt before it was handed out; its number is used up.
    Spoiled,
    /// One of two of the same number: the other one keeps it.
    Superseded,
}

impl Standing {
    const ALL: [Self; 8] = [
        Self::Ordered,
        Self::Printed,
        Self::Held,
        Self::Lost,
        Self::Replaced,
        Self::TakenBack,
        Self::Spoiled,
        Self::Superseded,
    ];

    /// Code of the state in `card_state`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Ordered => "ordered",
            Self::Printed => "printed",
            Self::Held => "held",
            Self::Lost => "lost",
            Self::Replaced => "replaced",
            Self::TakenBack => "taken_back",
            Self::Spoiled => "spoiled",
            Self::Superseded => "superseded",
        }
    }

    /// The state of a stored key; what a newer version wrote counts as none.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        Self::ALL.into_iter().find(|s| s.key() == key).unwrap_or(Self::None)
    }

    /// The state after an event; `None` where it cannot follow.
    #[must_use]
    pub fn after(self, event: &str) -> Option<Self> {
        use Standing as S;
        Some(match (event, self) {
            ("ordered", S::None) => S::Ordered,
            // From the paper book: it has been with its member for years.
            ("entered", S::None) => S::Held,
            ("printed", S::Ordered | S::Printed) => S::Printed,
            // A card that is worn is printed again under its number; nothing changes for its member.
            ("printed", S::Held) => S::Held,
            ("handed_out", S::Ordered | S::Printed) => S::Held,
            ("lost", S::Held | S::Printed) => S::Lost,
            ("found", S::Lost) => S::Held,
            ("replaced", S::Held | S::Lost | S::Printed) => S::Replaced,
            ("taken_back", S::Held | S::Lost | S::Printed | S::Ordered | S::Superseded) => S::TakenBack,
            ("spoiled", S::Ordered | S::Printed) => S::Spoiled,
            // Said of the one that keeps a number given out twice; nothing changes for it.
            ("kept_number", state) => state,
            ("superseded", state) if state.counts() => S::Superseded,
            _ => return None,
        })
    }

    /// Whether it still shows that its holder is a member.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Self::Ordered | Self::Printed | Self::Held | Self::Lost)
    }
}

/// Folds events, in the order that every replica shares; an event that cannot follow stands in history and changes nothing.
#[must_use]
pub fn fold(events: &[EventRow]) -> String {
    let state = events.iter().fold(Standing::None, |state, event| state.after(&event.name).unwrap_or(state));
    state.key().to_owned()
}

/// What the status list says of a card, by how it stands and how its holder does.
///
/// Who is retained keeps the membership and the card (older manual: some cards lapse; then they are taken back, which is
/// an event of its own).
#[must_use]
pub fn status(card: Standing, holder: Membership, twice: bool) -> Status {
    match (card, holder) {
        (Standing::Replaced | Standing::TakenBack | Standing::Spoiled | Standing::Superseded, _) => Status::Revoked,
        (_, Membership::Left | Membership::Expelled | Membership::Deceased) => Status::Revoked,
        (_, Membership::MovedOut) => Status::Transferred,
        (Standing::Lost, _) => Status::Suspended,
        _ if twice => Status::Suspended,
        _ => Status::Valid,
    }
}

/// What the list says of a place that several cards share: a copied PC gave it out again. Their codes cannot be told apart
/// by it, so the one that counts is suspended until the others are in nobody's hands any more.
#[must_use]
pub fn shared(cards: &[(Standing, Membership)]) -> Status {
    use Standing as S;
    let about = |card: S| !matches!(card, S::TakenBack | S::Spoiled | S::Replaced);
    let mut counting = cards.iter().filter(|(card, _)| card.counts());
    match (counting.next(), counting.next()) {
        (None, _) => Status::Revoked,
        (Some((card, holder)), None) if cards.iter().filter(|(card, _)| about(*card)).count() == 1 => {
            status(*card, *holder, false)
        }
        _ => Status::Suspended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing as S;

    #[test]
    fn a_card_goes_its_way_and_no_other() {
        let way = |events: &[&str]| events.iter().try_fold(S::None, |s, e| s.after(e));
        assert_eq!(way(&["ordered", "printed", "handed_out"]), Some(S::Held));
        assert_eq!(way(&["entered", "lost", "found", "lost", "replaced"]), Some(S::Replaced));
        assert_eq!(way(&["ordered", "handed_out", "taken_back"]), Some(S::TakenBack));
        for never in
            [&["lost"][..], &["ordered", "spoiled", "handed_out"], &["entered", "replaced", "found"], &["printed"]]
        {
            assert_eq!(way(never), None, "{never:?}");
        }
        assert_eq!(way(&["ordered", "what a newer version writes"]), None);
        assert!(S::ALL.iter().all(|s| S::from_key(s.key()) == *s));
    }

    #[test]
    fn a_place_that_two_cards_share_is_good_again_once_one_of_them_is_back() {
        let m = Membership::Active;
        assert_eq!(shared(&[(S::Held, m), (S::Held, m)]), Status::Suspended);
        assert_eq!(shared(&[(S::Held, m), (S::Superseded, m)]), Status::Suspended, "the other is still about");
        assert_eq!(shared(&[(S::Held, m), (S::TakenBack, m)]), Status::Valid);
        assert_eq!(shared(&[(S::Lost, m), (S::TakenBack, m)]), Status::Suspended);
        assert_eq!(shared(&[(S::Held, Membership::Left), (S::Spoiled, m)]), Status::Revoked);
        assert_eq!(shared(&[(S::TakenBack, m), (S::Spoiled, m)]), Status::Revoked);
    }

    #[test]
    fn the_list_follows_card_and_holder() {
        assert_eq!(status(S::Held, Membership::Active, false), Status::Valid);
        assert_eq!(status(S::Held, Membership::Retained, false), Status::Valid);
        assert_eq!(status(S::Lost, Membership::Active, false), Status::Suspended);
        assert_eq!(status(S::Held, Membership::Active, true), Status::Suspended, "two cards of one number");
        assert_eq!(status(S::Lost, Membership::Expelled, false), Status::Revoked, "the graver one is said");
        assert_eq!(status(S::Held, Membership::MovedOut, false), Status::Transferred);
        assert_eq!(status(S::Replaced, Membership::MovedOut, false), Status::Revoked);
    }
}
