//! The desk: one window around one office. Everything that the office knows and does is in core and host.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod call;
mod trouble;

use std::sync::Arc;

use niangjia_host::Station;
use tauri::{App, Manager, RunEvent, WebviewWindowBuilder};

fn main() {
    let desk = tauri::Builder::default()
        .register_uri_scheme_protocol(trouble::SCHEME, |context, _| trouble::page(context.app_handle()))
        .invoke_handler(tauri::generate_handler![call::call, call::picture, call::upload])
        .setup(|app| open(app))
        .build(tauri::generate_context!())
        .expect("the WebView of this PC can be started");
    desk.run(|app, event| {
        if let RunEvent::Exit = event
            && let Some(station) = app.try_state::<Arc<Station>>()
        {
            // The last page is written and the folder's lock let go before the process ends.
            let station = Arc::clone(&station);
            tauri::async_runtime::block_on(async move { station.close().await });
        }
    });
}

/// Opens the office, then its window; or, where the office cannot be opened, a window that says why.
fn open(app: &mut App) -> Result<(), Box<dyn std::error::Error>> {
    let folder = niangjia_host::data_dir();
    let handle = app.handle().clone();
    // The station starts its timers when it opens, and they need the runtime around them.
    let opened = tauri::async_runtime::block_on(async {
        let station = Station::open(folder.clone())?.fenced(niangjia_host::fences_dir());
        station.keep_in_step();
        Ok::<_, niangjia_core::Fault>(station)
    });
    match opened {
        Ok(station) => {
            app.manage(Arc::clone(&station));
            let window = app.config().app.windows.first().ok_or("tauri.conf.json names no window")?.clone();
            WebviewWindowBuilder::from_config(&handle, &window)?.build()?;
            tauri::async_runtime::spawn(call::announce(handle, station));
        }
        Err(fault) => trouble::show(&handle, &folder, &fault)?,
    }
    Ok(())
}
