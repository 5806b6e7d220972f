//! Which release a file belongs to. Evidence has an order, and what stands first outranks what follows:
//!
//! 1. the file's own hash, its rows' hash, or that of the archive that it is in: the catalogue knows them;
//! 2. the order addenda posted with it: the catalogue knows its hash, or its footer names the order files that it
//!    leads from and to;
//! 3. the file's own name;
//! 4. the archive's name.
//!
//! Folders are never evidence. What the calendar rules out is no candidate: an update in another month, one that
//! cannot be published yet, one that the catalogue knows was never published. What the user states must not
//! contradict a hash or a footer. Where two answers are left nothing is chosen.

use chrono::{Days, NaiveDate};
use strum::IntoStaticStr;

use crate::error::{Error, Result};
use crate::model::{Addenda, CodeSet, ReleaseId, named};
use crate::source::catalogue::{Catalogue, KnownRelease, OrderFileFacts};
use crate::source::names::NameHints;
use crate::source::sample::SampleFile;

named!(IdentifiedBy);

/// The publishers post a release at most so many days before it takes effect: October's in June, April's in
/// December at the earliest.
const POSTED_BEFORE: u64 = 150;

/// How a release was identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum IdentifiedBy {
    /// The user stated it.
    Statement,
    /// The catalogue knows the SHA-256 of the order file, or of the document.
    Hash,
    /// The catalogue knows the hash of its rows, which stand in other bytes.
    Rows,
    /// The catalogue knows the SHA-256 of the archive, or of an addenda that stands by itself.
    Archive,
    /// The addenda posted with it: its SHA-256, or its footer.
    Footer,
    /// The names of the file and its archive.
    Name,
    /// The order file or addenda that it was posted with.
    OrderFile,
    /// It is a file of the bundled sample.
    Sample,
}

/// What is known of a file before its release is.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Its code set, by content.
    pub code_set: CodeSet,
    /// SHA-256 of the order file; `None` if no order file is there.
    pub order_sha256: Option<&'a str>,
    /// The hash of the order file's rows, where it was parsed.
    pub rows_sha256: Option<&'a str>,
    /// SHA-256 of the addenda posted with it.
    pub addenda_sha256: Option<&'a str>,
    /// The addenda posted with it.
    pub addenda: Option<&'a Addenda>,
    /// SHA-256 of a file around the order file; `None` if an order file or an addenda is there.
    pub document_sha256: Option<&'a str>,
    /// SHA-256 of the archive that it is in.
    pub archive_sha256: Option<&'a str>,
    /// The file's own name; folders in it are not read.
    pub name: &'a str,
    /// The archive's name.
    pub archive_name: Option<&'a str>,
    /// The name to show in an error.
    pub shown: &'a str,
}

/// The releases that a file can be, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates {
    /// The releases; more than one if the evidence leaves them all.
    pub ids: Vec<ReleaseId>,
    /// The first evidence that there is.
    pub by: IdentifiedBy,
    /// The number of the correction that a name speaks of; 0 if it is none, or a hash tells.
    pub revision: u32,
}

/// Returns the release of the bundled sample that a file is of, if it is one. What the user states can choose
/// among releases with the same bytes, but never make a sample of one thing into another.
///
/// # Errors
/// [`crate::ErrorKind::Ambiguous`] if names and statement leave more than one release,
/// [`crate::ErrorKind::Conflict`] if the statement contradicts the file.
pub fn identify_sample(
    evidence: &Evidence<'_>,
    stated: Option<ReleaseId>,
    sample: &[SampleFile],
) -> Result<Option<ReleaseId>> {
    let files: Vec<&SampleFile> = sample
        .iter()
        .filter(|file| match evidence.order_sha256 {
            Some(sha256) => file.is_order_file() && file.sha256 == sha256,
            None => match evidence.document_sha256 {
                Some(sha256) => file.sha256 == sha256,
                None => file.is_addenda() && Some(file.sha256.as_str()) == evidence.addenda_sha256,
            },
        })
        .collect();
    let matching: Vec<ReleaseId> = files.iter().map(|file| file.release).collect();
    let contradicts = stated.is_some_and(|stated| !matching.contains(&stated))
        || files.iter().any(|file| file.code_set != evidence.code_set);
    if let Some(file) = files.first()
        && contradicts
    {
        return Err(Error::conflict(format!(
            "this is a file of the bundled sample, {} {}",
            file.code_set.name(),
            file.release
        ))
        .in_file(evidence.shown)
        .with_hint(
            "import it without --release and --code-set, into a file of its own: --db sample.db",
        ));
    }
    match matching.as_slice() {
        [] => Ok(None),
        _ if stated.is_some() => Ok(stated),
        [one] => Ok(Some(*one)),
        several => {
            let mut fitting = several.to_vec();
            let calendar = evidence.code_set.facts().calendar;
            let of_addenda: Vec<ReleaseId> = sample
                .iter()
                .filter(|file| {
                    file.is_addenda() && Some(file.sha256.as_str()) == evidence.addenda_sha256
                })
                .map(|file| file.release)
                .collect();
            narrow(&mut fitting, &of_addenda);
            for name in [Some(evidence.name), evidence.archive_name]
                .into_iter()
                .flatten()
            {
                narrow(
                    &mut fitting,
                    &NameHints::read(name, calendar).candidates(calendar),
                );
            }
            match fitting.as_slice() {
                [one] => Ok(Some(*one)),
                _ => Err(ambiguous(evidence, &fitting)),
            }
        }
    }
}

