//! A batch: requests answered one by one, each with its own outcome.

use serde_json::{Value, json};

use super::outcome::{Answered, FhirFailure, clip, set};
use super::{Context, Method, ReadRequest, parameters};

/// The most requests of one batch.
const MAX_ENTRIES: usize = 1_000;

pub(super) fn answer(context: &Context<'_>, body: Option<&Value>) -> Answered {
    let kind = |value: &Value, field: &str| {
        let text = value.get(field).and_then(Value::as_str);
        text.map(clip).unwrap_or_default()
    };
    let Some(bundle) = body.filter(|body| kind(body, "resourceType") == "Bundle") else {
        return Err(FhirFailure::invalid(
            "a Bundle of the type batch is required",
        ));
    };
    match kind(bundle, "type").as_str() {
        "batch" => {}
        "transaction" => {
            return Err(FhirFailure::new(
                422,
                "not-supported",
                "transactions are not supported; send a batch",
            ));
        }
        other => {
            return Err(FhirFailure::invalid(format!(
                "the Bundle is of the type {other:?}; expected batch"
            )));
        }
    }
    let entries = match bundle.get("entry") {
        None => &Vec::new(),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(FhirFailure::invalid("Bundle.entry has to be a list")),
    };
    if entries.len() > MAX_ENTRIES {
        return Err(FhirFailure::new(
            422,
            "too-costly",
            format!(
                "the batch has {} entries, and no more than {MAX_ENTRIES} are answered at once",
                entries.len()
            ),
        ));
    }
    let answered: Vec<Value> = entries.iter().map(|entry| one(context, entry)).collect();
    let mut reply = json!({ "resourceType": "Bundle", "type": "batch-response" });
    if !answered.is_empty() {
        set(&mut reply, "entry", Value::Array(answered));
    }
    Ok(reply)
}

fn one(context: &Context<'_>, entry: &Value) -> Value {
    match read(context, entry).and_then(|asked| context.answer(&asked)) {
        Ok(resource) => json!({ "resource": resource, "response": { "status": "200" } }),
        Err(failure) => json!({
            "response": { "status": failure.status.to_string(), "outcome": failure.to_json() },
        }),
    }
}

fn read(context: &Context<'_>, entry: &Value) -> Answered<ReadRequest> {
    let request = entry.get("request");
    let text = |field: &str| {
        request
            .and_then(|request| request.get(field))
            .and_then(Value::as_str)
            .ok_or_else(|| FhirFailure::invalid(format!("the entry has no request.{field}")))
    };
    let method = match text("method")? {
        "GET" => Method::Get,
        "POST" => Method::Post,
        other => {
            return Err(FhirFailure::new(
                405,
                "not-supported",
                format!("{:?} is not supported; there are GET and POST", clip(other)),
            ));
        }
    };
    let url = text("url")?;
    let url = url.strip_prefix(context.base).unwrap_or(url);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let path = path.trim_matches('/').replace("%24", "$");
    if path.is_empty() {
        return Err(FhirFailure::invalid(
            "a batch within a batch is not answered",
        ));
    }
    Ok(ReadRequest {
        method,
        path,
        query: parameters::pairs(query),
        body: entry.get("resource").cloned(),
    })
}
