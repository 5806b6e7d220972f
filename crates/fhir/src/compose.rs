//! Value sets: those that FHIR takes for granted of a code system (`?fhir_vs`, `?fhir_vs=isa/C7A`), and those
//! that a request brings along; and which codes they hold.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::codesystem::whole;
use super::context::Context;
use super::filter::Filter;
use super::outcome::{Answered, FhirFailure, clip, set};
use super::parameters::{Parameters, day, list, text};
use super::snapshot::{
    Snapshot, System, cut_version, find_system, get_system, release_of, system_of, systems,
    unknown_version,
};
use codeyear_core::error::Result;
use codeyear_core::model::{Code, CodeSet, Entry};

/// The most clauses and codes that a value set of a request may have.
const MAX_PARTS: usize = 20_000;

/// Which versions and day a value set is read with.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) date: Option<NaiveDate>,
    /// Versions of systems where the value set names none.
    pub(super) versions: Vec<(&'static System, String)>,
    /// Versions of systems whatever the value set names.
    forced: Vec<(&'static System, String)>,
    /// Versions of systems that it has to come to.
    checked: Vec<(&'static System, String)>,
    /// Systems that are left out.
    excluded: Vec<&'static System>,
}

impl Wanted {
    pub(super) fn read(given: &Parameters) -> Answered<Wanted> {
        let list = |name: &str| -> Answered<Vec<(&'static System, String)>> {
            let mut versions = Vec::new();
            for canonical in given.texts(name)? {
                let (uri, version) = cut_version(canonical);
                // Of other systems there is nothing to choose.
                if let Some(system) = find_system(uri) {
                    let version = version.ok_or_else(|| {
                        FhirFailure::invalid(format!(
                            "{name} has to name a version, as in {uri}|2026"
                        ))
                    })?;
                    versions.push((system, version.to_owned()));
                }
            }
            Ok(versions)
        };
        let excluded = given.texts("exclude-system")?;
        Ok(Wanted {
            date: given.date("date")?,
            versions: list("system-version")?,
            forced: list("force-system-version")?,
            checked: list("check-system-version")?,
            excluded: excluded
                .into_iter()
                .filter_map(|uri| find_system(cut_version(uri).0))
                .collect(),
        })
    }

    fn snapshot<'a>(
        &self,
        context: &Context<'a>,
        system: &'static System,
        named: Option<&str>,
    ) -> Answered<Snapshot<'a>> {
        let of = |list: &'_ [(&'static System, String)]| {
            let found = list.iter().find(|(one, _)| *one == system);
            found.map(|(_, version)| version.clone())
        };
        let version = of(&self.forced)
            .or_else(|| named.map(str::to_owned))
            .or_else(|| of(&self.versions));
        // A value set may name several versions, and a day lies in one of them only.
        let timeline = context.codes(system.code_set).timeline();
        let fixed = named
            .filter(|_| of(&self.forced).is_none())
            .and_then(|version| release_of(timeline, version));
        let date = self
            .date
            .filter(|date| fixed.is_none_or(|period| period.contains(*date)));
        let snapshot = Snapshot::at(context, system, version.as_deref(), date, None)?;
        if let Some(checked) = of(&self.checked) {
            let timeline = snapshot.source.timeline();
            let wanted = release_of(timeline, &checked)
                .ok_or_else(|| unknown_version(system, timeline, &checked))?;
            if wanted.release != snapshot.period.release {
                return Err(FhirFailure::new(
                    422,
                    "exception",
                    format!(
                        "the version {} of '{}' would be used, and check-system-version asks for {}",
                        snapshot.version(),
                        system.uri,
                        clip(&checked)
                    ),
                )
                .of_kind("version-error"));
            }
        }
        Ok(snapshot)
    }
}

/// A value set, read against the days on which its systems are looked at.
pub(super) struct Definition<'a> {
    pub(super) url: Option<String>,
    /// What it is made of, to be given back.
    pub(super) resource: Value,
    include: Vec<Clause<'a>>,
    exclude: Vec<Clause<'a>>,
}

struct Clause<'a> {
    snapshot: Option<Snapshot<'a>>,
    codes: Option<Vec<String>>,
    filters: Vec<Filter>,
    sets: Vec<Definition<'a>>,
}

/// A code in a value set, with the day on which it stands so.
pub(super) struct Member<'a> {
    pub(super) snapshot: Snapshot<'a>,
    pub(super) entry: Entry,
}

