//! The program `niangjia-paper`: a job in, a PDF and previews out, and one JSON document on standard output.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::{Parser, Subcommand};
use niangjia_paper::job::{MAX_JOB, too_large};
use niangjia_paper::print::{self, Media, Order, Pages, Sides};
use niangjia_paper::{Fault, Fonts, Job, Paper, Report, draw};
use serde::Serialize;
use serde_json::json;

/// Official forms on paper.
#[derive(Parser)]
#[command(version)]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Draws a job as PDF, with previews if a folder for them is named.
    Make {
        /// The job's file, or `-` for standard input.
        #[arg(long)]
        job: PathBuf,
        /// The PDF that is written, whole or not at all.
        #[arg(long)]
        pdf: PathBuf,
        /// A folder for previews, `page-1.png` and so on.
        #[arg(long)]
        png: Option<PathBuf>,
        /// Points an inch of the previews, from 36 to 600.
        #[arg(long, default_value_t = 110.0)]
        ppi: f64,
        /// How many pages have a preview.
        #[arg(long, default_value_t = 20)]
        png_pages: usize,
        /// A folder with fonts beside those of the system.
        #[arg(long)]
        fonts: Option<PathBuf>,
    },
    /// Draws the job on standard input; PDF and previews stand in the document that is said, and nothing on the disk.
    Show {
        /// Points an inch of the previews, from 36 to 600.
        #[arg(long, default_value_t = 110.0)]
        ppi: f64,
        /// How many pages have a preview.
        #[arg(long, default_value_t = 20)]
        png_pages: usize,
        /// A folder with fonts beside those of the system.
        #[arg(long)]
        fonts: Option<PathBuf>,
    },
    /// Tells which wanted fonts this PC lacks, and what replaces them.
    Fonts {
        /// A folder with fonts beside those of the system.
        #[arg(long)]
        fonts: Option<PathBuf>,
    },
    /// Lists the printers.
    Printers,
    /// Hands a PDF to the spooler, in its own size.
    Print {
        /// The PDF, or `-` for standard input.
        #[arg(long)]
        pdf: PathBuf,
        /// The printer's name, as `printers` tells it.
        #[arg(long)]
        printer: String,
        /// How often it is printed, from 1 to 99.
        #[arg(long, default_value_t = 1)]
        copies: u8,
        /// Which faces of the paper are printed.
        #[arg(long, value_enum, default_value_t)]
        sides: Sides,
        /// The size of the paper.
        #[arg(long, value_enum, default_value_t)]
        media: Media,
        /// Which pages, `3` or `2-5`; all where absent.
        #[arg(long)]
        pages: Option<Pages>,
    },
}

/// Most bytes of all previews together: what is said is held whole by who listens.
const MOST_PREVIEWS: usize = 32 << 20;
/// Largest PDF that is said or printed.
const MOST_PDF: u64 = 128 << 20;

/// What `show` says.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    report: Report,
    /// Base64 of the PDF.
    pdf: String,
    /// Base64 of a PNG for each of the first pages.
    previews: Vec<String>,
}

fn main() -> ExitCode {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(told) if !told.use_stderr() => {
            let _ = told.print();
            return ExitCode::SUCCESS;
        }
        // What clap says quotes the command line, and a path may hold a name.
        Err(_) => {
            return refuse(&Fault::new(
                "usage",
                "命令写得不对。niangjia-paper --help 列出全部用法。",
                "The command line is not right. `niangjia-paper --help` lists everything.",
            ));
        }
    };
    let said = match line.verb {
        Verb::Make { job, pdf, png, ppi, png_pages, fonts } => {
            make(&job, &pdf, png.as_deref().map(|folder| (folder, ppi, png_pages)), fonts.as_deref())
                .and_then(|report| say(&report))
        }
        Verb::Show { ppi, png_pages, fonts } => show(ppi, png_pages, fonts.as_deref()).and_then(|shown| say(&shown)),
        Verb::Fonts { fonts } => {
            let fonts = Fonts::system(fonts.as_deref());
            say(&json!({"fonts": fonts.count(), "missing_fonts": fonts.missing()}))
        }
        Verb::Printers => print::printers().and_then(|printers| say(&json!({"printers": printers}))),
        Verb::Print { pdf, printer, copies, sides, media, pages } => {
            send(&pdf, &Order { printer, copies, sides, media, pages })
                .and_then(|request| say(&json!({"request": request})))
        }
    };
    match said {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => refuse(&fault),
    }
}

