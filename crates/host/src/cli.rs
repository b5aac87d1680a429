//! The script door: everything that a clerk can do, a script can do, through the same commands.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Parser, Subcommand};
use niangjia_core::{Fault, replication::Stream};
use serde_json::{Value, json};

use crate::{Station, data_dir, demo, fences_dir, schema, station::kit, sync::blocking, web};

#[derive(Parser)]
#[command(name = "niangjia-office", version, about = "Niangjia 娘家: an office without a window")]
struct Args {
    /// Data folder; else NIANGJIA_DATA, else the user's data folder.
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    /// The clerk who works, by name; the first one where it is not said.
    #[arg(long = "as", global = true)]
    who: Option<String>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Founds an office: a county, or a township that works alone.
    New {
        #[arg(long)]
        role: String,
        #[arg(long)]
        name: String,
        #[arg(long)]
        code: String,
        #[arg(long)]
        clerk: String,
        /// Folder for the three shares of the county root; else `kit` in the data folder. They lie there in the open, and home
        /// says so, until they are printed and `call kit.put_away` erases them.
        #[arg(long)]
        kit: Option<PathBuf>,
    },
    /// Invites an office: writes its enrolment packet, prints the code.
    Invite {
        #[arg(long)]
        name: String,
        #[arg(long)]
        code: String,
        #[arg(long)]
        out: PathBuf,
    },
    /// Invites a further PC of this office (at the county also of another one): writes its enrolment packet, prints the code.
    Device {
        /// What it is to be called, such as where it stands.
        #[arg(long)]
        name: Option<String>,
        /// At the county: id, code or full name of the office whose PC it is.
        #[arg(long)]
        office: Option<String>,
        #[arg(long)]
        out: PathBuf,
    },
    /// Joins a county with an enrolment packet: a new office with its first clerk, or, without `--clerk`, the office that works
    /// alone in this folder, with everything that it has saved.
    Join {
        file: PathBuf,
        #[arg(long)]
        code: String,
        #[arg(long)]
        clerk: Option<String>,
    },
    /// Founds the county again on a new PC, from two of its three printed shares.
    Recover {
        /// A share as it is printed, or a file that holds it; given twice.
        #[arg(long = "share", required = true)]
        shares: Vec<String>,
        /// The hub's address.
        #[arg(long, requires = "key")]
        hub: Option<String>,
        /// The hub's public key.
        #[arg(long)]
        key: Option<String>,
        /// A packet that an office made with `packet export --to county --whole`, where there is no hub.
        #[arg(long)]
        packet: Option<PathBuf>,
        /// Founds the county with what there is, where not everything comes from the hub: also with what a PC summed up that was shut
        /// out afterwards, and without what nobody brings.
        #[arg(long, requires = "hub")]
        without: bool,
        /// The county's name, where only an office's packet is there.
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        code: Option<String>,
        #[arg(long)]
        clerk: String,
    },
    /// Runs a command of the registry.
    Call {
        name: String,
        /// The question as JSON.
        #[arg(default_value = "{}")]
        question: String,
    },
    /// Comes into step with the hub.
    Sync,
    /// Comes into step while the office is locked, without a passphrase: sends what is sealed, lays what comes beside the office
    /// until somebody unlocks it.
    Carry,
    /// Comes into step by files, such as on a stick.
    Packet {
        #[command(subcommand)]
        what: Packet,
    },
    /// Digest of a stream (`county`, `office`, `audit`, or `office/<id>`), equal on replicas in step.
    Digest { stream: String },
    /// Drops every table and replays the log.
    Rebuild,
    /// Puts the newest whole snapshot in the place of a damaged data file, and brings back what was written since.
    Restore {
        /// Name of another snapshot, such as `20261121-1402.db`.
        #[arg(long)]
        snapshot: Option<String>,
    },
    /// Serves the window to a browser on this PC.
    Serve {
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// Prints every command with its role, question and answer schema.
    Commands {
        /// As TypeScript instead of JSON Schema.
        #[arg(long)]
        typescript: bool,
    },
    /// Prints the data folder.
    Where,
    /// Makes a county, two townships and 1,600 made-up members, and brings them into step.
    Demo {
        #[arg(long)]
        hub: String,
        /// What `niangjia-hub init` printed.
        #[arg(long)]
        claim: PathBuf,
    },
}

#[derive(Subcommand)]
enum Packet {
    /// Writes a packet: everything that the addressee lacks as far as is known here.
    Export {
        /// `county`, `device` (another PC of this office), or an office by id, code or full name.
        #[arg(long)]
        to: String,
        /// A new file, or a folder.
        #[arg(long)]
        out: PathBuf,
        /// Bytes after which a further part begins.
        #[arg(long)]
        part_bytes: Option<u64>,
        /// Everything that the addressee may read, also what it is known to have.
        #[arg(long)]
        whole: bool,
    },
    /// Takes in a packet, with all its parts that lie in the same folder.
    Import { file: PathBuf },
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN).init();
    let args = Args::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return failed(&Fault::from(e)),
    };
    match runtime.block_on(run(args)) {
        Ok(Some(answer)) => {
            told(&answer);
            ExitCode::SUCCESS
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(fault) => failed(&fault),
    }
}

