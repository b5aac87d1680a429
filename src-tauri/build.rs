//! Before the desk is compiled: gives Tauri our own places for capabilities and permissions.
//!
//! Cargo runs this in the folder of the root package, so every path is seen from the top of the repository.

use std::{fs, path::Path};

fn main() {
    // `generate_context!` refuses a missing frontend: a fresh clone may be compiled before its UI is built.
    let page = Path::new("ui/dist/index.html");
    if !page.exists() {
        fs::create_dir_all("ui/dist").expect("ui/dist can be created");
        fs::write(
            page,
            "<!doctype html><meta charset=\"utf-8\"><title>娘家</title>\
             <p>界面尚未构建。请运行 scripts/run.sh。</p><p>The UI is not built yet. Please run scripts/run.sh.</p>\n",
        )
        .expect("ui/dist/index.html can be written");
    }
    // tauri-build does not watch custom paths; without this a new UI would not be embedded.
    for path in ["ui/dist", "src-tauri/capabilities", "src-tauri/permissions"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let manifest = tauri_build::AppManifest::new().permissions_path_pattern("./src-tauri/permissions/**/*.toml");
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(manifest);
    tauri_build::try_build(attributes).expect("tauri.conf.json, capabilities and permissions agree");
}
