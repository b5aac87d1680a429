//! The door between the window and the office: one question in, one answer out, and what changed meanwhile.

use std::sync::Arc;

use niangjia_core::Fault;
use niangjia_host::Station;
use serde_json::{Value, json};
use tauri::ipc::{InvokeBody, Request, Response};
use tauri::{AppHandle, Emitter, State};
use tokio::sync::broadcast::error::RecvError;

/// The window that the office shows itself in; named in `tauri.conf.json` and in the capability.
pub(crate) const WINDOW: &str = "main";

/// Header of an upload: the file's own name, percent-encoded (a header carries no Chinese).
const FILE_NAME: &str = "x-file-name";

/// Runs one command of the registry.
///
/// `name` is the command ("members.list"), `question` its JSON; the answer is the command's JSON.
#[tauri::command]
pub(crate) async fn call(station: State<'_, Arc<Station>>, name: String, question: Value) -> Result<Value, Fault> {
    station.call(&name, question).await
}

/// Takes in a file as raw bytes, without a detour over JSON; the answer names it for the command that reads it.
#[tauri::command]
pub(crate) async fn upload(station: State<'_, Arc<Station>>, request: Request<'_>) -> Result<Value, Fault> {
    let name = request
        .headers()
        .get(FILE_NAME)
        .and_then(|value| value.to_str().ok().map(ToOwned::to_owned))
        .unwrap_or_else(|| "upload".to_owned());
    let bytes = match request.body() {
        InvokeBody::Raw(bytes) => bytes.clone(),
        // A page that sends JSON here has sent the wrong thing; the office says so, by finding no file in it.
        InvokeBody::Json(_) => Vec::new(),
    };
    station.upload(&name, bytes).await
}

/// A picture by its address, as raw bytes.
#[tauri::command]
pub(crate) async fn picture(station: State<'_, Arc<Station>>, address: String) -> Result<Response, Fault> {
    let station = Arc::clone(&station);
    let read = tauri::async_runtime::spawn_blocking(move || station.picture(&address)).await;
    Ok(Response::new(read.map_err(Fault::question)??.bytes.to_vec()))
}

/// Passes the office's own announcements on to the window until the office closes.
pub(crate) async fn announce(app: AppHandle, station: Arc<Station>) {
    let mut changes = station.subscribe();
    loop {
        let event = match changes.recv().await {
            Ok(event) => event,
            // The window missed some: everything it shows may be old, so it asks everything again.
            Err(RecvError::Lagged(_)) => json!({ "touched": ["*"] }),
            Err(RecvError::Closed) => return,
        };
        // A window that is being closed hears nothing, and that is no fault.
        let _ = app.emit_to(WINDOW, "changed", event);
    }
}