/// One line to whoever reads; nobody may be reading any more (`| head`), and then nothing is lost: what was done stands.
fn told(answer: &dyn std::fmt::Display) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{answer}");
}

fn failed(fault: &Fault) -> ExitCode {
    eprintln!("{}", serde_json::to_string(fault).unwrap_or_else(|_| fault.code.clone()));
    ExitCode::FAILURE
}

/// The passphrase from `NIANGJIA_PASSPHRASE`, or asked for at the terminal.
fn passphrase() -> Result<String, Fault> {
    if let Ok(passphrase) = std::env::var("NIANGJIA_PASSPHRASE") {
        return Ok(passphrase);
    }
    rpassword::prompt_password("口令 passphrase: ").map_err(|cause| {
        Fault::new(
            "passphrase_absent",
            "没有得到口令，什么也没有做：环境变量 NIANGJIA_PASSPHRASE 没有设置，也没有可以输入口令的终端。请设置这个变量，或在终端窗口里运行。",
            "There is no passphrase, and nothing was done: NIANGJIA_PASSPHRASE is not set, and there is no terminal to ask at. Set it, or run this in a terminal.",
        )
        .because(cause.kind())
    })
}

/// The clerk who works: `--as`, or the first one of the folder.
async fn clerk(station: &Arc<Station>, who: Option<String>) -> Result<String, Fault> {
    let state = station.call("app.state", json!({})).await?;
    let first = state.pointer("/clerks/0/id").and_then(Value::as_str).map(ToOwned::to_owned);
    who.or(first).ok_or_else(|| {
        Fault::new(
            "office_missing",
            "这个文件夹里还没有办公室。请先用 new 或 join 建立。",
            "There is no office in this folder yet. Begin with new or join.",
        )
    })
}

/// The station of a folder on this PC.
fn here(dir: PathBuf) -> Result<Arc<Station>, Fault> {
    Ok(Station::open(dir)?.fenced(fences_dir()))
}

/// Opens the folder and unlocks it for `--as`, or for the first clerk.
async fn unlocked(dir: PathBuf, who: Option<String>) -> Result<Arc<Station>, Fault> {
    let station = here(dir)?;
    let who = clerk(&station, who).await?;
    station.call("app.unlock", json!({ "clerk": who, "passphrase": passphrase()? })).await?;
    at_rest(&station).await?;
    Ok(station)
}

/// What goes on behind an unlocking comes to its end: this program may end as soon as it has answered, and a thread that still
/// reads would be cut off in the middle.
async fn at_rest(station: &Arc<Station>) -> Result<(), Fault> {
    let station = station.clone();
    blocking(move || {
        station.at_rest();
        Ok(())
    })
    .await
}

