//! `$validate-code`: whether a code is in a code system or a value set on a day, and whether its title is that
//! of the day.

use serde_json::{Value, json};

use super::compose::{Definition, Wanted};
use super::context::Context;
use super::lookup::{has_short_title, snapshot, unknown};
use super::outcome::{Answered, FhirFailure, Issue, IssueSeverity, clip, operation_outcome, set};
use super::parameters::{Coding, Parameters};
use super::reply::Reply;
use super::snapshot::{Snapshot, System, cut_version, find_system, release_of, unknown_version};
use codeyear_core::model::{Code, Entry, Spans};

/// How strictly a code is looked at.
#[derive(Debug, Clone, Copy)]
struct Strictness {
    /// Whether a header will do; `None` if nobody said.
    headers: Option<bool>,
    /// Whether a wrong title is only a warning.
    lenient_display: bool,
}

impl Strictness {
    fn read(given: &Parameters) -> Answered<Strictness> {
        Ok(Strictness {
            headers: given.boolean("abstract")?,
            lenient_display: given
                .boolean("lenient-display-validation")?
                .unwrap_or(false),
        })
    }
}

/// What is to be validated, with where it stood in the request.
struct Codings<'g> {
    codings: Vec<Coding>,
    /// The `CodeableConcept` that they are of.
    concept: Option<&'g Value>,
    is_coding: bool,
}

