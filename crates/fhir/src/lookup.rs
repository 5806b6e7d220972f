//! `CodeSystem/$lookup`: what a code system says of a code on a day.

use serde_json::json;

use super::codesystem::of_id;
use super::context::Context;
use super::outcome::{Answered, FhirFailure, clip};
use super::parameters::{Coding, Parameters};
use super::reply::Reply;
use super::snapshot::{Snapshot, cut_version, find_system, get_system};
use codeyear_core::answer::{retirement, verdict};
use codeyear_core::error::Result;
use codeyear_core::model::{Entry, Spans, Status, judge_listing, merge_by};

/// The meaning of a short title beside the long one.
pub(super) fn short_title_use() -> serde_json::Value {
    json!({
        "system": "http://snomed.info/sct",
        "code": "900000000000013009",
        "display": "Synonym",
    })
}

/// Checks whether an entry has a short title that says something else than the long one.
pub(super) fn has_short_title(entry: &Entry) -> bool {
    !entry.short_title.is_empty() && entry.short_title != entry.long_title
}

pub(super) fn answer(context: &Context<'_>, id: Option<&str>, given: &Parameters) -> Answered {
    let coding = match given.coding("coding")? {
        Some(coding) => coding,
        None => Coding {
            system: given.text("system")?.map(str::to_owned),
            version: given.text("version")?.map(str::to_owned),
            code: given.text("code")?.map(str::to_owned),
            display: None,
        },
    };
    let Some(code) = &coding.code else {
        return Err(FhirFailure::invalid("code or coding is required"));
    };
    let snapshot = snapshot(context, id, &coding, given)?;
    let (parsed, entry) = find(&snapshot, code)?;
    let wanted = given.texts("property")?;
    let wants = |name: &str| {
        wanted.is_empty()
            || wanted
                .iter()
                .any(|wanted| *wanted == name || *wanted == "*")
    };
    let mut reply = Reply::default();
    reply
        .string("name", &snapshot.title()?)
        .string("version", &snapshot.version())
        .string("display", &entry.long_title);
    if wants("designation") && has_short_title(&entry) {
        let mut parts = Reply::default();
        parts
            .code("language", "en")
            .add(json!({ "name": "use", "valueCoding": short_title_use() }))
            .string("value", &entry.short_title);
        reply.parts("designation", parts);
    }
    let mut property = |name: &str, value: serde_json::Value, description: Option<&str>| {
        let mut parts = Reply::default();
        parts.code("code", name).add(value);
        if let Some(description) = description {
            parts.string("description", description);
        }
        reply.parts("property", parts);
    };
    let code_value = |text: String| json!({ "name": "value", "valueCode": text });
    if wants("inactive") {
        property(
            "inactive",
            json!({ "name": "value", "valueBoolean": false }),
            None,
        );
    }
    if wants("notSelectable") {
        property(
            "notSelectable",
            json!({ "name": "value", "valueBoolean": !entry.billable }),
            None,
        );
    }
    let life = snapshot.source.spans(&parsed)?;
    // With its flag of the day: titles may change in between.
    let flags = merge_by(&life, |entry| entry.billable);
    let days = flags.at(snapshot.day);
    let from = days.map(|span| span.from);
    let until = days.and_then(|span| span.until);
    for (name, day) in [("effectiveDate", from), ("retirementDate", until)] {
        if let Some(day) = day.filter(|_| wants(name)) {
            let value = json!({ "name": "value", "valueDateTime": day.to_string() });
            property(name, value, None);
        }
    }
    if wants("parent")
        && let Some(parent) = snapshot.parent(&parsed)?
    {
        let value = code_value(parent.code.to_string());
        property("parent", value, Some(&parent.long_title));
    }
    if wants("child") && parsed.len() < 7 {
        for child in snapshot.children(&parsed)? {
            let value = code_value(child.code.to_string());
            property("child", value, Some(&child.long_title));
        }
    }
    if wants("successor") && !entry.billable && life.iter().any(|listed| listed.value.billable) {
        for successor in successors(&snapshot, &parsed)? {
            let value = code_value(successor.code.to_string());
            property("successor", value, Some(&successor.long_title));
        }
    }
    let trust = snapshot.source.timeline().trust(snapshot.period.release);
    if let Some(trust) = trust.filter(|_| wants("provenance")) {
        let value = json!({ "name": "value", "valueString": trust.provenance.name() });
        let doubts = snapshot.doubts()?.join("; ");
        let description = (!doubts.is_empty()).then_some(doubts.as_str());
        property("provenance", value, description);
    }
    Ok(reply.into_json())
}

