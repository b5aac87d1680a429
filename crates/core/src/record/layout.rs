//! What follows from a field list: registers, the table, its statements, and the fingerprint of the whole schema.

use std::{collections::HashMap, fmt::Write as _};

use niangjia_replication::unknown_yet;

use super::{Moves, RecordType};

/// Fields that are replaced together; most registers have one field.
#[derive(Debug)]
pub struct Register {
    /// Name: the field's own, or the group's.
    pub name: &'static str,
    /// Places of its fields.
    pub fields: Vec<usize>,
}

/// The register that every record has besides its fields: whether it is void.
pub const VOID: &str = "void";

/// A record type made ready for the store.
#[derive(Debug)]
pub struct Layout {
    /// The type.
    pub ty: &'static RecordType,
    /// Small number of the type in this program, used in derived tables.
    pub no: u8,
    /// The registers; the last one is [`VOID`] and has no field.
    pub registers: Vec<Register>,
    /// Register of each field.
    pub register_of: Vec<usize>,
    /// Registers of fields that say something of the place where a record is held.
    pub(crate) local: Vec<usize>,
    /// Names of the fields that name a blob.
    pub(crate) pictures: Vec<&'static str>,
    places: HashMap<&'static str, usize>,
    pub(crate) insert: String,
    pub(crate) select: String,
}

impl Layout {
    fn new(ty: &'static RecordType, no: u8) -> Self {
        let mut registers: Vec<Register> = Vec::new();
        let mut register_of = Vec::with_capacity(ty.fields.len());
        for (place, field) in ty.fields.iter().enumerate() {
            let at = registers.iter().position(|r| r.name == field.register).unwrap_or_else(|| {
                registers.push(Register { name: field.register, fields: Vec::new() });
                registers.len() - 1
            });
            registers[at].fields.push(place);
            register_of.push(at);
        }
        registers.push(Register { name: VOID, fields: Vec::new() });
        let columns = ty.fields.iter().map(|f| format!("\"{}\"", f.name)).collect::<Vec<_>>().join(", ");
        let holes = (0..ty.fields.len()).map(|i| format!("?{}", i + 8)).collect::<Vec<_>>().join(", ");
        let key = if ty.moves == Moves::Never { "id" } else { "id, stream" };
        let insert = format!(
            "INSERT INTO \"{0}\" (id, stream, ver_inc, ver_ctr, made_by, made_at, state, {columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, {holes}) ON CONFLICT ({key}) DO NOTHING",
            ty.name
        );
        let select = format!(
            "SELECT rec, id, stream, ver_inc, ver_ctr, vers, void, made_by, made_at, state, {columns} FROM \"{}\"",
            ty.name
        );
        let known = || ty.fields.iter().enumerate().filter(|(_, f)| !unknown_yet!(ty.name, f.name));
        let places = known().map(|(i, f)| (f.name, i)).collect();
        let pictures = known().filter(|(_, f)| f.kind == super::Kind::Picture).map(|(_, f)| f.name).collect();
        let mut local: Vec<usize> =
            ty.fields.iter().zip(&register_of).filter(|(field, _)| field.local).map(|(_, at)| *at).collect();
        local.dedup();
        Self { ty, no, registers, register_of, local, pictures, places, insert, select }
    }

    /// Place of a field by name.
    #[must_use]
    pub fn place(&self, field: &str) -> Option<usize> {
        self.places.get(field).copied()
    }

    /// Index of a register by name.
    #[must_use]
    pub fn register(&self, name: &str) -> Option<usize> {
        self.registers.iter().position(|r| r.name == name)
    }

    /// Index of the void register.
    #[must_use]
    pub fn void_register(&self) -> usize {
        self.registers.len() - 1
    }

