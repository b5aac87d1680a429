//! The verifier: one text, what this PC knows, today; and one of ten answers.

use chrono::{Days, NaiveDate};

use crate::{
    card::Card,
    day,
    envelope::Unreadable,
    status::{Status, StatusList},
    trust::{Entry, TrustList},
};

/// What this PC knows when somebody shows a card.
#[derive(Clone, Copy)]
pub struct Verifier<'a> {
    /// The issuing keys: the county's list, and what the PC knows besides.
    pub trust: &'a TrustList,
    /// The county's status list, if one has come.
    pub status: Option<&'a StatusList>,
    /// The moment, seconds since 1970, as this PC's clock says.
    pub now: i64,
    /// For how many days a status list is as good as today's. Office practice, configurable.
    pub fresh_days: u16,
}

/// What a verifier says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// In order, by a fresh list.
    Valid,
    /// In order by what was known on that day; nothing newer has come here.
    ValidAsOf(NaiveDate),
    /// Lost or disputed: ask the county.
    Suspended,
    /// Its holder has moved out of the county.
    Transferred,
    /// For good.
    Revoked,
    /// Held until that day.
    Expired(NaiveDate),
    /// Signed by a key that the list of that day does not name for the day of issue.
    UnknownIssuer(Option<NaiveDate>),
    /// Forged or altered: the key that it names has not signed it.
    BadSignature,
    /// The card or a list is from tomorrow or later: this PC's clock is behind, and says nothing of validity.
    ClockSuspicious,
    /// No card of ours, or damaged.
    NotOurs(Unreadable),
}

impl Answer {
    /// The stable word for programs.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::ValidAsOf(_) => "valid_as_of",
            Self::Suspended => "suspended",
            Self::Transferred => "transferred",
            Self::Revoked => "revoked",
            Self::Expired(_) => "expired",
            Self::UnknownIssuer(_) => "unknown_issuer",
            Self::BadSignature => "bad_signature",
            Self::ClockSuspicious => "clock_suspicious",
            Self::NotOurs(_) => "not_ours",
        }
    }
}

/// The answer, with what may be shown beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The answer.
    pub answer: Answer,
    /// What the card says; only where a trusted key has signed it, whatever else is wrong with it.
    pub card: Option<Card>,
    /// The office whose key has signed.
    pub issuer: Option<Entry>,
    /// The day of the status list that was asked.
    pub status_of: Option<NaiveDate>,
}

