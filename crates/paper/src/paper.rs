//! From a job to pages: typst lays them out, here they are moved, repeated, looked through for characters without a
//! font, and written as PDF or PNG.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use typst::foundations::Smart;
use typst::layout::{Abs, Frame, FrameItem, Point};
use typst::utils::Scalar;
use typst::{World, WorldExt};
use typst_layout::{Page, PagedDocument};
use typst_pdf::PdfOptions;
use typst_render::RenderOptions;

use crate::code;
use crate::fault::Fault;
use crate::fonts::{Fonts, MissingFont};
use crate::forms::Card;
use crate::job::{Content, Job, MAX_PAGES, too_large};
use crate::text::Photo;
use crate::world::Desk;

/// Most modules a side that fit on a card's back (version 12) and beside a letter (version 15).
const CARD_MODULES: usize = 65;
const SLIP_MODULES: usize = 77;

/// Finished pages.
pub struct Paper {
    document: PagedDocument,
    /// What the clerk should know about them.
    pub report: Report,
}

/// What was drawn, and what of it is not as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Pages in the PDF, copies counted.
    pub pages: usize,
    /// Letterings that this PC has no font of.
    pub missing_fonts: Vec<MissingFont>,
    /// Characters that no font of this PC has; a box stands in their place.
    pub missing_glyphs: Vec<MissingGlyph>,
    /// Other things to know.
    pub warnings: Vec<Warning>,
}

/// A character without a font.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissingGlyph {
    /// The character.
    pub character: char,
    /// Its place in Unicode, such as `U+2EBF0`.
    pub code: String,
    /// How often it would stand on the pages (of one copy).
    pub count: usize,
}

/// Something to know that hinders nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Stable key.
    pub code: &'static str,
    /// For the clerk.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

/// Draws a job.
///
/// # Errors
/// A [`Fault`] when a code's text cannot be one, a photo cannot be decoded, or there would be too many pages.
pub fn draw(job: &Job, fonts: &Fonts) -> Result<Paper, Fault> {
    let mut documents = match &job.content {
        Content::Registration(items) => {
            each(job, fonts, "/registration.typ", items, |_| None, |item| item.photo.as_ref())?
        }
        Content::Slip(items) => each(job, fonts, "/slip.typ", items, |item| Some((&item.qr, SLIP_MODULES)), |_| None)?,
        Content::Receipt(items) => each(job, fonts, "/receipt.typ", items, |_| None, |_| None)?,
        Content::HandoutList(items) => each(job, fonts, "/handout_list.typ", items, |_| None, |_| None)?,
        Content::CardFront(cards) => vec![together(job, fonts, "/cards.typ", "front", cards)?],
        Content::CardBack(cards) => vec![together(job, fonts, "/cards.typ", "back", cards)?],
        Content::CardSheet(cards) => vec![together(job, fonts, "/card_sheet.typ", "sheet", cards)?],
    };
    let info = documents[0].info_mut().clone();
    let mut pages: Vec<Page> = documents.iter().flat_map(|document| document.pages().iter().cloned()).collect();
    if pages.len() * usize::from(job.copies) > MAX_PAGES {
        return Err(too_large());
    }
    let mut report = Report { missing_fonts: fonts.missing().to_vec(), ..Report::default() };
    report.missing_glyphs = without_font(&pages);
    let single = matches!(job.content, Content::CardFront(_) | Content::CardBack(_));
    if single && job.page_numbers {
        report.warnings.push(Warning {
            code: "no_page_numbers_on_cards",
            zh: "单张会员卡上不印页码。".to_owned(),
            en: "Single cards carry no page numbers.".to_owned(),
        });
    }
    let by = Point::new(Abs::mm(job.offset_mm.x), Abs::mm(job.offset_mm.y));
    for page in &mut pages {
        page.frame.translate(by);
    }
    let copies = std::iter::repeat_n(pages, usize::from(job.copies)).flatten();
    let document = PagedDocument::new(copies.collect(), info);
    report.pages = document.pages().len();
    Ok(Paper { document, report })
}

