//! Proof: facts against the official addenda, the hashes and the counts.

use std::collections::BTreeSet;
use std::io::Write;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use crate::answer::addenda_base::AddendaBase;
use crate::answer::verify_documents::{DocumentProof, verify_documents};
use crate::error::{Error, ErrorKind, Result, not_loaded};
use crate::model::{
    CodeSet, Entry, ListedBy, LoadedRelease, Proof, ProofOutcome, ProofSubject, Provenance,
    ReleaseId, ReleaseName, Replay, StoreFault, StoreKind, StoreProof, StoredRelease, replay,
};
use crate::source::catalogue::Catalogue;
use crate::source::sample::sample_files;
use crate::store::Store;

/// What to verify.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions {
    /// One code set only.
    pub code_set: Option<CodeSet>,
    /// One release only.
    pub release: Option<ReleaseName>,
    /// Replay the addenda on this base, whatever base is stated.
    pub base: Option<ReleaseId>,
}

/// Whether an order file, written back from the store, is the official one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFileProof {
    /// SHA-256 of the file that was imported.
    pub official: String,
    /// SHA-256 of the file written back.
    pub written: String,
    /// Rows and billable rows stored.
    pub rows: (u64, u64),
    /// What the catalogue expects, if it knows the release and this is not the sample.
    pub expected: Option<(u64, u64, String)>,
}

impl OrderFileProof {
    /// Checks whether everything agrees.
    pub fn is_exact(&self) -> bool {
        self.official == self.written
            && self
                .expected
                .as_ref()
                .is_none_or(|(rows, billable, _)| (*rows, *billable) == self.rows)
    }
}

/// Whether an addenda leads from its base to its release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddendaProof {
    /// The base that the catalogue states, or that the footer's counts point to.
    pub stated_base: Option<ReleaseId>,
    /// The base that it was replayed on, if one is loaded.
    pub base: Option<ReleaseId>,
    /// Whether that is not the stated base and has the same rows, so that it counts as the base.
    pub same_file: bool,
    /// Whether the base was chosen by the user.
    pub base_chosen: bool,
    /// The outcome of the replay.
    pub replay: Option<Replay>,
    /// Loaded releases on which the addenda does replay without an unexplained code, where the base at
    /// hand does not fit.
    pub fitting_bases: Vec<ReleaseId>,
    /// Whether its bytes are others than those that the catalogue knows.
    pub is_other: bool,
}

impl AddendaProof {
    /// Checks whether it was replayed on a release that is not its base, for want of that.
    fn is_on_another_base(&self) -> bool {
        self.stated_base.is_some()
            && self.base != self.stated_base
            && !self.same_file
            && !self.base_chosen
    }

    /// Judges the outcome.
    pub fn outcome(&self) -> ProofOutcome {
        match &self.replay {
            None => ProofOutcome::NotChecked,
            Some(_) if self.is_on_another_base() => ProofOutcome::NotChecked,
            Some(replay) if replay.is_exact() && replay.footer_differences.is_empty() => {
                ProofOutcome::Exact
            }
            Some(replay)
                if replay.missing.is_empty()
                    && replay.surplus.is_empty()
                    && replay.footer_differences.is_empty()
                    && replay
                        .differing
                        .iter()
                        .all(|(a, b)| a.billable == b.billable) =>
            {
                ProofOutcome::Near
            }
            Some(_) => ProofOutcome::Failed,
        }
    }

    /// Returns the outcome in words.
    pub fn detail(&self) -> String {
        let Some(base) = self.base else {
            return match self.stated_base {
                Some(stated) => format!("not checked: its base {stated} is not loaded"),
                None => "not checked: no earlier release is loaded".to_owned(),
            };
        };
        let Some(replay) = &self.replay else {
            return "not checked".to_owned();
        };
        let missing = replay.missing.len();
        let surplus = replay.surplus.len();
        let titles = replay.differing.len();
        if let Some(stated) = self.stated_base
            && self.is_on_another_base()
        {
            return format!(
                "its base {stated} is not loaded; on {base}, {missing} codes unexplained: this addenda is not against it"
            );
        }
        let mut text = if replay.is_exact() {
            format!("applied to {base}: row for row exact")
        } else if missing == 0 && surplus == 0 {
            format!(
                "applied to {base}: every code explained, {titles} with titles that differ from the order file"
            )
        } else {
            let cause = match self.is_other && self.base == self.stated_base {
                true => "its hash differs from the catalogue".to_owned(),
                false => format!("this addenda is not against {base}"),
            };
            let mut text = format!(
                "{missing} code{} unexplained, {surplus} surplus, {titles} with other titles: {cause}",
                if missing == 1 { "" } else { "s" }
            );
            if !self.fitting_bases.is_empty() {
                let list: Vec<String> = self
                    .fitting_bases
                    .iter()
                    .map(ReleaseId::to_string)
                    .collect();
                text.push_str(&format!("; it is against {}", list.join(" or ")));
            }
            text
        };
        if let Some(stated) = self.stated_base
            && stated != base
        {
            let same = if self.same_file {
                ", and both have the same rows"
            } else {
                ""
            };
            text.push_str(&format!(" (its base is {stated}{same})"));
        }
        for difference in &replay.footer_differences {
            text.push_str("; ");
            text.push_str(difference);
        }
        text
    }
}

