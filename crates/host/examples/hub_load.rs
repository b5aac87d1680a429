//! Everybody comes to a hub at once: offices after three days without a line, fresh PCs that fetch everything, and a county
//! that only asks whether there is news. The hub is a process of its own; figures are printed as JSON.

#[path = "../../hub/tests/county/mod.rs"]
mod county;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use county::{County, Office};
use niangjia_host::link::{DeviceAuth, HubAddress, Link, LinkFault};
use serde_json::{Value, json};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// How many come, and for how long the quiet ones are watched.
#[derive(Parser)]
struct Line {
    /// The relay's program.
    #[arg(long)]
    hub: PathBuf,
    /// Offices that send 100 changes each.
    #[arg(long, default_value_t = 200)]
    offices: usize,
    /// Fresh PCs that fetch 5,000 members each meanwhile.
    #[arg(long, default_value_t = 50)]
    fresh: usize,
    /// Offices that ask once a minute whether there is news.
    #[arg(long, default_value_t = 1000)]
    idle: usize,
    /// For how long those are watched, seconds.
    #[arg(long, default_value_t = 120)]
    seconds: u64,
}

/// Sealed bytes of 100 edits, and of 5,000 members in seven segments; what is in them is the same to a hub.
const EDITS: usize = 2_800;
const MEMBERS: (usize, usize) = (7, 57_000);

