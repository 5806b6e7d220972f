//! `ConceptMap/$translate`: what a code became by a day, or came from, as the official conversion tables say.
//!
//! A code that can still be submitted on the day translates to itself, and to what was split off from it. What
//! the tables do not name is no match: a guess from the tree is not made here.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::conceptmap::{
    Relation, TOGETHER, Transition, comment, relation, together, transitions, url_of, with_all,
};
use super::context::{Context, FhirVersion};
use super::lookup::unknown;
use super::outcome::{Answered, FhirFailure, clip, set};
use super::parameters::{Coding, Parameters};
use super::reply::Reply;
use super::snapshot::{Snapshot, System, cut_version, find_system, get_system};
use codeyear_core::answer::{retirement, verdict, with_listings};
use codeyear_core::error::Result;
use codeyear_core::model::{Code, DocumentKind, Entry, Fate, LineageLink, Verdict};

/// A code that another translates to.
struct Match {
    code: Code,
    display: Option<String>,
    relation: Relation,
    comment: Option<String>,
    /// What was reported together with the previous code.
    together: Vec<Code>,
    /// The address of the map that has the last row.
    map: Option<String>,
}

/// What a translation gives.
struct Translation {
    system: &'static System,
    is_reverse: bool,
    matches: Vec<Match>,
    message: String,
    /// What limits the trust in the release that the answer rests on.
    doubts: Vec<String>,
}

pub(super) fn answer(context: &Context<'_>, id: Option<&str>, given: &Parameters) -> Answered {
    let (coding, is_reverse) = source(given)?;
    let Some(text) = &coding.code else {
        return Err(FhirFailure::invalid(
            "sourceCode, code, coding or codeableConcept is required",
        ));
    };
    let Some(uri) = &coding.system else {
        return Err(FhirFailure::invalid(
            "system is required: a code alone could be of any",
        ));
    };
    let (uri, uri_version) = cut_version(uri);
    let system_asked = get_system(uri)?;
    let target = given.any_text(&["targetsystem", "targetSystem"])?;
    let mut target_version = None;
    if let Some(target) = target {
        let (target, version) = cut_version(target);
        if get_system(target)? != system_asked {
            return Err(FhirFailure::not_found(format!(
                "there is no map from '{}' to '{}': the tables are of one code system over time",
                clip(uri),
                clip(target)
            )));
        }
        target_version = version;
    }
    for name in ["target", "targetScope"] {
        if let Some(set) = given.text(name)? {
            let (set, _) = cut_version(set);
            let base = set.split_once("?fhir_vs").map_or(set, |(base, _)| base);
            if find_system(base) != Some(system_asked) {
                return Err(FhirFailure::not_found(format!(
                    "the value set '{}' of {name} is not of '{}'",
                    clip(set),
                    system_asked.uri
                )));
            }
        }
    }
    let date = given.date("date")?;
    if let Some(map) = map_of(id, given)? {
        return in_one_map(context, &map, system_asked, text, is_reverse);
    }
    let version = match (target_version, given.text("conceptMapVersion")?) {
        (Some(version), _) | (None, Some(version)) => Some(version),
        (None, None) => None,
    };
    // The version of the code is the one in which it was used; it only has to be there.
    if let Some(version) = coding.version.as_deref().or(uri_version) {
        Snapshot::at(context, system_asked, Some(version), None, None)?;
    }
    let snapshot = Snapshot::at(context, system_asked, version, date, Some(text))?;
    let parsed = system_asked.code_set.parse_code(text);
    let code = match parsed {
        Ok(code) if snapshot.source.lists(&code)? => code,
        parsed => {
            let message = unknown(&snapshot, text, parsed)?;
            return Ok(reply(
                context.version,
                &Translation {
                    system: system_asked,
                    is_reverse,
                    matches: Vec::new(),
                    message,
                    doubts: snapshot.doubts()?,
                },
            ));
        }
    };
    let (matches, message) = if is_reverse {
        backward(&snapshot, &code)?
    } else {
        forward(&snapshot, &code)?
    };
    Ok(reply(
        context.version,
        &Translation {
            system: system_asked,
            is_reverse,
            matches,
            message,
            doubts: snapshot.doubts()?,
        },
    ))
}