/// Returns the billable codes that took the place of one that could be submitted before.
fn successors(snapshot: &Snapshot<'_>, code: &codeyear_core::model::Code) -> Result<Vec<Entry>> {
    let (verdict, _) = verdict(snapshot.source, code, snapshot.day)?;
    let retirement = retirement(snapshot.source, code, &verdict, snapshot.day)?;
    let successors = retirement
        .into_iter()
        .flat_map(|retired| retired.successors);
    Ok(successors.filter_map(|successor| successor.entry).collect())
}

/// Finds what an operation of code systems is about: the instance, or the system that is given, on the day.
pub(super) fn snapshot<'a>(
    context: &Context<'a>,
    id: Option<&str>,
    coding: &Coding,
    given: &Parameters,
) -> Answered<Snapshot<'a>> {
    let date = given.date("date")?;
    match id {
        Some(id) => {
            let instance = of_id(context, id)?;
            if let Some(system) = &coding.system
                && find_system(cut_version(system).0) != Some(instance.system)
            {
                return Err(FhirFailure::invalid(format!(
                    "the code is of '{}', and CodeSystem/{} is '{}'",
                    clip(system),
                    clip(id),
                    instance.system.uri
                )));
            }
            let version = instance.version();
            Snapshot::at(context, instance.system, Some(&version), date, None)
        }
        None => {
            let Some(system) = &coding.system else {
                return Err(FhirFailure::invalid(
                    "system is required: a code alone could be of any",
                ));
            };
            let (uri, version) = cut_version(system);
            let version = coding.version.as_deref().or(version);
            Snapshot::at(
                context,
                get_system(uri)?,
                version,
                date,
                coding.code.as_deref(),
            )
        }
    }
}

/// Finds a code in a code system, or says why it is not there.
pub(super) fn find(
    snapshot: &Snapshot<'_>,
    text: &str,
) -> Answered<(codeyear_core::model::Code, Entry)> {
    let parsed = snapshot.system.code_set.parse_code(text);
    let found = match &parsed {
        Ok(code) => snapshot.entry(code)?.map(|entry| (*code, entry)),
        Err(_) => None,
    };
    match found {
        Some(found) => Ok(found),
        None => {
            let text = unknown(snapshot, text, parsed)?;
            Err(FhirFailure::not_found(text).of_kind("invalid-code"))
        }
    }
}

/// Returns the text that a code system does not list a code on a day, and what is known of it.
pub(super) fn unknown(
    snapshot: &Snapshot<'_>,
    text: &str,
    parsed: std::result::Result<codeyear_core::model::Code, codeyear_core::model::MalformedCode>,
) -> Result<String> {
    let mut message = format!(
        "Unknown code '{}' in the CodeSystem '{}' version '{}'",
        clip(text),
        snapshot.system.uri,
        snapshot.version()
    );
    let on = snapshot.day;
    match parsed {
        Err(malformed) => message.push_str(&format!(": {}", malformed.reason)),
        Ok(code) => {
            let timeline = snapshot.source.timeline();
            let status = judge_listing(on, timeline, &snapshot.source.spans(&code)?);
            let code = code.to_string();
            match status {
                Status::Deleted {
                    entry,
                    deleted_from,
                    ..
                } => message.push_str(&format!(
                    " on {on}: {code} ({}) was deleted from {deleted_from} on",
                    entry.long_title
                )),
                Status::NotYet {
                    entry, first_day, ..
                } => message.push_str(&format!(
                    " on {on}: {code} ({}) is first listed on {first_day}",
                    entry.long_title
                )),
                Status::Unknown { .. } => message.push_str(": no loaded version lists it"),
                // The snapshot is of a release that governs the day and does not list the code.
                Status::Listed { .. } | Status::NotCovered | Status::NotInForce => {
                    debug_assert!(false, "{code} is not unknown on {on}");
                }
            }
        }
    }
    if snapshot.source.is_sample()? {
        message.push_str("; this is the bundled sample, not the whole code set");
    }
    Ok(message)
}
