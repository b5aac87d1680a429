//! Before the bare window is compiled: Tauri wants to have read its settings.

fn main() {
    tauri_build::build();
}