fn say(what: &impl Serialize) -> Result<(), Fault> {
    let text = serde_json::to_string(what).expect("reports are made of texts and numbers");
    writeln!(io::stdout(), "{text}").map_err(|cause| unwritten(&cause))
}

fn refuse(fault: &Fault) -> ExitCode {
    // Who does not listen any more needs no answer; the exit code still tells.
    let _ = say(&json!({"fault": fault}));
    ExitCode::from(2)
}

fn make(job: &Path, pdf: &Path, previews: Option<(&Path, f64, usize)>, fonts: Option<&Path>) -> Result<Report, Fault> {
    let paper = drawn(job, fonts)?;
    write_whole(pdf, &paper.pdf()?)?;
    if let Some((folder, ppi, most)) = previews {
        fs::create_dir_all(folder).map_err(|cause| unwritten(&cause))?;
        for page in 0..paper.report.pages.min(most) {
            write_whole(&folder.join(format!("page-{}.png", page + 1)), &paper.png(page, ppi)?)?;
        }
    }
    Ok(paper.report)
}

/// The same without a file: there are people on it, and who asks wants it in memory only.
fn show(ppi: f64, most: usize, fonts: Option<&Path>) -> Result<Shown, Fault> {
    let paper = drawn(Path::new("-"), fonts)?;
    let pdf = paper.pdf()?;
    if pdf.len() as u64 > MOST_PDF {
        return Err(too_large());
    }
    let (mut previews, mut bytes) = (Vec::new(), 0);
    for page in 0..paper.report.pages.min(most) {
        let png = paper.png(page, ppi)?;
        bytes += png.len();
        if bytes > MOST_PREVIEWS {
            break;
        }
        previews.push(STANDARD.encode(png));
    }
    Ok(Shown { report: paper.report, pdf: STANDARD.encode(pdf), previews })
}

fn drawn(job: &Path, fonts: Option<&Path>) -> Result<Paper, Fault> {
    let job = Job::read(&read(job, MAX_JOB)?)?;
    draw(&job, &Fonts::system(fonts))
}

fn send(pdf: &Path, order: &Order) -> Result<String, Fault> {
    let bytes = read(pdf, MOST_PDF)?;
    if bytes.len() as u64 > MOST_PDF {
        return Err(too_large());
    }
    print::print(&bytes, order)
}

/// A file, or standard input; one byte more than `most` at the most, which says that there is more.
fn read(path: &Path, most: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(most + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
    };
    read.map_err(|cause| unread(&cause))?;
    Ok(bytes)
}

/// A file appears when it is finished, and only this account of the PC may read it: there are people on it.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(path).map_err(|refused| refused.error)?;
        Ok(())
    };
    write().map_err(|cause: io::Error| unwritten(&cause))
}

fn unread(cause: &io::Error) -> Fault {
    Fault::file(
        "file_unreadable",
        "要打印的文件打不开，没有打印。请检查文件还在不在，再试一次。",
        "The file could not be read; nothing was printed. Check that it is still there, then try again.",
        cause,
    )
}

fn unwritten(cause: &io::Error) -> Fault {
    Fault::file(
        "file_unwritable",
        "生成的文件没有写成，没有打印。请检查磁盘空间和文件夹权限，再试一次。",
        "The result could not be written; nothing was printed. Check free space and the folder's permissions, then try again.",
        cause,
    )
}
