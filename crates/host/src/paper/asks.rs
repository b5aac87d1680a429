//! What is asked of the printing part of a station and what it answers.

use niangjia_core::{
    Fault,
    paper::{NotOnPaper, OnPaper},
    people::{Nothing, Role},
    registry::Registry,
    words::Say,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// By how much one printer prints beside where it should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Offset {
    /// Millimetres to the right.
    pub x: f64,
    /// Millimetres downwards.
    pub y: f64,
}

/// What is drawn.
#[derive(Deserialize, JsonSchema)]
pub struct PreviewAsk {
    /// A command that answers a paper, such as `members.paper`.
    #[serde(default)]
    pub of: Option<String>,
    /// Its question.
    #[serde(default)]
    pub ask: Value,
    /// Instead of them: what was drawn before, at another place.
    #[serde(default)]
    pub paper: Option<String>,
    /// Where it shall stand.
    #[serde(default)]
    pub offset: Offset,
}

/// A drawn paper.
#[derive(Serialize, JsonSchema)]
pub struct Preview {
    /// Under which id it is kept until the office is locked, or others were drawn.
    pub paper: String,
    /// What a file of it is called, without its ending.
    pub name: String,
    /// How many pages.
    pub pages: u32,
    /// The first pages as PNG, base64.
    pub previews: Vec<String>,
    /// Whether the sheets are cards and not A4.
    pub card: bool,
    /// Whether it is made for printing on both sides.
    pub two_sided: bool,
    /// How often it was printed or saved before.
    pub before: u32,
    /// The records that stand on it.
    pub records: Vec<OnPaper>,
    /// Records that were asked for and do not stand on it.
    pub refused: Vec<NotOnPaper>,
    /// What the clerk should know.
    pub told: Vec<Say>,
    /// Letterings that this PC has no font of.
    pub missing_fonts: Vec<MissingFont>,
    /// Characters that no font of this PC has.
    pub missing_glyphs: Vec<MissingGlyph>,
}

/// A kind of lettering without its font.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct MissingFont {
    /// Its name as clerks know it.
    pub wanted: String,
    /// The font that would be it.
    pub family: String,
    /// What stands in.
    pub instead: Option<String>,
}

/// A character without a font.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct MissingGlyph {
    /// The character.
    pub character: String,
    /// Its place in Unicode.
    pub code: String,
    /// How often it would stand there.
    pub count: u32,
}

/// How a drawn paper is printed.
#[derive(Deserialize, JsonSchema)]
pub struct PrintAsk {
    /// Its id.
    pub paper: String,
    /// One of `paper.printers`.
    pub printer: String,
    /// How often.
    pub copies: u8,
    /// First page; all where absent.
    #[serde(default)]
    pub first: Option<u16>,
    /// Last page; the first one alone where absent.
    #[serde(default)]
    pub last: Option<u16>,
    /// Whether both sides of the paper are printed.
    #[serde(default)]
    pub two_sided: bool,
    /// Where it shall stand.
    #[serde(default)]
    pub offset: Offset,
}

/// It lies with the printer.
#[derive(Serialize, JsonSchema)]
pub struct PrintAnswer {
    /// The number that the spooler gave it.
    pub request: String,
}

/// A drawn paper as a file.
#[derive(Deserialize, JsonSchema)]
pub struct PaperFileAsk {
    /// Its id.
    pub paper: String,
    /// Where it shall stand.
    #[serde(default)]
    pub offset: Offset,
}

/// A PDF for the clerk.
#[derive(Serialize, JsonSchema)]
pub struct PaperFile {
    /// What it is called.
    pub name: String,
    /// Its content.
    pub base64: String,
}

/// The printers of this PC.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Printers {
    /// In the spooler's order.
    pub printers: Vec<PrinterLine>,
}

/// A printer.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct PrinterLine {
    /// Its name.
    pub name: String,
    /// Whether it is the usual one.
    pub default: bool,
}

/// Lists the commands for the catalogue; they run in [`crate::Station::call`].
pub(crate) fn commands(registry: &mut Registry) {
    fn at_station<A, B>(_: &niangjia_core::office::View<'_>, _: A) -> Result<B, Fault> {
        Err(Fault::question("a command of the station"))
    }
    registry.query("paper.preview", Role::Clerk, at_station::<PreviewAsk, Preview>);
    registry.query("paper.print", Role::Clerk, at_station::<PrintAsk, PrintAnswer>);
    registry.query("paper.save", Role::Clerk, at_station::<PaperFileAsk, PaperFile>);
    registry.query("paper.printers", Role::Clerk, at_station::<Nothing, Printers>);
}
