//! Record types: what a field is, how a struct becomes a row, and which fields form one register.

mod layout;

pub use layout::{Layout, Register, Schema};
pub use niangjia_derive::Record;
pub use niangjia_replication::change::{RecordId, Value};

use chrono::NaiveDate;

use crate::{fault::Fault, store::versions::UNREADABLE};

/// What kind of thing a field holds; decides its column, its form control, its mask and its reading from a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One line of text.
    Text,
    /// Text of several lines.
    Note,
    /// A person's name (`checks::name`).
    Name,
    /// A code of the named list (`codes`).
    Code(&'static str),
    /// A civil day, `YYYY-MM-DD`.
    Day,
    /// Yes or no.
    Bool,
    /// A whole number.
    Int,
    /// Money in fen.
    Money,
    /// Another record of the named type.
    Link(&'static str),
    /// A person's identity document number.
    IdNumber,
    /// A telephone number.
    Phone,
    /// A bank card or account number (`checks::bank_card`).
    BankCard,
    /// A unified social credit code.
    CreditCode,
    /// An administrative area code.
    Area,
    /// Bytes that no form shows.
    Bytes,
    /// A picture: the reference of a blob (`blobs`). Its bytes follow the change on the slow lane.
    Picture,
}

impl Kind {
    /// The key of the kind in the catalogue.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Note => "note",
            Self::Name => "name",
            Self::Code(_) => "code",
            Self::Day => "day",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Money => "money",
            Self::Link(_) => "link",
            Self::IdNumber => "id_number",
            Self::Phone => "phone",
            Self::BankCard => "bank_card",
            Self::CreditCode => "credit_code",
            Self::Area => "area",
            Self::Bytes => "bytes",
            Self::Picture => "picture",
        }
    }

    /// The STRICT column type.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::Bool | Self::Int | Self::Money => "INTEGER",
            Self::Link(_) | Self::Bytes | Self::Picture => "BLOB",
            _ => "TEXT",
        }
    }
}

/// One field of a record type, written once as an attribute of the struct's field.
#[derive(Debug)]
pub struct Field {
    /// Identifier: column, wire name and JSON key.
    pub name: &'static str,
    /// Official Chinese label.
    pub zh: &'static str,
    /// English label.
    pub en: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Fields that only make sense together share a register and are replaced together.
    pub register: &'static str,
    /// Which part of the form it stands in.
    pub section: &'static str,
    /// Further headings under which sheets carry it.
    pub sheet: &'static [&'static str],
    /// Must be filled before a save.
    pub required: bool,
    /// Shown masked unless revealed.
    pub sensitive: bool,
    /// Found by the search box.
    pub search: bool,
    /// Shown as a column of the list by default.
    pub listed: bool,
    /// A day on which something comes due; counted on the home page, so an index keeps it beside the standing.
    pub due: bool,
    /// Records are looked up by it, so it has an index.
    pub keyed: bool,
    /// Says something of the place where the record is held. Where the record moves, the new office says it anew, and what the
    /// old one said stands in the history.
    pub local: bool,
    /// Looked at within one office and standing, in its order: the county, which holds all offices, walks over its own rows only.
    pub by_office: bool,
}

/// Whether a record may stand in the streams of several offices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moves {
    /// It belongs to the stream in which it began.
    Never,
    /// It is held by one office at a time, as the county has ruled of it.
    Itself,
    /// It goes where the record goes that this field names.
    With(&'static str),
    /// It is common to the offices that have a part in it; each sees what all of them wrote.
    Shared,
}

/// A record type: its names and its fields.
#[derive(Debug)]
pub struct RecordType {
    /// Identifier: table name and kind on the wire.
    pub name: &'static str,
    /// Prefix of its commands, such as `members`.
    pub plural: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// Index of the field that names a record to a person.
    pub title: usize,
    /// The fields in order.
    pub fields: &'static [Field],
    /// Whether it moves between offices.
    pub moves: Moves,
}

impl RecordType {
    /// The place of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == name)
    }
}

/// A struct that is a record type; derived.
pub trait Record: Sized {
    /// The field list.
    const TYPE: &'static RecordType;
    /// Reads a row in field order.
    ///
    /// # Errors
    /// `row_unreadable` where a stored value does not have the shape of its field.
    fn from_values(values: &[Value]) -> Result<Self, Fault>;
    /// The row in field order.
    fn into_values(self) -> Vec<Value>;
}

/// A Rust type that can be a field.
pub trait FieldValue: Sized {
    /// The kind where the attribute names none.
    const KIND: Kind;
    /// Reads a stored value; `None` when the shape is wrong.
    fn read(value: &Value) -> Option<Self>;
    /// The stored value.
    fn write(self) -> Value;
}

impl FieldValue for String {
    const KIND: Kind = Kind::Text;
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Text(t) => Some(t.to_string()),
            // A merged record may lack what a command requires; reading never refuses.
            Value::Null => Some(Self::new()),
            _ => None,
        }
    }
    fn write(self) -> Value {
        if self.is_empty() { Value::Null } else { Value::Text(self.into()) }
    }
}

impl FieldValue for bool {
    const KIND: Kind = Kind::Bool;
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(b) => Some(*b),
            Value::Int(n) => Some(*n != 0),
            _ => None,
        }
    }
    fn write(self) -> Value {
        Value::Bool(self)
    }
}

impl FieldValue for i64 {
    const KIND: Kind = Kind::Int;
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }
    fn write(self) -> Value {
        Value::Int(self)
    }
}

impl FieldValue for RecordId {
    const KIND: Kind = Kind::Bytes;
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(b) => Some(Self(<[u8; 16]>::try_from(&**b).ok()?)),
            _ => None,
        }
    }
    fn write(self) -> Value {
        Value::Bytes(self.0.to_vec().into())
    }
}

impl FieldValue for Vec<u8> {
    const KIND: Kind = Kind::Bytes;
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(b) => Some(b.to_vec()),
            _ => None,
        }
    }
    fn write(self) -> Value {
        Value::Bytes(self.into())
    }
}

impl FieldValue for NaiveDate {
    const KIND: Kind = Kind::Day;
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Text(t) => t.parse().ok(),
            _ => None,
        }
    }
    fn write(self) -> Value {
        Value::Text(self.format("%Y-%m-%d").to_string().into())
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    const KIND: Kind = T::KIND;
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::read(other).map(Some),
        }
    }
    fn write(self) -> Value {
        self.map_or(Value::Null, T::write)
    }
}

/// Reads one field of a row; called by the derived code.
///
/// # Errors
/// `row_unreadable`, naming the type and field but not the value.
pub fn read_field<T: FieldValue>(ty: &RecordType, place: usize, values: &[Value]) -> Result<T, Fault> {
    values.get(place).and_then(T::read).ok_or_else(|| {
        Fault::new(
            UNREADABLE,
            "这条记录里有一项本机读不懂，记录本身完好。请更新程序。",
            "One field of this record cannot be read by this version; the record itself is intact. Update the program.",
        )
        .because(format!("{}.{}", ty.name, ty.fields[place].name))
    })
}