/// What was verified of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseProof {
    /// The code set.
    pub code_set: CodeSet,
    /// The release.
    pub id: ReleaseId,
    /// What is stored of it, with how far it can be trusted.
    pub stored: LoadedRelease,
    /// Its order file; `None` if its rows come from its tabular list.
    pub order_file: Option<OrderFileProof>,
    /// Its addenda; `None` if it was imported without one.
    pub addenda: Option<AddendaProof>,
    /// The files around the order file.
    pub documents: Vec<DocumentProof>,
}

/// What was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Whether the database is as its imports left it; `None` for a trial on another base.
    pub store: Option<StoreProof>,
    /// The releases, by code set and first day.
    pub releases: Vec<ReleaseProof>,
    /// Rows derived from the facts that differ from what the facts give, by code set: 0 proves that they agree.
    pub spans: Vec<(CodeSet, u64)>,
    /// Whether the full-text index holds exactly what is stored.
    pub search_sound: bool,
    /// Whether the store holds the bundled sample.
    pub sample: bool,
    /// The imported files, and how many of them the catalogue does not know by their hash.
    pub files: FilesKnown,
    /// Why the outcomes could not be kept with the releases; `None` if they were, or are not to be.
    pub not_kept: Option<String>,
}

/// How many of the imported files are known to be the publisher's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FilesKnown {
    /// All imported files.
    pub all: u64,
    /// Those that the catalogue knows, by their own hash or by that of the archive that they were in.
    pub known: u64,
}

impl VerifyReport {
    /// Checks that nothing failed. What could not be checked has not failed, nor have official files that
    /// disagree with each other.
    pub fn is_sound(&self) -> bool {
        self.search_sound
            && self
                .store
                .as_ref()
                .is_none_or(|store| store.faults.is_empty())
            && self.spans.iter().all(|(_, differing)| *differing == 0)
            && self.releases.iter().all(|release| {
                release
                    .order_file
                    .as_ref()
                    .is_none_or(OrderFileProof::is_exact)
                    && release
                        .documents
                        .iter()
                        .all(|proof| proof.outcome != ProofOutcome::Failed)
                    && release
                        .addenda
                        .as_ref()
                        .is_none_or(|addenda| addenda.outcome() != ProofOutcome::Failed)
            })
    }

    /// Returns what a verification does not prove, in words.
    pub fn not_proven(&self) -> Vec<String> {
        let mut points = Vec::new();
        if self.store.is_none() {
            return points;
        }
        let unknown = self.files.all.saturating_sub(self.files.known);
        if unknown > 0 {
            points.push(format!(
                "that {unknown} of {} imported files are as posted by their publisher: their hashes are not in the catalogue",
                self.files.all
            ));
        }
        points.push("unused parts of the file, which no answer reads".to_owned());
        points.push(
            "that rows and their digests were not rewritten together: compare the content hash with that of another copy"
                .to_owned(),
        );
        points
    }
}

/// Verifies stored releases and keeps the outcomes with them.
///
/// All is read from one state of the database, and nothing but the outcomes is written. Where they cannot be
/// written, the report says why. Damage is part of the report, not an error. `progress` is told each release
/// before it is verified.
///
/// # Errors
/// [`ErrorKind::NotFound`] if a release that was asked for is not loaded, [`ErrorKind::Store`] if the
/// database cannot be read.
pub fn verify(
    store: &Store,
    options: &VerifyOptions,
    today: NaiveDate,
    progress: &mut dyn FnMut(CodeSet, ReleaseId),
) -> Result<VerifyReport> {
    let mut report = store.in_one_state(|| prove(store, options, progress))?;
    if options.base.is_none() {
        let outcomes: Vec<_> = report
            .releases
            .iter()
            .map(|release| (release.code_set, release.id, outcomes(release, today)))
            .collect();
        report.not_kept = store
            .record_proofs(&outcomes)
            .err()
            .map(|error| error.message().to_owned());
    }
    Ok(report)
}