/// Finds what is to be translated, and in which direction.
fn source(given: &Parameters) -> Answered<(Coding, bool)> {
    let reverse = given.boolean("reverse")?.unwrap_or(false);
    for (coding, concept, code, is_reverse) in [
        ("sourceCoding", "sourceCodeableConcept", "sourceCode", false),
        ("targetCoding", "targetCodeableConcept", "targetCode", true),
        ("coding", "codeableConcept", "code", reverse),
    ] {
        if let Some(coding) = given.coding(coding)? {
            return Ok((coding, is_reverse));
        }
        if let Some((codings, _)) = given.concept(concept)? {
            let known = codings.iter().position(|coding| {
                let uri = coding.system.as_deref().map(|system| cut_version(system).0);
                uri.and_then(find_system).is_some()
            });
            let coding = codings.into_iter().nth(known.unwrap_or(0));
            return Ok((coding.unwrap_or_default(), is_reverse));
        }
        if let Some(code) = given.text(code)? {
            return Ok((
                Coding {
                    system: given
                        .any_text(&["system", "sourceSystem"])?
                        .map(str::to_owned),
                    version: given.text("version")?.map(str::to_owned),
                    code: Some(code.to_owned()),
                    display: None,
                },
                is_reverse,
            ));
        }
    }
    Ok((Coding::default(), reverse))
}

/// Finds the one map that a request names, by its identifier or address.
fn map_of(id: Option<&str>, given: &Parameters) -> Answered<Option<String>> {
    if given.has("conceptMap") {
        return Err(FhirFailure::new(
            422,
            "not-supported",
            "conceptMap is not supported; name the map with url",
        ));
    }
    match id {
        Some(id) => Ok(Some(id.to_owned())),
        None => Ok(given.text("url")?.map(|url| cut_version(url).0.to_owned())),
    }
}

/// Translates by the rows of one day alone.
fn in_one_map(
    context: &Context<'_>,
    map: &str,
    system_asked: &'static System,
    text: &str,
    is_reverse: bool,
) -> Answered {
    let parsed = system_asked
        .code_set
        .parse_code(text)
        .map_err(|malformed| FhirFailure::invalid(malformed.to_string()).of_kind("invalid-code"))?;
    let name = map.rsplit('/').next().unwrap_or(map);
    let is_it = |transition: &Transition| transition.id() == name || transition.url() == map;
    let found = with_all(context, |conversions, source, listed| {
        let transitions = transitions(conversions, listed);
        let Some(transition) = transitions.iter().find(|one| is_it(one)) else {
            return Ok(None);
        };
        let mut matches = Vec::new();
        for link in &transition.links {
            let (from, to) = if is_reverse {
                (link.new, link.old)
            } else {
                (link.old, link.new)
            };
            let day = if is_reverse {
                codeyear_core::model::day_before(transition.day)
            } else {
                transition.day
            };
            if from == parsed && system_asked.code_set.has(DocumentKind::ConversionTable) {
                let entry = source.entry_on(&to, day)?;
                let relation = relation(conversions, link, listed);
                matches.push(one_match(to, entry, relation, Some(link)));
            }
        }
        Ok(Some(matches))
    })?;
    let Some(matches) = found else {
        return Err(FhirFailure::not_found(format!(
            "there is no ConceptMap {}",
            clip(map)
        )));
    };
    let message = if matches.is_empty() {
        format!("the map has no row of {}", parsed)
    } else {
        String::new()
    };
    Ok(reply(
        context.version,
        &Translation {
            system: system_asked,
            is_reverse,
            matches,
            message,
            doubts: Vec::new(),
        },
    ))
}

fn one_match(
    code: Code,
    entry: Option<Entry>,
    relation: Relation,
    link: Option<&LineageLink>,
) -> Match {
    Match {
        code,
        display: entry.map(|entry| entry.long_title),
        relation,
        comment: link.map(comment),
        together: link.and_then(together).unwrap_or_default(),
        map: link.map(|link| url_of(link.effective_from)),
    }
}

