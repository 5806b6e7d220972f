//! Bundles of what a search finds.

use serde_json::{Value, json};

use super::context::Context;
use super::outcome::{Answered, FhirFailure, clip, set};
use super::parameters::day;

/// Returns those of some resources that a search asks for. A parameter that is not known is passed over,
/// and the link to the page itself says which ones counted.
pub(super) fn bundle(
    context: &Context<'_>,
    kind: &str,
    query: &[(String, String)],
    mut resources: Vec<Value>,
) -> Answered {
    let mut counted: Vec<(&str, &str)> = Vec::new();
    let (mut count, mut offset, mut only_total) = (None, 0, false);
    for (name, value) in query {
        match name.as_str() {
            "_count" => count = Some(number(name, value)?),
            "_offset" => offset = number(name, value)?,
            "_summary" => only_total = value == "count",
            "date" => keep_dates(&mut resources, value)?,
            "_id" | "url" | "system" | "version" | "status" => {
                let field = match name.as_str() {
                    "_id" => "id",
                    "system" => "url",
                    other => other,
                };
                resources.retain(|resource| {
                    let held = resource.get(field).and_then(Value::as_str);
                    value.split(',').any(|wanted| held == Some(wanted))
                });
            }
            "name" | "title" => resources.retain(|resource| {
                let held = resource.get(name).and_then(Value::as_str);
                let held = held.unwrap_or_default().to_lowercase();
                value
                    .split(',')
                    .any(|wanted| held.starts_with(&wanted.to_lowercase()))
            }),
            _ => continue,
        }
        counted.push((name, value));
    }
    let total = resources.len();
    let page = if only_total {
        0
    } else {
        count.unwrap_or(total)
    };
    let entries: Vec<Value> = resources
        .into_iter()
        .skip(offset)
        .take(page)
        .map(|resource| {
            let text = |field: &str| resource.get(field).and_then(Value::as_str);
            // What is made for the asking has no address here, but its own.
            let full_url = match text("id") {
                Some(id) => format!("{}/{kind}/{id}", context.base),
                None => text("url").unwrap_or_default().to_owned(),
            };
            json!({
                "fullUrl": full_url,
                "resource": resource,
                "search": { "mode": "match" },
            })
        })
        .collect();
    let mut links = vec![link(context, kind, "self", &counted)];
    if let Some(count) = count.filter(|count| *count > 0 && offset + count < total) {
        let next = (offset + count).to_string();
        let mut pairs = counted.clone();
        pairs.retain(|(name, _)| *name != "_offset");
        pairs.push(("_offset", &next));
        links.push(link(context, kind, "next", &pairs));
    }
    let mut bundle = json!({
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": links,
    });
    if !entries.is_empty() {
        set(&mut bundle, "entry", Value::Array(entries));
    }
    Ok(bundle)
}

fn number(name: &str, value: &str) -> Answered<usize> {
    value
        .trim()
        .parse::<u32>()
        .map(|number| number as usize)
        .map_err(|_| {
            FhirFailure::invalid(format!(
                "{name} {:?} has to be a whole number from 0",
                clip(value)
            ))
        })
}

/// Filters the resources whose date is as a search wants it: `2021-10-01`, `ge2021-10-01`, `2021`.
fn keep_dates(resources: &mut Vec<Value>, wanted: &str) -> Answered<()> {
    let (comparison, text) = match wanted.split_at_checked(2) {
        Some((prefix, rest)) if prefix.bytes().all(|byte| byte.is_ascii_lowercase()) => {
            (prefix, rest)
        }
        _ => ("eq", wanted),
    };
    if !["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"].contains(&comparison) {
        return Err(FhirFailure::invalid(format!(
            "date {:?} begins with no comparison that is known",
            clip(wanted)
        )));
    }
    // A year or a month is all of its days; the digits of days are in their order.
    let is_part = [4, 7].contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
    if !is_part {
        day("date", text)?;
    }
    let text = text.get(..10).unwrap_or(text);
    resources.retain(|resource| {
        let held = resource.get("date").and_then(Value::as_str);
        let Some(held) = held.and_then(|held| held.get(..text.len())) else {
            return false;
        };
        match comparison {
            "ne" => held != text,
            "gt" | "sa" => held > text,
            "lt" | "eb" => held < text,
            "ge" => held >= text,
            "le" => held <= text,
            _ => held == text,
        }
    });
    Ok(())
}

fn link(context: &Context<'_>, kind: &str, relation: &str, pairs: &[(&str, &str)]) -> Value {
    let query: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(&clip(value))))
        .collect();
    let mut url = format!("{}/{kind}", context.base);
    if !query.is_empty() {
        url.push('?');
        url.push_str(&query.join("&"));
    }
    json!({ "relation": relation, "url": url })
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::super::{FhirVersion, of_sample};
    use super::*;

    /// A resource for each of three days.
    fn resources() -> Vec<Value> {
        let days = ["2020-10-01", "2021-10-01", "2022-04-01"];
        let resource = |day: &str| json!({ "id": day, "date": day, "name": format!("R{day}") });
        days.map(resource).to_vec()
    }

    fn asked(query: &[(&str, &str)]) -> Answered {
        let query = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let query: Vec<(String, String)> = query.collect();
        of_sample(FhirVersion::R4, |context| {
            bundle(context, "CodeSystem", &query, resources())
        })
    }

    fn ids(bundle: &Value) -> Vec<&str> {
        let entries = bundle["entry"].as_array().into_iter().flatten();
        entries
            .map(|entry| entry["resource"]["id"].as_str().unwrap())
            .collect()
    }

    #[test]
    fn a_date_is_compared_by_as_much_of_it_as_is_given() {
        for (wanted, kept) in [
            ("2021-10-01", &["2021-10-01"][..]),
            ("2021", &["2021-10-01"]),
            ("2022-04", &["2022-04-01"]),
            ("ne2021", &["2020-10-01", "2022-04-01"]),
            ("gt2021-10-01", &["2022-04-01"]),
            ("ge2021-10-01", &["2021-10-01", "2022-04-01"]),
            ("lt2021", &["2020-10-01"]),
            ("le2021", &["2020-10-01", "2021-10-01"]),
            ("eb2020-10-01", &[]),
        ] {
            assert_eq!(ids(&asked(&[("date", wanted)]).unwrap()), kept, "{wanted}");
        }
        for wrong in ["ap2021", "2021-13-01", "october", ""] {
            assert_eq!(
                asked(&[("date", wrong)]).unwrap_err().status,
                400,
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_page_leads_to_the_next_and_the_last_one_nowhere() {
        let first = asked(&[("_count", "2"), ("name", "r20"), ("unheard", "of")]).unwrap();
        assert_eq!((ids(&first).len(), &first["total"]), (2, &json!(3)));
        assert_eq!(
            first["link"],
            json!([
                { "relation": "self", "url": "http://localhost/fhir/r4/CodeSystem?_count=2&name=r20" },
                { "relation": "next", "url": "http://localhost/fhir/r4/CodeSystem?_count=2&name=r20&_offset=2" },
            ])
        );
        let last = asked(&[("_count", "2"), ("_offset", "2")]).unwrap();
        assert_eq!(ids(&last), ["2022-04-01"]);
        assert_eq!(last["link"].as_array().unwrap().len(), 1);
        let total = asked(&[("_summary", "count")]).unwrap();
        assert_eq!((&total["total"], total.get("entry")), (&json!(3), None));
    }
}
