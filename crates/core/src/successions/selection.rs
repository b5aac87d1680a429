//! What goes with a succession: pure selection over what stands with the old office, so that the preview shows what will be done, and
//! what comes late is found again by the same rule.

use std::collections::BTreeSet;

use niangjia_replication::Stream;

use super::Succession;
use crate::{
    applications::Application,
    enterprises::Enterprise,
    fault::Fault,
    members::Member,
    office::View,
    organisations::Organisation,
    record::{Record as _, RecordId, Value},
    store::{
        moving::{PROVISIONAL, TRANSFERRED},
        rows::{self, Stored},
    },
};

/// What stands with an office: not what it let go, and not a newcomer of whom the county has not ruled.
pub(crate) const HELD: &str = "void = 0 AND coalesce(state, '') NOT IN ('transferred', 'provisional')";

/// What goes, by kind.
#[derive(Default)]
pub(super) struct Selection {
    pub(super) organisations: Vec<Stored>,
    pub(super) enterprises: Vec<Stored>,
    pub(super) applications: Vec<Stored>,
    pub(super) members: Vec<Stored>,
}

impl Selection {
    pub(super) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Unions before the enterprises that name them, and these before whoever works there.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, &Stored)> {
        [
            (Organisation::TYPE.name, &self.organisations),
            (Enterprise::TYPE.name, &self.enterprises),
            (Member::TYPE.name, &self.members),
            (Application::TYPE.name, &self.applications),
        ]
        .into_iter()
        .flat_map(|(kind, rows)| rows.iter().map(move |row| (kind, row)))
    }

    /// What stands with the old office of what a succession names.
    pub(super) fn of(view: &View<'_>, succession: &Succession) -> Result<Self, Fault> {
        Self::among(view, succession, |_| Ok(true))
    }

    /// What came of it after it was carried out. What went and was given back is not its business any more: two successions against
    /// each other would go on for ever. Nor is whoever was taken in there for herself.
    pub(super) fn late(view: &View<'_>, succession: &Succession) -> Result<Self, Fault> {
        let (Some(from), Some(named)) = (succession.from_office, succession.named()) else {
            // An office that was given up holds nobody.
            return Self::of(view, succession);
        };
        let county = view.memory.known_stream(&Stream::County);
        let stream = view.memory.known_stream(&Stream::Office(from));
        let mut gone = BTreeSet::new();
        for kind in [Organisation::TYPE.name, Enterprise::TYPE.name] {
            let away = "stream = ?1 AND void = 0 AND state = 'transferred'";
            gone.extend(rows::select(view.conn, view.layout(kind)?, away, &[&stream])?.into_iter().map(|row| row.id));
        }
        let left: Vec<u8> = named.intersection(&gone).flat_map(|id| id.0).collect();
        let mut ruled = view
            .conn
            .prepare_cached("SELECT 1 FROM ruling WHERE record = ?1 AND holder = ?2 AND stream = ?3 AND void = 0 AND transfer IS NOT NULL")?;
        let still = Succession { records: Some(left), ..succession.clone() };
        Self::among(view, &still, |row| Ok(!ruled.exists(rusqlite::params![row.id.0, from.0, county])?))
    }

    fn among(
        view: &View<'_>,
        succession: &Succession,
        mut wanted: impl FnMut(&Stored) -> Result<bool, Fault>,
    ) -> Result<Self, Fault> {
        let (Some(from), Some(_)) = (succession.from_office, succession.to_office) else { return Ok(Self::default()) };
        let Some(stream) = view.memory.known_stream(&Stream::Office(from)) else { return Ok(Self::default()) };
        let mut held = |kind: &str| -> Result<Vec<Stored>, Fault> {
            let condition = format!("stream = ?1 AND {HELD} ORDER BY ver_inc, ver_ctr");
            let rows = rows::select(view.conn, view.layout(kind)?, &condition, &[&stream])?;
            rows.into_iter().filter_map(|row| wanted(&row).map(|is| is.then_some(row)).transpose()).collect()
        };
        let Some(named) = succession.named() else {
            return Ok(Self {
                // The record of the office itself stays what it was.
                organisations: held(Organisation::TYPE.name)?.into_iter().filter(|row| row.id != from).collect(),
                enterprises: held(Enterprise::TYPE.name)?,
                applications: held(Application::TYPE.name)?,
                members: held(Member::TYPE.name)?,
            });
        };
        // With what went already: what is still written of its people goes after it.
        let known = |kind: &str| -> Result<Vec<Stored>, Fault> {
            let condition = "stream = ?1 AND void = 0 ORDER BY ver_inc, ver_ctr";
            rows::select(view.conn, view.layout(kind)?, condition, &[&stream])
        };
        let around =
            Around { from, organisations: known(Organisation::TYPE.name)?, enterprises: known(Enterprise::TYPE.name)? };
        let (unions, employers) = around.closure(&named)?;
        let names: BTreeSet<String> = around.names(&employers)?;
        let belongs = |organisation: Option<RecordId>, enterprise: Option<RecordId>, employer: &str| {
            organisation.is_some_and(|id| unions.contains(&id))
                || match enterprise {
                    Some(id) => employers.contains(&id),
                    // Entered by name alone, as rosters bring it.
                    None => names.contains(employer.trim()),
                }
        };
        let mut members = Vec::new();
        for row in held(Member::TYPE.name)? {
            let one = Member::from_values(&row.values)?;
            if belongs(one.organisation, one.enterprise, one.employer.as_deref().unwrap_or("")) {
                members.push(row);
            }
        }
        let mut applications = Vec::new();
        for row in held(Application::TYPE.name)? {
            let one = Application::from_values(&row.values)?;
            if belongs(one.organisation, one.enterprise, one.employer.as_deref().unwrap_or("")) {
                applications.push(row);
            }
        }
        Ok(Self {
            organisations: held(Organisation::TYPE.name)?.into_iter().filter(|row| unions.contains(&row.id)).collect(),
            enterprises: held(Enterprise::TYPE.name)?.into_iter().filter(|row| employers.contains(&row.id)).collect(),
            applications,
            members,
        })
    }
}

