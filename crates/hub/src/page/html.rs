//! The page itself. Every text that came from outside goes through `safe`.

use std::fmt::Write as _;

use chrono::{DateTime, FixedOffset};

use crate::backup::LastBackup;
use crate::overview::{OfficeLine, Overview, PcLine};

const DAY: i64 = 86_400_000;

/// The whole page.
pub(super) fn page(now: &Overview) -> String {
    let mut out = String::with_capacity(16 << 10);
    let _ = write!(
        out,
        r#"<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>娘家中转站 · Niangjia hub</title><link rel="stylesheet" href="/style.css"></head><body>
<header><h1>娘家中转站 <span lang="en">Niangjia hub</span></h1>
<p>{} · 版本 <span lang="en">version</span> {} · 每分钟自动刷新 <span lang="en">refreshed every minute</span></p></header><main>"#,
        moment(Some(now.time_ms)),
        safe(&now.version),
    );
    attention(&mut out, now);
    tiles(&mut out, now);
    offices(&mut out, now);
    forks(&mut out, now);
    let _ = write!(
        out,
        r#"<section><h2>本机 <span lang="en">This hub</span></h2><dl class="facts">
<dt>公钥 <span lang="en">key</span></dt><dd><code>{}</code></dd>
<dt>编号 <span lang="en">id</span></dt><dd><code>{}</code></dd>
<dt>存续期 <span lang="en">epoch</span></dt><dd><code>{}</code></dd></dl></section>
</main></body></html>"#,
        now.key,
        now.hub,
        now.epoch.map_or_else(String::new, |epoch| epoch.to_string()),
    );
    out
}