impl<'a> Definition<'a> {
    /// Finds the value set that a request is about.
    pub(super) fn of_request(
        context: &Context<'a>,
        id: Option<&str>,
        given: &Parameters,
        wanted: &Wanted,
    ) -> Answered<Definition<'a>> {
        for name in ["context", "contextDirection"] {
            if given.has(name) {
                return Err(FhirFailure::new(
                    422,
                    "not-supported",
                    format!("{name} is not supported; name the value set with url"),
                ));
            }
        }
        if let Some(id) = id {
            let system = systems().find(|system| system.prefix == id);
            let system = system.ok_or_else(|| unknown_set_id(id))?;
            return Definition::implicit(context, &whole(system), wanted);
        }
        if let Some(resource) = given.resource("valueSet")? {
            return Definition::posted(context, resource, wanted);
        }
        let Some(url) = given.text("url")? else {
            return Err(FhirFailure::invalid("url or valueSet is required"));
        };
        match given.text("valueSetVersion")? {
            Some(version) if !url.contains("fhir_vs|") => {
                let url = format!("{url}|{version}");
                Definition::implicit(context, &url, wanted)
            }
            _ => Definition::implicit(context, url, wanted),
        }
    }

    /// Reads the address of a value set that is taken for granted.
    pub(super) fn implicit(
        context: &Context<'a>,
        url: &str,
        wanted: &Wanted,
    ) -> Answered<Definition<'a>> {
        let unknown = || {
            FhirFailure::not_found(format!(
                "A definition for the value set '{}' could not be found; there are {}, and those below a code, as in {}=isa/C7A",
                clip(url),
                systems().map(whole).collect::<Vec<_>>().join(" and "),
                whole(system_of(CodeSet::default())),
            ))
        };
        let (canonical, rest) = url.split_once("?fhir_vs").ok_or_else(unknown)?;
        let (canonical, of_system) = cut_version(canonical);
        let system = find_system(canonical).ok_or_else(unknown)?;
        let (below, of_set) = cut_version(rest);
        let version = of_set.or(of_system);
        let snapshot = wanted.snapshot(context, system, version)?;
        let below = match below {
            "" => None,
            below => {
                let below = below.replace("%2F", "/").replace("%2f", "/");
                let text = below.strip_prefix("=isa/").ok_or_else(unknown)?;
                let (code, _) = super::lookup::find(&snapshot, text)?;
                Some(code)
            }
        };
        Ok(Definition {
            url: Some(implicit_url(system, below.as_ref())),
            resource: implicit_resource(context, system, below.as_ref()),
            include: vec![Clause {
                snapshot: Some(snapshot),
                codes: None,
                filters: below.into_iter().map(Filter::Is).collect(),
                sets: Vec::new(),
            }],
            exclude: Vec::new(),
        })
    }

    /// Reads a value set that a request brings along.
    fn posted(
        context: &Context<'a>,
        resource: &Value,
        wanted: &Wanted,
    ) -> Answered<Definition<'a>> {
        if resource.get("resourceType").and_then(Value::as_str) != Some("ValueSet") {
            return Err(FhirFailure::invalid("valueSet has to be a ValueSet"));
        }
        let Some(compose) = resource
            .get("compose")
            .filter(|compose| compose.is_object())
        else {
            return Err(FhirFailure::invalid(
                "the ValueSet has no compose, which says what is in it",
            )
            .of_kind("vs-invalid"));
        };
        let mut wanted = wanted.clone();
        if let Some(locked) = text(compose, "lockedDate", "ValueSet.compose")? {
            let locked = day("ValueSet.compose.lockedDate", locked)?;
            wanted.date = wanted.date.or(Some(locked));
        }
        let mut parts = 0;
        let mut clauses = |field: &str| -> Answered<Vec<Clause<'a>>> {
            let mut read = Vec::new();
            for (index, clause) in list(compose, field, "ValueSet.compose")?.iter().enumerate() {
                let at = format!("ValueSet.compose.{field}[{index}]");
                parts += 1 + clause
                    .get("concept")
                    .and_then(Value::as_array)
                    .map_or(0, Vec::len);
                if parts > MAX_PARTS {
                    return Err(FhirFailure::new(
                        422,
                        "too-costly",
                        format!("the ValueSet has more than {MAX_PARTS} clauses and codes"),
                    ));
                }
                if let Some(clause) = Clause::read(context, clause, &at, &wanted)? {
                    read.push(clause);
                }
            }
            Ok(read)
        };
        let include = clauses("include")?;
        let exclude = clauses("exclude")?;
        if list(compose, "include", "ValueSet.compose")?.is_empty() {
            return Err(
                FhirFailure::invalid("ValueSet.compose.include is required").of_kind("vs-invalid")
            );
        }
        let mut head = json!({ "resourceType": "ValueSet", "status": "active" });
        for field in ["url", "version", "name", "title", "status"] {
            if let Some(value) = resource.get(field).and_then(Value::as_str) {
                set(&mut head, field, json!(clip(value)));
            }
        }
        set(&mut head, "compose", compose.clone());
        Ok(Definition {
            url: text(resource, "url", "ValueSet")?.map(clip),
            resource: head,
            include,
            exclude,
        })
    }

    /// Finds a code of a system in the value set.
    pub(super) fn find(&self, system: &System, code: &Code) -> Result<Option<Member<'a>>> {
        let mut found = None;
        for clause in &self.include {
            found = clause.find(system, code)?;
            if found.is_some() {
                break;
            }
        }
        if found.is_some() {
            for clause in &self.exclude {
                if clause.find(system, code)?.is_some() {
                    return Ok(None);
                }
            }
        }
        Ok(found)
    }

    /// Returns the days on which the systems of the value set are looked at.
    pub(super) fn snapshots(&self) -> Vec<Snapshot<'a>> {
        let mut snapshots = Vec::new();
        for clause in &self.include {
            snapshots.extend(clause.snapshot);
            for set in &clause.sets {
                snapshots.extend(set.snapshots());
            }
        }
        snapshots
    }

    /// Lists the codes of the value set: clause by clause in tabular order, each code of a version once.
    pub(super) fn members(
        &self,
        context: &Context<'a>,
        missing: &mut Vec<String>,
    ) -> Answered<Vec<Member<'a>>> {
        let mut members = Vec::new();
        let is_plain = self.include.len() == 1 && self.exclude.is_empty();
        let mut seen = std::collections::HashSet::new();
        for clause in &self.include {
            for member in clause.members(context, missing)? {
                if !is_plain {
                    let release = member.snapshot.period.release;
                    let code = member.entry.code;
                    if !seen.insert((member.snapshot.system.code_set, release, code)) {
                        continue;
                    }
                    let mut is_excluded = false;
                    for exclude in &self.exclude {
                        let found = exclude.find(member.snapshot.system, &code)?;
                        is_excluded |= found.is_some();
                    }
                    if is_excluded {
                        continue;
                    }
                }
                members.push(member);
            }
        }
        Ok(members)
    }
}

