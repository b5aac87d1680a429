//! TypeScript from the command list: the window's types are made, never typed by hand.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;

/// The whole file `ui/src/generated/api.ts` from what [`crate::commands`] answers.
#[must_use]
pub fn typescript(list: &Value) -> String {
    let mut out = String::from(
        "// Made from the core's command list by `cargo xtask types`. Never edited by hand.\n\nexport type Json = string | number | boolean | null | Json[] | { [key: string]: Json }\n",
    );
    // By name, so that a new command moves no line of another.
    let definitions: BTreeMap<&String, &Value> = list["definitions"].as_object().into_iter().flatten().collect();
    for (name, schema) in definitions {
        out.push('\n');
        comment(&mut out, schema, "");
        if schema.get("properties").is_some() {
            let _ = writeln!(out, "export interface {name} {}", object(schema, ""));
        } else {
            let _ = writeln!(out, "export type {name} = {}", written(schema, ""));
        }
    }
    out.push_str("\n/** Every command: what is asked and what is answered. */\nexport interface Commands {\n");
    for command in list["commands"].as_array().into_iter().flatten() {
        let name = command["name"].as_str().unwrap_or("");
        let _ = writeln!(
            out,
            "  '{name}': {{ ask: {}; answer: {} }}",
            written(&command["ask"], "  "),
            written(&command["answer"], "  ")
        );
    }
    out.push_str("}\n");
    let deeds: Vec<String> = list["deeds"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|deed| format!("  '{deed}',"))
        .collect();
    let _ = writeln!(
        out,
        "\n/** Whatever can stand in the audit. */\nexport const DEEDS = [\n{}\n] as const",
        deeds.join("\n")
    );
    out
}

fn comment(out: &mut String, schema: &Value, indent: &str) {
    if let Some(text) = schema["description"].as_str() {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(out, "{indent}/** {line} */");
    }
}

fn object(schema: &Value, indent: &str) -> String {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut out = String::from("{\n");
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let inner = format!("{indent}  ");
        comment(&mut out, field, &inner);
        let mark = if required.contains(&name.as_str()) { "" } else { "?" };
        let _ = writeln!(out, "{inner}{name}{mark}: {}", written(field, &inner));
    }
    out.push_str(indent);
    out.push('}');
    out
}

fn written(schema: &Value, indent: &str) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or("unknown").to_owned();
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(sides) = schema[choice].as_array() {
            return sides.iter().map(|s| written(s, indent)).collect::<Vec<_>>().join(" | ");
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(|v| format!("'{}'", v.as_str().unwrap_or(""))).collect::<Vec<_>>().join(" | ");
    }
    if let Some(value) = schema["const"].as_str() {
        return format!("'{value}'");
    }
    match &schema["type"] {
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).map(|k| plain(k, schema, indent)).collect::<Vec<_>>().join(" | ")
        }
        Value::String(kind) => plain(kind, schema, indent),
        // No type at all: any JSON.
        _ => "Json".to_owned(),
    }
}

fn plain(kind: &str, schema: &Value, indent: &str) -> String {
    match kind {
        "string" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => {
            if let Some(parts) = schema["prefixItems"].as_array() {
                return format!("[{}]", parts.iter().map(|p| written(p, indent)).collect::<Vec<_>>().join(", "));
            }
            let item = written(&schema["items"], indent);
            if item.contains(" | ") { format!("({item})[]") } else { format!("{item}[]") }
        }
        _ if schema.get("properties").is_some_and(|p| p.as_object().is_some_and(|o| !o.is_empty())) => {
            object(schema, indent)
        }
        _ => match schema.get("additionalProperties") {
            Some(inner) if inner.is_object() => format!("Record<string, {}>", written(inner, indent)),
            Some(Value::Bool(true)) => "Record<string, Json>".to_owned(),
            _ => "Record<string, never>".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::typescript;

    #[test]
    fn optional_fields_choices_and_maps_become_typescript() {
        let list = json!({
            "definitions": {
                "Row": { "type": "object", "description": "A row.", "required": ["id"], "properties": {
                    "id": { "type": "string" },
                    "note": { "type": ["string", "null"] },
                    "mark": { "type": "array", "items": { "type": "array", "prefixItems": [{ "type": "integer" }, { "type": "integer" }] } },
                    "cells": { "type": "object", "additionalProperties": { "$ref": "#/$defs/Say" } },
                } },
                "Mark": { "oneOf": [{ "const": "saved", "type": "string" }, { "const": "confirmed", "type": "string" }] },
            },
            "deeds": ["rows.save"],
            "commands": [{ "name": "rows.get", "ask": { "type": "object", "properties": {} }, "answer": { "$ref": "#/$defs/Row" } }],
        });
        let made = typescript(&list);
        for line in [
            "export interface Row {",
            "/** A row. */",
            "  id: string",
            "  note?: string | null",
            "  mark?: [number, number][]",
            "  cells?: Record<string, Say>",
            "export type Mark = 'saved' | 'confirmed'",
            "  'rows.save',\n] as const",
            "  'rows.get': { ask: Record<string, never>; answer: Row }",
        ] {
            assert!(made.contains(line), "{line} is missing in\n{made}");
        }
    }
}
