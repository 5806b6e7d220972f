//! A code system on a day: which release answers, and what it lists.

use chrono::NaiveDate;

use super::context::Context;
use super::outcome::{Answered, FhirFailure, clip};
use codeyear_core::answer::{last_state, warnings};
use codeyear_core::error::Result;
use codeyear_core::model::{
    Calendar, Code, CodeSet, Entry, FhirSystem, Label, LabelMeaning, Period, ReleaseId,
    ReleaseName, TakenIn, Timeline, Warning, day_before,
};
use codeyear_core::source::catalogue::{known_releases, order_file_url};
use codeyear_core::store::CodeSource;

/// A code set as FHIR knows it.
pub(super) type System = FhirSystem;

/// Lists the code systems that are here.
pub(super) fn systems() -> impl Iterator<Item = &'static System> {
    CodeSet::ALL
        .into_iter()
        .map(|code_set| &code_set.facts().fhir)
}

/// Returns a code set as a code system.
pub(super) fn system_of(code_set: CodeSet) -> &'static System {
    &code_set.facts().fhir
}

/// Finds a system by its address; none is made up.
pub(super) fn find_system(uri: &str) -> Option<&'static System> {
    let is_ours = |label: &Label| label.taken_in == TakenIn::ClaimsAndServer && label.text == uri;
    match Label::all().find(is_ours)?.meaning {
        LabelMeaning::Of(code_set) => Some(system_of(code_set)),
        LabelMeaning::OneOf(_) | LabelMeaning::Other(_) => None,
    }
}

/// Finds a system by its address, or says that it is not here.
pub(super) fn get_system(uri: &str) -> Answered<&'static System> {
    find_system(uri).ok_or_else(|| {
        let uris: Vec<&str> = systems().map(|system| system.uri).collect();
        FhirFailure::not_found(format!(
            "A definition for CodeSystem '{}' could not be found; there are {}",
            clip(uri),
            uris.join(" and ")
        ))
    })
}

/// Returns the identifier of the resource of a release.
pub(super) fn id_of(system: &System, release: ReleaseId) -> String {
    format!("{}-{}", system.prefix, version_of(release))
}

/// Returns a release as a version of its code system: `2026`, `2026-04`, `2022-04-errata`.
pub(super) fn version_of(release: ReleaseId) -> String {
    let name = release.to_string();
    name.strip_prefix("FY").unwrap_or(&name).to_owned()
}

/// Cuts `system|version`.
pub(super) fn cut_version(canonical: &str) -> (&str, Option<&str>) {
    match canonical.split_once('|') {
        Some((uri, version)) if !version.is_empty() => (uri, Some(version)),
        Some((uri, _)) => (uri, None),
        None => (canonical, None),
    }
}

/// Finds the loaded release that a version names: by its name, or by its first day.
pub(super) fn release_of<'t>(timeline: &'t Timeline, version: &str) -> Option<&'t Period> {
    let periods = timeline.periods();
    if version.len() == 10 {
        let day: NaiveDate = version.parse().ok()?;
        return periods.iter().find(|period| period.from == day);
    }
    let name: ReleaseName = version.parse().ok()?;
    let id = name.of(timeline.code_set());
    // 2025-10 could be meant for the fiscal year or for the calendar's; it is neither.
    if id.calendar() == Calendar::FiscalYears && version.ends_with("-10") {
        return None;
    }
    periods.iter().find(|period| {
        period.release == id || (id.revision() == 0 && period.release.edition() == id)
    })
}

/// A code system on a day.
#[derive(Clone, Copy)]
pub(super) struct Snapshot<'a> {
    pub(super) system: &'static System,
    pub(super) source: &'a dyn CodeSource,
    pub(super) period: Period,
    pub(super) day: NaiveDate,
}