/// Returns what a code became by a day.
fn forward(snapshot: &Snapshot<'_>, code: &Code) -> Answered<(Vec<Match>, String)> {
    let day = snapshot.day;
    let shown = code.to_string();
    let (verdict, _) = verdict(snapshot.source, code, day)?;
    match &verdict {
        Verdict::Billable { entry } => still_valid(snapshot, code, entry),
        Verdict::Header { .. } | Verdict::Deleted { .. } => {
            let Some(retirement) = retirement(snapshot.source, code, &verdict, day)? else {
                return Ok((
                    Vec::new(),
                    format!(
                        "{shown} could not be submitted by itself on any day before {day}: it is a header"
                    ),
                ));
            };
            let became = match retirement.fate {
                Fate::BecameHeader => "became a header",
                _ => "was deleted",
            };
            let from = match retirement.missing_between() {
                Some(missing) => format!("on or before {} ({missing})", retirement.retired_from),
                None => format!("on {}", retirement.retired_from),
            };
            let conversions = snapshot.source.conversions(code)?;
            let matches: Vec<Match> = with_listings(snapshot.source, |listed| {
                let mut matches = Vec::new();
                for successor in &retirement.successors {
                    let entry = successor.entry.clone().filter(|entry| entry.billable);
                    // A way that ends in what cannot be submitted leads nowhere.
                    let Some(entry) = entry else {
                        continue;
                    };
                    let steps = successor.steps.iter();
                    let relation = steps
                        .map(|step| relation(&conversions, step, listed))
                        .reduce(Relation::then);
                    let relation = relation.unwrap_or(Relation::Related);
                    let mut one = one_match(
                        successor.code,
                        Some(entry),
                        relation,
                        successor.steps.last(),
                    );
                    one.comment = Some(
                        successor
                            .steps
                            .iter()
                            .map(comment)
                            .collect::<Vec<_>>()
                            .join("; "),
                    );
                    matches.push(one);
                }
                matches
            })?;
            let message = if matches.is_empty() {
                let table = match retirement.table {
                    Some(table) => {
                        format!("the conversion tables, up to that of {table}, list no replacement")
                    }
                    None => "no conversion table is loaded for that date".to_owned(),
                };
                format!("{shown} {became} {from}: {table}")
            } else if matches.len() > 1 {
                format!("{shown} {became} {from}: replaced by one of these, as the record supports")
            } else {
                format!("{shown} {became} {from}")
            };
            Ok((matches, message))
        }
        Verdict::NotYetEffective { first_day, .. } => Ok((
            Vec::new(),
            format!("{shown} is not valid on {day}: it is first listed on {first_day}"),
        )),
        Verdict::NotInForce { in_force_from, .. } => Ok((
            Vec::new(),
            format!(
                "{} was not in force on {day}, but from {in_force_from} on",
                snapshot.system.code_set.name()
            ),
        )),
        Verdict::NotCovered { .. } | Verdict::Unknown { .. } => {
            Ok((Vec::new(), format!("nothing is known of {shown} on {day}")))
        }
    }
}

/// A code that is still valid is itself, as far as its title tells; what was split off from it may be meant as
/// well.
fn still_valid(
    snapshot: &Snapshot<'_>,
    code: &Code,
    entry: &Entry,
) -> Answered<(Vec<Match>, String)> {
    let day = snapshot.day;
    let life = snapshot.source.spans(code)?;
    let mut split_off = Vec::new();
    if snapshot.system.code_set.has(DocumentKind::ConversionTable) {
        let conversions = snapshot.source.conversions(code)?;
        split_off = with_listings(snapshot.source, |listed| -> Result<Vec<Match>> {
            let lineage = conversions.lineage(code, listed);
            let mut matches = Vec::new();
            for conversion in &lineage.conversions {
                if conversion.effective_from > day {
                    continue;
                }
                for link in &conversion.successors {
                    let entry = snapshot.entry(&link.new)?.filter(|entry| entry.billable);
                    if let Some(entry) = entry.filter(|entry| entry.code != *code) {
                        let relation = Relation::of(conversion.kind, link);
                        matches.push(one_match(link.new, Some(entry), relation, Some(link)));
                    }
                }
            }
            Ok(matches)
        })??;
    }
    let always_the_same = life
        .iter()
        .filter(|listed| listed.from <= day)
        .all(|listed| listed.value.long_title == entry.long_title && listed.value.billable);
    let relation = if always_the_same && split_off.is_empty() {
        Relation::Equivalent
    } else {
        Relation::Related
    };
    let shown = code.to_string();
    let mut message = format!("{shown} is valid on {day}");
    if !split_off.is_empty() {
        message.push_str("; part of it moved to the other codes");
    }
    let mut matches = vec![one_match(*code, Some(entry.clone()), relation, None)];
    matches.append(&mut split_off);
    Ok((matches, message))
}

