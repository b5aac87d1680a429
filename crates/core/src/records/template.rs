//! The blank sheet of a ledger: official headings, lists to choose from, columns that keep every digit. Filled in, it comes back
//! by the import.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Ledger;
use crate::{
    codes,
    fault::Fault,
    office::View,
    record::{Field, Kind, RecordType},
    sheet::{self, Cell, SheetFault, Table, TableColumn},
};

/// Where the template goes.
#[derive(Deserialize, JsonSchema)]
pub struct TemplateAsk {
    /// A new file, or a folder; among the reports of this office where it is not said.
    #[serde(default)]
    pub path: Option<String>,
}

/// A template that was written.
#[derive(Serialize, JsonSchema)]
pub struct TemplateAnswer {
    /// Its file.
    pub file: String,
    /// How many columns it has.
    pub columns: u32,
}

pub(super) fn template(view: &View<'_>, ledger: Ledger, ask: &TemplateAsk) -> Result<TemplateAnswer, Fault> {
    let ty = ledger.ty;
    let out = place(view, ty, ask.path.as_deref())?;
    let fields = columns(ty);
    let choices = |list: Option<&str>| -> Vec<String> {
        let list = list.and_then(codes::list);
        list.map_or_else(Vec::new, |list| list.entries.iter().map(|code| code.zh.to_owned()).collect())
    };
    let mut heads: Vec<(&str, Vec<String>, bool)> = Vec::new();
    for field in &fields {
        let given = match field.kind {
            Kind::Code(list) => choices(Some(list)),
            Kind::Bool => vec!["是".to_owned(), "否".to_owned()],
            _ => Vec::new(),
        };
        // A number typed into a text column keeps its digits; days and amounts are better off as what they are.
        heads.push((field.zh, given, !matches!(field.kind, Kind::Day | Kind::Int | Kind::Money)));
    }
    heads.extend(ledger.further.iter().map(|(zh, list)| (*zh, choices(*list), list.is_some())));
    let columns: Vec<TableColumn<'_>> = heads
        .iter()
        .map(|(header, choices, text)| TableColumn { header, width: width(header), choices, text: *text })
        .collect();
    let needed: Vec<&str> = fields.iter().filter(|f| f.required).map(|f| f.zh).collect();
    let note = format!(
        "填表说明：每行填一条，从示例的下一行填起（示例不会导入）。必须填写：{}。有下拉列表的请从中选择；证件号码、电话等列是文本格式，直接输入即可；日期如 2026/01/31。用不到的列可以空着，表头请不要改。",
        needed.join("、")
    );
    let table = Table {
        sheet: ty.zh,
        title: &format!("{}表", ty.zh),
        note: Some(&note),
        stamp: Some(ty.plural),
        columns: &columns,
        written_on: view.today(),
    };
    let sample: Vec<Cell<'static>> = fields.iter().enumerate().map(|(at, field)| sample(at, field)).collect();
    sheet::write_table::<SheetFault>(&out, &table, [Ok(sample)]).map_err(|e| Fault::say(e.key(), e.say()))?;
    let file = out.to_string_lossy().into_owned();
    Ok(TemplateAnswer { file, columns: u32::try_from(columns.len()).unwrap_or(u32::MAX) })
}

/// The fields that a sheet brings, the one that names the record first: by it a reader sees that a row is the sample.
fn columns(ty: &'static RecordType) -> Vec<&'static Field> {
    let follows = |field: &Field| {
        // A link that is found by the name beside it is not asked for twice.
        let beside = |other: &Field| other.register == field.register && !matches!(other.kind, Kind::Link(_));
        matches!(field.kind, Kind::Link(_)) && ty.fields.iter().any(beside)
    };
    let title = &ty.fields[ty.title];
    let others = ty.fields.iter().filter(|field| field.name != title.name);
    std::iter::once(title)
        .chain(others)
        .filter(|field| !matches!(field.kind, Kind::Bytes | Kind::Picture) && !follows(field))
        .collect()
}

fn width(header: &str) -> f64 {
    let characters = u32::try_from(header.chars().count()).unwrap_or(40);
    f64::from(characters.min(40)).mul_add(2.0, 4.0).max(14.0)
}

/// Shows how the columns are filled in that everybody fills in. The person is made up: no place has the code 9901.
fn sample(at: usize, field: &Field) -> Cell<'static> {
    if at == 0 {
        return Cell::Text("示例（本行不会导入）".into());
    }
    match field.kind {
        Kind::IdNumber => Cell::Text("99010119900615007X".into()),
        Kind::Phone => Cell::Text("13900000001".into()),
        Kind::Code(list) if field.listed || field.register == "identity" => {
            let first = codes::list(list).and_then(|list| list.entries.first());
            first.map_or(Cell::Empty, |code| Cell::Text(code.zh.into()))
        }
        _ => Cell::Empty,
    }
}

fn place(view: &View<'_>, ty: &RecordType, asked: Option<&str>) -> Result<PathBuf, Fault> {
    let Some(asked) = asked else {
        let folder = view.office.store.folder().join("reports");
        std::fs::create_dir_all(&folder)?;
        return Ok(folder.join(format!("{}-template.xlsx", ty.plural)));
    };
    let out = match Path::new(asked) {
        folder if folder.is_dir() => folder.join(format!("{}模板.xlsx", ty.zh)),
        file => file.to_owned(),
    };
    if out.exists() {
        return Err(Fault::new(
            "file_there",
            "这里已有同名文件，为免覆盖没有写。请换一个名字或文件夹。",
            "A file of that name is there already and was not written over. Choose another name or folder.",
        ));
    }
    Ok(out)
}
