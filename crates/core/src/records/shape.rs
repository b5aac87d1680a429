//! Shapes: what was typed or stood in a sheet becomes the value of a field, mended where mending is safe.

use serde_json::Value as Json;

use crate::{
    checks::{Finding, bank_card, credit_code, day, id_number, money, name, phone, text, yes_no},
    codes,
    fault::FieldFault,
    record::{Field, Kind, RecordId, Value},
    words::Say,
};

fn fault(field: &Field, key: &str, say: Say) -> FieldFault {
    FieldFault { field: field.name.into(), key: key.into(), say }
}

fn found(field: &Field, finding: &dyn Finding) -> FieldFault {
    fault(field, finding.key(), finding.say())
}

/// Longest line and longest note, in characters.
const LINE: usize = 200;
const NOTE: usize = 4_000;

/// The value of a field from the JSON of a form.
pub(crate) fn from_json(field: &Field, json: &Json) -> Result<Value, FieldFault> {
    match json {
        Json::Null => Ok(Value::Null),
        Json::Bool(b) => match field.kind {
            Kind::Bool => Ok(Value::Bool(*b)),
            _ => Err(unreadable(field)),
        },
        Json::Number(n) => match (field.kind, n.as_i64()) {
            (Kind::Int | Kind::Money, Some(n)) => Ok(Value::Int(n)),
            (Kind::Bool, Some(n @ (0 | 1))) => Ok(Value::Bool(n == 1)),
            (_, Some(n)) => from_text(field, &n.to_string()),
            _ => Err(unreadable(field)),
        },
        Json::String(text) => from_text(field, text),
        Json::Array(_) | Json::Object(_) => Err(unreadable(field)),
    }
}

fn unreadable(field: &Field) -> FieldFault {
    fault(
        field,
        "unreadable",
        Say::new("这一项的内容程序看不懂，请重新填写。", "This value cannot be read; enter it again."),
    )
}

/// The value of a field from text; empty text is no value.
pub(crate) fn from_text(field: &Field, text: &str) -> Result<Value, FieldFault> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Value::Null);
    }
    let limit = if field.kind == Kind::Note { NOTE } else { LINE };
    if trimmed.chars().count() > limit {
        let say = Say::owned(
            format!("内容太长，最多 {limit} 个字；多出的部分请写到备注或附件里。"),
            format!("Too long: {limit} characters at the most. Put the rest into the note."),
        );
        return Err(fault(field, "too_long", say));
    }
    Ok(match field.kind {
        Kind::Text | Kind::Note => Value::Text(trimmed.into()),
        Kind::Name => Value::Text(name::check(trimmed).map_err(|f| found(field, &f))?.name.as_str().into()),
        Kind::Code(list) => {
            let list = codes::list(list).ok_or_else(|| unreadable(field))?;
            let code = codes::find(list, trimmed).ok_or_else(|| {
                fault(
                    field,
                    "code_unknown",
                    Say::new(
                        "这个选项不在规定的选项里，请从下拉列表中选择。",
                        "This is none of the permitted values; choose one from the list.",
                    ),
                )
            })?;
            Value::Text(code.code.into())
        }
        Kind::Day => Value::Text(day::parse(trimmed).map_err(|f| found(field, &f))?.to_string().into()),
        Kind::Bool => Value::Bool(yes_no::check(trimmed).map_err(|f| found(field, &f))?),
        Kind::Int => {
            let digits: String = text::tight(trimmed).chars().filter(|c| *c != ',' && *c != '，').collect();
            Value::Int(digits.parse().map_err(|_| {
                fault(field, "not_a_number", Say::new("请填写整数，如 120。", "Enter a whole number, such as 120."))
            })?)
        }
        Kind::Money => Value::Int(money::Fen::parse(trimmed).map_err(|f| found(field, &f))?.0),
        Kind::Link(_) => {
            let id: RecordId = trimmed.parse().map_err(|_| unreadable(field))?;
            Value::Bytes(id.0.to_vec().into())
        }
        Kind::Bytes | Kind::Picture => return Err(unreadable(field)),
        // Judged together with its kind, by the rules of the module.
        Kind::IdNumber => Value::Text(id_number::mend(trimmed).into()),
        Kind::Phone => match phone::check(trimmed).map_err(|f| found(field, &f))?.phone() {
            Some(number) => Value::Text(number.as_str().into()),
            None => Value::Null,
        },
        Kind::BankCard => Value::Text(bank_card::check(trimmed).map_err(|f| found(field, &f))?.0.as_str().into()),
        Kind::CreditCode => {
            Value::Text(credit_code::check(trimmed).map_err(|f| found(field, &f))?.code.as_str().into())
        }
        Kind::Area => {
            let digits = text::tight(trimmed);
            if !text::is_digits(&digits) || !(6..=12).contains(&digits.len()) {
                return Err(fault(
                    field,
                    "area_code",
                    Say::new(
                        "行政区划代码是 6 至 12 位数字，如 320722104。",
                        "An area code has 6 to 12 digits, such as 320722104.",
                    ),
                ));
            }
            Value::Text(digits.into())
        }
    })
}