impl<'g> Codings<'g> {
    fn read(given: &'g Parameters) -> Answered<Codings<'g>> {
        if let Some((codings, concept)) = given.concept("codeableConcept")? {
            return Ok(Codings {
                codings,
                concept: Some(concept),
                is_coding: false,
            });
        }
        if let Some(coding) = given.coding("coding")? {
            if coding.code.is_none() {
                return Err(FhirFailure::invalid("coding has no code"));
            }
            return Ok(Codings {
                codings: vec![coding],
                concept: None,
                is_coding: true,
            });
        }
        let Some(code) = given.text("code")? else {
            return Err(FhirFailure::invalid(
                "code, coding or codeableConcept is required",
            ));
        };
        Ok(Codings {
            codings: vec![Coding {
                system: given.text("system")?.map(str::to_owned),
                version: given
                    .any_text(&["systemVersion", "version"])?
                    .map(str::to_owned),
                code: Some(code.to_owned()),
                display: given.text("display")?.map(str::to_owned),
            }],
            concept: None,
            is_coding: false,
        })
    }

    /// Returns the path of an element of one of the codings.
    fn at(&self, index: usize, field: &str) -> String {
        match (self.concept, self.is_coding) {
            (Some(_), _) => format!("CodeableConcept.coding[{index}].{field}"),
            (None, true) => format!("Coding.{field}"),
            (None, false) => field.to_owned(),
        }
    }
}

/// A code that was looked at.
#[derive(Default)]
struct Validation {
    /// Whether nothing is wrong with it.
    holds: bool,
    issues: Vec<Issue>,
    told: CodeInfo,
}

/// What is told of the code itself.
#[derive(Default)]
struct CodeInfo {
    code: Option<String>,
    system: Option<&'static str>,
    version: Option<String>,
    display: Option<String>,
    /// Whether an earlier release listed it and this one does not.
    inactive: bool,
    /// Whether it was written in another way.
    normalized: bool,
}

pub(super) fn in_code_system(
    context: &Context<'_>,
    id: Option<&str>,
    given: &Parameters,
) -> Answered {
    if given.has("codeSystem") {
        return Err(FhirFailure::new(
            422,
            "not-supported",
            "codeSystem is not supported; name the code system with url",
        ));
    }
    let asked = Codings::read(given)?;
    let strictness = Strictness::read(given)?;
    let url = given.any_text(&["url", "system"])?;
    let mut checked = Vec::with_capacity(asked.codings.len());
    for (index, coding) in asked.codings.iter().enumerate() {
        let mut coding = coding.clone();
        let uri = coding.system.as_deref().map(|system| cut_version(system).0);
        let is_other = |uri: &str, url: &str| {
            uri != url && find_system(uri).is_none_or(|found| Some(found) != find_system(url))
        };
        if let (Some(uri), Some(url)) = (uri, url)
            && is_other(uri, cut_version(url).0)
        {
            if asked.concept.is_none() {
                return Err(FhirFailure::invalid(format!(
                    "the coding is of '{}', and url is '{}'",
                    clip(uri),
                    clip(url)
                )));
            }
            checked.push(foreign(&asked, index, uri));
            continue;
        }
        if asked.concept.is_some()
            && let Some(uri) = uri
            && find_system(uri).is_none()
            && asked.codings.len() > 1
        {
            checked.push(foreign(&asked, index, uri));
            continue;
        }
        if coding.system.is_none() {
            coding.system = url.map(str::to_owned);
        }
        let version = given.text("version")?;
        coding.version = coding.version.or(version.map(str::to_owned));
        let snapshot = snapshot(context, id, &coding, given)?;
        checked.push(look(&snapshot, &coding, strictness, &asked, index)?);
    }
    // What others are coded in is not ours to judge, but one code has to be.
    if checked.iter().all(|one| one.told.system.is_none()) {
        let issue = checked.first().and_then(|one| one.issues.first());
        let text = issue.map_or_else(String::new, |issue| issue.text.clone());
        return Err(FhirFailure::not_found(text));
    }
    Ok(reply(&asked, checked))
}

/// Returns the finding that a coding is of a system that is not here.
fn foreign(asked: &Codings<'_>, index: usize, uri: &str) -> Validation {
    let text = format!(
        "A definition for CodeSystem '{}' could not be found, so the code cannot be validated",
        clip(uri)
    );
    Validation {
        issues: vec![
            Issue::new(IssueSeverity::Warning, "not-found", "not-found", text)
                .at(asked.at(index, "system")),
        ],
        ..Validation::default()
    }
}

/// Looks at a code in a code system.
fn look(
    snapshot: &Snapshot<'_>,
    coding: &Coding,
    strictness: Strictness,
    asked: &Codings<'_>,
    index: usize,
) -> Answered<Validation> {
    let text = coding.code.as_deref().unwrap_or_default();
    let parsed = snapshot.system.code_set.parse_code(text);
    let entry = match &parsed {
        Ok(code) => snapshot.entry(code)?,
        Err(_) => None,
    };
    let mut checked = Validation::default();
    checked.told.system = Some(snapshot.system.uri);
    checked.told.version = Some(snapshot.version());
    checked.told.code = Some(match &parsed {
        Ok(code) => code.to_string(),
        Err(_) => clip(text),
    });
    match (parsed, entry) {
        (Ok(code), Some(entry)) => {
            look_at_entry(
                snapshot,
                &code,
                &entry,
                coding,
                strictness,
                asked,
                index,
                &mut checked,
            )?;
        }
        (parsed, _) => {
            if let Ok(code) = &parsed {
                let life = snapshot.source.spans(code)?;
                checked.told.inactive = life.begun_by(snapshot.day).is_some();
            }
            let text = unknown(snapshot, text, parsed)?;
            checked.issues.push(
                Issue::new(IssueSeverity::Error, "code-invalid", "invalid-code", text)
                    .at(asked.at(index, "code")),
            );
        }
    }
    for doubt in snapshot.doubts()? {
        let issue = Issue::new(
            IssueSeverity::Warning,
            "business-rule",
            "status-check",
            doubt,
        );
        checked.issues.push(issue.at(asked.at(index, "code")));
    }
    checked.holds = !checked.issues.iter().any(Issue::is_error);
    Ok(checked)
}

#[allow(
    clippy::too_many_arguments,
    reason = "all of it is what one coding is looked at with"
)]
fn look_at_entry(
    snapshot: &Snapshot<'_>,
    code: &Code,
    entry: &Entry,
    coding: &Coding,
    strictness: Strictness,
    asked: &Codings<'_>,
    index: usize,
    checked: &mut Validation,
) -> Answered<()> {
    let system = snapshot.system;
    let written = coding.code.as_deref().unwrap_or_default();
    let shown = code.to_string();
    checked.told.display = Some(entry.long_title.clone());
    if written != shown {
        checked.told.normalized = true;
        let text = format!(
            "The code '{}' is written '{shown}' in the CodeSystem '{}'; other spellings are understood, and this one should be used",
            clip(written),
            system.uri
        );
        let issue = Issue::new(
            IssueSeverity::Information,
            "business-rule",
            "code-rule",
            text,
        );
        checked.issues.push(issue.at(asked.at(index, "code")));
    }
    if !entry.billable && strictness.headers != Some(true) {
        let name = system.code_set.name();
        let refused = strictness.headers == Some(false);
        let text = format!(
            "The code '{}#{shown}' is abstract{}: it is a header of {name} {} and not valid for submission; a code below it is",
            system.uri,
            if refused {
                ", and not allowed in this context"
            } else {
                ""
            },
            snapshot.period.release
        );
        let severity = if refused {
            IssueSeverity::Error
        } else {
            IssueSeverity::Information
        };
        let issue = Issue::new(severity, "business-rule", "code-rule", text);
        checked.issues.push(issue.at(asked.at(index, "code")));
    }
    let Some(display) = &coding.display else {
        return Ok(());
    };
    let is_short = has_short_title(entry) && is_alike(display, &entry.short_title);
    if is_short || is_alike(display, &entry.long_title) {
        return Ok(());
    }
    let mut text = format!(
        "Wrong Display Name '{}' for {}#{shown} - should be '{}'",
        clip(display),
        system.uri,
        entry.long_title
    );
    if has_short_title(entry) {
        text.push_str(&format!(" or '{}'", entry.short_title));
    }
    // A title of another time is the likeliest mistake.
    let life = snapshot.source.spans(code)?;
    let other = life.iter().find(|listed| {
        is_alike(display, &listed.value.long_title) || is_alike(display, &listed.value.short_title)
    });
    if let Some(listed) = other {
        text.push_str(&match listed.until {
            Some(until) => format!(
                " (the other was its title from {} until {until})",
                listed.from
            ),
            None => format!(" (the other is its title from {} on)", listed.from),
        });
    }
    let severity = if strictness.lenient_display {
        IssueSeverity::Warning
    } else {
        IssueSeverity::Error
    };
    let issue = Issue::new(severity, "invalid", "invalid-display", text);
    checked.issues.push(issue.at(asked.at(index, "display")));
    Ok(())
}