/// Returns an answer; in a damaged database, a failed read is added to the faults.
fn unless_damaged<T>(
    answer: Result<T>,
    what: &str,
    report: &mut VerifyReport,
) -> Result<Option<T>> {
    match (answer, &mut report.store) {
        (Ok(answer), _) => Ok(Some(answer)),
        (Err(error), Some(proof))
            if error.kind() == ErrorKind::Store && !proof.faults.is_empty() =>
        {
            let fault = format!("{what} cannot be read: {}", error.message());
            proof.faults.push(StoreFault::Unreadable(fault));
            Ok(None)
        }
        (Err(error), _) => Err(error),
    }
}

fn prove(
    store: &Store,
    options: &VerifyOptions,
    progress: &mut dyn FnMut(CodeSet, ReleaseId),
) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    if options.base.is_none() {
        report.store = Some(store.prove_rows()?);
    }
    let stored = store.releases();
    let Some(stored) = unless_damaged(stored, "the list of releases", &mut report)? else {
        return Ok(report);
    };
    let kind = unless_damaged(store.kind(), "the kind of the database", &mut report)?;
    report.sample = kind == Some(StoreKind::Sample);
    let wanted: Vec<&StoredRelease> = stored
        .iter()
        .filter(|one| {
            options
                .code_set
                .is_none_or(|code_set| code_set == one.release.code_set)
        })
        .filter(|one| {
            options
                .release
                .is_none_or(|name| name.of(one.release.code_set) == one.release.id)
        })
        .collect();
    let is_damaged = report
        .store
        .as_ref()
        .is_some_and(|store| !store.faults.is_empty());
    if wanted.is_empty() && !is_damaged {
        return Err(match options.release {
            Some(name) => {
                let code_set = options.code_set.unwrap_or_default();
                not_loaded(&name.of(code_set).to_string())
            }
            None => Error::not_found("no release is loaded")
                .with_hint("import one with codeyear import"),
        });
    }
    for one in &wanted {
        let (code_set, id) = (one.release.code_set, one.release.id);
        progress(code_set, id);
        let proof = verify_release(store, &stored, one, report.sample, options.base);
        let what = format!("{} {id}", code_set.name());
        let proof = unless_damaged(proof, &what, &mut report)?;
        report.releases.extend(proof);
    }
    for code_set in CodeSet::ALL {
        if wanted.iter().any(|one| one.release.code_set == code_set) {
            let what = format!("what is derived for {}", code_set.name());
            let differing = unless_damaged(store.compare_spans(code_set), &what, &mut report)?;
            report
                .spans
                .extend(differing.map(|differing| (code_set, differing)));
        }
    }
    let search = store.search_is_sound();
    report.search_sound =
        unless_damaged(search, "the full-text index", &mut report)?.unwrap_or_default();
    let files = files_known(store, report.sample);
    report.files = unless_damaged(files, "the list of files", &mut report)?.unwrap_or_default();
    Ok(report)
}

fn verify_release(
    store: &Store,
    stored: &[StoredRelease],
    one: &StoredRelease,
    sample: bool,
    base: Option<ReleaseId>,
) -> Result<ReleaseProof> {
    let order_file = match one.release.listed_by {
        ListedBy::OrderFile => Some(verify_order_file(store, one, sample)?),
        ListedBy::Tabular => None,
    };
    Ok(ReleaseProof {
        code_set: one.release.code_set,
        id: one.release.id,
        stored: one.release.clone(),
        order_file,
        addenda: verify_addenda(store, stored, one, sample, base)?,
        documents: verify_documents(store, one, sample)?,
    })
}

fn files_known(store: &Store, sample: bool) -> Result<FilesKnown> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    if sample {
        known.extend(sample_files()?.iter().map(|file| file.sha256.as_str()));
    } else {
        for release in Catalogue::bundled()?.releases() {
            known.extend(release.order_file.iter().map(|file| file.sha256.as_str()));
            let addenda = release.order_addenda.iter();
            known.extend(addenda.flat_map(|addenda| addenda.sha256.iter().map(String::as_str)));
            let documents = release.documents.iter();
            known.extend(documents.map(|document| document.sha256.as_str()));
            let archives = release.archives.iter();
            known.extend(archives.filter_map(|archive| archive.sha256.as_deref()));
        }
    }
    let files = store.file_hashes()?;
    let is_known = |(file, archive): &&(String, Option<String>)| {
        known.contains(file.as_str())
            || archive
                .as_ref()
                .is_some_and(|archive| known.contains(archive.as_str()))
    };
    Ok(FilesKnown {
        all: files.len() as u64,
        known: files.iter().filter(is_known).count() as u64,
    })
}

