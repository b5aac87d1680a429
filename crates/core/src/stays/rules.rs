//! Rules of a stay: where it stands, a fold over what was recorded of it, and when somebody is overdue. Sources: domain rules §2.7
//! (进出登记) and §2.10 (a stay changes no count); the states are ours. Pure.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::{store::EventRow, words::Say};

/// Somebody left again, or came back.
pub(super) const ENDED: &str = "stay_ended";
/// That was recorded by mistake.
pub(super) const RESUMED: &str = "stay_resumed";
/// Somebody who was here became a member here.
pub(super) const SETTLED: &str = "stay_settled";

/// Which way somebody went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Came here; the membership is held elsewhere.
    In,
    /// A member of this union went away.
    Out,
}

impl Direction {
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }

    /// The direction of a stored code; what a newer version wrote is shown as one who came, of whom nothing follows.
    pub(super) fn from_key(key: &str) -> Self {
        if key == Self::Out.key() { Self::Out } else { Self::In }
    }
}

/// Where a stay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It goes on.
    Open,
    /// Left again, or back.
    Ended,
    /// Taken in as a member.
    Settled,
}

impl State {
    /// Code of the state in `stay_state`.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ended => "ended",
            Self::Settled => "settled",
        }
    }

    pub(super) fn from_key(key: &str) -> Self {
        [Self::Ended, Self::Settled].into_iter().find(|state| state.key() == key).unwrap_or(Self::Open)
    }
}

/// What the events come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ended {
    /// The last of the days on which it is said to have ended.
    pub(super) last_day: Option<NaiveDate>,
    /// Somebody took in who had been here.
    pub(super) settled: bool,
    /// Two ends stand that say different things.
    pub(super) differently: bool,
}

/// Reads the ends that stand, in the order that every replica shares. Ends are a set of what was said: two PCs that say the same
/// say one thing, and an undoing takes away only what its author saw.
pub(super) fn ended(events: &[EventRow]) -> Ended {
    let mut said: BTreeSet<String> = BTreeSet::new();
    for event in events {
        match event.name.as_str() {
            ENDED | SETTLED => drop(word(event).map(|word| said.insert(word))),
            RESUMED => {
                for undone in event.text("undone").unwrap_or("").split(',') {
                    said.remove(undone);
                }
            }
            _ => {}
        }
    }
    let day = |word: &String| word.rsplit(' ').next().and_then(|day| day.parse::<NaiveDate>().ok());
    Ended {
        settled: said.iter().any(|word| word.starts_with(SETTLED)),
        last_day: said.iter().filter_map(day).max(),
        differently: said.len() > 1,
    }
}

/// One end as it is named where it is undone: what it was, and its day.
fn word(event: &EventRow) -> Option<String> {
    event.text("on").map(|on| format!("{} {on}", event.name))
}

/// The ends that stand, named so that an undoing takes away these and no other.
pub(super) fn standing_ends(events: &[EventRow]) -> String {
    let mut said: BTreeSet<String> = BTreeSet::new();
    for event in events {
        said.extend(word(event).filter(|_| event.name == ENDED || event.name == SETTLED));
    }
    said.into_iter().collect::<Vec<_>>().join(",")
}

/// The state of a stay as the store keeps it. Who was taken in is a member now, whatever another PC recorded beside it.
pub(crate) fn fold(events: &[EventRow]) -> String {
    let ended = ended(events);
    let state = if ended.settled {
        State::Settled
    } else if ended.last_day.is_some() {
        State::Ended
    } else {
        State::Open
    };
    state.key().to_owned()
}

/// The day on which somebody who was away came back, for the rule of who was seen when.
pub(crate) fn day_back(events: &[EventRow]) -> Option<NaiveDate> {
    ended(events).last_day
}