/// Checks whether two titles are the same but for case and blanks.
fn is_alike(a: &str, b: &str) -> bool {
    if a.eq_ignore_ascii_case(b) {
        return true;
    }
    let words =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_lowercase).collect() };
    words(a) == words(b)
}

pub(super) fn in_value_set(
    context: &Context<'_>,
    id: Option<&str>,
    given: &Parameters,
) -> Answered {
    let asked = Codings::read(given)?;
    let mut strictness = Strictness::read(given)?;
    // A value set is for what is chosen from it, and headers are not.
    strictness.headers = strictness.headers.or(Some(false));
    let infers = given.boolean("inferSystem")?.unwrap_or(false);
    let wanted = Wanted::read(given)?;
    let mut checked = Vec::with_capacity(asked.codings.len());
    for (index, coding) in asked.codings.iter().enumerate() {
        let system = match coding.system.as_deref().map(cut_version) {
            Some((uri, version)) => match find_system(uri) {
                Some(system) => Some((system, coding.version.as_deref().or(version))),
                None => {
                    let definition = Definition::of_request(context, id, given, &wanted)?;
                    let mut other = foreign(&asked, index, uri);
                    other
                        .issues
                        .push(not_in_set(&asked, index, &definition, uri, coding));
                    other.told.code = coding.code.as_deref().map(clip);
                    checked.push(other);
                    continue;
                }
            },
            None if infers => None,
            None => {
                return Err(FhirFailure::invalid(
                    "system is required: a code alone could be of any (inferSystem=true tries those of the value set)",
                ));
            }
        };
        let mut wanted = wanted.clone();
        if let Some((system, Some(version))) = system {
            wanted.versions.insert(0, (system, version.to_owned()));
        }
        let definition = Definition::of_request(context, id, given, &wanted)?;
        checked.push(look_in_set(
            &definition,
            coding,
            system,
            strictness,
            &asked,
            index,
        )?);
    }
    Ok(reply(&asked, checked))
}

