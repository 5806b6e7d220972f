//! A batch: requests answered one by one, each with its own outcome.

use std::time::Instant;

use serde_json::{Value, json};

use super::outcome::{Answered, FhirFailure, clip, to_bytes};
use super::parameters::pairs;
use super::request::{Method, ReadRequest};

/// The most bytes of the answers to one batch, the last one aside.
const MAX_BYTES: usize = 32 << 20;
/// The most requests of one batch.
const MAX_ENTRIES: usize = 1_000;

/// Returns the entries of a batch.
fn entries(body: Option<&Value>) -> Answered<&[Value]> {
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
    let entries: &[Value] = match bundle.get("entry") {
        None => &[],
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
    Ok(entries)
}

/// Answers the entries of a batch, each with its own outcome. Those that are not begun when its time is over, or when
/// the answer is as long as it may be, are told so.
pub(super) fn answer(
    body: Option<&Value>,
    ends: Option<Instant>,
    mut answer: impl FnMut(&Value) -> Answered,
) -> Answered<Vec<u8>> {
    let entries = entries(body)?;
    let mut reply = br#"{"resourceType":"Bundle""#.to_vec();
    for (at, entry) in entries.iter().enumerate() {
        let answered = if reply.len() > MAX_BYTES {
            Err(left_out("the answers to a batch are no longer than 32 MB"))
        } else if ends.is_some_and(|ends| Instant::now() >= ends) {
            Err(left_out("the batch takes longer than this server allows"))
        } else {
            answer(entry)
        };
        reply.extend_from_slice(if at == 0 { b",\"entry\":[" } else { b"," });
        reply.extend_from_slice(&to_bytes(&one(answered)));
    }
    if !entries.is_empty() {
        reply.push(b']');
    }
    reply.extend_from_slice(br#","type":"batch-response"}"#);
    Ok(reply)
}

/// Returns the failure of an entry that is not answered.
fn left_out(why: &str) -> FhirFailure {
    let text = format!("{why}; send the rest in another one");
    FhirFailure::new(503, "too-costly", text)
}

fn one(answer: Answered) -> Value {
    match answer {
        Ok(resource) => json!({ "resource": resource, "response": { "status": "200" } }),
        Err(failure) => json!({
            "response": { "status": failure.status.to_string(), "outcome": failure.to_json() },
        }),
    }
}

/// Reads an entry of a batch as a request; its address may begin with that of the base.
pub(super) fn read(base: &str, entry: &Value) -> Answered<ReadRequest> {
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
    let url = url.strip_prefix(base).unwrap_or(url);
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
        query: pairs(query),
        body: entry.get("resource").cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(entries: usize) -> Value {
        let entry = json!({ "request": { "method": "GET", "url": "metadata" } });
        json!({ "resourceType": "Bundle", "type": "batch", "entry": vec![entry; entries] })
    }

    fn statuses(reply: &[u8]) -> Vec<String> {
        let reply: Value = serde_json::from_slice(reply).unwrap();
        assert_eq!(reply["type"], "batch-response");
        let entries = reply["entry"].as_array().into_iter().flatten();
        let status = |entry: &Value| entry["response"]["status"].as_str().unwrap().to_owned();
        entries.map(status).collect()
    }

    #[test]
    fn an_entry_that_is_not_begun_in_time_or_that_there_is_no_room_for_is_told_so() {
        let whole = answer(Some(&batch(3)), None, |_| Ok(json!({}))).unwrap();
        assert_eq!(statuses(&whole), ["200", "200", "200"]);
        let late = answer(Some(&batch(3)), Some(Instant::now()), |_| Ok(json!({}))).unwrap();
        assert_eq!(statuses(&late), ["503", "503", "503"]);
        let long = || Ok(json!({ "text": "x".repeat(MAX_BYTES / 2 + 1) }));
        let full = answer(Some(&batch(4)), None, |_| long()).unwrap();
        assert_eq!(statuses(&full), ["200", "200", "503", "503"]);
        assert!(statuses(&answer(Some(&batch(0)), None, |_| long()).unwrap()).is_empty());
    }
}