impl<'a> Clause<'a> {
    /// Reads a clause; `None` if its system is to be left out.
    fn read(
        context: &Context<'a>,
        clause: &Value,
        at: &str,
        wanted: &Wanted,
    ) -> Answered<Option<Clause<'a>>> {
        if !clause.is_object() {
            return Err(
                FhirFailure::invalid(format!("{at} has to be an object")).of_kind("vs-invalid")
            );
        }
        let snapshot = match text(clause, "system", at)? {
            None => None,
            Some(uri) => {
                let system = get_system(cut_version(uri).0)?;
                if wanted.excluded.contains(&system) {
                    return Ok(None);
                }
                let version = text(clause, "version", at)?;
                // Whatever version there is.
                let version = version.filter(|version| *version != "*");
                Some(wanted.snapshot(context, system, version)?)
            }
        };
        let mut sets = Vec::new();
        for (index, url) in list(clause, "valueSet", at)?.iter().enumerate() {
            let Some(url) = url.as_str() else {
                return Err(FhirFailure::invalid(format!(
                    "{at}.valueSet[{index}] has to be text"
                )));
            };
            sets.push(Definition::implicit(context, url, wanted)?);
        }
        let concepts = list(clause, "concept", at)?;
        let filters = list(clause, "filter", at)?;
        if !concepts.is_empty() && !filters.is_empty() {
            return Err(FhirFailure::invalid(format!(
                "{at} has both concept and filter, which exclude each other"
            ))
            .of_kind("vs-invalid"));
        }
        let Some(snapshot) = snapshot else {
            if sets.is_empty() || !concepts.is_empty() || !filters.is_empty() {
                return Err(
                    FhirFailure::invalid(format!("{at} has no system")).of_kind("vs-invalid")
                );
            }
            return Ok(Some(Clause {
                snapshot: None,
                codes: None,
                filters: Vec::new(),
                sets,
            }));
        };
        let mut codes = Vec::with_capacity(concepts.len());
        for (index, concept) in concepts.iter().enumerate() {
            let at = format!("{at}.concept[{index}]");
            let code = text(concept, "code", &at)?;
            let code = code.ok_or_else(|| FhirFailure::invalid(format!("{at} has no code")))?;
            codes.push(code.to_owned());
        }
        let mut conditions = Vec::with_capacity(filters.len());
        for (index, filter) in filters.iter().enumerate() {
            let at = format!("{at}.filter[{index}]");
            conditions.push(Filter::read(&snapshot, filter, &at)?);
        }
        Ok(Some(Clause {
            snapshot: Some(snapshot),
            codes: (!concepts.is_empty()).then_some(codes),
            filters: conditions,
            sets,
        }))
    }

    fn find(&self, system: &System, code: &Code) -> Result<Option<Member<'a>>> {
        let Some(snapshot) = self.snapshot else {
            return self.find_in_sets(system, code);
        };
        if snapshot.system != system {
            return Ok(None);
        }
        let code_set = system.code_set;
        if let Some(codes) = &self.codes
            && !codes
                .iter()
                .any(|text| code_set.parse_code(text).is_ok_and(|one| one == *code))
        {
            return Ok(None);
        }
        let Some(entry) = snapshot.entry(code)? else {
            return Ok(None);
        };
        let holds = self.holds(&snapshot, &entry)?;
        Ok(holds.then_some(Member { snapshot, entry }))
    }

    fn find_in_sets(&self, system: &System, code: &Code) -> Result<Option<Member<'a>>> {
        let mut found = None;
        for set in &self.sets {
            match set.find(system, code)? {
                None => return Ok(None),
                some if found.is_none() => found = some,
                _ => {}
            }
        }
        Ok(found)
    }

    /// Checks whether an entry has what the filters ask for and is in the other value sets.
    fn holds(&self, snapshot: &Snapshot<'a>, entry: &Entry) -> Result<bool> {
        for filter in &self.filters {
            if !filter.holds(snapshot, entry)? {
                return Ok(false);
            }
        }
        Ok(self.sets.is_empty() || self.find_in_sets(snapshot.system, &entry.code)?.is_some())
    }

    fn members(
        &self,
        context: &Context<'a>,
        missing: &mut Vec<String>,
    ) -> Answered<Vec<Member<'a>>> {
        let Some(snapshot) = self.snapshot else {
            let Some((first, others)) = self.sets.split_first() else {
                return Ok(Vec::new());
            };
            let mut members = Vec::new();
            for member in first.members(context, missing)? {
                let mut in_all = true;
                for other in others {
                    in_all &= other
                        .find(member.snapshot.system, &member.entry.code)?
                        .is_some();
                }
                if in_all {
                    members.push(member);
                }
            }
            return Ok(members);
        };
        let entries = match &self.codes {
            Some(codes) => {
                let mut entries = Vec::with_capacity(codes.len());
                for text in codes {
                    let code = snapshot.system.code_set.parse_code(text).ok();
                    let entry = code.map(|code| snapshot.entry(&code)).transpose()?;
                    match entry.flatten() {
                        Some(entry) => entries.push(entry),
                        None => missing.push(format!(
                            "'{}' is not listed in {}|{}",
                            clip(text),
                            snapshot.system.uri,
                            snapshot.version()
                        )),
                    }
                }
                entries
            }
            None => match self.filters.iter().find_map(Filter::root) {
                Some(root) => snapshot.below(root)?,
                None => context
                    .store()?
                    .listing_on(snapshot.system.code_set, snapshot.day)?,
            },
        };
        let mut members = Vec::new();
        for entry in entries {
            if self.holds(&snapshot, &entry)? {
                members.push(Member { snapshot, entry });
            }
        }
        Ok(members)
    }
}