/// Returns the releases that a file can be. `today` is the day of the import.
///
/// # Errors
/// [`crate::ErrorKind::Ambiguous`] if the footer of the addenda contradicts a name, or nothing speaks for any release.
pub fn candidates(
    catalogue: &Catalogue,
    evidence: &Evidence<'_>,
    today: NaiveDate,
) -> Result<Candidates> {
    let calendar = evidence.code_set.facts().calendar;
    let own = NameHints::read(evidence.name, calendar);
    let archive = evidence
        .archive_name
        .map(|name| NameHints::read(name, calendar))
        .unwrap_or_default();
    let by_hash = by_hash(catalogue, evidence);
    let footer = match &by_hash {
        Some((ids, IdentifiedBy::Footer)) => ids.clone(),
        _ => by_footer(catalogue, evidence),
    };
    if let Some((mut ids, mut by)) = by_hash.filter(|(_, by)| *by != IdentifiedBy::Footer) {
        // Releases with the same bytes are told apart by what else speaks for one of them, and that is then named.
        for (other, what) in [
            (&footer, IdentifiedBy::Footer),
            (&own.candidates(calendar), IdentifiedBy::Name),
            (&archive.candidates(calendar), IdentifiedBy::Name),
        ] {
            let before = ids.len();
            narrow(&mut ids, other);
            if ids.len() < before {
                by = what;
            }
        }
        return Ok(Candidates {
            ids,
            by,
            revision: 0,
        });
    }
    let mut by = IdentifiedBy::Footer;
    let mut ids = footer.clone();
    for (hints, what) in [(own, "name"), (archive, "archive's name")] {
        let mut named = hints.candidates(calendar);
        if let Some(one) = evidence
            .archive_name
            .filter(|_| what != "name")
            .and_then(|name| published_as(catalogue, evidence.code_set, name))
            .filter(|one| named.contains(one))
        {
            named = vec![one];
        }
        if ids.is_empty() {
            by = IdentifiedBy::Name;
            ids = named;
        } else if !narrow(&mut ids, &named)
            && !footer.is_empty()
            && (what == "name" || hints.month.is_some() || hints.is_id)
        {
            return Err(Error::ambiguous(format!(
                "its {what} speaks of {}, the footer of its addenda of {}",
                list(&named),
                list(&footer)
            ))
            .in_file(evidence.shown)
            .with_hint(format!(
                "{}; or leave the addenda out, if it is of another order file",
                statement_hint(&footer)
            )));
        }
    }
    if ids.is_empty() {
        return Err(Error::ambiguous(
            "nothing in the file, its name or the catalogue says which release this is",
        )
        .in_file(evidence.shown)
        .with_hint("state it with --release, for example --release FY2027"));
    }
    if let Some(reason) = keep_possible(catalogue, evidence.code_set, &mut ids, today)
        && evidence.order_sha256.is_some()
    {
        let error = Error::ambiguous(reason).in_file(evidence.shown);
        return Err(error.with_hint("state the release with --release"));
    }
    Ok(Candidates {
        ids,
        by,
        revision: own.revision.max(archive.revision),
    })
}