struct Hub {
    child: Child,
    address: HubAddress,
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Hub {
    fn start(program: &Path, dir: &Path) -> Result<(Self, String), Failed> {
        let made = Command::new(program).args(["init", "--data"]).arg(dir).output()?;
        let made: Value = serde_json::from_slice(&made.stdout)?;
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let url = format!("https://{}", ready["listening"].as_str().ok_or("no address")?);
        let key = made["key"].as_str().ok_or("no key")?.parse()?;
        let claim = made["claim"].as_str().ok_or("no claim")?.to_owned();
        Ok((Self { child, address: HubAddress { url, key } }, claim))
    }

    fn link(&self, office: &Office) -> Result<Link, LinkFault> {
        Link::new(self.address.clone(), DeviceAuth::new(&office.certs, office.key.clone()))
    }

    /// Seconds of CPU so far, and the most memory ever held, in MiB. Known on Linux only.
    fn used(&self) -> Option<(f64, f64)> {
        let proc = PathBuf::from(format!("/proc/{}", self.child.id()));
        let stat = std::fs::read_to_string(proc.join("stat")).ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let ticks: u64 = fields.nth(11)?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
        let status = std::fs::read_to_string(proc.join("status")).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let peak: f64 = peak.trim().trim_end_matches(" kB").parse().ok()?;
        Some((ticks as f64 / 100.0, peak / 1024.0))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Line::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(cause) => {
            eprintln!("hub_load: {cause}");
            ExitCode::FAILURE
        }
    }
}

async fn run(line: Line) -> Result<bool, Failed> {
    let dir = tempfile::tempdir()?;
    let (hub, claim) = Hub::start(&line.hub, &dir.path().join("hub"))?;
    let mut county = County::new(1);
    let pc = county.pc();
    hub.link(&pc)?.claim(&claim, county.root()).await?;

    let mut fresh = Vec::new();
    for _ in 0..line.fresh {
        let mut old = county.office();
        for _ in 0..MEMBERS.0 {
            old.save(old.stream(), MEMBERS.1);
        }
        one(&hub, old.clone()).await.1?;
        fresh.push(county.further_pc(old.office));
    }
    let offices: Vec<_> = (0..line.offices)
        .map(|_| {
            let mut office = county.office();
            office.save(office.stream(), EDITS);
            office
        })
        .collect();

    let (before, began) = (hub.used(), Instant::now());
    let pulls: Vec<_> = fresh.into_iter().map(|office| (true, office)).collect();
    let all: Vec<_> = pulls.into_iter().chain(offices.into_iter().map(|office| (false, office))).collect();
    let mut under_way = tokio::task::JoinSet::new();
    for (is_fresh, office) in all {
        let link = hub.link(&office)?;
        under_way.spawn(async move { (is_fresh, exchange(link, office).await) });
    }
    let (mut sent, mut pulled, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(done) = under_way.join_next().await {
        let (is_fresh, (took, ended)) = done?;
        match ended {
            Ok(()) if is_fresh => pulled.push(took),
            Ok(()) => sent.push(took),
            Err(fault) => faults.push(fault.to_string()),
        }
    }
    let crowd = began.elapsed();
    let after = hub.used();
    let quiet = quiet(&hub, &mut county, line.idle, Duration::from_secs(line.seconds)).await?;
    let p95 = quantile(&mut sent, 0.95);
    let good = faults.is_empty() && quiet["errors"] == 0;
    println!(
        "{}",
        serde_json::to_string_pretty(&json!({
            "optimised": !cfg!(debug_assertions),
            "crowd": {
                "offices": line.offices, "fresh": line.fresh, "all_done_s": crowd.as_secs_f64(),
                "exchange_s": { "p50": quantile(&mut sent, 0.5), "p95": p95, "most": quantile(&mut sent, 1.0) },
                "first_pull_s": { "p50": quantile(&mut pulled, 0.5), "p95": quantile(&mut pulled, 0.95) },
                "errors": faults.len(), "first_errors": faults.iter().take(3).collect::<Vec<_>>(),
                "hub_cpu_s": before.zip(after).map(|(before, after)| after.0 - before.0),
                "hub_peak_mib": after.map(|after| after.1),
            },
            "quiet": quiet,
        }))?
    );
    Ok(good)
}

async fn one(hub: &Hub, office: Office) -> (f64, Result<(), LinkFault>) {
    match hub.link(&office) {
        Ok(link) => exchange(link, office).await,
        Err(fault) => (0.0, Err(fault)),
    }
}

/// One exchange as the timer makes it: sent away by a busy hub it comes again, and the clerk has waited all that time.
async fn exchange(link: Link, mut office: Office) -> (f64, Result<(), LinkFault>) {
    let began = Instant::now();
    for _ in 0..5 {
        match link.exchange(&mut office, &mut |_| {}).await {
            Ok(outcome) if outcome.in_step => return (began.elapsed().as_secs_f64(), Ok(())),
            Ok(_) => return (0.0, Err(LinkFault::Garbled)),
            Err(LinkFault::TooBusy { retry_after_s }) => tokio::time::sleep(Duration::from_secs(retry_after_s)).await,
            Err(fault) => return (0.0, Err(fault)),
        }
    }
    (0.0, Err(LinkFault::TooBusy { retry_after_s: 0 }))
}

/// Offices that have nothing to tell, each asking once a minute at its own moment.
async fn quiet(hub: &Hub, county: &mut County, count: usize, watched: Duration) -> Result<Value, Failed> {
    let mut links = Vec::new();
    for _ in 0..count {
        let mut office = county.office();
        office.save(office.stream(), 60);
        let link = hub.link(&office)?;
        let (_, first) = exchange(link, office.clone()).await;
        first?;
        links.push((hub.link(&office)?, office));
    }
    let (before, began) = (hub.used(), Instant::now());
    let mut under_way = tokio::task::JoinSet::new();
    for (at, (link, mut office)) in links.into_iter().enumerate() {
        let mut next = began + Duration::from_secs(60).mul_f64(at as f64 / count.max(1) as f64);
        under_way.spawn(async move {
            let (mut asked, mut errors) = (0_u64, 0_u64);
            while next < began + watched {
                tokio::time::sleep_until(next.into()).await;
                asked += 1;
                errors += u64::from(link.exchange(&mut office, &mut |_| {}).await.is_err());
                next += Duration::from_secs(60);
            }
            (asked, errors)
        });
    }
    let (mut asked, mut errors) = (0, 0);
    while let Some(done) = under_way.join_next().await {
        let (a, e) = done?;
        (asked, errors) = (asked + a, errors + e);
    }
    let passed = began.elapsed().max(watched).as_secs_f64();
    let after = hub.used();
    Ok(json!({
        "offices": count, "watched_s": passed, "asked": asked, "errors": errors,
        "hub_share_of_one_core": before.zip(after).map(|(before, after)| (after.0 - before.0) / passed),
        "hub_peak_mib": after.map(|after| after.1),
    }))
}

fn quantile(of: &mut [f64], part: f64) -> Option<f64> {
    of.sort_by(f64::total_cmp);
    let at = (of.len() as f64 * part).ceil() as usize;
    of.get(at.saturating_sub(1).min(of.len().saturating_sub(1))).copied()
}