/// Each item as a document of its own, so that its pages are numbered by themselves.
fn each<T: Serialize>(
    job: &Job,
    fonts: &Fonts,
    template: &str,
    items: &[T],
    code: impl Fn(&T) -> Option<(&String, usize)>,
    photo: impl Fn(&T) -> Option<&Photo>,
) -> Result<Vec<PagedDocument>, Fault> {
    let mut desk = Desk::new(template, fonts);
    let mut documents = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let mut fields = fields(item);
        if let Some((text, most)) = code(item) {
            put_code(&mut desk, &mut fields, text, most, at)?;
        }
        put_photo(&mut desk, &mut fields, photo(item), at);
        desk.put("/job.json", head(job, fonts, "", vec![fields]));
        documents.push(lay_out(&desk).map_err(|fault| unreadable_photo(items.iter().map(&photo)).unwrap_or(fault))?);
        // What was kept to lay out the next one faster is of use for one template, not for hundreds of pages.
        typst::comemo::evict(2);
    }
    Ok(documents)
}

/// All cards as one document.
fn together(job: &Job, fonts: &Fonts, template: &str, face: &str, cards: &[Card]) -> Result<PagedDocument, Fault> {
    let mut desk = Desk::new(template, fonts);
    let mut items = Vec::with_capacity(cards.len());
    for (at, card) in cards.iter().enumerate() {
        let mut fields = fields(card);
        put_code(&mut desk, &mut fields, &card.qr, CARD_MODULES, at)?;
        put_photo(&mut desk, &mut fields, card.photo.as_ref(), at);
        items.push(fields);
    }
    desk.put("/job.json", head(job, fonts, face, items));
    lay_out(&desk).map_err(|fault| unreadable_photo(cards.iter().map(|card| card.photo.as_ref())).unwrap_or(fault))
}

fn fields<T: Serialize>(item: &T) -> Map<String, Value> {
    match serde_json::to_value(item) {
        Ok(Value::Object(fields)) => fields,
        _ => unreachable!("a form's data is a struct of texts and numbers"),
    }
}

/// What a template reads: how to draw, and what.
fn head(job: &Job, fonts: &Fonts, face: &str, items: Vec<Map<String, Value>>) -> Vec<u8> {
    let head = json!({
        "language": job.language, "stock": job.stock, "side": job.side, "face": face,
        "page_numbers": job.page_numbers, "reprint": job.reprint, "fonts": fonts.chosen, "items": items,
    });
    head.to_string().into_bytes()
}

fn put_code(desk: &mut Desk, fields: &mut Map<String, Value>, text: &str, most: usize, at: usize) -> Result<(), Fault> {
    if text.is_empty() {
        return Ok(());
    }
    let place = format!("items[{at}].qr");
    let drawn = code::modules(text).ok().filter(|(size, _)| *size <= most);
    let Some((size, dark)) = drawn else {
        return Err(Fault::new(
            "code_unfit",
            "二维码的内容太长，或含有大写字母、数字以外的字符，放不进这张表单。没有打印，请更新程序后再试。",
            "The text of the QR code is too long for this form, or has other characters than capitals and digits. Nothing was printed; update the program and try again.",
        )
        .at(&place));
    };
    let path = format!("/code/{at}.svg");
    desk.put(&path, code::svg(size, &dark).into_bytes());
    let side = (size + 2 * code::QUIET) as f64 * code::MODULE_MM;
    fields.insert("qr".to_owned(), json!({"path": path, "side_mm": side}));
    Ok(())
}

fn put_photo(desk: &mut Desk, fields: &mut Map<String, Value>, photo: Option<&Photo>, at: usize) {
    if let Some(photo) = photo {
        let path = format!("/photo/{at}");
        desk.put(&path, photo.bytes().to_vec());
        fields.insert("photo".to_owned(), Value::String(path));
    }
}