/// Returns what contradicts the release that the user states: a hash that the catalogue knows, or the footer of
/// the addenda; `None` if nothing does.
pub fn contradiction(
    catalogue: &Catalogue,
    evidence: &Evidence<'_>,
    stated: ReleaseId,
    today: NaiveDate,
) -> Option<String> {
    let name = evidence.code_set.name();
    if let Some((ids, by)) = by_hash(catalogue, evidence)
        && !ids.contains(&stated)
        && !repeats_the_last(catalogue, evidence.code_set, &ids, stated, today)
    {
        let what = match by {
            IdentifiedBy::Rows => "the rows",
            IdentifiedBy::Archive => "an archive or addenda",
            IdentifiedBy::Footer => "the addenda",
            _ => "the bytes",
        };
        return Some(format!(
            "this is not {name} {stated}: it has {what} of {}",
            list(&ids)
        ));
    }
    let footer = by_footer(catalogue, evidence);
    if !footer.is_empty() && !footer.contains(&stated.edition()) {
        return Some(format!(
            "this is not {name} {stated}: the footer of its addenda speaks of {}",
            list(&footer)
        ));
    }
    None
}

/// Returns the error for a file that could be several releases.
pub fn ambiguous(evidence: &Evidence<'_>, ids: &[ReleaseId]) -> Error {
    Error::ambiguous(format!(
        "this {} file could be {}: nothing in it, its name or the catalogue decides",
        evidence.code_set.name(),
        list(ids)
    ))
    .in_file(evidence.shown)
    .with_hint(statement_hint(ids))
}

/// Checks whether an update can be published on a day: the publishers post it some months before its first day.
pub fn can_be_published(id: ReleaseId, today: NaiveDate) -> bool {
    id.effective_from()
        .checked_sub_days(Days::new(POSTED_BEFORE))
        .is_none_or(|posted| today >= posted)
}

/// Returns releases in words: `FY2026 or FY2026-04`.
pub fn list(ids: &[ReleaseId]) -> String {
    let ids: Vec<String> = ids.iter().map(ReleaseId::to_string).collect();
    ids.join(" or ")
}

fn statement_hint(ids: &[ReleaseId]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("--release {id}")).collect();
    format!("state which: {}", ids.join(" or "))
}

/// Filters the releases by what other evidence allows too, if it allows one of them; returns whether it does, or
/// says nothing.
fn narrow(ids: &mut Vec<ReleaseId>, others: &[ReleaseId]) -> bool {
    let allowed = |id: &ReleaseId| others.contains(&id.edition());
    let agrees = ids.iter().any(allowed);
    if agrees {
        ids.retain(allowed);
    }
    agrees || others.is_empty()
}

/// Returns the releases whose bytes or rows the catalogue knows these to be, the strongest hash first. What only the
/// addenda posted with an order file says counts as its footer.
fn by_hash(
    catalogue: &Catalogue,
    evidence: &Evidence<'_>,
) -> Option<(Vec<ReleaseId>, IdentifiedBy)> {
    let ids = |wanted: &dyn Fn(&KnownRelease) -> bool| -> Vec<ReleaseId> {
        let known = catalogue.of(evidence.code_set);
        known
            .filter(|known| wanted(known))
            .map(|known| known.id)
            .collect()
    };
    let of_order = |known: &KnownRelease, sha256: &dyn Fn(&OrderFileFacts) -> bool| {
        known.order_file.as_ref().is_some_and(sha256)
    };
    let by_order = ids(&|known| {
        of_order(known, &|order| {
            Some(order.sha256.as_str()) == evidence.order_sha256
        })
    });
    let by_rows = ids(&|known| {
        of_order(known, &|order| {
            Some(order.rows_sha256.as_str()) == evidence.rows_sha256
        })
    });
    let by_document = ids(&|known| {
        known.has_archive(evidence.document_sha256)
            || known
                .documents
                .iter()
                .any(|document| Some(document.sha256.as_str()) == evidence.document_sha256)
    });
    let by_archive = ids(&|known| known.has_archive(evidence.archive_sha256));
    let by_addenda = ids(&|known| {
        known.has_archive(evidence.addenda_sha256)
            || known.order_addenda.as_ref().is_some_and(|addenda| {
                addenda
                    .sha256
                    .iter()
                    .any(|sha256| Some(sha256.as_str()) == evidence.addenda_sha256)
            })
    });
    let of_addenda = match evidence.order_sha256 {
        Some(_) => IdentifiedBy::Footer,
        None => IdentifiedBy::Archive,
    };
    let mut found: Option<(Vec<ReleaseId>, IdentifiedBy)> = None;
    for (ids, by) in [
        (by_order, IdentifiedBy::Hash),
        (by_rows, IdentifiedBy::Rows),
        (by_document, IdentifiedBy::Hash),
        (by_archive, IdentifiedBy::Archive),
        (by_addenda, of_addenda),
    ] {
        match &mut found {
            _ if ids.is_empty() => {}
            None => found = Some((ids, by)),
            Some((found, _)) => {
                if found.iter().any(|id| ids.contains(id)) {
                    found.retain(|id| ids.contains(id));
                }
            }
        }
    }
    found
}