impl<'a> Snapshot<'a> {
    /// Finds what answers for a version and a day, or for one of them, or for today. If nothing does, the failure
    /// tells the last known state of the code that was asked for, and where the release is.
    pub(super) fn at(
        context: &Context<'a>,
        system: &'static System,
        version: Option<&str>,
        date: Option<NaiveDate>,
        asked: Option<&str>,
    ) -> Answered<Snapshot<'a>> {
        let source = context.codes(system.code_set);
        let timeline = source.timeline();
        let (period, day) = match version {
            Some(version) => {
                let period = release_of(timeline, version)
                    .ok_or_else(|| unknown_version(system, timeline, version))?;
                let day = date.unwrap_or(period.from);
                if !period.contains(day) {
                    return Err(FhirFailure::invalid(format!(
                        "the version {} of '{}' governs {} to {}, and the date {day} does not lie in it",
                        version_of(period.release),
                        system.uri,
                        period.from,
                        day_before(period.until)
                    )));
                }
                (period, day)
            }
            None => {
                let day = date.unwrap_or(context.terminology.today);
                (governing(system, source, day, asked)?, day)
            }
        };
        Ok(Snapshot {
            system,
            source,
            period: *period,
            day,
        })
    }

    pub(super) fn version(&self) -> String {
        version_of(self.period.release)
    }

    pub(super) fn entry(&self, code: &Code) -> Result<Option<Entry>> {
        self.source.entry_on(code, self.day)
    }

    /// Returns the nearest listed code above one.
    pub(super) fn parent(&self, code: &Code) -> Result<Option<Entry>> {
        for above in code.above() {
            if let Some(parent) = self.entry(&above)? {
                return Ok(Some(parent));
            }
        }
        Ok(None)
    }

    /// Lists what stands below a code, itself included.
    pub(super) fn below(&self, code: &Code) -> Result<Vec<Entry>> {
        self.source.below(self.period.release, self.day, code)
    }

    /// Lists the codes of which a code is the parent.
    pub(super) fn children(&self, code: &Code) -> Result<Vec<Entry>> {
        let below = self.below(code)?;
        let listed: std::collections::HashSet<Code> =
            below.iter().map(|entry| entry.code).collect();
        let is_child = |child: &Code| {
            let mut above = (code.len()..child.len()).rev();
            let nearest = above.find(|length| listed.contains(&child.prefix(*length)));
            nearest == Some(code.len())
        };
        Ok(below
            .into_iter()
            .filter(|entry| entry.code != *code && is_child(&entry.code))
            .collect())
    }

    /// Returns the warnings about what could change an answer of that day. That it is the sample, its title says.
    pub(super) fn doubts(&self) -> Result<Vec<String>> {
        let (code_set, timeline) = (self.system.code_set, self.source.timeline());
        let kind = self.source.kind()?;
        let warnings = warnings(kind, code_set, timeline, self.day, self.day);
        let warnings = warnings.iter().filter(|one| **one != Warning::Sample);
        Ok(warnings.map(ToString::to_string).collect())
    }

    /// Returns how the code system is called where people read it.
    pub(super) fn title(&self) -> Result<String> {
        let name = self.system.code_set.name();
        Ok(if self.source.is_sample()? {
            format!("{name} (bundled sample, not the whole code set)")
        } else {
            name.to_owned()
        })
    }
}

fn governing<'f>(
    system: &System,
    source: &'f dyn CodeSource,
    day: NaiveDate,
    asked: Option<&str>,
) -> Answered<&'f Period> {
    let code_set = system.code_set;
    let timeline = source.timeline();
    if day < code_set.in_force_from() {
        return Err(FhirFailure::not_found(format!(
            "{} was not in force on {day}, but from {} on; give a version to ask a release that was published before. {}",
            code_set.name(),
            code_set.in_force_from(),
            versions(timeline)
        )));
    }
    if let Some(period) = timeline.governing(day) {
        return Ok(period);
    }
    let needed = timeline.needed_for(day, known_releases(code_set));
    let mut message = format!(
        "no loaded version of '{}' governs {day}: version {} would have to be loaded",
        system.uri,
        version_of(needed)
    );
    if let Some(period) = timeline.latest_before(day) {
        let last_day = day_before(period.until);
        message.push_str(&format!(
            "; the newest version before it, {}, governs through {last_day}",
            version_of(period.release)
        ));
        if let Some(Ok(code)) = asked.map(|text| code_set.parse_code(text)) {
            let entry = source.entry_on(&code, last_day)?;
            message.push_str(&format!("; {}", last_state(entry.as_ref())));
        }
    }
    Err(FhirFailure::not_found(format!(
        "{message}.{} {}",
        place_of(code_set, needed),
        versions(timeline)
    )))
}

/// Returns where the order file of a release is; empty if no address is known.
fn place_of(code_set: CodeSet, release: ReleaseId) -> String {
    let url = order_file_url(code_set, release);
    url.map_or_else(String::new, |url| {
        format!(" Version {} is at {url}.", version_of(release))
    })
}

