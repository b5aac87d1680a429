//! Which entries are one person, and which of them somebody can still be shown: what follows from what was said, and from nothing
//! else. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::RecordId;

/// That two entries are one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Who steps back.
    pub(crate) back: RecordId,
    /// Who stays.
    pub(crate) stays: RecordId,
    /// The county has answered so, which every office reads; otherwise it is the word of the office that holds both.
    pub(crate) county: bool,
}

/// That two entries are two persons, and whether the county has said so.
pub(crate) type Apart = (RecordId, RecordId, bool);

/// What was said of entries.
#[derive(Clone, Default)]
pub(crate) struct Links {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) apart: Vec<Apart>,
    /// Entries that are here and not void, and those elsewhere of which the county says that they stay.
    pub(crate) standing: BTreeSet<RecordId>,
    /// Entries of other offices that stay, as the county says; nothing of them is here.
    pub(crate) elsewhere: BTreeSet<RecordId>,
}

impl Links {
    /// The same without what was said against it: what clerks linked, whether it holds or not.
    pub(crate) fn raw(&self) -> Self {
        Self { apart: Vec::new(), ..self.clone() }
    }

    /// Places of the links that hold.
    ///
    /// Two clerks who have not heard of each other may say that two entries are one person, and that they are not. Then nobody is
    /// dropped: as long as a person has not decided, the links of that person do not hold, and each entry stands for itself. The
    /// county's answers give way to one another only, so that every office, whatever else it reads, draws the same from them.
    fn holding(&self) -> Vec<usize> {
        let joined = |places: &[usize]| joined(places.iter().map(|place| &self.pairs[*place]));
        let against = |places: &[usize], county: bool| -> BTreeSet<RecordId> {
            let steps = joined(places);
            let apart = self.apart.iter().filter(|(_, _, by)| *by || !county);
            let within = apart.filter_map(|(one, other, _)| {
                let person = reached(*one, &steps);
                person.contains(other).then_some(person)
            });
            within.flatten().collect()
        };
        let all = 0..self.pairs.len();
        let answers: Vec<usize> = all.clone().filter(|place| self.pairs[*place].county).collect();
        let doubted = against(&answers, true);
        let left: Vec<usize> =
            all.filter(|place| !self.pairs[*place].county || !doubted.contains(&self.pairs[*place].back)).collect();
        let doubted = against(&left, false);
        left.into_iter()
            .filter(|place| self.pairs[*place].county || !doubted.contains(&self.pairs[*place].back))
            .collect()
    }

    /// All entries that are one person with this one.
    pub(crate) fn person(&self, entry: RecordId) -> BTreeSet<RecordId> {
        let holding = self.holding();
        reached(entry, &joined(holding.iter().map(|place| &self.pairs[*place])))
    }

    /// What was said against it that two entries are one person: of them, and of all who are one person with them.
    pub(crate) fn against(&self, one: RecordId, other: RecordId) -> Vec<Apart> {
        let steps = joined(self.pairs.iter());
        let both: BTreeSet<RecordId> = reached(one, &steps).union(&reached(other, &steps)).copied().collect();
        self.apart.iter().filter(|(one, other, _)| both.contains(one) && both.contains(other)).copied().collect()
    }