impl Verifier<'_> {
    /// Judges a text. First whether it can be believed, then what stands against it, then what the clock says: a
    /// revocation holds whatever this PC's clock shows.
    #[must_use]
    pub fn verify(&self, text: &str) -> Verification {
        let nobody = |answer| Verification { answer, card: None, issuer: None, status_of: None };
        let (card, signed) = match Card::open(text) {
            Ok(opened) => opened,
            Err(why) => return nobody(Answer::NotOurs(why)),
        };
        let mut named = self.trust.named(&signed.kid).peekable();
        if named.peek().is_none() {
            return nobody(Answer::UnknownIssuer(self.trust_day()));
        }
        // A key may stand there twice, where a PC went from one office to another.
        let signers: Vec<&Entry> = named.filter(|entry| signed.by(&entry.public)).collect();
        if signers.is_empty() {
            return nobody(Answer::BadSignature);
        }
        let at_that_time = |e: &&&Entry| e.from <= card.issued && e.until.is_none_or(|end| card.issued <= end);
        let Some(issuer) = signers.iter().find(at_that_time).copied() else {
            return nobody(Answer::UnknownIssuer(self.trust_day()));
        };
        let status_of = self.status.and_then(|list| day::of(list.made));
        let answer = self.judge(&card, status_of);
        Verification { answer, card: Some(card), issuer: Some(issuer.clone()), status_of }
    }

    fn judge(&self, card: &Card, status_of: Option<NaiveDate>) -> Answer {
        let told = self.status.and_then(|list| list.get(card.index));
        match told {
            Some(Status::Revoked) => return Answer::Revoked,
            Some(Status::Suspended) => return Answer::Suspended,
            Some(Status::Transferred) => return Answer::Transferred,
            Some(Status::Valid) | None => {}
        }
        let Some(today) = day::of(self.now) else { return Answer::ClockSuspicious };
        // One day is forgiven: an office may issue after midnight of a clock that goes a little ahead.
        let ahead = |that: NaiveDate| that > today + Days::new(1);
        if ahead(card.issued) || status_of.is_some_and(ahead) || self.trust_day().is_some_and(ahead) {
            return Answer::ClockSuspicious;
        }
        if let Some(end) = card.expires
            && today > end
        {
            return Answer::Expired(end);
        }
        match (told, status_of) {
            (Some(_), Some(made)) if today <= made + Days::new(self.fresh_days.into()) => Answer::Valid,
            // The list may be older than the card and have a place for it all the same.
            (Some(_), Some(made)) => Answer::ValidAsOf(made.max(card.issued)),
            _ => Answer::ValidAsOf(card.issued),
        }
    }

    fn trust_day(&self) -> Option<NaiveDate> {
        self.trust.made.and_then(day::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::IssuingKey;

    fn at(m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, m, d).unwrap()
    }

    /// Noon in China.
    fn noon(day: NaiveDate) -> i64 {
        day::number(day) * 86_400 + 4 * 3600
    }

    struct Scene {
        office: IssuingKey,
        trust: TrustList,
        status: StatusList,
        card: Card,
        now: i64,
    }

    impl Scene {
        fn new() -> Self {
            let office = IssuingKey::from_seed(&[3; 32]);
            let entry = Entry {
                public: office.public(),
                code: "990101001".into(),
                name: "平明镇总工会".into(),
                from: at(1, 1),
                until: None,
            };
            Self {
                office,
                trust: TrustList { subject: String::new(), made: Some(noon(at(11, 1))), entries: vec![entry] },
                status: StatusList::new("", noon(at(11, 20)), 100),
                card: Card {
                    number: "12345".into(),
                    name: "王芳".into(),
                    tail: "002X".into(),
                    born: None,
                    since: at(2, 1),
                    issued: at(11, 2),
                    expires: None,
                    index: 5,
                },
                now: noon(at(11, 23)),
            }
        }

        fn verify(&self) -> Verification {
            self.verify_text(&self.card.issue(&self.office).unwrap())
        }

        fn verify_text(&self, text: &str) -> Verification {
            Verifier { trust: &self.trust, status: Some(&self.status), now: self.now, fresh_days: 7 }.verify(text)
        }
    }

    #[test]
    fn a_card_in_order_is_valid_and_says_how_old_that_knowledge_is() {
        let mut scene = Scene::new();
        let good = scene.verify();
        assert_eq!(good.answer, Answer::Valid);
        assert_eq!((good.card, good.status_of), (Some(scene.card.clone()), Some(at(11, 20))));
        assert_eq!(good.issuer.unwrap().name, "平明镇总工会");
        scene.now = noon(at(11, 27));
        assert_eq!(scene.verify().answer, Answer::Valid);
        scene.now = noon(at(11, 28));
        assert_eq!(scene.verify().answer, Answer::ValidAsOf(at(11, 20)));
        scene.card.index = 100;
        assert_eq!(scene.verify().answer, Answer::ValidAsOf(at(11, 2)), "younger than the list");
        let text = scene.card.issue(&scene.office).unwrap();
        let bare = Verifier { trust: &scene.trust, status: None, now: scene.now, fresh_days: 7 };
        assert_eq!(bare.verify(&text).answer, Answer::ValidAsOf(at(11, 2)), "no list has come");
    }

    #[test]
    fn what_the_list_holds_against_it_is_said_whatever_the_clock_shows() {
        for (status, answer) in [
            (Status::Revoked, Answer::Revoked),
            (Status::Suspended, Answer::Suspended),
            (Status::Transferred, Answer::Transferred),
        ] {
            let mut scene = Scene::new();
            scene.status.set(5, status);
            scene.card.expires = Some(at(11, 3));
            for now in [scene.now, 0, i64::MAX] {
                scene.now = now;
                let said = scene.verify();
                assert_eq!(said.answer, answer);
                assert!(said.card.is_some());
            }
        }
    }

    #[test]
    fn a_clock_that_is_behind_says_nothing_of_validity() {
        let mut scene = Scene::new();
        scene.now = noon(at(11, 19));
        assert_eq!(scene.verify().answer, Answer::Valid, "a day is forgiven");
        scene.now = noon(at(11, 18));
        assert_eq!(scene.verify().answer, Answer::ClockSuspicious, "before the status list");
        scene.status.made = noon(at(10, 1));
        assert_eq!(scene.verify().answer, Answer::ValidAsOf(at(11, 2)));
        scene.now = noon(at(10, 31));
        assert_eq!(scene.verify().answer, Answer::ClockSuspicious, "before the card");
        scene.card.issued = at(10, 15);
        assert_eq!(scene.verify().answer, Answer::ValidAsOf(at(10, 15)));
        scene.now = noon(at(10, 30));
        assert_eq!(scene.verify().answer, Answer::ClockSuspicious, "before the trust list");
    }

    #[test]
    fn a_card_has_its_last_day() {
        let mut scene = Scene::new();
        scene.card.expires = Some(at(11, 23));
        assert_eq!(scene.verify().answer, Answer::Valid);
        scene.now = noon(at(11, 24));
        assert_eq!(scene.verify().answer, Answer::Expired(at(11, 23)));
    }

    #[test]
    fn only_a_key_of_the_list_is_believed_and_only_in_its_time() {
        let mut scene = Scene::new();
        scene.office = IssuingKey::from_seed(&[4; 32]);
        let unknown = scene.verify();
        assert_eq!(unknown.answer, Answer::UnknownIssuer(Some(at(11, 1))));
        assert_eq!((unknown.card, unknown.issuer), (None, None), "what nobody vouches for is not shown");

        let mut scene = Scene::new();
        scene.trust.entries[0].until = Some(at(11, 2));
        assert_eq!(scene.verify().answer, Answer::Valid);
        scene.trust.entries[0].until = Some(at(11, 1));
        assert_eq!(scene.verify().answer, Answer::UnknownIssuer(Some(at(11, 1))));
        scene.trust.entries[0].until = None;
        scene.trust.entries[0].from = at(11, 3);
        assert_eq!(scene.verify().answer, Answer::UnknownIssuer(Some(at(11, 1))));
    }

    #[test]
    fn an_altered_card_has_a_bad_signature() {
        let scene = Scene::new();
        let cose = crate::envelope::sign(vec![0xa0], None, b"NJ1:", &scene.office);
        // The claims of one card under the signature of another one.
        let other = Card { name: "王方".into(), ..scene.card.clone() };
        let (a, b) = (scene.card.issue(&scene.office).unwrap(), other.issue(&scene.office).unwrap());
        let bytes = |t: &str| base45::decode(&t[4..]).unwrap();
        let (a, b) = (bytes(&a), bytes(&b));
        let mixed = [&a[..a.len() - 64], &b[b.len() - 64..]].concat();
        let text = |cose: &[u8]| format!("NJ1:{}", base45::encode(cose));
        assert_eq!(scene.verify_text(&text(&mixed)).answer, Answer::BadSignature);
        assert_eq!(scene.verify_text(&text(&cose)).answer, Answer::NotOurs(Unreadable::Claims));
        // A signature for another purpose is none for a card.
        let elsewhere = crate::envelope::sign(vec![0xa0], None, b"", &scene.office);
        assert_eq!(scene.verify_text(&text(&elsewhere)).answer, Answer::NotOurs(Unreadable::Claims));
    }

    #[test]
    fn what_scanners_and_keyboards_do_is_undone() {
        let scene = Scene::new();
        let text = scene.card.issue(&scene.office).unwrap();
        let wide: String = text
            .chars()
            .map(|c| if c == ' ' { '\u{3000}' } else { char::from_u32(u32::from(c) + 0xfee0).unwrap() })
            .collect();
        let told = |t: &str| scene.verify_text(t).card.is_some();
        for way in [text.clone(), format!("\n  {text}\r\n"), text.to_lowercase(), format!("{text}  "), wide] {
            assert!(told(&way), "{way:?}");
        }
        for (other, why) in [
            ("", Unreadable::Foreign),
            ("99010100120260000018", Unreadable::Foreign),
            ("https://example.org/", Unreadable::Foreign),
            ("HC1:6BF", Unreadable::Foreign),
            ("NJ2:ABC", Unreadable::Newer(2)),
            ("NJ1:", Unreadable::Cbor),
            ("NJ1::::", Unreadable::Base45),
            ("NJ1:王芳", Unreadable::Base45),
            (&"NJ1:A".repeat(1_000), Unreadable::TooLong(1_000)),
        ] {
            assert_eq!(scene.verify_text(other).answer, Answer::NotOurs(why), "{other:.20}");
        }
    }
}