async fn run(args: Args) -> Result<Option<Value>, Fault> {
    let dir = args.data.unwrap_or_else(data_dir);
    match args.verb {
        Verb::Where => {
            told(&dir.display());
            Ok(None)
        }
        Verb::Commands { typescript: true } => {
            told(&crate::typescript(&schema::commands()?).trim_end());
            Ok(None)
        }
        Verb::Commands { typescript: false } => schema::commands().map(Some),
        Verb::New { role, name, code, clerk, kit } => {
            let folder = kit.unwrap_or_else(|| dir.join("kit"));
            if kit::share_paths(&folder).any(|path| path.exists()) {
                return Err(Fault::new(
                    "kit_there",
                    "这个文件夹里已经有一套应急密钥，没有建立。请换一个文件夹，或先把原来的收好。",
                    "That folder holds a recovery kit already; nothing was founded. Choose another folder, or put the old kit away first.",
                ));
            }
            let station = here(dir.clone())?;
            let question =
                json!({ "role": role, "name": name, "code": code, "clerk": clerk, "passphrase": passphrase()? });
            let mut answer = station.call("app.create", question).await?;
            // Shares that could not be written are told instead; they wait sealed as well, until `kit.put_away`.
            if let Some(shares) = answer.get("shares").and_then(Value::as_array).cloned() {
                let written = kit::put_shares(&folder, shares.iter().filter_map(Value::as_str));
                match (written, answer.as_object_mut()) {
                    (Ok(()), Some(answer)) => {
                        answer.remove("shares");
                        answer.insert("kit".to_owned(), json!(folder));
                        // Home says so until `kit.put_away`; a folder that cannot be noted is still a founded office.
                        match station.kit_lies_at(&folder) {
                            // They need not wait sealed as well.
                            Ok(()) => station.kit_is_written()?,
                            Err(fault) => {
                                tracing::warn!(code = fault.code, "home will remind of the sealed kit instead")
                            }
                        }
                        tracing::warn!(
                            "the three shares of the county root lie in the open: print them, keep them apart, then call kit.put_away"
                        );
                    }
                    (written, _) => tracing::warn!(?written, "the kit was not written; its shares are in the answer"),
                }
            }
            // The first snapshot and the ballast belong to founding.
            station.close().await;
            Ok(Some(answer))
        }
        Verb::Join { file, code, clerk } => {
            let (packet, fresh) = (json!({ "path": file }), here(dir.clone())?);
            let (station, answer) = match clerk {
                Some(clerk) => {
                    let question =
                        json!({ "packet": packet, "code": code, "clerk": clerk, "passphrase": passphrase()? });
                    let answer = fresh.call("app.join", question).await?;
                    (fresh, answer)
                }
                None => {
                    drop(fresh);
                    let station = unlocked(dir, args.who).await?;
                    let answer = station.call("office.enrol", json!({ "packet": packet, "code": code })).await?;
                    (station, answer)
                }
            };
            station.close().await;
            Ok(Some(answer))
        }
        Verb::Recover { shares, hub, key, packet, without, name, code, clerk } => {
            let station = here(dir)?;
            // A share of five lines is easier named by its file.
            let read = |share: &String| std::fs::read_to_string(share).unwrap_or_else(|_| share.clone());
            let question = json!({
                "shares": shares.iter().map(read).collect::<Vec<_>>(), "url": hub, "key": key,
                "packet": packet.map(|path| json!({ "path": path })), "without": without, "name": name, "code": code,
                "clerk": clerk, "passphrase": passphrase()?,
            });
            let answer = station.call("app.recover", question).await?;
            station.close().await;
            Ok(Some(answer))
        }
        Verb::Invite { name, code, out } => {
            let station = unlocked(dir, args.who).await?;
            let answer = station.call("offices.invite", json!({ "name": name, "code": code })).await?;
            std::fs::write(&out, Station::packet_bytes(&answer)?)?;
            Ok(Some(json!({ "code": answer["code"], "office": answer["office"], "file": out })))
        }
        Verb::Device { name, office, out } => {
            let station = unlocked(dir, args.who).await?;
            let answer = station.call("devices.invite", json!({ "name": name, "office": office })).await?;
            std::fs::write(&out, Station::packet_bytes(&answer)?)?;
            Ok(Some(json!({ "code": answer["code"], "name": answer["name"], "file": out })))
        }
        Verb::Call { name, question } => {
            let question: Value = serde_json::from_str(&question)
                .map_err(|e| Fault::question(format!("line {} column {}", e.line(), e.column())))?;
            let early = ["app.state", "app.create", "app.join", "app.settings", "carry.now"];
            let station = if early.contains(&name.as_str()) { here(dir)? } else { unlocked(dir, args.who).await? };
            let answer = station.call(&name, question).await;
            at_rest(&station).await?;
            answer.map(Some)
        }
        Verb::Sync => unlocked(dir, args.who).await?.call("sync.now", json!({})).await.map(Some),
        Verb::Carry => here(dir)?.call("carry.now", json!({})).await.map(Some),
        Verb::Packet { what: Packet::Export { to, out, part_bytes, whole } } => {
            let question = json!({ "to": to, "path": out, "part_bytes": part_bytes, "whole": whole });
            unlocked(dir, args.who).await?.call("packets.export", question).await.map(Some)
        }
        Verb::Packet { what: Packet::Import { file } } => {
            unlocked(dir, args.who).await?.call("packets.import", json!({ "path": file })).await.map(Some)
        }
        Verb::Digest { stream } => {
            let station = unlocked(dir, args.who).await?;
            let office = station.office()?;
            let own = office.identity().office;
            let stream = match stream.as_str() {
                "office" => Stream::Office(own),
                "audit" => Stream::Audit(own),
                other => other.parse().map_err(Fault::question)?,
            };
            told(&office.digest(&stream)?);
            Ok(None)
        }
        Verb::Rebuild => unlocked(dir, args.who).await?.call("tables.rebuild", json!({})).await.map(Some),
        Verb::Restore { snapshot } => {
            let station = here(dir)?;
            let who = clerk(&station, args.who).await?;
            let question = json!({ "clerk": who, "passphrase": passphrase()?, "name": snapshot });
            let answer = station.call("app.restore", question).await?;
            station.close().await;
            Ok(Some(answer))
        }
        Verb::Serve { listen } => {
            web::serve(Station::for_browser(dir)?.fenced(fences_dir()), listen).await?;
            Ok(None)
        }
        Verb::Demo { hub, claim } => {
            demo::make(&dir, &hub, &claim).await?;
            Ok(None)
        }
    }
}