/// Returns what a code came from.
fn backward(snapshot: &Snapshot<'_>, code: &Code) -> Answered<(Vec<Match>, String)> {
    let shown = code.to_string();
    let day = snapshot.day;
    if !snapshot.system.code_set.has(DocumentKind::ConversionTable) {
        return Ok((
            Vec::new(),
            format!(
                "there are no conversion tables of {}",
                snapshot.system.code_set.name()
            ),
        ));
    }
    let conversions = snapshot.source.conversions(code)?;
    let (found, from_nothing) = with_listings(snapshot.source, |listed| -> Result<_> {
        let lineage = conversions.lineage(code, listed);
        let mut matches = Vec::new();
        for link in &lineage.predecessors {
            if link.effective_from > day {
                continue;
            }
            let entry = snapshot.source.entry_on(
                &link.old,
                codeyear_core::model::day_before(link.effective_from),
            )?;
            // What else the previous code became is told by the rows of that code.
            let of_old = snapshot.source.conversions(&link.old)?;
            let relation = relation(&of_old, link, listed);
            matches.push(one_match(link.old, entry, relation, Some(link)));
        }
        let from_nothing: Option<NaiveDate> = lineage.from_nothing.first().map(|(day, _, _)| *day);
        Ok((matches, from_nothing))
    })??;
    let message = match (found.is_empty(), from_nothing) {
        (true, Some(day)) => format!(
            "{shown} is new from {day} on, and has no previous code in the conversion tables"
        ),
        (true, None) => {
            format!("the conversion tables list no previous code of {shown} by {day}")
        }
        (false, _) => String::new(),
    };
    Ok((found, message))
}

fn reply(version: FhirVersion, translation: &Translation) -> Value {
    let system = translation.system;
    let coding = |code: &Code| json!({ "system": system.uri, "code": code.to_string() });
    let mut reply = Reply::default();
    reply.boolean("result", !translation.matches.is_empty());
    let mut messages: Vec<String> = Vec::new();
    messages.extend(Some(translation.message.clone()).filter(|message| !message.is_empty()));
    for one in &translation.matches {
        let others: Vec<String> = one.together.iter().map(|code| code.to_string()).collect();
        if !others.is_empty() {
            messages.push(format!(
                "{} is reported with {}: both codes together ({})",
                one.code,
                others.join(" and "),
                one.comment.as_deref().unwrap_or_default()
            ));
        }
    }
    messages.extend(translation.doubts.iter().cloned());
    if !messages.is_empty() {
        reply.string("message", &messages.join("; "));
    }
    for one in &translation.matches {
        let (field, relation) = one.relation.coded(version);
        let mut parts = Reply::default();
        parts.code(field, relation);
        let mut concept = coding(&one.code);
        if let Some(display) = &one.display {
            set(&mut concept, "display", json!(display));
        }
        parts.add(json!({ "name": "concept", "valueCoding": concept }));
        for other in &one.together {
            // Backward the two come out together; forward the one depends on the other.
            let (name, key, of) = match (version, translation.is_reverse) {
                (FhirVersion::R4, true) => ("product", "element", "concept"),
                (FhirVersion::R5, true) => ("product", "attribute", "value"),
                (FhirVersion::R5, false) => ("dependsOn", "attribute", "value"),
                // R4 has no place for it but the message.
                (FhirVersion::R4, false) => continue,
            };
            let mut pair = Reply::default();
            pair.uri(
                key,
                if version == FhirVersion::R4 {
                    system.uri
                } else {
                    TOGETHER
                },
            );
            pair.add(json!({ "name": of, "valueCoding": coding(other) }));
            parts.parts(name, pair);
        }
        if let Some(map) = &one.map {
            let name = match version {
                FhirVersion::R4 => "source",
                FhirVersion::R5 => "originMap",
            };
            parts.uri(name, map);
        }
        reply.parts("match", parts);
    }
    reply.into_json()
}
