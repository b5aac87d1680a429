//! The job: what is printed, already decided and masked by the core. Unknown fields are refused, every size is bounded.
//!
//! ```json
//! {"form": "slip", "data": {"number": "…"}, "offset_mm": {"x": 0.5, "y": -1}, "copies": 2, "page_numbers": true,
//!  "reprint": {"reason": "原件污损", "n": 1}}
//! ```
//! `data` is one thing, `items` several; a field that is absent is a blank to be filled in by hand, so `"data": {}` is
//! the empty form. The fields of each form are the structs of [`crate::forms`].

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::Fault;
use crate::forms::{Card, HandoutList, Registration, Slip};
use crate::text::{Line, Photo, Refused};

/// Largest job, in bytes.
pub const MAX_JOB: u64 = 100 * 1024 * 1024;
/// Most pages of one job, copies counted.
pub const MAX_PAGES: usize = 6000;
/// Most sheets of a kind that is filled one by one.
const MAX_SHEETS: usize = 200;
/// Most cards.
const MAX_CARDS: usize = 2000;

/// Most points of all photos together: three bytes each lie in memory until the PDF is written, and an office's PC has
/// 4 GB. Some 500 photos of the house's 480 × 640.
const MAX_POINTS: u64 = 155_000_000;

/// The forms by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormName {
    /// 入会申请书 and 工会会员登记表, A4.
    Registration,
    /// The face of a card, 85.6 × 54 mm a page.
    CardFront,
    /// The back of a card, 85.6 × 54 mm a page.
    CardBack,
    /// Cards on A4, ten a page, with crop marks.
    CardSheet,
    /// 工会会员组织关系介绍信 with stub and receipt, A4.
    Slip,
    /// 回执 of such a letter alone, A4.
    Receipt,
    /// 会员证(卡)发放签收表, A4.
    HandoutList,
}

/// The language of the form's own words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Chinese.
    #[default]
    Zh,
    /// English; only forms that are no official document have it.
    En,
}

/// What the paper is before it is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stock {
    /// Nothing stands on it: the whole form is drawn.
    #[default]
    Blank,
    /// Everything that is the same on all stands on it (套打): only what differs is drawn.
    Preprinted,
}

/// Which faces of the cards a sheet shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Faces.
    Front,
    /// Backs, in the order that fits behind faces when the paper is turned on its long edge.
    Back,
    /// A page of faces, then its page of backs, and so on: for printers that print both sides.
    #[default]
    Both,
}

/// Millimetres by which one printer prints beside where it should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offset {
    /// To the right.
    #[serde(default)]
    pub x: f64,
    /// Downwards.
    #[serde(default)]
    pub y: f64,
}

/// A mark that this paper was printed before.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reprint {
    /// Why it is printed again; stands beside the mark on A4.
    #[serde(default)]
    pub reason: Line<40>,
    /// The how-many-eth reprint this is, from 1 to 99.
    pub n: u8,
}

/// A job as it was read: every text within its bounds.
#[derive(Clone, Debug)]
pub struct Job {
    /// What is drawn.
    pub content: Content,
    /// The language of the form's own words.
    pub language: Language,
    /// What the paper is.
    pub stock: Stock,
    /// Which faces a sheet of cards shows.
    pub side: Side,
    /// By how much everything moves.
    pub offset_mm: Offset,
    /// How often the whole is drawn in one PDF, copy after copy. (How often a PDF is printed is asked of `print`.)
    pub copies: u8,
    /// Whether 第 x 页 共 y 页 stands below; never on single cards.
    pub page_numbers: bool,
    /// The mark of a reprint.
    pub reprint: Option<Reprint>,
}

/// What a job draws.
#[derive(Clone, Debug)]
pub enum Content {
    /// Applications with registration forms, each numbered by itself.
    Registration(Vec<Registration>),
    /// Faces of cards, one a page.
    CardFront(Vec<Card>),
    /// Backs of cards, one a page.
    CardBack(Vec<Card>),
    /// Cards on A4.
    CardSheet(Vec<Card>),
    /// Slips, one a page.
    Slip(Vec<Slip>),
    /// Receipts of slips alone, one a page.
    Receipt(Vec<Slip>),
    /// Lists, each numbered by itself.
    HandoutList(Vec<HandoutList>),
}