/// Looks at a code in a value set.
fn look_in_set(
    definition: &Definition<'_>,
    coding: &Coding,
    system: Option<(&'static System, Option<&str>)>,
    strictness: Strictness,
    asked: &Codings<'_>,
    index: usize,
) -> Answered<Validation> {
    let text = coding.code.as_deref().unwrap_or_default();
    let snapshots = definition.snapshots();
    let mut fallback = None;
    for snapshot in &snapshots {
        if system.is_some_and(|(system, _)| system != snapshot.system) {
            continue;
        }
        fallback = fallback.or(Some(*snapshot));
        let Ok(code) = snapshot.system.code_set.parse_code(text) else {
            continue;
        };
        if let Some(member) = definition.find(snapshot.system, &code)? {
            let mut checked = look(&member.snapshot, coding, strictness, asked, index)?;
            if let Some(issue) = other_version(&member.snapshot, system, asked, index)? {
                checked.issues.push(issue);
                checked.holds = false;
            }
            return Ok(checked);
        }
    }
    let uri = system.map_or("", |(system, _)| system.uri);
    let mut checked = Validation::default();
    if let Some(snapshot) = fallback {
        checked = look(&snapshot, coding, strictness, asked, index)?;
        if let Some(issue) = other_version(&snapshot, system, asked, index)? {
            checked.issues.push(issue);
        }
        let uri = snapshot.system.uri;
        checked
            .issues
            .insert(0, not_in_set(asked, index, definition, uri, coding));
    } else {
        checked
            .issues
            .push(not_in_set(asked, index, definition, uri, coding));
        checked.told.code = Some(clip(text));
        checked.told.system = system.map(|(system, _)| system.uri);
    }
    checked.holds = false;
    Ok(checked)
}

/// Returns the finding that a value set looks at another version than the coding names.
fn other_version(
    snapshot: &Snapshot<'_>,
    system: Option<(&'static System, Option<&str>)>,
    asked: &Codings<'_>,
    index: usize,
) -> Answered<Option<Issue>> {
    let Some((system, Some(version))) = system else {
        return Ok(None);
    };
    let timeline = snapshot.source.timeline();
    let named =
        release_of(timeline, version).ok_or_else(|| unknown_version(system, timeline, version))?;
    if named.release == snapshot.period.release {
        return Ok(None);
    }
    let text = format!(
        "The code system '{}' version '{}' in the value set is different to the one of the coding ('{}')",
        system.uri,
        snapshot.version(),
        clip(version)
    );
    let issue = Issue::new(IssueSeverity::Error, "invalid", "vs-invalid", text);
    Ok(Some(issue.at(asked.at(index, "version"))))
}

fn not_in_set(
    asked: &Codings<'_>,
    index: usize,
    definition: &Definition<'_>,
    uri: &str,
    coding: &Coding,
) -> Issue {
    let text = format!(
        "The provided code '{}#{}' was not found in the value set '{}'",
        clip(uri),
        clip(coding.code.as_deref().unwrap_or_default()),
        definition.url.as_deref().unwrap_or("of the request")
    );
    // Another coding of the same concept may be in it.
    let (severity, kind) = if asked.concept.is_some() {
        (IssueSeverity::Information, "this-code-not-in-vs")
    } else {
        (IssueSeverity::Error, "not-in-vs")
    };
    Issue::new(severity, "code-invalid", kind, text).at(asked.at(index, "code"))
}

/// Returns the outcome: of several codings one has to hold, and none may have anything wrong with it.
fn reply(asked: &Codings<'_>, checked: Vec<Validation>) -> Value {
    let result = checked.iter().any(|one| one.holds)
        && !checked
            .iter()
            .flat_map(|one| &one.issues)
            .any(Issue::is_error);
    let told = checked
        .iter()
        .find(|one| one.holds)
        .or_else(|| checked.iter().find(|one| one.told.system.is_some()))
        .or(checked.first())
        .map(|one| &one.told);
    let mut reply = Reply::default();
    reply.boolean("result", result);
    if let Some(told) = told {
        if let Some(code) = &told.code {
            reply.code("code", code);
        }
        if let Some(system) = told.system {
            reply.uri("system", system);
        }
        if let Some(version) = &told.version {
            reply.string("version", version);
        }
        if let Some(display) = &told.display {
            reply.string("display", display);
        }
        if told.inactive {
            reply.boolean("inactive", true);
        }
        if let Some(code) = told.code.as_ref().filter(|_| told.normalized) {
            reply.code("normalized-code", code);
        }
    }
    let mut issues: Vec<Issue> = Vec::new();
    if !result && asked.concept.is_some() && !checked.iter().any(|one| one.holds) {
        let text = "No valid coding was found";
        issues.push(
            Issue::new(IssueSeverity::Error, "code-invalid", "not-in-vs", text)
                .at("CodeableConcept"),
        );
    }
    issues.extend(checked.into_iter().flat_map(|one| one.issues));
    let texts: Vec<&str> = issues
        .iter()
        .filter(|issue| issue.severity != IssueSeverity::Information)
        .map(|issue| issue.text.as_str())
        .collect();
    if !texts.is_empty() {
        reply.string("message", &texts.join("; "));
    }
    if !issues.is_empty() {
        reply.resource("issues", operation_outcome(&issues));
    }
    if let Some(concept) = asked.concept {
        reply.add(json!({ "name": "codeableConcept", "valueCodeableConcept": shown(concept) }));
    }
    reply.into_json()
}

/// Returns back a `CodeableConcept`, as far as it was looked at and clipped.
fn shown(concept: &Value) -> Value {
    let codings = concept.get("coding").and_then(Value::as_array);
    let codings: Vec<Value> = codings
        .into_iter()
        .flatten()
        .map(|coding| {
            let mut shown = json!({});
            for field in ["system", "version", "code", "display"] {
                if let Some(text) = coding.get(field).and_then(Value::as_str) {
                    set(&mut shown, field, json!(clip(text)));
                }
            }
            shown
        })
        .collect();
    json!({ "coding": codings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_same_but_for_case_and_blanks_and_for_nothing_else() {
        let title = "Low back pain, unspecified";
        for same in [
            title,
            "LOW BACK PAIN, UNSPECIFIED",
            " Low  back pain,\tunspecified ",
        ] {
            assert!(is_alike(same, title), "{same:?}");
        }
        for other in ["Low back pain", "Low back pain unspecified", ""] {
            assert!(!is_alike(other, title), "{other:?}");
        }
    }

    #[test]
    fn an_issue_names_the_element_as_the_request_has_it() {
        let concept = json!({});
        let at = |concept, is_coding| {
            let codings = Codings {
                codings: Vec::new(),
                concept,
                is_coding,
            };
            codings.at(1, "code")
        };
        assert_eq!(at(Some(&concept), false), "CodeableConcept.coding[1].code");
        assert_eq!(at(None, true), "Coding.code");
        assert_eq!(at(None, false), "code");
    }
}
