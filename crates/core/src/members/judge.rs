//! Judging one row of a roster: what it says, what is wrong with it, what should be looked at. Pure.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::{
    checks::{Finding, day, id_number, name, phone, text},
    codes,
    record::{Kind, RecordId, RecordType, Value},
    records::{Candidate, shape},
    sheet::{Cell, Column, Header, Row},
    words::Say,
};

/// What a row is found wrong with or should be looked at for.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    pub(super) key: &'static str,
    pub(super) say: Say,
}

/// A judged row.
#[derive(Clone)]
pub(super) struct Judged {
    pub(super) row: u32,
    /// Values by place of the field; only those that the row gives.
    pub(super) values: Vec<(usize, Value)>,
    pub(super) event: Option<(&'static str, Option<String>, Option<String>)>,
    pub(super) rejected: Vec<Reason>,
    pub(super) warned: Vec<Reason>,
}

impl Judged {
    pub(super) fn value(&self, place: usize) -> &Value {
        self.values.iter().find(|(p, _)| *p == place).map_or(&Value::Null, |(_, v)| v)
    }
}

/// Where a column of the sheet goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goes {
    Field(usize),
    ChangeKind,
    ChangeDay,
    ChangeReason,
}

/// Columns of the collection form that are no fields of the member but of the membership's last change.
const CHANGE: [(&str, &[&str]); 3] = [
    ("change_kind", &["会籍变化类型"]),
    ("change_on", &["会籍变化日期", "入会日期", "入会时间"]),
    ("change_reason", &["会籍变化原因"]),
];

/// The same as the template spells them, with their code lists.
pub(super) const FURTHER: &[(&str, Option<&str>)] = &[
    (CHANGE[0].1[0], Some("membership_change")),
    (CHANGE[1].1[0], None),
    (CHANGE[2].1[0], Some("membership_change_reason")),
];

/// The columns that a roster may have: labels and aliases are written once, at the field.
pub(super) fn names(ty: &'static RecordType) -> Vec<(&'static str, Vec<&'static str>, bool)> {
    let fields =
        ty.fields.iter().filter(|f| !matches!(f.kind, Kind::Bytes | Kind::Picture | Kind::Link("enterprise"))).map(
            |field| {
                let mut all = vec![field.zh, field.en];
                all.extend(field.sheet);
                (field.name, all, field.kind == Kind::IdNumber || field.name == "name")
            },
        );
    fields.chain(CHANGE.iter().map(|(field, names)| (*field, names.to_vec(), false))).collect()
}

/// The same as the sheet reader takes them.
pub(super) fn columns<'a>(names: &'a [(&'static str, Vec<&'static str>, bool)]) -> Vec<Column<'a>> {
    names.iter().map(|(field, names, key)| Column { field, names, key: *key }).collect()
}

/// Reads rows of one sheet.
pub(super) struct Judge<'a> {
    ty: &'static RecordType,
    layout: &'a crate::record::Layout,
    plan: Vec<(usize, Goes)>,
    today: NaiveDate,
    organisations: HashMap<String, RecordId>,
    enterprises: HashMap<String, RecordId>,
    seen: HashMap<String, u32>,
    own: RecordId,
    places: Places,
}