/// Returns the one release whose order file was published in an archive of this name, by the addresses that the
/// catalogue knows.
fn published_as(catalogue: &Catalogue, code_set: CodeSet, name: &str) -> Option<ReleaseId> {
    let name = name.rsplit(['/', '\\']).next()?;
    let mut releases = catalogue.of(code_set).filter(|known| {
        let mut archives = known.archives.iter();
        archives.any(|archive| {
            // CMS has dates with slashes in some names.
            archive.file.replace(['/', '\\'], "-") == name
                && archive.holds.iter().any(|held| held == "order_file")
        })
    });
    let one = releases.next()?.id.edition();
    releases
        .all(|other| other.id.edition() == one)
        .then_some(one)
}

/// Returns the releases that the footer of the addenda allows; none if there is no footer or it names no year.
fn by_footer(catalogue: &Catalogue, evidence: &Evidence<'_>) -> Vec<ReleaseId> {
    let Some([headers, codes]) = evidence.addenda.and_then(|addenda| addenda.footer.as_ref())
    else {
        return Vec::new();
    };
    let calendar = evidence.code_set.facts().calendar;
    let new = NameHints::read(&codes.new_file, calendar);
    let (Some(year), old) = (new.year, NameHints::read(&codes.old_file, calendar).year) else {
        return Vec::new();
    };
    if new.month.is_some() {
        return new.candidates(calendar);
    }
    let mut ids = calendar.of_year(year);
    if old == Some(year) {
        // From one file of the year to another: an update within it.
        ids.retain(ReleaseId::is_mid_year);
    } else if old == Some(year - 1) {
        // From last year's file to this year's: October's, unless that is known to have other rows, or the year
        // had an update in January. That one began with last October's file too, as an update can.
        let october = calendar.first_of_year(year);
        let is_another = catalogue
            .find(evidence.code_set, october)
            .and_then(|known| known.order_file.as_ref())
            .is_some_and(|order| {
                order.billable != codes.new_rows || order.rows != headers.new_rows + codes.new_rows
            });
        let has_january = ids.iter().any(|id| id.is_mid_year() && id.month() == 1);
        if !is_another && !has_january {
            ids = vec![october];
        }
    }
    ids
}

/// Leaves out updates that were never published, as the catalogue knows, and those that cannot be published yet;
/// says why, if one that never was is all that there is. All of them stay if they only come too early.
fn keep_possible(
    catalogue: &Catalogue,
    code_set: CodeSet,
    ids: &mut Vec<ReleaseId>,
    today: NaiveDate,
) -> Option<String> {
    let is_known = |id: &ReleaseId| catalogue.find(code_set, *id).is_some();
    let never = |id: &ReleaseId| never_published(catalogue, code_set, *id);
    let is_in_time = |id: &ReleaseId| !id.is_mid_year() || can_be_published(*id, today);
    let is_possible = |id: &ReleaseId| is_known(id) || (never(id).is_none() && is_in_time(id));
    if ids.iter().any(is_possible) {
        ids.retain(is_possible);
    }
    ids.iter().find_map(never)
}

/// Returns why an update cannot be: the calendar has none then, or the catalogue knows later ones and not this one.
fn never_published(catalogue: &Catalogue, code_set: CodeSet, id: ReleaseId) -> Option<String> {
    let newest = catalogue.of(code_set).map(|known| known.id).max();
    let is_past = id.is_mid_year() && newest.is_some_and(|newest| id < newest);
    let is_known = catalogue.find(code_set, id).is_some();
    id.off_calendar(code_set).or_else(|| {
        (is_past && !is_known)
            .then(|| format!("according to the catalogue, {id} was never published"))
    })
}

/// Checks whether a release to come, unknown to the catalogue, can have the bytes of the last one before it: an
/// update may change nothing.
fn repeats_the_last(
    catalogue: &Catalogue,
    code_set: CodeSet,
    same: &[ReleaseId],
    stated: ReleaseId,
    today: NaiveDate,
) -> bool {
    let newest = catalogue.of(code_set).map(|known| known.id).max();
    newest.is_some_and(|newest| {
        same.contains(&newest)
            && stated == newest.edition().next_possible()
            && can_be_published(stated, today)
    })
}

#[cfg(test)]
mod tests;
