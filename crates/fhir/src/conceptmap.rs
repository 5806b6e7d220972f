//! `ConceptMap` resources: one for each day on which the official conversion tables let new codes take the place
//! of others.
//!
//! The tables say which code was reported before a new one. How wide the two are, is told from how many codes
//! went where, and from nothing else: a code that went whole into one that nothing else went into is equivalent.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::codesystem::whole;
use super::context::{Context, FhirVersion};
use super::expand::identifier;
use super::outcome::{Answered, FhirFailure, clip, set};
use super::searchset;
use super::snapshot::{System, system_of, version_of};
use codeyear_core::answer::with_listings;
use codeyear_core::error::Result;
use codeyear_core::model::{
    Code, Conversions, DocumentKind, LineageKind, LineageLink, ListedOn, PreviousGroup,
    PreviousPart, ReleaseId, Warning, day_before,
};
use codeyear_core::store::CodeSource;

/// The attribute that names what was reported together with a code.
pub(super) const TOGETHER: &str = "reported-together";

/// How a code stands to the one that it is translated to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// It is the same.
    Equivalent,
    /// It held more than the other.
    Broader,
    /// It held less than the other.
    Narrower,
    /// They overlap.
    Related,
}

impl Relation {
    pub(super) fn of(kind: LineageKind, link: &LineageLink) -> Relation {
        let with_others = !link.together_with.is_empty();
        match kind {
            // Only together with another it made the new code.
            _ if with_others && kind == LineageKind::OneToOne => Relation::Narrower,
            _ if with_others => Relation::Related,
            LineageKind::OneToOne => Relation::Equivalent,
            LineageKind::Split | LineageKind::SplitOff => Relation::Broader,
            LineageKind::Merge => Relation::Narrower,
            LineageKind::SplitAndMerge => Relation::Related,
        }
    }

    /// Returns the relation of the first of two steps to the last.
    pub(super) fn then(self, next: Relation) -> Relation {
        match (self, next) {
            (Relation::Equivalent, other) | (other, Relation::Equivalent) => other,
            (a, b) if a == b => a,
            _ => Relation::Related,
        }
    }

    /// Returns the name of the element that holds it, and its code there.
    pub(super) fn coded(self, version: FhirVersion) -> (&'static str, &'static str) {
        match (version, self) {
            // In R4 it is the target that is wider or narrower.
            (FhirVersion::R4, Relation::Equivalent) => ("equivalence", "equivalent"),
            (FhirVersion::R4, Relation::Broader) => ("equivalence", "narrower"),
            (FhirVersion::R4, Relation::Narrower) => ("equivalence", "wider"),
            (FhirVersion::R4, Relation::Related) => ("equivalence", "relatedto"),
            (FhirVersion::R5, Relation::Equivalent) => ("relationship", "equivalent"),
            (FhirVersion::R5, Relation::Broader) => {
                ("relationship", "source-is-broader-than-target")
            }
            (FhirVersion::R5, Relation::Narrower) => {
                ("relationship", "source-is-narrower-than-target")
            }
            (FhirVersion::R5, Relation::Related) => ("relationship", "related-to"),
        }
    }
}

/// Returns how the old code of a link stands to the new one.
pub(super) fn relation(
    conversions: &Conversions,
    link: &LineageLink,
    listed: &ListedOn<'_>,
) -> Relation {
    let lineage = conversions.lineage(&link.old, listed);
    let on_day = lineage
        .conversions
        .iter()
        .find(|conversion| conversion.effective_from == link.effective_from);
    on_day.map_or(Relation::Related, |conversion| {
        Relation::of(conversion.kind, link)
    })
}

/// Returns the codes that were reported together with the old one of a link; `None` if the table leaves open
/// which of several.
pub(super) fn together(link: &LineageLink) -> Option<Vec<Code>> {
    let code = |group: &PreviousGroup| match group.alternatives.as_slice() {
        [PreviousPart::Code(code)] => Some(*code),
        _ => None,
    };
    link.together_with.iter().map(code).collect()
}

/// The system whose releases have conversion tables.
pub(super) fn system() -> &'static System {
    system_of(DocumentKind::ConversionTable.code_set())
}

/// The links of one day, by old and new code.
pub(super) struct Transition {
    pub(super) day: NaiveDate,
    pub(super) links: Vec<LineageLink>,
}

impl Transition {
    pub(super) fn id(&self) -> String {
        id_of(self.day)
    }

    pub(super) fn url(&self) -> String {
        url_of(self.day)
    }
}

fn id_of(day: NaiveDate) -> String {
    format!("{}-from-{day}", system().prefix)
}