fn verify_order_file(store: &Store, one: &StoredRelease, sample: bool) -> Result<OrderFileProof> {
    let (code_set, id) = (one.release.code_set, one.release.id);
    let mut out = std::io::BufWriter::with_capacity(1 << 16, HashWriter(Sha256::new()));
    store.write_order_file(code_set, id, &mut out)?;
    let hasher = out
        .into_inner()
        .map_err(|error| Error::io(error.to_string()))?
        .0;
    let expected = if sample {
        None
    } else {
        // A part, and a release that the user insisted on, are not what the catalogue expects, and say so.
        let trust = &one.release.trust;
        let is_other = trust.incomplete.is_some() || trust.forced.is_some();
        let known = Catalogue::bundled()?.find(code_set, id);
        known
            .and_then(|known| known.order_file.as_ref())
            // Official bytes in the place of derived ones may have other rows than those.
            .filter(|facts| {
                !is_other
                    && (facts.provenance != Provenance::Derived
                        || trust.provenance == Provenance::Derived)
            })
            .map(|facts| (facts.rows, facts.billable, facts.sha256.clone()))
    };
    Ok(OrderFileProof {
        official: one.release.sha256.clone(),
        written: crate::source::hex(&hasher.finalize()),
        rows: (one.release.rows, one.release.billable),
        expected,
    })
}

struct HashWriter(Sha256);

impl Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn verify_addenda(
    store: &Store,
    stored: &[StoredRelease],
    one: &StoredRelease,
    sample: bool,
    chosen: Option<ReleaseId>,
) -> Result<Option<AddendaProof>> {
    let (code_set, id) = (one.release.code_set, one.release.id);
    let Some(addenda) = store.addenda(code_set, id)? else {
        return Ok(None);
    };
    let known = Catalogue::bundled()?.find(code_set, id);
    let known = known.and_then(|known| known.order_addenda.as_ref());
    let is_other = !sample
        && known
            .zip(one.addenda.as_ref())
            .is_some_and(|(known, addenda)| !known.sha256.contains(&addenda.published.sha256));
    let earlier: Vec<&StoredRelease> = stored
        .iter()
        .filter(|other| other.release.code_set == code_set && other.release.id < id)
        .collect();
    let stated = AddendaBase::of(stored, code_set, id, &addenda, sample)?;
    let stated_base = stated.stated;
    let is_stated = |other: &&&StoredRelease| Some(other.release.id) == stated_base;
    let loaded = earlier
        .iter()
        .find(is_stated)
        .or_else(|| earlier.iter().rev().find(|other| stated.is(other)));
    let base = match chosen {
        Some(chosen) => Some(super::basis::find_release(store, code_set, chosen)?),
        None => loaded.or(earlier.last()).map(|other| other.release.id),
    };
    let same_file = base != stated_base
        && earlier
            .iter()
            .any(|other| Some(other.release.id) == base && stated.is(other));
    let release = store.listing(code_set, id)?.entries;
    let replay_on = |base: ReleaseId| -> Result<(Replay, Vec<Entry>)> {
        let rows = store.listing(code_set, base)?.entries;
        Ok((replay(&addenda, &rows, &release), rows))
    };
    let outcome = base.map(replay_on).transpose()?.map(|(outcome, _)| outcome);
    let mut fitting_bases = Vec::new();
    if let Some(outcome) = &outcome
        && !(outcome.missing.is_empty() && outcome.surplus.is_empty())
    {
        for other in earlier
            .iter()
            .filter(|other| Some(other.release.id) != base)
        {
            let (tried, _) = replay_on(other.release.id)?;
            if tried.missing.is_empty() && tried.surplus.is_empty() {
                fitting_bases.push(other.release.id);
            }
        }
    }
    Ok(Some(AddendaProof {
        stated_base,
        base,
        same_file,
        base_chosen: chosen.is_some(),
        replay: outcome,
        fitting_bases,
        is_other,
    }))
}

/// Returns the outcomes that are kept of a release.
fn outcomes(release: &ReleaseProof, today: NaiveDate) -> Vec<Proof> {
    let order_file = release.order_file.iter().map(|order_file| {
        let (outcome, detail) = if order_file.is_exact() {
            (ProofOutcome::Exact, "reproduced byte for byte")
        } else {
            let detail = if order_file.official == order_file.written {
                "its counts differ from the catalogue"
            } else {
                "the file reproduced from the database differs from the one imported"
            };
            (ProofOutcome::Failed, detail)
        };
        Proof {
            subject: ProofSubject::OrderFile,
            base: None,
            outcome,
            detail: detail.to_owned(),
            checked_on: today,
        }
    });
    let addenda = release.addenda.iter().map(|addenda| Proof {
        subject: ProofSubject::OrderAddenda,
        base: addenda.base,
        outcome: addenda.outcome(),
        detail: addenda.detail(),
        checked_on: today,
    });
    order_file.chain(addenda).collect()
}
