//! Tells after each step who holds what the reader of a history follows, and which PCs show it.

use serde_json::json;

use crate::{
    oracle::{Form, plural},
    world::World,
};

impl World {
    /// Says where what is followed stands, where that has changed.
    pub(crate) fn followed(&mut self) {
        let Some((what, last)) = self.trace.follow.clone() else { return };
        let office = what.strip_prefix("audit:").and_then(|office| office.parse().ok());
        let stands = match office {
            Some(office) => Some(self.audited(office)),
            None => self.stands(&what),
        };
        let Some(stands) = stands else { return };
        if stands != last {
            self.trace.lines.get_or_insert_default().push(stands.clone());
            self.trace.follow = Some((what, stands));
        }
    }

    fn stands(&mut self, what: &String) -> Option<String> {
        let (id, held) = self.oracle.stands(what)?;
        let shown: Vec<usize> = self.alive().into_iter().filter(|pc| self.shows(*pc, &id, what)).collect();
        Some(format!("    {what} of {id}: {held}; shown on {shown:?}"))
    }

    /// How many acts of an office must be in the audit, and how many each PC that reads it has.
    fn audited(&self, office: usize) -> String {
        let (sure, perhaps) = self.oracle.acts(office);
        let reads = |pc: &usize| [0, office].contains(&self.pcs[*pc].office_no);
        let counts: Vec<(usize, usize)> =
            self.alive().into_iter().filter(reads).map(|pc| (pc, self.entries(pc, office))).collect();
        let held = self.oracle.acts_held(office);
        format!("    {sure} acts, perhaps {perhaps} more; entries by PC {counts:?}; acts {held:?}")
    }

    fn shows(&mut self, pc: usize, id: &str, what: &String) -> bool {
        let kind = self.oracle.papers[id].kind;
        let moment = self.chance.aside(self.wall(pc));
        let page = self.pcs[pc].call(0, &format!("{}.get", plural(kind)), json!({ "id": id }), moment);
        let form = page.ok().map(|page| Form::of(kind, &page));
        form.is_some_and(|f| id == what || f.events.contains(what) || f.seen.values().any(|seen| seen.contains(what)))
    }
}
