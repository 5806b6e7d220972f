//! Writing what was prepared: an order file, its addenda and documents, each with what is told of it.

use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Added, Book, DifferenceKind, DocumentKind, ReleaseId, ReleasePart, StoreKind, TabularDifference,
};
use crate::source::identify::IdentifiedBy;
use crate::store::{Contents, NewAddenda, NewDocument, NewRelease, Rows, Writer};

use super::message::{DocumentPart, Order, Prepared};
use super::report::{ImportProgress, Imported, Skipped};
use super::rivals::Item;
use super::run::Run;

/// Returns an error with its file; one of the database names the database.
fn in_part(error: Error, shown: &str) -> Error {
    match error.kind() {
        ErrorKind::Store | ErrorKind::Busy => error,
        _ => error.in_file(shown),
    }
}

/// Writes what was prepared, and reports what was taken of it and what could not be.
pub(super) fn write(
    writer: &mut Writer<'_>,
    prepared: Prepared,
    run: &mut Run,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<()> {
    let Prepared {
        code_set,
        id,
        identified_by,
        order,
        addenda,
        documents,
        expanded,
        differences,
        patches,
    } = prepared;
    let today = run.options.today;
    writer.set_kind(if identified_by == IdentifiedBy::Sample {
        StoreKind::Sample
    } else {
        StoreKind::Full
    })?;
    let mut taken_now = Vec::new();
    let mut failed = Vec::new();
    let mut done = |taken: Imported| {
        progress(ImportProgress::Done {
            file: taken.file.clone(),
            release: id,
        });
        taken_now.push(taken);
    };
    let mut order_is_new = false;
    if let Some(part) = order {
        let rows = match &part.contents {
            Order::Stored => None,
            Order::Better(order, trust) => {
                let envelope = order.as_ref().map(|order| order.envelope());
                writer.replace_order_file(code_set, id, &part.file, envelope, trust, today)?;
                None
            }
            Order::SameAs(other, trust) => Some((Rows::SameAs(*other), trust)),
            Order::Parsed(order, trust) => Some((Rows::Parsed(order), trust)),
        };
        let added = match rows {
            Some((rows, trust)) => writer
                .add_release(&NewRelease {
                    code_set,
                    id,
                    identified_by: identified_by.name(),
                    trust,
                    rows,
                    file: &part.file,
                    patches: &patches,
                    today,
                })
                .map_err(|error| in_part(error, &part.shown))?,
            None if matches!(part.contents, Order::Better(..)) => Added::Better,
            None => Added::AlreadyThere,
        };
        let (rows, billable) = match &part.contents {
            Order::Parsed(order, _) => (order.rows().len() as u64, order.billable()),
            Order::Stored | Order::Better(..) | Order::SameAs(..) => writer
                .releases()?
                .into_iter()
                .map(|stored| stored.release)
                .find(|stored| stored.code_set == code_set && stored.id == id)
                .map_or((0, 0), |stored| (stored.rows, stored.billable)),
        };
        order_is_new = added == Added::New;
        done(Imported {
            file: part.shown,
            kind: ReleasePart::OrderFile,
            code_set,
            release: id,
            identified_by: identified_by.name(),
            rows,
            billable,
            added,
            notes: part.notes,
            unread: 0,
        });
    }
    let item = |kind| Item { code_set, id, kind };
    if let Some(part) = addenda {
        let addenda = &part.contents.parsed;
        let added = run.unless_rival(item(ReleasePart::OrderAddenda), || {
            writer.add_addenda(&NewAddenda {
                code_set,
                id,
                addenda,
                file: &part.file,
                today,
                is_known: part.contents.is_known,
            })
        });
        match added {
            Ok(added) => done(Imported {
                file: part.shown,
                kind: ReleasePart::OrderAddenda,
                code_set,
                release: id,
                identified_by: identified_by.name(),
                rows: addenda.rows.len() as u64,
                billable: 0,
                added,
                notes: part.notes,
                unread: 0,
            }),
            Err(error) => failed.push(in_part(error, &part.shown)),
        }
    }
    // An order file is news to a list that came before it, and the other way round.
    let mut to_compare = code_set.facts().book == Book::Tabular && order_is_new;
    for (kind, part) in documents {
        let added = run.unless_rival(item(ReleasePart::Document(kind)), || {
            if let (DocumentKind::Tabular, Some((entries, trust))) = (kind, &expanded) {
                writer.add_release(&NewRelease {
                    code_set,
                    id,
                    identified_by: identified_by.name(),
                    trust,
                    rows: Rows::Expanded(entries),
                    file: &part.file,
                    patches: &patches,
                    today,
                })?;
            }
            writer.add_document(&NewDocument {
                id,
                kind,
                contents: match &part.contents {
                    DocumentPart::Parsed(document) => Contents::Parsed(document),
                    DocumentPart::Stored => Contents::Stored,
                },
                file: &part.file,
                today,
            })
        });
        let added = match added {
            Ok(Added::Copy) => {
                run.report.left.push(Skipped {
                    file: part.shown,
                    why: format!("a copy, row for row, of the {} of {id}", kind.label()),
                });
                continue;
            }
            Ok(added) => added,
            Err(error) => {
                failed.push(in_part(error, &part.shown));
                continue;
            }
        };
        to_compare |= kind == DocumentKind::Tabular && added == Added::New;
        let items = writer.document_items(id, kind)?;
        let unread = writer.document_unread(id, kind)?;
        let mut notes = part.notes;
        notes.extend(unread.describe());
        done(Imported {
            file: part.shown,
            kind: ReleasePart::Document(kind),
            code_set,
            release: id,
            identified_by: identified_by.name(),
            rows: items,
            billable: 0,
            added,
            notes,
            unread: unread.count(),
        });
    }
    run.report.taken.append(&mut taken_now);
    // Of an attempt that is not stored, with all or nothing, what failed is no end.
    if !run.rivals.is_empty() {
        return Ok(());
    }
    for error in failed {
        run.failed(error)?;
    }
    if to_compare {
        let found = writer.keep_differences(id, differences)?;
        if let Some(note) = differences_note(id, &found)
            && let Some(taken) = run.report.taken.last_mut()
        {
            taken.notes.push(note);
        }
    }
    Ok(())
}

/// Returns in how much the tabular list of a release differs from its order file, if it does.
fn differences_note(id: ReleaseId, found: &[TabularDifference]) -> Option<String> {
    let count = |wanted: &dyn Fn(DifferenceKind) -> bool| {
        found.iter().filter(|found| wanted(found.kind)).count()
    };
    let codes = count(&DifferenceKind::is_of_codes);
    let titles = count(&|kind| kind == DifferenceKind::Title);
    let accents = count(&|kind| kind == DifferenceKind::Accents);
    (!found.is_empty()).then(|| {
        format!(
            "the tabular list of {id} gives the rows of its order file but for {codes} codes and {titles} titles; {accents} more titles differ in accents only"
        )
    })
}