/// As [`HELD`] says it.
pub(super) fn held_here(row: &Stored) -> bool {
    !row.void && !matches!(row.state.as_deref(), Some(TRANSFERRED | PROVISIONAL))
}

/// The unions and enterprises among which a choice was made.
struct Around {
    from: RecordId,
    organisations: Vec<Stored>,
    enterprises: Vec<Stored>,
}

impl Around {
    /// What goes with what was named: unions below a union, the enterprises of a union, and the union of an enterprise that has it to
    /// itself.
    fn closure(&self, named: &BTreeSet<RecordId>) -> Result<(BTreeSet<RecordId>, BTreeSet<RecordId>), Fault> {
        let mut unions: BTreeSet<RecordId> = named.clone();
        let mut employers: BTreeSet<RecordId> = named.clone();
        let organisations: Vec<(RecordId, Option<RecordId>)> = self
            .organisations
            .iter()
            .map(|row| Ok((row.id, Organisation::from_values(&row.values)?.parent)))
            .collect::<Result<_, Fault>>()?;
        let enterprises: Vec<(RecordId, Option<RecordId>)> = self
            .enterprises
            .iter()
            .map(|row| Ok((row.id, Enterprise::from_values(&row.values)?.union_organisation)))
            .collect::<Result<_, Fault>>()?;
        loop {
            let before = (unions.len(), employers.len());
            for (id, parent) in &organisations {
                if parent.is_some_and(|parent| parent != self.from && unions.contains(&parent)) {
                    unions.insert(*id);
                }
            }
            for (id, union) in &enterprises {
                let Some(union) = union.filter(|union| *union != self.from) else { continue };
                if unions.contains(&union) {
                    employers.insert(*id);
                }
                let alone = enterprises.iter().all(|(other, of)| *of != Some(union) || employers.contains(other));
                if employers.contains(id) && alone {
                    unions.insert(union);
                }
            }
            if (unions.len(), employers.len()) == before {
                // The office's own record never goes.
                unions.remove(&self.from);
                return Ok((unions, employers));
            }
        }
    }

    fn names(&self, employers: &BTreeSet<RecordId>) -> Result<BTreeSet<String>, Fault> {
        let place = Enterprise::TYPE.field("name");
        let of = |row: &Stored| match place.map(|place| &row.values[place]) {
            Some(Value::Text(name)) => Some(name.trim().to_owned()),
            _ => None,
        };
        let all = self.enterprises.iter().filter(|row| employers.contains(&row.id));
        Ok(all.filter_map(of).filter(|name| !name.is_empty()).collect())
    }
}
