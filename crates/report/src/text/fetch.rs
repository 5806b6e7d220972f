//! What was fetched, and what publishers have posted, as text.

use std::path::Path;

use super::{import, line};
use crate::{Style, counted, grouped};
use codeyear_core::error::printable;
use codeyear_core::model::ReleasePart;
use codeyear_fetch::{
    Attempt, CheckedRelease, FetchProblem, FetchReport, FetchedFile, FileOutcome, Known,
    NotFetched, shown_address,
};

/// Writes what a fetch did, release by release. What was imported is reported as an import is.
pub fn fetch(reports: &[FetchReport], folder: &Path, dry_run: bool, style: Style) -> String {
    let mut out = String::new();
    for report in reports {
        let fetched = &report.fetched;
        let heading = format!("{} {}", fetched.code_set.name(), fetched.id);
        line(&mut out, 0, &style.bold(&heading));
        for file in &fetched.files {
            file_lines(&mut out, file, style);
        }
        let left = fetched.left.iter().map(|(_, reason)| reason);
        let is_left = |wanted| left.clone().any(|reason| *reason == wanted);
        for attempt in &fetched.attempts {
            // That another address has what this one lacks is no news.
            let is_news = !matches!(attempt.problem, FetchProblem::NotThere(_));
            if is_news || is_left(NotFetched::Failed) {
                attempt_lines(&mut out, attempt, style);
            }
        }
        for reason in [
            NotFetched::Failed,
            NotFetched::NoKnownHash,
            NotFetched::NoAddress,
        ] {
            let pieces: Vec<ReleasePart> = fetched
                .left
                .iter()
                .filter(|(_, one)| *one == reason)
                .map(|(piece, _)| *piece)
                .collect();
            if !pieces.is_empty() {
                left_lines(&mut out, report, &pieces, reason, style);
            }
        }
        if let Some(imported) = &report.imported {
            for text in import(imported, style).lines() {
                line(&mut out, 2, text);
            }
        }
        let others: Vec<String> = report.others().map(|id| id.to_string()).collect();
        if !others.is_empty() {
            let note = format!(
                "{} received {} instead of {}",
                style.bad("another release:"),
                others.join(", "),
                fetched.id
            );
            line(&mut out, 2, &note);
        }
    }
    line(&mut out, 0, &summary(reports, folder, dry_run));
    out
}

fn file_lines(out: &mut String, file: &FetchedFile, style: Style) {
    let what = match file.outcome {
        FileOutcome::Fetched => "fetched",
        FileOutcome::AlreadyThere => "already there:",
        FileOutcome::Planned => "would fetch",
    };
    let bytes = file.bytes.map_or("unknown size".to_owned(), |bytes| {
        format!("{} bytes", grouped(bytes))
    });
    let hash = match (file.source.known, file.outcome) {
        (Known::InHand, FileOutcome::Planned) => "SHA-256 known",
        (Known::InHand, _) => "SHA-256 matches",
        (Known::ByOthers, FileOutcome::Planned) => "SHA-256 known (hash by others)",
        (Known::ByOthers, _) => "SHA-256 matches (hash by others)",
        (Known::EachFile, FileOutcome::Planned) => "SHA-256 of each file known",
        (Known::EachFile, _) => "SHA-256 of each file matches",
        (Known::NoHash, _) => "unverified: no known hash",
        (Known::Guess, _) => "unverified: no known hash, and the address is a guess",
    };
    let name = printable(&file.source.file);
    line(out, 2, &format!("{what} {name}  {bytes}, {hash}"));
    let holds = match file.source.pieces.as_slice() {
        [] => "nothing that can be imported".to_owned(),
        pieces => labels(pieces),
    };
    let from = format!("{holds}; {}", printable(&shown_address(&file.url)));
    line(out, 4, &style.dim(&from));
    if let (Some(there), Some(expected)) = (file.bytes, file.source.bytes)
        && there != expected
    {
        let note = format!("note: the catalogue says {} bytes", grouped(expected));
        line(out, 4, &note);
    }
}

fn attempt_lines(out: &mut String, attempt: &Attempt, style: Style) {
    let url = printable(&shown_address(&attempt.url));
    let why = printable(&attempt.problem.to_string());
    line(out, 2, &format!("{} {url}: {why}", style.bad("failed:")));
    // What helps against many failures alike is said once.
    if let Some(hint) = attempt.problem.hint()
        && !out.contains(hint)
    {
        line(out, 4, &format!("hint: {hint}"));
    }
}