fn lay_out(desk: &Desk) -> Result<PagedDocument, Fault> {
    let outcome = typst::compile::<PagedDocument>(desk);
    outcome.output.map_err(|causes| {
        // Where in a template it went wrong, but not what typst says about it: that may quote the job.
        let place = causes.first().and_then(|cause| {
            let source = desk.source(cause.span.id()?).ok()?;
            let line = source.lines().byte_to_line(desk.range(cause.span)?.start)? + 1;
            Some(format!("{}:{line}", source.id().vpath().get_without_slash()))
        });
        Fault::new(
            "form_unfinished",
            "这份表单没有画出来，这是程序的问题，没有打印。请把这句话告诉技术支持。",
            "The form could not be drawn. This is a defect of the program; nothing was printed. Tell support this sentence.",
        )
        .at(&place.unwrap_or_default())
    })
}

/// When drawing failed: the first photo that is only the beginning of a picture, if there is one.
fn unreadable_photo<'a>(photos: impl Iterator<Item = Option<&'a Photo>>) -> Option<Fault> {
    let at = photos.enumerate().find(|(_, photo)| photo.is_some_and(|photo| !photo.whole()))?.0;
    let fault = Fault::new(
        "photo_unreadable",
        "有一张照片打不开，可能没有传完整，没有打印。请重新选择照片，或去掉照片再打印。",
        "A photo cannot be opened; it may be incomplete. Nothing was printed. Choose the photo again, or print without it.",
    );
    Some(fault.at(&format!("items[{at}].photo")))
}

/// The characters that no font has, in the order of Unicode.
fn without_font(pages: &[Page]) -> Vec<MissingGlyph> {
    let mut counts = BTreeMap::new();
    for page in pages {
        look_through(&page.frame, &mut counts);
    }
    let told = |(character, count)| MissingGlyph { character, code: format!("U+{:04X}", u32::from(character)), count };
    counts.into_iter().map(told).collect()
}

fn look_through(frame: &Frame, counts: &mut BTreeMap<char, usize>) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => look_through(&group.frame, counts),
            FrameItem::Text(text) => {
                // Glyph 0 is the box that a font draws for what it does not know.
                for glyph in text.glyphs.iter().filter(|glyph| glyph.id == 0) {
                    for character in text.text[glyph.range()].chars().filter(|c| !c.is_whitespace() && !c.is_control())
                    {
                        *counts.entry(character).or_default() += 1;
                    }
                }
            }
            _ => {}
        }
    }
}

impl Paper {
    /// The pages as PDF, with subsets of the fonts embedded; no name, no day and no program's account in its head.
    ///
    /// # Errors
    /// A [`Fault`] when a font forbids or breaks embedding.
    pub fn pdf(&self) -> Result<Vec<u8>, Fault> {
        let options = PdfOptions {
            creator: Smart::Custom(Some("Niangjia".to_owned())),
            // Paper is not read aloud; and pages repeated as copies would repeat their marks.
            tagged: false,
            ..PdfOptions::default()
        };
        typst_pdf::pdf(&self.document, &options).map_err(|_| {
            Fault::new(
                "pdf_unfinished",
                "没有生成 PDF，可能是某个字体损坏，没有打印。请换一台电脑打印，或请技术支持检查字体。",
                "The PDF could not be made, perhaps because a font is damaged; nothing was printed. Print on another PC, or let support check the fonts.",
            )
        })
    }

    /// One page as PNG; `ppi` is points an inch, from 36 to 600.
    ///
    /// # Errors
    /// A [`Fault`] when there is no such page or the resolution is out of range.
    pub fn png(&self, page: usize, ppi: f64) -> Result<Vec<u8>, Fault> {
        let unfit = || {
            Fault::new(
                "preview_unfit",
                "没有这一页，或预览的清晰度不在 36 到 600 之间。",
                "There is no such page, or the resolution of the preview is not between 36 and 600.",
            )
        };
        let page = self.document.pages().get(page).filter(|_| (36.0..=600.0).contains(&ppi)).ok_or_else(unfit)?;
        let options = RenderOptions { pixel_per_pt: Scalar::new(ppi / 72.0), render_bleed: false };
        typst_render::render(page, &options).encode_png().map_err(|_| unfit())
    }
}