    /// The statement that makes the table. Rows are numbered locally; the UUIDv7 is a unique key beside.
    #[must_use]
    pub fn create(&self) -> String {
        let unique = if self.ty.moves == Moves::Never { " UNIQUE" } else { "" };
        let mut sql = format!(
            "CREATE TABLE \"{}\" (\n  rec INTEGER PRIMARY KEY,\n  id BLOB NOT NULL{unique},\n  stream INTEGER NOT NULL,\n  ver_inc INTEGER NOT NULL,\n  ver_ctr INTEGER NOT NULL,\n  vers BLOB,\n  void INTEGER NOT NULL DEFAULT 0,\n  made_by INTEGER NOT NULL,\n  made_at INTEGER NOT NULL,\n  state TEXT",
            self.ty.name
        );
        for field in self.ty.fields {
            let _ = write!(sql, ",\n  \"{}\" {}", field.name, field.kind.column());
        }
        // A record that moves has a row for each office in whose stream it stands or stood.
        sql.push_str(if self.ty.moves == Moves::Never { "" } else { ",\n  UNIQUE (id, stream)" });
        sql.push_str("\n) STRICT;");
        sql
    }

    /// The statements that make its indices. Replaying the log reads none of them: made over a whole table they are sorted once.
    #[must_use]
    pub fn create_indices(&self) -> String {
        let mut sql = String::new();
        if self.ty.moves != Moves::Never {
            // Few of many: what went elsewhere, or is not ruled to be here.
            let _ = write!(
                sql,
                "\nCREATE INDEX \"{0}_away\" ON \"{0}\" (id) WHERE state IN ('transferred', 'provisional');",
                self.ty.name
            );
        }
        for field in self.ty.fields {
            if field.keyed
                || matches!(field.kind, super::Kind::IdNumber | super::Kind::CreditCode | super::Kind::Link(_))
            {
                let _ = write!(
                    sql,
                    "\nCREATE INDEX \"{0}_{1}\" ON \"{0}\" (\"{1}\") WHERE \"{1}\" IS NOT NULL;",
                    self.ty.name, field.name
                );
            }
            if field.by_office {
                let _ = write!(
                    sql,
                    "\nCREATE INDEX \"{0}_of_office_{1}\" ON \"{0}\" (stream, state, \"{1}\") WHERE void = 0 AND \"{1}\" IS NOT NULL;",
                    self.ty.name, field.name
                );
            }
            // What the home page counts at every start: from here it is counted without a look at any row.
            if field.due {
                let _ = write!(
                    sql,
                    "\nCREATE INDEX \"{0}_{1}\" ON \"{0}\" (state, \"{1}\") WHERE void = 0;",
                    self.ty.name, field.name
                );
            }
        }
        sql
    }
}

/// Every record type that this program knows.
#[derive(Debug)]
pub struct Schema {
    layouts: Vec<Layout>,
    by_name: HashMap<&'static str, usize>,
}

impl Schema {
    /// Numbers the types in the order given.
    #[must_use]
    pub fn new(types: &[&'static RecordType]) -> Self {
        let layouts: Vec<Layout> = types.iter().zip(1u8..).map(|(ty, no)| Layout::new(ty, no)).collect();
        let known = layouts.iter().enumerate().filter(|(_, l)| !unknown_yet!(l.ty.name));
        let by_name = known.map(|(i, l)| (l.ty.name, i)).collect();
        Self { layouts, by_name }
    }

    /// The type of that name on the wire; `None` for a type of a newer version.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&Layout> {
        self.by_name.get(name).map(|i| &self.layouts[*i])
    }

    /// The type with that number.
    #[must_use]
    pub fn number(&self, no: u8) -> Option<&Layout> {
        self.layouts.get(usize::from(no).checked_sub(1)?)
    }

    /// All types.
    pub fn all(&self) -> impl Iterator<Item = &Layout> {
        self.layouts.iter()
    }

    /// Changes when any table or register would look different; then the tables are rebuilt from the log.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for layout in self.layouts.iter().filter(|layout| self.by_name.contains_key(layout.ty.name)) {
            hasher.update(layout.create().as_bytes());
            hasher.update(layout.create_indices().as_bytes());
            let fields = layout.ty.fields.iter().zip(&layout.register_of);
            for (field, register) in fields.filter(|(field, _)| layout.places.contains_key(field.name)) {
                hasher.update(
                    format!("{}:{register}:{}:{}:{};", field.name, field.kind.key(), field.search, field.name)
                        .as_bytes(),
                );
            }
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }
}
