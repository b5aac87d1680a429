//! Every command with its role, question and answer schema: what `niangjia-office commands` prints and TypeScript is made from.

use niangjia_core::{Fault, audit::BESIDE_COMMANDS, registry::Registry};
use serde_json::{Value, json};

use crate::station::stage_commands;

/// The whole list. Definitions that several commands share stand once, under `definitions`.
///
/// # Errors
/// None in practice: schemas are JSON.
pub fn commands() -> Result<Value, Fault> {
    let mut registry: Registry = niangjia_core::registry();
    stage_commands(&mut registry);
    let (commands, definitions) = registry.describe();
    // What can stand in the audit: the window has words for each.
    let mut deeds: Vec<&str> = commands.iter().filter(|one| one.action).map(|one| one.name.as_str()).collect();
    deeds.extend(BESIDE_COMMANDS);
    deeds.sort_unstable();
    deeds.dedup();
    let deeds = json!(deeds);
    Ok(
        json!({ "deeds": deeds, "commands": serde_json::to_value(commands).map_err(Fault::question)?, "definitions": definitions }),
    )
}
