//! Paper: a command of the office says what is drawn ([`niangjia_core::paper::Paper`]), the program beside this one draws and prints it.
//! A further command that answers a paper needs nothing here. What was drawn stays in memory until it is locked; nothing of it touches
//! the disk before the clerk asks for a file.

mod asks;
mod program;

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use niangjia_core::{
    Fault,
    office::Caller,
    paper::{Out, Paper},
    people::Role,
    words::Say,
};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{
    Station, moment,
    station::{read, written},
};
pub(crate) use asks::commands;
use asks::{
    MissingFont, MissingGlyph, Offset, PaperFile, PaperFileAsk, Preview, PreviewAsk, PrintAnswer, PrintAsk, Printers,
};
use program::Program;

/// What the program says when it has drawn.
#[derive(Deserialize)]
struct Shown {
    pages: u32,
    missing_fonts: Vec<MissingFont>,
    missing_glyphs: Vec<MissingGlyph>,
    warnings: Vec<Warning>,
    pdf: String,
    previews: Vec<String>,
}

#[derive(Deserialize)]
struct Warning {
    zh: String,
    en: String,
}

/// A paper as it was drawn last.
struct Held {
    id: String,
    paper: Paper,
    offset: Offset,
    pdf: Zeroizing<Vec<u8>>,
}

/// What was drawn and may still be printed.
#[derive(Default)]
pub(crate) struct Desk {
    held: Mutex<Vec<Held>>,
    /// Where the program lies, where that is not beside this one.
    program: OnceLock<PathBuf>,
}

impl Desk {
    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing of it outlives the session.
    pub(crate) fn clear(&self) {
        self.held().clear();
    }

    fn keep(&self, paper: Held) {
        let mut held = self.held();
        held.retain(|one| one.id != paper.id);
        if held.len() == HELD {
            held.remove(0);
        }
        held.push(paper);
    }

    fn program(&self) -> Result<Program, Fault> {
        self.program.get().map_or_else(Program::beside_this_one, |path| Ok(Program::at(path.clone())))
    }
}

/// How many papers are kept: two windows of a browser may each show one.
const HELD: usize = 2;
/// Pages that are shown; further ones are printed unseen.
const PREVIEWS: &str = "12";
/// Points an inch of what is shown: an A4 page fills the window's width, a card is enlarged.
const PPI: (&str, &str) = ("110", "300");
/// The largest batch of cards with photos takes a tenth of it on a slow PC.
const DRAWING: Duration = Duration::from_secs(120);
const PRINTING: Duration = Duration::from_secs(60);

impl Station {
    /// The program that draws lies here. A test that has a spooler of its own needs that, or one that has no program.
    #[must_use]
    pub fn drawing_with(self: std::sync::Arc<Self>, program: PathBuf) -> std::sync::Arc<Self> {
        let _ = self.paper.program.set(program);
        self
    }

    /// One of the commands of this part.
    ///
    /// # Errors
    /// The command's own.
    pub(crate) fn at_printer(&self, name: &str, question: Value) -> Result<Value, Fault> {
        match name {
            "paper.preview" => written(self.preview_paper(read(question)?)?),
            "paper.print" => written(self.print_paper(&read(question)?)?),
            "paper.save" => written(self.save_paper(&read(question)?)?),
            "paper.printers" => written(self.printers()?),
            _ => Err(Fault::question(name)),
        }
    }

    /// # Errors
    /// Those of the command that says what is drawn, and those of the program.
    fn preview_paper(&self, ask: PreviewAsk) -> Result<Preview, Fault> {
        let session = self.session()?;
        self.allowed(&session, Role::Clerk)?;
        let program = self.paper.program()?;
        let (id, paper) = match (&ask.paper, &ask.of) {
            (Some(id), _) => (id.clone(), self.held_paper(id)?),
            (None, Some(name)) if session.office.commands().get(name)?.draws => {
                let answer = self.at_office(name, ask.ask)?;
                (fresh_id(), serde_json::from_value(answer).map_err(Fault::question)?)
            }
            _ => return Err(Fault::question("of")),
        };
        let shown = draw(&program, &paper, ask.offset, PREVIEWS)?;
        let pdf = Zeroizing::new(STANDARD.decode(&shown.pdf).map_err(Fault::question)?);
        let mut told = paper.told.clone();
        told.extend(shown.warnings.into_iter().map(|one| Say::owned(one.zh, one.en)));
        let preview = Preview {
            paper: id.clone(),
            name: paper.name.clone(),
            pages: shown.pages,
            previews: shown.previews,
            card: paper.card,
            two_sided: paper.two_sided,
            before: paper.before,
            records: paper.records.clone(),
            refused: paper.refused.clone(),
            told,
            missing_fonts: shown.missing_fonts,
            missing_glyphs: shown.missing_glyphs,
        };
        self.paper.keep(Held { id, paper, offset: ask.offset, pdf });
        // Locked meanwhile: what was drawn goes with the session.
        self.session().inspect_err(|_| self.paper.clear())?;
        Ok(preview)
    }