/// How many days the expected day lies back; nothing where it has not come, or the stay is over.
pub(super) fn overdue(state: State, until: Option<NaiveDate>, today: NaiveDate) -> Option<i64> {
    let until = until.filter(|_| state == State::Open)?;
    Some((today - until).num_days()).filter(|days| *days > 0)
}

/// What a clerk may record now: `end`, `take_in`, `resume`, `again`.
pub(super) fn possible(direction: Direction, state: State) -> Vec<&'static str> {
    match (direction, state) {
        (Direction::In, State::Open) => vec!["end", "take_in"],
        (Direction::Out, State::Open) => vec!["end"],
        (_, State::Ended) => vec!["again", "resume"],
        (_, State::Settled) => vec!["resume"],
    }
}

/// The state as one says it of somebody who came, or went.
pub(super) fn said(direction: Direction, state: State) -> Say {
    match (direction, state) {
        (Direction::In, State::Open) => Say::new("在本地", "Here"),
        (Direction::In, State::Ended) => Say::new("已离开", "Left again"),
        (Direction::Out, State::Open) => Say::new("外出中", "Away"),
        (Direction::Out, State::Ended) => Say::new("已返回", "Back"),
        (_, State::Settled) => Say::new("已转为接收会籍", "Taken in as a member"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{record::Value, store::event_of_test};

    fn event(name: &str, pairs: &[(&str, &str)]) -> EventRow {
        event_of_test(name, pairs.iter().map(|(n, v)| ((*n).to_owned(), Value::Text((*v).into()))).collect())
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn end(on: &str) -> EventRow {
        event(ENDED, &[("on", on)])
    }

    #[test]
    fn a_stay_goes_on_until_it_is_ended() {
        assert_eq!(fold(&[]), "open");
        assert_eq!(fold(&[end("2026-11-20")]), "ended");
        assert_eq!(fold(&[event(SETTLED, &[("on", "2026-11-20")])]), "settled");
        assert_eq!(fold(&[event("of a newer version", &[("on", "2026-11-20")])]), "open");
        assert_eq!(State::from_key("of a newer version"), State::Open);
    }

    #[test]
    fn two_ends_stand_beside_each_other_in_whatever_order_they_came() {
        let (early, late) = (end("2026-11-20"), end("2026-11-22"));
        for both in [[early.clone(), late.clone()], [late.clone(), early.clone()]] {
            assert_eq!(ended(&both), Ended { last_day: Some(day("2026-11-22")), settled: false, differently: true });
        }
        assert!(!ended(&[early.clone(), early.clone()]).differently, "said twice, and the same");
        let settled = event(SETTLED, &[("on", "2026-11-21")]);
        for both in [[settled.clone(), late.clone()], [late, settled]] {
            assert_eq!(fold(&both), "settled", "she is a member here now");
            assert!(ended(&both).differently);
        }
    }

    #[test]
    fn an_undoing_takes_away_what_its_author_saw_and_nothing_else() {
        let undo = event(RESUMED, &[("undone", &standing_ends(&[end("2026-11-20")]))]);
        assert_eq!(fold(&[end("2026-11-20"), undo.clone()]), "open");
        let unseen = end("2026-11-22");
        for three in [[end("2026-11-20"), unseen.clone(), undo.clone()], [unseen, end("2026-11-20"), undo.clone()]] {
            assert_eq!(ended(&three).last_day, Some(day("2026-11-22")));
        }
        assert_eq!(fold(&[end("2026-11-20"), undo, end("2026-11-20")]), "ended", "ended again");
    }

    #[test]
    fn overdue_is_who_should_have_gone_yesterday() {
        let until = Some(day("2026-11-20"));
        assert_eq!(overdue(State::Open, until, day("2026-11-20")), None);
        assert_eq!(overdue(State::Open, until, day("2026-11-21")), Some(1));
        assert_eq!(overdue(State::Ended, until, day("2026-11-21")), None);
        assert_eq!(overdue(State::Open, None, day("2026-11-21")), None);
    }
}