    /// Pairs of which was said both that they are one person and that they are two.
    pub(crate) fn contradicted(&self) -> Vec<(RecordId, RecordId)> {
        let steps = joined(self.pairs.iter());
        let mut out: Vec<_> = self
            .apart
            .iter()
            .filter(|(one, other, _)| reached(*one, &steps).contains(other))
            .map(|(one, other, _)| (*one.min(other), *one.max(other)))
            .collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Which entry stands for the person, for every entry that does not stand for itself.
    ///
    /// Entries that links join are one person. The one that stays is one that steps back behind nobody who can be shown, not
    /// by way of others either; where clerks in different places linked them in a circle or to several, the least id of those.
    /// An entry that was voided, or has not come here yet, stands for nobody as long as there is another. The answer depends
    /// on the set of links and of entries, and on nothing else.
    pub(crate) fn heads(&self) -> BTreeMap<RecordId, RecordId> {
        let holding: Vec<&Pair> = self.holding().into_iter().map(|place| &self.pairs[place]).collect();
        let joined = joined(holding.iter().copied());
        let mut ahead = Steps::new();
        for pair in &holding {
            ahead.entry(pair.back).or_default().insert(pair.stays);
        }
        let (mut out, mut done) = (BTreeMap::new(), BTreeSet::new());
        for start in joined.keys() {
            if done.contains(start) {
                continue;
            }
            let person = reached(*start, &joined);
            let shown: Vec<RecordId> = person.intersection(&self.standing).copied().collect();
            let stays = |entry: &&RecordId| {
                let before = reached(**entry, &ahead);
                !before.iter().any(|other| other != *entry && self.standing.contains(other))
            };
            let head = shown.iter().find(stays).or_else(|| shown.first()).or_else(|| person.first()).copied();
            let others = person.iter().filter(|entry| Some(**entry) != head);
            out.extend(others.filter_map(|entry| Some((*entry, head?))));
            done.extend(person);
        }
        out
    }

    /// The entry that stands for the person of this one.
    pub(crate) fn head(&self, entry: RecordId) -> RecordId {
        self.heads().get(&entry).copied().unwrap_or(entry)
    }

    /// Which links have to go so that an entry is a person of its own, by place in the list: its own, and those by which others
    /// would still join it to the person. Entries that stepped back behind it alone stay with it.
    pub(crate) fn parting(&self, entry: RecordId) -> Vec<usize> {
        let elsewhere = self.pairs.iter().copied().filter(|pair| pair.back != entry && pair.stays != entry).collect();
        let rest = Links { pairs: elsewhere, ..self.raw() }.heads();
        let Some(head) = self.raw().heads().get(&entry).copied() else { return Vec::new() };
        let of = |one: RecordId| rest.get(&one).copied().unwrap_or(one);
        let goes = |pair: &Pair| pair.back == entry || pair.stays == entry && of(pair.back) == of(head);
        self.pairs.iter().enumerate().filter(|(_, link)| goes(link)).map(|(place, _)| place).collect()
    }
}

/// From an entry to those that links lead to.
type Steps = BTreeMap<RecordId, BTreeSet<RecordId>>;

fn joined<'p>(pairs: impl Iterator<Item = &'p Pair>) -> Steps {
    let mut joined = Steps::new();
    for pair in pairs {
        joined.entry(pair.back).or_default().insert(pair.stays);
        joined.entry(pair.stays).or_default().insert(pair.back);
    }
    joined
}