    /// # Errors
    /// `paper_gone`, a missing reason, and those of the program; then nothing was printed, and nothing noted.
    fn print_paper(&self, ask: &PrintAsk) -> Result<PrintAnswer, Fault> {
        let (paper, pdf) = self.ready(&ask.paper, ask.offset, Out::Printed)?;
        let copies = ask.copies.to_string();
        let printer = format!("--printer={}", ask.printer);
        let pages = ask.first.map(|first| format!("--pages={first}-{}", ask.last.unwrap_or(first)));
        let mut words = vec!["print", "--pdf", "-", &printer, "--copies", &copies];
        words.extend(["--media", if paper.card { "card" } else { "a4" }]);
        words.extend(["--sides", if ask.two_sided { "two" } else { "one" }]);
        words.extend(pages.as_deref());
        let answer = self.paper.program()?.run(&words, &pdf, PRINTING)?;
        self.goes(&paper, Out::Printed)?;
        Ok(PrintAnswer { request: answer["request"].as_str().unwrap_or_default().to_owned() })
    }

    /// # Errors
    /// `paper_gone`, a missing reason, and those of the program; then nothing was noted.
    fn save_paper(&self, ask: &PaperFileAsk) -> Result<PaperFile, Fault> {
        let (paper, pdf) = self.ready(&ask.paper, ask.offset, Out::Saved)?;
        self.goes(&paper, Out::Saved)?;
        Ok(PaperFile { name: format!("{}.pdf", paper.name), base64: STANDARD.encode(&*pdf) })
    }

    /// # Errors
    /// Those of the program.
    fn printers(&self) -> Result<Printers, Fault> {
        self.allowed(&self.session()?, Role::Clerk)?;
        let answer = self.paper.program()?.run(&["printers"], &[], PRINTING)?;
        serde_json::from_value(answer).map_err(Fault::question)
    }

    fn held_paper(&self, id: &str) -> Result<Paper, Fault> {
        let held = self.paper.held();
        Ok(held.iter().find(|one| one.id == id).ok_or_else(gone)?.paper.clone())
    }

    /// A paper that may go out, drawn where it shall stand.
    fn ready(&self, id: &str, offset: Offset, out: Out) -> Result<(Paper, Zeroizing<Vec<u8>>), Fault> {
        self.allowed(&self.session()?, Role::Clerk)?;
        self.keeper.room(self.dir(), out.deed())?;
        let paper = self.held_paper(id)?;
        paper.may_go()?;
        let drawn = {
            let held = self.paper.held();
            let same = held.iter().find(|one| one.id == id && one.offset == offset);
            same.map(|one| one.pdf.clone())
        };
        if let Some(pdf) = drawn {
            return Ok((paper, pdf));
        }
        let shown = draw(&self.paper.program()?, &paper, offset, "0")?;
        let pdf = Zeroizing::new(STANDARD.decode(&shown.pdf).map_err(Fault::question)?);
        self.paper.keep(Held { id: id.to_owned(), paper: paper.clone(), offset, pdf: pdf.clone() });
        Ok((paper, pdf))
    }

    fn goes(&self, paper: &Paper, out: Out) -> Result<(), Fault> {
        let session = self.session()?;
        let caller = Caller { clerk: session.clerk, roles: session.roles.clone(), moment: moment() };
        let changed = session.office.paper_goes(paper, out, caller);
        let changed = changed.map_err(|fault| self.keeper.spoken(self.dir(), fault))?;
        self.tell(&changed.kinds);
        self.timer.wake();
        Ok(())
    }
}

fn draw(program: &Program, paper: &Paper, offset: Offset, previews: &str) -> Result<Shown, Fault> {
    let mut job = paper.job.clone();
    job["offset_mm"] = json!({ "x": offset.x, "y": offset.y });
    let job = Zeroizing::new(serde_json::to_vec(&job).map_err(Fault::question)?);
    let ppi = if paper.card { PPI.1 } else { PPI.0 };
    let said = program.run(&["show", "--ppi", ppi, "--png-pages", previews], &job, DRAWING)?;
    serde_json::from_value(said).map_err(|cause| program::failed().because(format!("{:?}", cause.classify())))
}

fn fresh_id() -> String {
    let mut moment = moment();
    niangjia_core::replication::RecordId::new(u64::try_from(moment.wall).unwrap_or(0), &mut moment.rng).to_string()
}

fn gone() -> Fault {
    Fault::new(
        "paper_gone",
        "这份预览已经不在了（重新解锁过，或又打开了别的预览），没有打印。请关闭后重新打开预览。",
        "This preview is gone (unlocked anew, or others were opened); nothing was printed. Close it and open it again.",
    )
}
