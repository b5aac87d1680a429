//! Printing: a finished PDF is handed to the system's spooler. CUPS on Linux and macOS; on Windows not built yet
//! (docs/decisions/0039-paper.md says why), so the clerk prints the PDF from the viewer.

use serde::Serialize;

/// A printer that the spooler knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Printer {
    /// Its name, as `print` wants it.
    pub name: String,
    /// Whether it is the one that is taken when none is named.
    pub default: bool,
}

/// Which faces of the paper are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Sides {
    /// One.
    #[default]
    One,
    /// Both, turned on the long edge: what mirrored backs of cards are made for.
    Two,
}

/// The size of the paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Media {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// A card, 85.6 × 54 mm.
    Card,
}

/// How a PDF is printed.
#[derive(Clone, Debug)]
pub struct Order {
    /// Name of the printer, one of [`printers`].
    pub printer: String,
    /// How often, from 1 to 99.
    pub copies: u8,
    /// Which faces.
    pub sides: Sides,
    /// On what paper.
    pub media: Media,
    /// Which pages; all where absent.
    pub pages: Option<Pages>,
}

/// A run of pages, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    first: u16,
    last: u16,
}

impl std::str::FromStr for Pages {
    type Err = &'static str;
    /// `3` or `2-5`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) if 1 <= first && first <= last => Ok(Self { first, last }),
            _ => Err("pages are written 3 or 2-5"),
        }
    }
}

#[cfg(unix)]
pub use cups::{print, printers};
#[cfg(not(unix))]
pub use elsewhere::{print, printers};

#[cfg(unix)]
mod cups {
    use std::io::{ErrorKind, Write};
    use std::process::{Command, Stdio};

    use super::{Media, Order, Pages, Printer, Sides};
    use crate::Fault;

    /// The printers that the spooler knows, in its order.
    ///
    /// # Errors
    /// A [`Fault`] when there is no spooler or it does not answer.
    pub fn printers() -> Result<Vec<Printer>, Fault> {
        let default = lpstat("-d")?.rsplit_once(": ").map(|(_, name)| name.trim().to_owned());
        let names = lpstat("-e")?;
        // A spooler that does not run has no printers either; the clerk should hear which of the two it is.
        if names.trim().is_empty() && lpstat("-r")?.contains("not running") {
            return Err(silent());
        }
        let told = |name: &str| Printer { default: default.as_deref() == Some(name), name: name.to_owned() };
        Ok(names.lines().map(str::trim).filter(|name| !name.is_empty()).map(told).collect())
    }

    fn lpstat(what: &str) -> Result<String, Fault> {
        // Its sentences are only read in the language of the C locale.
        let asked = Command::new("lpstat").arg(what).env("LC_ALL", "C").stdin(Stdio::null()).output();
        let answer = asked.map_err(|cause| start(&cause))?;
        if answer.status.success() { Ok(String::from_utf8_lossy(&answer.stdout).into_owned()) } else { Err(silent()) }
    }

    /// Hands a PDF to the spooler and returns the number that it gave the order.
    ///
    /// The PDF goes in by standard input and under a neutral title, so that neither the queue on the printer's display
    /// nor the spooler's log names a person or a file.
    ///
    /// # Errors
    /// A [`Fault`] when the file is no PDF, the printer is not known, or the spooler does not take the order.
    pub fn print(pdf: &[u8], order: &Order) -> Result<String, Fault> {
        if !pdf.starts_with(b"%PDF-") {
            return Err(Fault::new(
                "not_a_pdf",
                "要打印的文件不是 PDF，没有打印。请重新生成后再打印。",
                "The file to be printed is no PDF; nothing was printed. Make it again, then print.",
            ));
        }
        if !(1..=99).contains(&order.copies) {
            return Err(Fault::new(
                "copies_unfit",
                "份数要在 1 到 99 之间，没有打印。",
                "The number of copies must be between 1 and 99; nothing was printed.",
            ));
        }
        // Only a name that the spooler itself gave: a made-up one could be read as an option or as another host's.
        if !printers()?.iter().any(|printer| printer.name == order.printer) {
            return Err(Fault::new(
                "printer_unknown",
                "没有找到这台打印机，没有打印。请在系统设置里检查打印机，或另选一台。",
                "This printer was not found; nothing was printed. Check it in the system's settings, or choose another.",
            ));
        }
        let mut lp = Command::new("lp");
        lp.args(["-d", &order.printer, "-n", &order.copies.to_string(), "-t", "Niangjia"]);
        // Cards and forms are to the millimetre: nobody may fit them to the page.
        lp.args(["-o", "print-scaling=none", "-o"]);
        lp.arg(match order.media {
            Media::A4 => "media=A4",
            Media::Card => "media=Custom.85.6x54mm",
        });
        lp.arg("-o").arg(match order.sides {
            Sides::One => "sides=one-sided",
            Sides::Two => "sides=two-sided-long-edge",
        });
        if let Some(Pages { first, last }) = order.pages {
            lp.arg("-o").arg(format!("page-ranges={first}-{last}"));
        }
        lp.env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut running = lp.spawn().map_err(|cause| start(&cause))?;
        let handed = running.stdin.take().map(|mut into| into.write_all(pdf));
        let answer = running.wait_with_output().map_err(|cause| start(&cause))?;
        if !answer.status.success() || !matches!(handed, Some(Ok(()))) {
            return Err(Fault::new(
                "print_refused",
                "打印系统没有接受这份任务，没有打印。请检查打印机是否开机、有纸、没有暂停，再试一次。",
                "The spooler did not take the order; nothing was printed. Check that the printer is on, has paper and is not paused, then try again.",
            ));
        }
        let said = String::from_utf8_lossy(&answer.stdout).into_owned();
        let request = said.strip_prefix("request id is ").and_then(|rest| rest.split(' ').next());
        Ok(request.unwrap_or_default().to_owned())
    }

    fn start(cause: &std::io::Error) -> Fault {
        if cause.kind() == ErrorKind::NotFound {
            Fault::new(
                "no_spooler",
                "这台电脑没有安装打印系统（CUPS），没有打印。请安装后再试，或把 PDF 拿到别的电脑上打印。",
                "This PC has no spooler (CUPS); nothing was printed. Install it, or print the PDF on another PC.",
            )
        } else {
            silent()
        }
    }

    fn silent() -> Fault {
        Fault::new(
            "spooler_silent",
            "打印系统没有回应，没有打印。请重新启动电脑或打印服务后再试。",
            "The spooler does not answer; nothing was printed. Restart the PC or its print service, then try again.",
        )
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use super::{Order, Printer};
    use crate::Fault;

    fn absent() -> Fault {
        Fault::new(
            "printing_absent",
            "在这个系统上程序还不能直接打印。请打开生成的 PDF，在打印窗口选“实际大小”打印。",
            "The program cannot print directly on this system yet. Open the PDF and print it at its actual size.",
        )
    }

    /// The printers of the system: not built here.
    ///
    /// # Errors
    /// Always a [`Fault`] that says what to do instead.
    pub fn printers() -> Result<Vec<Printer>, Fault> {
        Err(absent())
    }

    /// Prints a PDF: not built here.
    ///
    /// # Errors
    /// Always a [`Fault`] that says what to do instead.
    pub fn print(_: &[u8], _: &Order) -> Result<String, Fault> {
        Err(absent())
    }
}