impl Content {
    fn photo_points(&self) -> u64 {
        let points = |photo: &Option<Photo>| photo.as_ref().map_or(0, Photo::points);
        match self {
            Self::Registration(items) => items.iter().map(|item| points(&item.photo)).sum(),
            Self::CardFront(cards) | Self::CardBack(cards) | Self::CardSheet(cards) => {
                cards.iter().map(|card| points(&card.photo)).sum()
            }
            Self::Slip(_) | Self::Receipt(_) | Self::HandoutList(_) => 0,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    form: FormName,
    #[serde(default)]
    language: Language,
    stock: Option<Stock>,
    side: Option<Side>,
    data: Option<Value>,
    items: Option<Vec<Value>>,
    #[serde(default)]
    offset_mm: Offset,
    copies: Option<u8>,
    #[serde(default)]
    page_numbers: bool,
    reprint: Option<Reprint>,
}

impl Job {
    /// Reads a job.
    ///
    /// # Errors
    /// A [`Fault`] that names the place and never quotes what stood there.
    pub fn read(json: &[u8]) -> Result<Self, Fault> {
        if json.len() as u64 > MAX_JOB {
            return Err(too_large());
        }
        let raw: Raw = serde_json::from_slice(json).map_err(|cause| Fault::job("", &cause))?;
        let range = |place| Fault::job(place, &serde::de::Error::custom(Refused::Range));
        if !(-20.0..=20.0).contains(&raw.offset_mm.x) || !(-20.0..=20.0).contains(&raw.offset_mm.y) {
            return Err(range("offset_mm"));
        }
        let copies = raw.copies.unwrap_or(1);
        if !(1..=20).contains(&copies) {
            return Err(range("copies"));
        }
        if raw.reprint.as_ref().is_some_and(|reprint| !(1..=99).contains(&reprint.n)) {
            return Err(range("reprint.n"));
        }
        let card = matches!(raw.form, FormName::CardFront | FormName::CardBack | FormName::CardSheet);
        if raw.stock.is_some() && !card || raw.side.is_some() && raw.form != FormName::CardSheet {
            return Err(Fault::new(
                "job_unfit",
                "这种表单没有“stock”或“side”这一项，没有打印。请更新程序后再试。",
                "This form has no `stock` or `side`; nothing was printed. Update the program and try again.",
            ));
        }
        if raw.language == Language::En && raw.form != FormName::HandoutList {
            return Err(Fault::new(
                "language_absent",
                "这种表单是正式文书，只有中文。请用中文打印。",
                "This form is an official document and exists in Chinese only. Print it in Chinese.",
            ));
        }
        let given = Given { data: raw.data, items: raw.items };
        let content = match raw.form {
            FormName::Registration => Content::Registration(given.read(MAX_SHEETS)?),
            FormName::CardFront => Content::CardFront(given.read(MAX_CARDS)?),
            FormName::CardBack => Content::CardBack(given.read(MAX_CARDS)?),
            FormName::CardSheet => Content::CardSheet(given.read(MAX_CARDS)?),
            FormName::Slip => Content::Slip(given.read(MAX_SHEETS)?),
            FormName::Receipt => Content::Receipt(given.read(MAX_SHEETS)?),
            FormName::HandoutList => Content::HandoutList(given.read(MAX_SHEETS)?),
        };
        if content.photo_points() > MAX_POINTS {
            return Err(too_large());
        }
        Ok(Self {
            content,
            language: raw.language,
            stock: raw.stock.unwrap_or_default(),
            side: raw.side.unwrap_or_default(),
            offset_mm: raw.offset_mm,
            copies,
            page_numbers: raw.page_numbers,
            reprint: raw.reprint,
        })
    }
}

/// One thing or several, not read yet.
struct Given {
    data: Option<Value>,
    items: Option<Vec<Value>>,
}

impl Given {
    fn read<T: DeserializeOwned>(self, most: usize) -> Result<Vec<T>, Fault> {
        let (one, items) = match (self.data, self.items) {
            (Some(data), None) => (true, vec![data]),
            (None, Some(items)) => (false, items),
            _ => {
                return Err(Fault::new(
                    "job_unfit",
                    "打印任务里要有 data（一份）或 items（多份），二者取一。没有打印。",
                    "A job has either `data` (one) or `items` (several); nothing was printed.",
                ));
            }
        };
        if items.is_empty() {
            return Err(Fault::new(
                "job_empty",
                "没有选中任何要打印的内容。请先选好再打印。",
                "Nothing was chosen to be printed. Choose first, then print.",
            ));
        }
        if items.len() > most {
            return Err(too_large());
        }
        let place = |at: usize| if one { "data".to_owned() } else { format!("items[{at}]") };
        let read = |(at, value)| serde_json::from_value(value).map_err(|cause| Fault::job(&place(at), &cause));
        items.into_iter().enumerate().map(read).collect()
    }
}

/// The bound of a whole job is passed.
#[must_use]
pub fn too_large() -> Fault {
    Fault::new(
        "job_too_large",
        "一次打印的内容太多，没有打印。请分成几次打印。",
        "Too much for one job; nothing was printed. Print it in several parts.",
    )
}