/// Returns the address by which a request may name the map of a day. There is no official one, so that it is one
/// that nobody has to own.
pub(super) fn url_of(day: NaiveDate) -> String {
    identifier(&["codeyear ConceptMap", &id_of(day)])
}

/// Gathers the links of all conversion tables by day.
pub(super) fn transitions(conversions: &Conversions, listed: &ListedOn<'_>) -> Vec<Transition> {
    let mut by_day: BTreeMap<NaiveDate, Vec<LineageLink>> = BTreeMap::new();
    let mut codes: Vec<Code> = conversions.facts().iter().map(|fact| fact.code).collect();
    codes.dedup();
    for code in codes {
        for link in conversions.lineage(&code, listed).predecessors {
            by_day.entry(link.effective_from).or_default().push(link);
        }
    }
    by_day
        .into_iter()
        .map(|(day, mut links)| {
            links.sort_by_key(|link| (link.old, link.new, link.row));
            links.dedup_by_key(|link| (link.old, link.new));
            Transition { day, links }
        })
        .collect()
}

/// Returns the resource of a day, with or without its rows.
pub(super) fn resource(
    version: FhirVersion,
    source: &dyn CodeSource,
    conversions: &Conversions,
    transition: &Transition,
    with_rows: bool,
    listed: &ListedOn<'_>,
) -> Result<Value> {
    let system = system();
    let name = system.code_set.name();
    let day = transition.day;
    let release = |day: NaiveDate| {
        let period = source.timeline().governing(day);
        period.map(|period| version_of(period.release))
    };
    let (old, new) = (release(day_before(day)), release(day));
    let mut group = json!({ "source": system.uri, "target": system.uri });
    for (field, canonical, release) in [
        ("sourceVersion", "source", &old),
        ("targetVersion", "target", &new),
    ] {
        if let Some(release) = release {
            match version {
                FhirVersion::R4 => set(&mut group, field, json!(release)),
                FhirVersion::R5 => set(
                    &mut group,
                    canonical,
                    json!(format!("{}|{release}", system.uri)),
                ),
            }
        }
    }
    let mut resource = json!({
        "resourceType": "ConceptMap",
        "id": transition.id(),
        "url": transition.url(),
        "version": new.clone().unwrap_or_else(|| day.to_string()),
        "name": format!("{}From{}", system.name, day.format("%Y%m%d")),
        "title": format!("{name}: what codes became on {day}"),
        "status": "active",
        "experimental": false,
        "date": day.to_string(),
        "publisher": system.publisher,
        "jurisdiction": [{ "coding": [{ "system": "urn:iso:std:iso:3166", "code": "US" }] }],
        "description": format!(
            "The rows of the official conversion tables of {name} that take effect on {day}: previous codes, and the codes that replaced them or took over part of them{}",
            doubts(source, transition)
        ),
    });
    match version {
        FhirVersion::R4 => {
            set(&mut resource, "sourceUri", json!(whole(system)));
            set(&mut resource, "targetUri", json!(whole(system)));
        }
        FhirVersion::R5 => {
            set(&mut resource, "sourceScopeUri", json!(whole(system)));
            set(&mut resource, "targetScopeUri", json!(whole(system)));
        }
    }
    if !with_rows {
        set(
            &mut resource,
            "meta",
            json!({ "tag": [{
            "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
            "code": "SUBSETTED",
        }] }),
        );
        return Ok(resource);
    }
    let mut elements: Vec<Value> = Vec::new();
    let mut has_together = false;
    for links in transition.links.chunk_by(|a, b| a.old == b.old) {
        let mut targets = Vec::with_capacity(links.len());
        for link in links {
            let (field, code) = relation(conversions, link, listed).coded(version);
            let mut target = json!({ "code": link.new.to_string(), "comment": comment(link) });
            set(&mut target, field, json!(code));
            if let Some(entry) = source.entry_on(&link.new, day)? {
                set(&mut target, "display", json!(entry.long_title));
            }
            let others = together(link).unwrap_or_default();
            if !others.is_empty() {
                has_together = true;
                set(
                    &mut target,
                    "dependsOn",
                    depends_on(version, system, &others),
                );
            }
            targets.push(target);
        }
        let Some(link) = links.first() else {
            continue;
        };
        let mut element = json!({ "code": link.old.to_string(), "target": targets });
        if let Some(entry) = source.entry_on(&link.old, day_before(day))? {
            set(&mut element, "display", json!(entry.long_title));
        }
        elements.push(element);
    }
    if elements.is_empty() {
        return Ok(resource);
    }
    if has_together && version == FhirVersion::R5 {
        set(
            &mut resource,
            "additionalAttribute",
            json!([{
                "code": TOGETHER,
                "description": "A code that was reported together with the previous one; the two together became the new one",
                "type": "Coding",
            }]),
        );
    }
    set(&mut group, "element", Value::Array(elements));
    set(&mut resource, "group", json!([group]));
    Ok(resource)
}

