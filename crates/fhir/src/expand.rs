//! `ValueSet/$expand`: the codes of a value set on a day, filtered and in pages.

use std::collections::BTreeMap;

use codeyear_core::answer::{self, SearchOptions};
use codeyear_core::model::Code;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::compose::{Definition, Member, Wanted};
use super::context::Context;
use super::lookup::{has_short_title, short_title_use};
use super::outcome::{Answered, FhirFailure, clip, set};
use super::parameters::Parameters;

/// The most codes of one page, and of a value set that is asked for without pages.
pub(super) const MAX_CODES: usize = 10_000;

/// The most codes that a filter takes from a search.
const MAX_FOUND: usize = 200;

pub(super) fn answer(context: &Context<'_>, id: Option<&str>, given: &Parameters) -> Answered {
    let wanted = Wanted::read(given)?;
    let definition = Definition::of_request(context, id, given, &wanted)?;
    let count = given.count("count")?;
    let offset = given.count("offset")?.unwrap_or(0);
    let words = given.text("filter")?.map(words);
    let only_selectable = given.boolean("excludeNotForUI")?.unwrap_or(false);
    let with_designations = given.boolean("includeDesignations")?.unwrap_or(false);
    // All that is listed on the day is active.
    given.boolean("activeOnly")?;
    let mut missing = Vec::new();
    let mut members = definition.members(context, &mut missing)?;
    let found = match given.text("filter")? {
        Some(text) => search(&definition, text)?,
        None => BTreeMap::new(),
    };
    members.retain(|member| {
        (member.entry.billable || !only_selectable)
            && words.as_ref().is_none_or(|words| {
                found.contains_key(&member.entry.code) || matches(member, words)
            })
    });
    // What a search finds comes first, as it ranks it; the rest stays in the order of the book.
    members.sort_by_key(|member| found.get(&member.entry.code).copied().unwrap_or(usize::MAX));
    let total = members.len();
    let page = count.unwrap_or(total).min(total.saturating_sub(offset));
    if page > MAX_CODES {
        return Err(FhirFailure::new(
            422,
            "too-costly",
            format!(
                "the expansion has {total} codes, and no more than {MAX_CODES} are given at once: ask for pages with count and offset, or narrow it with filter"
            ),
        )
        .of_kind("too-costly"));
    }
    let mut parameters = Vec::new();
    let mut used: Vec<String> = definition
        .snapshots()
        .iter()
        .map(|snapshot| format!("{}|{}", snapshot.system.uri, snapshot.version()))
        .collect();
    used.sort();
    used.dedup();
    for system in used {
        parameters.push(json!({ "name": "used-codesystem", "valueUri": system }));
        parameters.push(json!({ "name": "version", "valueUri": system }));
    }
    let days: std::collections::BTreeSet<_> = definition
        .snapshots()
        .iter()
        .map(|snapshot| snapshot.day)
        .collect();
    for day in days {
        parameters.push(json!({ "name": "date", "valueDateTime": day.to_string() }));
    }
    if let Some(text) = given.text("filter")? {
        parameters.push(json!({ "name": "filter", "valueString": clip(text) }));
    }
    for (name, given) in [("count", count), ("offset", given.count("offset")?)] {
        if let Some(number) = given {
            parameters.push(json!({ "name": name, "valueInteger": number.min(i32::MAX as usize) }));
        }
    }
    for name in ["excludeNotForUI", "includeDesignations", "activeOnly"] {
        if let Some(value) = given.boolean(name)? {
            parameters.push(json!({ "name": name, "valueBoolean": value }));
        }
    }
    let mut is_sample = false;
    for snapshot in definition.snapshots() {
        is_sample |= snapshot.source.is_sample()?;
        let doubts = snapshot.doubts()?.into_iter();
        missing.extend(
            doubts
                .filter(|doubt| !missing.contains(doubt))
                .collect::<Vec<_>>(),
        );
    }
    if is_sample {
        missing.push("this is the bundled sample, not the whole code set".to_owned());
    }
    for text in missing.iter().take(MAX_WARNINGS) {
        parameters.push(json!({ "name": "warning", "valueString": text }));
    }
    let contains: Vec<Value> = members
        .iter()
        .skip(offset)
        .take(page)
        .map(|member| contained(member, with_designations))
        .collect();
    let today = context.terminology.today;
    let mut expansion = json!({
        "timestamp": today.to_string(),
        "total": total,
        "parameter": parameters,
    });
    if offset > 0 || count.is_some() {
        set(&mut expansion, "offset", json!(offset));
    }
    if !contains.is_empty() {
        set(&mut expansion, "contains", Value::Array(contains));
    }
    let mut resource = definition.resource;
    let identifier = identifier(&[&resource.to_string(), &expansion.to_string()]);
    set(&mut expansion, "identifier", json!(identifier));
    if !given.boolean("includeDefinition")?.unwrap_or(false)
        && let Some(resource) = resource.as_object_mut()
    {
        resource.remove("compose");
    }
    set(&mut resource, "expansion", expansion);
    Ok(resource)
}

