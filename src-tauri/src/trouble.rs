//! The page that stands in for the office when its data folder cannot be opened.
//!
//! It needs neither the office nor the UI, so it can speak when both are out of reach; it may call nothing.

use std::borrow::Cow;
use std::path::Path;

use niangjia_core::Fault;
use tauri::http::Response;
use tauri::utils::config::Color;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindowBuilder};

/// The scheme under which the page is served to its own window, and nothing else.
pub(crate) const SCHEME: &str = "trouble";

/// The finished page, kept for the moment when its window asks for it.
struct Page(String);

/// Opens the window that says why the office does not open, and what to do.
pub(crate) fn show(app: &AppHandle, folder: &Path, fault: &Fault) -> tauri::Result<()> {
    app.manage(Page(written(folder, fault)));
    let address = format!("{SCHEME}://localhost/").parse().expect("a fixed address");
    WebviewWindowBuilder::new(app, SCHEME, WebviewUrl::CustomProtocol(address))
        .title("娘家")
        .inner_size(760.0, 600.0)
        .background_color(Color(255, 250, 244, 255))
        .center()
        .build()?;
    Ok(())
}

/// Answers the window's only request.
pub(crate) fn page(app: &AppHandle) -> Response<Cow<'static, [u8]>> {
    let body = app.try_state::<Page>().map(|page| page.0.clone()).unwrap_or_default();
    Response::builder()
        .header("content-type", "text/html; charset=utf-8")
        .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
        .body(Cow::Owned(body.into_bytes()))
        .expect("fixed headers make a response")
}

/// Both languages on one page: the setting that names the clerk's language lies in the folder that cannot be read.
fn written(folder: &Path, fault: &Fault) -> String {
    let said = serde_json::to_value(fault).unwrap_or_default();
    let part = |pointer: &str| escaped(said.pointer(pointer).and_then(|text| text.as_str()).unwrap_or(""));
    let (zh, en, cause) = (part("/say/zh"), part("/say/en"), part("/cause"));
    let folder = escaped(&folder.display().to_string());
    format!(
        r#"<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>娘家</title>
<style>
body {{ margin: 0; padding: 40px 48px; background: #fffaf4; color: #33261f; font: 16px/1.7 "Noto Sans CJK SC", "Microsoft YaHei", sans-serif }}
h1 {{ color: #a8482a; font-size: 24px; margin: 0 0 12px }}
h2 {{ font-size: 17px; margin: 28px 0 4px; color: #6b4a3a }}
p {{ margin: 6px 0 }}
code {{ background: #f4e6d8; padding: 2px 6px; border-radius: 4px; word-break: break-all }}
small {{ color: #7d6a5f }}
</style>
<h1>资料夹没有打开</h1>
<p>{zh}</p>
<p>已保存的内容没有被改动。请先看看娘家是否已在另一个窗口中打开，磁盘是否已满；若仍不能打开，请把这一页拍给县总工会的管理员。</p>
<h2>The data folder was not opened</h2>
<p>{en}</p>
<p>Nothing that was saved has been touched. See whether Niangjia is already open in another window and whether the disk is full; otherwise show this page to the administrator of the county federation.</p>
<p><code>{folder}</code></p>
<p><small>{cause}</small></p>
</html>"#
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