fn attention(out: &mut String, now: &Overview) {
    if now.attention.is_empty() {
        out.push_str(r#"<p class="note good"><strong>一切正常。</strong> <span lang="en">All is well.</span></p>"#);
        return;
    }
    out.push_str(r#"<ul class="note warn">"#);
    for one in &now.attention {
        let _ = write!(out, r#"<li>{}<br><span lang="en">{}</span></li>"#, safe(&one.zh), safe(&one.en));
    }
    out.push_str("</ul>");
}

fn tiles(out: &mut String, now: &Overview) {
    let today =
        now.offices.iter().filter(|office| office.last_ms().is_some_and(|last| now.time_ms - last < DAY)).count();
    let unsent: u64 = now.offices.iter().flat_map(|office| &office.pcs).filter_map(|pc| pc.unsent).sum();
    let free = now.free_bytes.map_or_else(|| "—".to_owned(), size);
    let (backup, tested) = match &now.backup {
        None => ("—".to_owned(), "没有备份 none yet".to_owned()),
        Some(last) => (ago(now.time_ms, Some(last.made_ms)), tested(last)),
    };
    let tiles = [
        ("办公室", "offices", now.offices.len().to_string(), format!("24 小时内联系过 {today} 个 · {today} in 24 h")),
        ("未上报", "not sent yet", unsent.to_string(), "各办公室自报 · as they said".to_owned()),
        ("已存内容", "segments", now.segments.to_string(), format!("数据库 database {}", size(now.database_bytes))),
        ("磁盘剩余", "free", free, "本机数据盘 · on this disk".to_owned()),
        ("最近备份", "last backup", backup, tested),
    ];
    out.push_str(r#"<ul class="tiles">"#);
    for (zh, en, value, more) in tiles {
        let _ = write!(
            out,
            r#"<li><span class="what">{zh} <span lang="en">{en}</span></span><strong>{}</strong><span class="more">{}</span></li>"#,
            safe(&value),
            safe(&more),
        );
    }
    out.push_str("</ul>");
}

fn tested(last: &LastBackup) -> String {
    match (last.good, last.verified_ms) {
        (Some(true), at) => format!("已核对 read through {}", moment(at)),
        (Some(false), _) => "核对未通过 NOT whole".to_owned(),
        (None, _) => "还没有核对 not read through".to_owned(),
    }
}

fn offices(out: &mut String, now: &Overview) {
    out.push_str(
        r#"<section><h2>各办公室 <span lang="en">Offices</span></h2><div class="wide"><table><thead><tr>
<th>办公室 <span lang="en">office</span></th><th>代码 <span lang="en">code</span></th><th>电脑 <span lang="en">PC</span></th>
<th>上次联系 <span lang="en">last contact</span></th><th class="n">未上报 <span lang="en">not sent</span></th>
<th>程序 <span lang="en">version</span></th></tr></thead>"#,
    );
    for office in &now.offices {
        out.push_str("<tbody>");
        for (at, pc) in office.pcs.iter().enumerate() {
            row(out, now, office, pc, at == 0);
        }
        out.push_str("</tbody>");
    }
    if now.offices.is_empty() {
        out.push_str(r#"<tbody><tr><td colspan="6" class="soft">还没有办公室联系过本中转站。 <span lang="en">No office has called yet.</span></td></tr></tbody>"#);
    }
    out.push_str("</table></div></section>");
}

fn row(out: &mut String, now: &Overview, office: &OfficeLine, pc: &PcLine, first: bool) {
    let silent = pc.last_ms.is_none_or(|last| now.time_ms - last > 7 * DAY);
    let behind = pc.unsent.is_some_and(|unsent| unsent > 0);
    let named = if office.name.is_empty() {
        format!(
            r#"<span class="soft">未报名称 <span lang="en">unnamed</span></span> <code>{}</code>"#,
            &office.office.to_string()[..8]
        )
    } else {
        safe(&office.name)
    };
    let (name, code) = if first { (named, safe(&office.code)) } else { (String::new(), String::new()) };
    let mark =
        if first && office.county { r#" <span class="mark">县 <span lang="en">county</span></span>"# } else { "" };
    let _ = write!(
        out,
        r#"<tr{}><td>{name}{mark}</td><td>{code}</td><td><code>{}</code></td><td>{} <span class="soft">{}</span></td><td class="n{}">{}</td><td>{}</td></tr>"#,
        if silent { r#" class="silent""# } else { "" },
        &pc.cert.to_string()[..8],
        ago(now.time_ms, pc.last_ms),
        moment(pc.last_ms),
        if behind { " behind" } else { "" },
        pc.unsent.map_or_else(|| "—".to_owned(), |unsent| unsent.to_string()),
        if pc.version.is_empty() { "—".to_owned() } else { safe(&pc.version) },
    );
}

fn forks(out: &mut String, now: &Overview) {
    if now.forked.is_empty() {
        return;
    }
    out.push_str(r#"<section><h2>分叉的数据链 <span lang="en">Forked chains</span></h2><ul>"#);
    for fork in &now.forked {
        let _ = write!(out, "<li><code>{}</code> · <code>{}</code></li>", fork.stream, fork.chain);
    }
    out.push_str("</ul></section>");
}

/// Text of others, harmless inside an element or a quoted attribute.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            one if one.is_control() => out.push(' '),
            one => out.push(one),
        }
    }
    out
}

/// The civil time of UTC+8, whatever zone the machine is in.
fn moment(ms: Option<i64>) -> String {
    let zone = FixedOffset::east_opt(8 * 3600);
    let at = ms.and_then(DateTime::from_timestamp_millis).zip(zone).map(|(at, zone)| at.with_timezone(&zone));
    at.map_or_else(|| "—".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
}

fn ago(now: i64, then: Option<i64>) -> String {
    let Some(then) = then else { return "从未联系 never".to_owned() };
    let minutes = (now - then).max(0) / 60_000;
    match minutes {
        0 => "刚刚 now".to_owned(),
        1..60 => format!("{minutes} 分钟前 · {minutes} min"),
        60..1440 => format!("{} 小时前 · {} h", minutes / 60, minutes / 60),
        _ => format!("{} 天前 · {} d", minutes / 1440, minutes / 1440),
    }
}

fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_cannot_become_markup() {
        assert_eq!(safe("<img src=x onerror='a'>&\"\u{7}"), "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot; ");
    }

    #[test]
    fn moments_are_those_of_the_county_and_sizes_are_short() {
        assert_eq!(moment(Some(1_700_000_000_000)), "2023-11-15 06:13");
        assert_eq!(moment(None), "—");
        assert_eq!([size(900), size(3 << 20), size(5 << 40)], ["900 B", "3.0 MiB", "5.0 TiB"]);
        assert_eq!([ago(DAY, Some(DAY)), ago(DAY, Some(0)), ago(0, Some(5))], ["刚刚 now", "1 天前 · 1 d", "刚刚 now"]);
    }
}