/// The most warnings that an expansion carries.
const MAX_WARNINGS: usize = 20;

/// Returns an identifier that rests on what is identified alone.
pub(super) fn identifier(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    let mut bytes: Vec<u8> = digest.finalize().iter().copied().take(16).collect();
    // A UUID of the version that is free to be made of anything.
    if let Some(byte) = bytes.get_mut(6) {
        *byte = (*byte & 0x0f) | 0x80;
    }
    if let Some(byte) = bytes.get_mut(8) {
        *byte = (*byte & 0x3f) | 0x80;
    }
    let mut text = String::from("urn:uuid:");
    for (index, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&index) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

fn contained(member: &Member<'_>, with_designations: bool) -> Value {
    let entry = &member.entry;
    let mut item = json!({
        "system": member.snapshot.system.uri,
        "version": member.snapshot.version(),
        "code": member.entry.code.to_string(),
        "display": entry.long_title,
    });
    if !entry.billable {
        set(&mut item, "abstract", json!(true));
    }
    if with_designations && has_short_title(entry) {
        set(
            &mut item,
            "designation",
            json!([{
                "language": "en",
                "use": short_title_use(),
                "value": entry.short_title,
            }]),
        );
    }
    item
}

/// Searches the code sets of a value set on its days, and returns the place of each code that has all of the words.
fn search(definition: &Definition<'_>, text: &str) -> Answered<BTreeMap<Code, usize>> {
    let mut found = BTreeMap::new();
    let mut asked = Vec::new();
    for snapshot in definition.snapshots() {
        let of = (snapshot.system.code_set, snapshot.day);
        // A text without words finds nothing here, and its code or nothing beside it.
        if asked.contains(&of) || !text.chars().any(char::is_alphanumeric) {
            continue;
        }
        asked.push(of);
        let options = SearchOptions {
            most: MAX_FOUND,
            unlisted: false,
        };
        let store = snapshot.source.store()?;
        let report = answer::search(&store, of.0, text, of.1, options)?;
        let fits = report.found.iter().filter(|one| one.left_out.is_empty());
        for (at, one) in fits.enumerate() {
            found.entry(one.code).or_insert(at);
        }
    }
    Ok(found)
}

/// Cuts a text into words, in lower case.
fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|character: char| !character.is_alphanumeric() && character != '.')
        .map(|word| word.trim_matches('.').to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Checks whether each word begins a word of one of the titles, or the code.
fn matches(member: &Member<'_>, wanted: &[String]) -> bool {
    let entry = &member.entry;
    let shown = member.entry.code.to_string().to_lowercase();
    let plain = entry.code.as_str().to_lowercase();
    let mut titles: Option<Vec<String>> = None;
    wanted.iter().all(|word| {
        if shown.starts_with(word) || plain.starts_with(word) {
            return true;
        }
        let titles = titles.get_or_insert_with(|| {
            let mut held = words(&entry.long_title);
            held.extend(words(&entry.short_title));
            held
        });
        titles.iter().any(|held| held.starts_with(word.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_rests_on_its_parts_and_on_where_one_ends() {
        let of = |parts: &[&str]| identifier(parts);
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        let uuid = of(&["ab"]);
        let groups: Vec<&str> = uuid.trim_start_matches("urn:uuid:").split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
        // The version is 8, and the variant the one of RFC 9562.
        assert!(groups[2].starts_with('8') && groups[3].starts_with(['8', '9', 'a', 'b']));
    }

    #[test]
    fn a_filter_is_cut_into_words_and_a_code_keeps_its_dot() {
        assert_eq!(
            words("Low-back PAIN, m54.5."),
            ["low", "back", "pain", "m54.5"]
        );
        assert_eq!(words(" . - "), [""; 0]);
    }
}
