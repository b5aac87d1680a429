//! The window's types are those of the command list; `cargo xtask types` makes them anew.

#[test]
fn the_windows_types_are_up_to_date() {
    let made = niangjia_host::typescript(&niangjia_host::commands().unwrap());
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/generated/api.ts")).unwrap();
    assert!(made == kept, "ui/src/generated/api.ts is out of date: run `cargo xtask types`");
}
