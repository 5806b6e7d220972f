//! What was found, in its order, with the documents that say so.

use super::asked::ConceptKind;
use super::{Candidate, Place, Query};
use crate::error::Result;
use crate::model::{Code, DocumentKind, FoundEntry, FoundIn, IndexKind, StoredDocument};

impl Query<'_> {
    /// Lists the stored documents of some kinds, those nearest in time to the release in force first.
    pub(super) fn nearest_first(&self, kinds: &[DocumentKind]) -> Result<Vec<StoredDocument>> {
        let mut documents = Vec::new();
        for kind in kinds {
            documents.extend(self.store.documents(*kind)?);
        }
        documents.sort_by_key(|document| document.release.days_from(self.release));
        Ok(documents)
    }

    /// Lists what was found, the best first.
    pub(super) fn order(&self) -> Vec<Code> {
        let mut ranked: Vec<(&Code, &Candidate)> = self.found.iter().collect();
        ranked.sort_by(|(a_code, a), (b_code, b)| {
            a.score
                .total_cmp(&b.score)
                .then(a.position.cmp(&b.position))
                .then(a_code.cmp(b_code))
        });
        ranked.into_iter().map(|(code, _)| *code).collect()
    }

    pub(super) fn ranked(mut self) -> Result<Vec<FoundEntry>> {
        let tabular = self.nearest_first(&[DocumentKind::Tabular])?;
        let indexes = self.nearest_first(&IndexKind::ALL.map(DocumentKind::Index))?;
        let tables = self.nearest_first(&[DocumentKind::ConversionTable])?;
        let mut order = self.order();
        order.truncate(self.options.most);
        let mut found = Vec::with_capacity(order.len());
        for code in order {
            let Some(candidate) = self.found.remove(&code) else {
                continue;
            };
            let found_in = match candidate.found_in {
                Place::Code => FoundIn::Code,
                Place::Title => FoundIn::Title,
                Place::Below(header) => FoundIn::Below { header },
                Place::InclusionTerm { node, term } => {
                    match self.store.first_with(&tabular, node)? {
                        Some(document) => FoundIn::InclusionTerm {
                            term,
                            release: document.release,
                        },
                        None => FoundIn::Title,
                    }
                }
                Place::Index { term, path } => match self.store.first_with(&indexes, term)? {
                    Some(StoredDocument {
                        kind: DocumentKind::Index(kind),
                        release,
                        ..
                    }) => FoundIn::Index {
                        kind: *kind,
                        path,
                        release: *release,
                    },
                    _ => FoundIn::Title,
                },
                Place::NewerCode { of, from, item } => {
                    match self.store.first_with(&tables, item)? {
                        Some(table) => FoundIn::NewerCode {
                            of,
                            from,
                            release: table.release,
                            row: self.store.row_of(table, item)?.unwrap_or_default() as u32,
                        },
                        None => FoundIn::Title,
                    }
                }
            };
            let concepts = self.concepts.iter().enumerate();
            let left_out = concepts
                .filter(|(at, concept)| {
                    concept.kind == ConceptKind::Core && candidate.lacks & (1 << at) != 0
                })
                .map(|(_, concept)| concept.typed.clone())
                .collect();
            found.push(FoundEntry {
                code,
                entry: candidate.entry,
                standing: candidate.standing,
                found_in,
                left_out,
            });
        }
        Ok(found)
    }
}