struct Places {
    name: usize,
    id_kind: usize,
    id_no: usize,
    employer: usize,
    enterprise: usize,
    organisation: usize,
    note: usize,
    collected_by: usize,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        layout: &'a crate::record::Layout,
        header: &Header,
        today: NaiveDate,
        own: RecordId,
        organisations: HashMap<String, RecordId>,
        enterprises: HashMap<String, RecordId>,
    ) -> Option<Self> {
        let ty = layout.ty;
        let plan = header
            .columns
            .iter()
            .filter_map(|c| {
                let goes = match c.field.as_deref()? {
                    "change_kind" => Goes::ChangeKind,
                    "change_on" => Goes::ChangeDay,
                    "change_reason" => Goes::ChangeReason,
                    field => Goes::Field(ty.field(field)?),
                };
                Some((c.index, goes))
            })
            .collect();
        let places = Places {
            name: ty.field("name")?,
            id_kind: ty.field("id_kind")?,
            id_no: ty.field("id_no")?,
            employer: ty.field("employer")?,
            enterprise: ty.field("enterprise")?,
            organisation: ty.field("organisation")?,
            note: ty.field("note")?,
            collected_by: ty.field("collected_by")?,
        };
        Some(Self { ty, layout, plan, today, organisations, enterprises, seen: HashMap::new(), own, places })
    }

    pub(super) fn judge(&mut self, row: &Row<'_>) -> Judged {
        let mut out = Judged {
            row: row.number,
            values: Vec::with_capacity(24),
            event: None,
            rejected: Vec::new(),
            warned: Vec::new(),
        };
        let mut aside: Vec<String> = Vec::new();
        let (mut change, mut change_on, mut change_reason) = (None, None, None);
        let mut lost = false;
        for (column, goes) in &self.plan {
            let cell = row.cell(*column);
            if cell.is_empty() {
                continue;
            }
            if matches!(cell, Cell::Text(said) if text::is_ditto(said)) {
                self.ditto(*goes, &mut out);
                continue;
            }
            match goes {
                Goes::Field(place) if *place == self.places.id_no && cell.digits_lost() => lost = true,
                Goes::Field(place) => self.field(*place, cell, &mut out, &mut aside),
                Goes::ChangeKind => match codes::find(&codes::MEMBERSHIP_CHANGE, &cell.text()) {
                    Some(code) => change = super::rules::event_of_code(code.code),
                    None => aside.push(format!("会籍变化类型：{}", cell.text())),
                },
                Goes::ChangeDay => match day_of(cell) {
                    Some(on) => change_on = Some(on.to_string()),
                    None => aside.push(format!("会籍变化日期：{}", cell.text())),
                },
                Goes::ChangeReason => {
                    let said = cell.text();
                    change_reason = Some(
                        codes::find(&codes::MEMBERSHIP_CHANGE_REASON, &said)
                            .map_or_else(|| said.trim().to_owned(), |c| c.code.to_owned()),
                    );
                }
            }
        }
        out.event = Some((change.unwrap_or("joined"), change_on, change_reason));
        self.whole(&mut out, lost);
        self.links(&mut out);
        if !aside.is_empty() {
            // What no field can hold is not thrown away: it stands in the note, under its heading.
            let mut note = match out.value(self.places.note) {
                Value::Text(t) => format!("{t}；"),
                _ => String::new(),
            };
            note.push_str(&aside.join("；"));
            out.values.retain(|(p, _)| *p != self.places.note);
            out.values.push((self.places.note, Value::Text(note.into())));
        }
        out
    }

    /// A ditto mark is no value: what stands above may have been sorted away long ago, so nothing is guessed from it.
    fn ditto(&self, goes: Goes, out: &mut Judged) {
        let reason = match goes {
            Goes::Field(place) if place == self.places.name => {
                out.rejected.push(Reason { key: "name_missing", say: name::NameFault::Ditto.say() });
                return;
            }
            Goes::Field(place) => ditto(self.ty.fields[place].zh, self.ty.fields[place].en),
            Goes::ChangeKind | Goes::ChangeDay | Goes::ChangeReason => ditto("会籍变化", "Change of membership"),
        };
        out.warned.push(Reason { key: "ditto", say: reason });
    }

    fn field(&self, place: usize, cell: &Cell<'_>, out: &mut Judged, aside: &mut Vec<String>) {
        let field = &self.ty.fields[place];
        let said = cell.text();
        let value = match field.kind {
            Kind::Day => day_of(cell).map(|d| Value::Text(d.to_string().into())),
            Kind::Bool => match cell {
                Cell::Bool(b) => Some(Value::Bool(*b)),
                _ => shape::from_text(field, &said).ok(),
            },
            Kind::Phone => {
                let bare = said.trim();
                match phone::check(bare) {
                    Ok(contact) => Some(contact.phone().map_or(Value::Null, |n| Value::Text(n.as_str().into()))),
                    Err(fault) => {
                        out.warned.push(Reason { key: fault.import_key(), say: fault.say() });
                        Some(Value::Text(text::tight(bare).into()))
                    }
                }
            }
            Kind::Name => match name::check(&said) {
                Ok(checked) => {
                    out.warned.extend(checked.notices.iter().map(|n| Reason { key: n.key(), say: n.say() }));
                    Some(Value::Text(checked.name.as_str().into()))
                }
                Err(_) if place == self.places.name => None,
                Err(_) => {
                    aside.push(format!("{}：{said}", field.zh));
                    None
                }
            },
            Kind::Link("organisation") => {
                let wanted = said.trim();
                match self.organisations.get(wanted) {
                    Some(id) => Some(Value::Bytes(id.0.to_vec().into())),
                    None => {
                        aside.push(format!("{}：{wanted}", field.zh));
                        None
                    }
                }
            }
            _ => match shape::from_text(field, &said) {
                Ok(value) => Some(value),
                Err(fault) => {
                    out.warned.push(Reason {
                        key: if matches!(field.kind, Kind::Code(_)) { "code_unknown" } else { "value_unreadable" },
                        say: fault.say,
                    });
                    aside.push(format!("{}：{}", field.zh, said.trim()));
                    None
                }
            },
        };
        match value {
            Some(Value::Null) => {}
            Some(value) => out.values.push((place, value)),
            None if field.kind == Kind::Day => {
                out.warned.push(Reason {
                    key: "date_unreadable",
                    say: Say::new(
                        "日期看不懂，原文已记在备注里，请核对后补填。",
                        "A date could not be read; its text stands in the note. Please check and enter it.",
                    ),
                });
                aside.push(format!("{}：{}", field.zh, said.trim()));
            }
            None => {}
        }
    }

    /// What only the whole row can tell: name, ID number, doubles.
    fn whole(&mut self, out: &mut Judged, lost: bool) {
        let reject = |out: &mut Judged, key: &'static str, say: Say| out.rejected.push(Reason { key, say });
        if !out.rejected.is_empty() {
            return;
        }
        if *out.value(self.places.name) == Value::Null {
            reject(out, "name_missing", name::NameFault::Missing.say());
            return;
        }
        if lost {
            let fault = id_number::IdFault::PrecisionLost;
            reject(out, fault.import_key(), fault.say());
            return;
        }
        let mut candidate = Candidate {
            layout: self.layout,
            id: None,
            values: vec![Value::Null; self.ty.fields.len()],
            given: vec![false; self.ty.fields.len()],
            faults: Vec::new(),
            notices: Vec::new(),
        };
        for (place, value) in out.values.drain(..) {
            candidate.values[place] = value;
            candidate.given[place] = true;
        }
        let kind =
            candidate.text("id_kind").and_then(id_number::IdKind::from_code).unwrap_or(id_number::IdKind::ResidentId);
        let number = candidate.text("id_no").unwrap_or("").to_owned();
        match id_number::check(kind, &number, self.today) {
            Err(fault) => reject(out, fault.import_key(), fault.say()),
            Ok(parsed) => {
                let number = parsed.number.as_str().to_owned();
                if self.seen.contains_key(&number) {
                    let first = self.seen[&number];
                    reject(
                        out,
                        "duplicate_in_sheet",
                        Say::owned(
                            format!(
                                "与本表第 {first} 行是同一个证件号码，已按前面那一行处理。两行内容不同时请核对后合并成一行。"
                            ),
                            format!(
                                "The same ID number stands in row {first} of this sheet, which was taken. Where the rows differ, make one of them."
                            ),
                        ),
                    );
                } else {
                    self.seen.insert(number.clone(), out.row);
                    candidate.values[self.places.id_no] = Value::Text(number.into());
                    super::rules::check_fields(&mut candidate, self.today);
                    out.warned
                        .extend(candidate.notices.drain(..).map(|n| Reason { key: known_key(&n.key), say: n.say }));
                }
            }
        }
        let Candidate { values, .. } = candidate;
        out.values.extend(values.into_iter().enumerate().filter(|(_, v)| *v != Value::Null));
        if out.value(self.places.id_kind) == &Value::Null {
            out.values.push((self.places.id_kind, Value::Text(kind.code().into())));
        }
    }

    fn links(&self, out: &mut Judged) {
        if let Value::Text(employer) = out.value(self.places.employer)
            && let Some(id) = self.enterprises.get(&**employer)
        {
            out.values.push((self.places.enterprise, Value::Bytes(id.0.to_vec().into())));
        }
        if *out.value(self.places.organisation) == Value::Null {
            out.values.push((self.places.organisation, Value::Bytes(self.own.0.to_vec().into())));
        }
        if *out.value(self.places.collected_by) == Value::Null {
            out.values.push((self.places.collected_by, Value::Text("sheet".into())));
        }
    }
}

/// Warnings that the summaries count; the others are shown beside the row.
pub(super) const COUNTED: [&str; 6] =
    ["sex_differs_from_id", "birth_differs_from_id", "phone_invalid", "code_unknown", "date_unreadable", "ditto"];

fn ditto(zh: &str, en: &str) -> Say {
    Say::owned(
        format!("“{zh}”写的是“同上”一类的记号，这一项没有导入。请补填。"),
        format!("“{en}” holds a ditto mark and was not taken in. Please enter it."),
    )
}

fn known_key(key: &str) -> &'static str {
    [
        "sex_differs_from_id",
        "birth_differs_from_id",
        "unknown_area",
        "unknown_country",
        "id_kind_doubtful",
        "id_from_15_digits",
    ]
    .into_iter()
    .find(|k| *k == key)
    .unwrap_or("notice")
}

fn day_of(cell: &Cell<'_>) -> Option<NaiveDate> {
    match cell {
        Cell::Day(day) => Some(*day),
        // 19800101 typed as a number is a date; a small number is a serial number of days.
        Cell::Number { value, .. } if *value < 200_000.0 => day::from_serial(*value).ok(),
        other => day::parse(&other.text()).ok(),
    }
}