/// Returns the address of a value set that is taken for granted.
fn implicit_url(system: &System, below: Option<&Code>) -> String {
    match below {
        None => whole(system),
        Some(code) => format!("{}=isa/{}", whole(system), code),
    }
}

/// Returns a value set that is taken for granted as a resource.
pub(super) fn implicit_resource(
    context: &Context<'_>,
    system: &System,
    below: Option<&Code>,
) -> Value {
    let mut include = json!({ "system": system.uri });
    let name = system.code_set.name();
    let (id, computable, title) = match below {
        None => (
            system.prefix.to_owned(),
            format!("{}Codes", system.name),
            format!("All codes of {name}"),
        ),
        Some(code) => {
            let shown = code.to_string();
            set(
                &mut include,
                "filter",
                json!([{ "property": "concept", "op": "is-a", "value": shown }]),
            );
            (
                format!("{}-isa-{}", system.prefix, code.as_str()),
                format!("{}Under{}", system.name, code.as_str()),
                format!("{shown} of {name} and the codes below it"),
            )
        }
    };
    let mut resource = json!({
        "resourceType": "ValueSet",
        "id": id,
        "url": implicit_url(system, below),
        "name": computable,
        "title": title,
        "status": "active",
        "experimental": false,
        "compose": { "include": [include] },
    });
    // The codes are those of the release in force on the day that is asked for.
    let description = "Without a date or version, of the release that is in force today";
    set(&mut resource, "description", json!(description));
    if context.is_r5()
        && let Some(compose) = resource.get_mut("compose")
    {
        set(compose, "inactive", json!(false));
    }
    resource
}

pub(super) fn unknown_set_id(id: &str) -> FhirFailure {
    let known: Vec<String> = systems()
        .map(|system| format!("ValueSet/{}", system.prefix))
        .collect();
    FhirFailure::not_found(format!(
        "there is no ValueSet/{}; there are {}",
        clip(id),
        known.join(" and ")
    ))
}