fn left_lines(
    out: &mut String,
    report: &FetchReport,
    pieces: &[ReleasePart],
    reason: NotFetched,
    style: Style,
) {
    let why = match reason {
        NotFetched::Failed => "not found at any address",
        NotFetched::NoKnownHash => "no address with a known hash",
        NotFetched::NoAddress => "no address is known",
    };
    let hint = match reason {
        NotFetched::Failed => None,
        NotFetched::NoKnownHash if report.fetched.in_catalogue => {
            Some("--unverified accepts files whose hash is not known")
        }
        NotFetched::NoKnownHash => Some(
            "this release is not in the catalogue: --check looks at likely addresses, --unverified fetches it from there",
        ),
        NotFetched::NoAddress => {
            Some("download it from the publisher and import it with codeyear import")
        }
    };
    let what = labels(pieces);
    line(
        out,
        2,
        &format!("{} {what}: {why}", style.bad("not fetched:")),
    );
    if let Some(hint) = hint {
        line(out, 4, &format!("hint: {hint}"));
    }
}

fn labels(pieces: &[ReleasePart]) -> String {
    let labels: Vec<&str> = pieces.iter().map(|piece| piece.label()).collect();
    labels.join(", ")
}

/// Returns how many files and bytes would be fetched, and how many files have no known hash to be fetched by.
pub fn fetch_plan(planned: &[FetchReport]) -> String {
    let files = planned.iter().flat_map(|report| &report.fetched.files);
    let sizes: Vec<Option<u64>> = files.map(|file| file.bytes).collect();
    let mut left = planned.iter().flat_map(|report| &report.fetched.left);
    let releases = planned
        .iter()
        .filter(|report| !report.fetched.files.is_empty());
    let plan = format!(
        "{} of {}",
        files_and_bytes(&sizes),
        counted(releases.count() as u64, "release")
    );
    match left.any(|(_, reason)| *reason == NotFetched::NoKnownHash) {
        true => format!("{plan}; --unverified adds those whose hash is not known"),
        false => plan,
    }
}

/// Returns the number of files and their bytes, of which some may be unknown.
fn files_and_bytes(sizes: &[Option<u64>]) -> String {
    let bytes = grouped(sizes.iter().flatten().sum());
    let unknown = sizes.iter().filter(|size| size.is_none()).count();
    let beyond = match unknown {
        0 => String::new(),
        unknown => format!(" and {} of unknown size", counted(unknown as u64, "file")),
    };
    format!(
        "{} ({bytes} bytes{beyond})",
        counted(sizes.len() as u64, "file")
    )
}

fn summary(reports: &[FetchReport], folder: &Path, dry_run: bool) -> String {
    let files: Vec<&FetchedFile> = reports
        .iter()
        .flat_map(|report| &report.fetched.files)
        .collect();
    let of = |outcome| -> Vec<Option<u64>> {
        let files = files.iter().filter(|file| file.outcome == outcome);
        files.map(|file| file.bytes).collect()
    };
    if reports.is_empty() {
        return "nothing is missing".to_owned();
    }
    if dry_run {
        return format!(
            "dry run: {} would be fetched",
            files_and_bytes(&of(FileOutcome::Planned))
        );
    }
    let fetched = files_and_bytes(&of(FileOutcome::Fetched));
    let there = match of(FileOutcome::AlreadyThere).as_slice() {
        [] => String::new(),
        there => format!(", {} already there", files_and_bytes(there)),
    };
    format!("{fetched} fetched{there}; kept in {}", folder.display())
}

/// Writes what the publishers have posted of the releases that were looked for.
pub fn posted(checked: &[CheckedRelease], style: Style) -> String {
    let mut out = String::new();
    for one in checked {
        let name = style.bold(&format!("{} {}", one.code_set.name(), one.id));
        let addresses = |count: usize| match count {
            1 => "1 address".to_owned(),
            count => format!("{count} addresses"),
        };
        let asked = one.posted.len() + one.not_there + one.untold.len();
        let found = match (one.posted.len(), one.untold.len()) {
            (0, 0) => format!("not posted at any of {}", addresses(asked)),
            (0, untold) => format!(
                "not determined: {} of {asked} did not answer",
                addresses(untold)
            ),
            (posted, _) => format!("posted: {}", addresses(posted)),
        };
        line(&mut out, 0, &format!("{name}  {found}"));
        for posted in &one.posted {
            let bytes = posted
                .bytes
                .map_or(String::new(), |bytes| format!(", {} bytes", grouped(bytes)));
            let what = labels(&posted.source.pieces);
            let url = printable(&shown_address(&posted.url));
            line(
                &mut out,
                2,
                &format!("{url}  {}", style.dim(&format!("({what}{bytes})"))),
            );
        }
        for attempt in &one.untold {
            attempt_lines(&mut out, attempt, style);
        }
        if !one.posted.is_empty() {
            line(
                &mut out,
                2,
                &format!("hint: codeyear fetch {} --unverified", one.id),
            );
        }
    }
    out
}