/// The failure that a version is not loaded, with those that are.
pub(super) fn unknown_version(system: &System, timeline: &Timeline, version: &str) -> FhirFailure {
    let named = version.parse::<ReleaseName>().ok();
    let known = named.map(|name| place_of(system.code_set, name.of(system.code_set)));
    FhirFailure::not_found(format!(
        "A definition for CodeSystem '{}' version '{}' could not be found. {}{}",
        system.uri,
        clip(version),
        versions(timeline),
        known.map_or_else(String::new, |place| match place.is_empty() {
            true => place,
            false => format!(".{}", place.trim_end_matches('.')),
        })
    ))
}

fn versions(timeline: &Timeline) -> String {
    let loaded: Vec<String> = timeline
        .periods()
        .iter()
        .map(|period| version_of(period.release))
        .collect();
    if loaded.is_empty() {
        "No versions of this code system are loaded".to_owned()
    } else {
        format!("Valid versions: {}", loaded.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FhirVersion, of_sample};
    use super::*;
    use crate::testing::{cm, codes_of, day, release};

    #[test]
    fn a_version_names_a_loaded_release_by_its_name_or_its_first_day() {
        let timeline = Timeline::new(
            CodeSet::Icd10Cm,
            [
                "FY2025",
                "FY2026",
                "FY2026-04",
                "FY2022-04",
                "FY2022-04-errata",
            ]
            .map(|id| id.parse().unwrap()),
        );
        let named =
            |version: &str| release_of(&timeline, version).map(|period| version_of(period.release));
        for (version, release) in [
            ("2026", Some("2026")),
            ("FY2026", Some("2026")),
            ("2026-04", Some("2026-04")),
            ("2025-10-01", Some("2026")),
            ("2026-04-01", Some("2026-04")),
            ("2022-04", Some("2022-04-errata")),
            ("2022-04-errata", Some("2022-04-errata")),
            ("2022-04-errata2", None),
            ("2025-10", None),
            ("2026-10", None),
            ("2025-10-02", None),
            ("2027", None),
            ("2024", None),
            ("", None),
            ("newest", None),
        ] {
            assert_eq!(named(version).as_deref(), release, "{version}");
        }
    }

    #[test]
    fn a_version_a_day_both_or_neither_say_which_day_is_meant() {
        of_sample(FhirVersion::R4, |context| {
            let at = |version, date: Option<&str>| {
                let found = Snapshot::at(
                    context,
                    system_of(CodeSet::Icd10Cm),
                    version,
                    date.map(day),
                    None,
                );
                found
                    .map(|snapshot| (snapshot.version(), snapshot.day))
                    .map_err(|failure| failure.status)
            };
            let found = |version: &str, date: &str| Ok((version.to_owned(), day(date)));
            assert_eq!(at(None, None), found("2026", "2026-03-01"), "today");
            assert_eq!(at(Some("2022-04"), None), found("2022-04", "2022-04-01"));
            assert_eq!(at(None, Some("2022-03-31")), found("2022", "2022-03-31"));
            assert_eq!(
                at(Some("2022"), Some("2022-03-31")),
                found("2022", "2022-03-31")
            );
            assert_eq!(
                at(Some("2022"), Some("2022-04-01")),
                Err(400),
                "past the version"
            );
            assert_eq!(at(Some("2019"), None), Err(404), "not loaded");
            assert_eq!(at(None, Some("2018-11-01")), Err(404), "in a gap");
            assert_eq!(at(None, Some("2015-09-30")), Err(404), "not in force");
        });
    }

    #[test]
    fn the_parent_of_a_code_is_the_nearest_that_is_listed_on_the_day() {
        of_sample(FhirVersion::R4, |context| {
            let on = |date: &str| {
                Snapshot::at(
                    context,
                    system_of(CodeSet::Icd10Cm),
                    None,
                    Some(day(date)),
                    None,
                )
                .unwrap()
            };
            let snapshot = on("2026-03-01");
            // No release lists O40.1X or O40.1XX.
            let parent = snapshot.parent(&cm("O40.1XX0")).unwrap().unwrap();
            assert_eq!(parent.code, cm("O40.1"));
            let children = snapshot.children(&cm("O40.1")).unwrap();
            assert_eq!(children.len(), 7);
            let children = codes_of(&snapshot.children(&cm("C7B")).unwrap());
            assert_eq!(children, ["C7B.0", "C7B.1", "C7B.8"]);
            assert_eq!(
                codes_of(&on("2021-09-30").children(&cm("M54.5")).unwrap()),
                [""; 0]
            );
            assert_eq!(on("2021-10-01").children(&cm("M54.5")).unwrap().len(), 3);
            assert!(snapshot.parent(&cm("C7B")).unwrap().is_none());
            assert_eq!(snapshot.period.release, release("FY2026"));
        });
    }
}