/// Returns what limits the trust in the releases whose tables give the rows of a day, as the end of a description.
fn doubts(source: &dyn CodeSource, transition: &Transition) -> String {
    let tables: BTreeSet<ReleaseId> = transition.links.iter().map(|link| link.table).collect();
    let doubts = tables
        .iter()
        .flat_map(|table| source.timeline().doubts(*table));
    // The rows are not those of an order file.
    let doubts = doubts.filter(|doubt| !matches!(doubt, Warning::Derived { .. }));
    doubts.map(|doubt| format!(". Warning: {doubt}")).collect()
}

fn depends_on(version: FhirVersion, system: &System, others: &[Code]) -> Value {
    let depends = others.iter().map(|code| {
        let code = code.to_string();
        match version {
            FhirVersion::R4 => {
                json!({ "property": system.uri, "system": system.uri, "value": code })
            }
            FhirVersion::R5 => json!({
                "attribute": TOGETHER,
                "valueCoding": { "system": system.uri, "code": code },
            }),
        }
    });
    Value::Array(depends.collect())
}

/// Returns where a link stands, in the words of the table.
pub(super) fn comment(link: &LineageLink) -> String {
    format!(
        "conversion table of {}, row {}: {}",
        link.table, link.row, link.cell
    )
}

/// Reads all conversions and asks a question of them.
pub(super) fn with_all<T>(
    context: &Context<'_>,
    question: impl FnOnce(&Conversions, &dyn CodeSource, &ListedOn<'_>) -> Result<T>,
) -> Result<T> {
    let source = context.codes(system().code_set);
    let rows = context.store()?.all_conversion_facts(source.timeline())?;
    let conversions = Conversions::new(rows);
    with_listings(source, |listed| question(&conversions, source, listed))?
}

pub(super) fn read(context: &Context<'_>, id: &str) -> Answered {
    let found = with_all(context, |conversions, source, listed| {
        transitions(conversions, listed)
            .iter()
            .find(|transition| transition.id() == id)
            .map(|found| resource(context.version, source, conversions, found, true, listed))
            .transpose()
    })?;
    found.ok_or_else(|| FhirFailure::not_found(format!("there is no ConceptMap/{}", clip(id))))
}

pub(super) fn search(context: &Context<'_>, query: &[(String, String)]) -> Answered {
    let resources = with_all(context, |conversions, source, listed| {
        transitions(conversions, listed)
            .iter()
            .map(|one| resource(context.version, source, conversions, one, false, listed))
            .collect::<Result<Vec<Value>>>()
    })?;
    searchset::bundle(context, "ConceptMap", query, resources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_widen_and_narrow_leave_two_codes_related_only() {
        use Relation::{Broader, Equivalent, Narrower, Related};
        assert_eq!(Equivalent.then(Broader), Broader);
        assert_eq!(Broader.then(Broader), Broader);
        assert_eq!(Broader.then(Narrower), Related);
        assert_eq!(Narrower.then(Equivalent), Narrower);
        assert_eq!(Broader.coded(FhirVersion::R4).1, "narrower");
    }

    #[test]
    fn a_code_that_made_the_new_one_only_with_others_is_no_equivalent() {
        let store = crate::testing::sample();
        let codes = store.codes(codeyear_core::model::CodeSet::Icd10Cm).unwrap();
        let link = |new: &str| {
            let found = codeyear_core::answer::lineage(&codes, &crate::testing::cm(new)).unwrap();
            found.lineage.predecessors.into_iter().next().unwrap()
        };
        // K58.1 was K58.9 AND K59.00; M54.50 was M54.5.
        let (with_others, alone) = (link("K58.1"), link("M54.50"));
        let others = together(&with_others).unwrap();
        assert_eq!(crate::testing::dotted(&others), ["K59.00"]);
        assert_eq!(together(&alone), Some(Vec::new()));
        for (kind, of_one, of_several) in [
            (
                LineageKind::OneToOne,
                Relation::Equivalent,
                Relation::Narrower,
            ),
            (LineageKind::Split, Relation::Broader, Relation::Related),
            (LineageKind::SplitOff, Relation::Broader, Relation::Related),
            (LineageKind::Merge, Relation::Narrower, Relation::Related),
            (
                LineageKind::SplitAndMerge,
                Relation::Related,
                Relation::Related,
            ),
        ] {
            assert_eq!(Relation::of(kind, &alone), of_one, "{kind:?}");
            assert_eq!(Relation::of(kind, &with_others), of_several, "{kind:?}");
        }
    }
}