/// An entry and all that steps lead to from it.
fn reached(start: RecordId, steps: &Steps) -> BTreeSet<RecordId> {
    let (mut out, mut next) = (BTreeSet::new(), vec![start]);
    while let Some(entry) = next.pop() {
        if out.insert(entry) {
            next.extend(steps.get(&entry).into_iter().flatten());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> RecordId {
        RecordId([n; 16])
    }

    /// Links between entries, of which these are void or not here.
    fn links(pairs: &[(u8, u8)], gone: &[u8]) -> Links {
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| Pair { back: id(*a), stays: id(*b), county: false }).collect();
        let all = pairs.iter().flat_map(|pair| [pair.back, pair.stays]);
        let standing = all.filter(|entry| !gone.contains(&entry.0[0])).collect();
        Links { pairs, standing, ..Links::default() }
    }

    fn without(pairs: &[(u8, u8)], gone: &[u8]) -> Vec<(u8, u8)> {
        links(pairs, gone).heads().into_iter().map(|(entry, head)| (entry.0[0], head.0[0])).collect()
    }

    fn pairs(pairs: &[(u8, u8)]) -> Vec<(u8, u8)> {
        without(pairs, &[])
    }

    #[test]
    fn an_entry_stands_for_all_that_step_back_behind_it() {
        assert_eq!(pairs(&[]), []);
        assert_eq!(pairs(&[(1, 2)]), [(1, 2)]);
        assert_eq!(pairs(&[(1, 2), (2, 3), (4, 3)]), [(1, 3), (2, 3), (4, 3)]);
        assert_eq!(pairs(&[(1, 2), (8, 7)]), [(1, 2), (8, 7)]);
    }

    #[test]
    fn whoever_is_taken_out_is_a_person_of_its_own_and_the_others_stay_together() {
        let after = |entry: u8, all: &[(u8, u8)]| {
            let gone = links(all, &[]).parting(id(entry));
            let left: Vec<_> = all.iter().enumerate().filter(|(n, _)| !gone.contains(n)).map(|(_, l)| *l).collect();
            pairs(&left)
        };
        assert_eq!(after(1, &[(1, 2)]), []);
        assert_eq!(after(1, &[(1, 2), (3, 2)]), [(3, 2)]);
        assert_eq!(after(2, &[(1, 2), (2, 1)]), [], "a circle");
        assert_eq!(after(2, &[(1, 2), (2, 3), (3, 1)]), [(3, 1)], "a circle of three");
        assert_eq!(after(2, &[(3, 1), (3, 2)]), [(3, 1)], "one that never stepped back itself");
        assert_eq!(after(2, &[(4, 2), (2, 1)]), [(4, 2)], "whoever stepped back behind it alone goes with it");
        assert_eq!(after(1, &[(2, 1)]), [(2, 1)], "who stands for itself is not taken out");
    }

    #[test]
    fn a_void_entry_stands_for_nobody_who_can_still_be_shown() {
        assert_eq!(without(&[(1, 2)], &[2]), [(2, 1)], "who stepped back stands for the person again");
        assert_eq!(without(&[(1, 2)], &[1]), [(1, 2)]);
        assert_eq!(without(&[(1, 2), (2, 3)], &[3]), [(1, 2), (3, 2)], "who was chosen before the third came");
        assert_eq!(without(&[(1, 2), (2, 3)], &[2]), [(1, 3), (2, 3)], "still one person");
        assert_eq!(without(&[(2, 3), (1, 3)], &[3]), [(2, 1), (3, 1)]);
        assert_eq!(without(&[(1, 2), (2, 1)], &[1]), [(1, 2)]);
        assert_eq!(without(&[(1, 2)], &[1, 2]), [(2, 1)], "one answer, though nobody is shown");
        assert_eq!(links(&[(1, 2)], &[2]).parting(id(2)), [0], "the void one can be taken out");
        assert_eq!(links(&[(1, 2)], &[2]).parting(id(1)), Vec::<usize>::new());
    }

    #[test]
    fn a_circle_and_a_choice_of_two_have_one_answer_in_any_order() {
        assert_eq!(pairs(&[(2, 1), (1, 2)]), [(2, 1)]);
        assert_eq!(pairs(&[(1, 2), (2, 1)]), [(2, 1)]);
        assert_eq!(pairs(&[(3, 2), (3, 1)]), [(2, 1), (3, 1)]);
        assert_eq!(pairs(&[(3, 1), (3, 2)]), [(2, 1), (3, 1)]);
        assert_eq!(pairs(&[(1, 1)]), [], "an entry that is merged into itself stands for itself");
    }

    /// Links of an office and answers of the county, against what an office and the county say that is not so.
    fn said(office: &[(u8, u8)], county: &[(u8, u8)], apart: &[(u8, u8)], never: &[(u8, u8)]) -> Vec<(u8, u8)> {
        let mut all = links(office, &[]);
        for (back, stays) in county {
            all.pairs.push(Pair { back: id(*back), stays: id(*stays), county: true });
            all.standing.extend([id(*back), id(*stays)]);
        }
        let of =
            |pairs: &[(u8, u8)], county| pairs.iter().map(move |(a, b)| (id(*a), id(*b), county)).collect::<Vec<_>>();
        all.apart = [of(apart, false), of(never, true)].concat();
        let heads = all.heads().into_iter().map(|(entry, head)| (entry.0[0], head.0[0])).collect();
        // What was said in another order comes to the same.
        all.pairs.reverse();
        all.apart.reverse();
        assert_eq!(all.heads().into_iter().map(|(entry, head)| (entry.0[0], head.0[0])).collect::<Vec<_>>(), heads);
        heads
    }

    #[test]
    fn of_whom_opposite_things_are_said_each_stands_for_itself_until_somebody_decides() {
        assert_eq!(said(&[(1, 2)], &[], &[(2, 1)], &[]), []);
        assert_eq!(said(&[(1, 2), (3, 2)], &[], &[(1, 3)], &[]), [], "by way of a third");
        assert_eq!(said(&[(1, 2), (3, 4)], &[], &[(1, 3)], &[]), [(1, 2), (3, 4)], "two persons of two entries each");
        assert_eq!(said(&[(1, 2), (3, 4)], &[], &[(1, 2)], &[]), [(3, 4)]);
    }

    #[test]
    fn the_county_s_answers_give_way_to_one_another_only() {
        assert_eq!(said(&[], &[(1, 2)], &[(1, 2)], &[]), [(1, 2)], "an office's word does not undo the county's");
        assert_eq!(said(&[(1, 2)], &[], &[], &[(1, 2)]), [], "the county's undoes an office's");
        assert_eq!(said(&[(1, 2)], &[(2, 3)], &[(1, 3)], &[]), [(2, 3)]);
        assert_eq!(said(&[], &[(1, 2), (2, 3)], &[], &[(1, 3)]), [], "and where they do not go together none holds");
    }
}
