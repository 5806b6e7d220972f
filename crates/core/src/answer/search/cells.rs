//! Tables within the index, of drugs and of neoplasms: a row and a column together say what is meant, as in
//! Acetaminophen, Poisoning, Intentional self-harm.

use super::{NESTED_TERM, Place, Query};
use crate::error::Result;
use crate::model::{Code, DocumentKind, IndexKind, StoredDocument};
use crate::store::{FoundItem, Words};

/// What a row says beyond what was asked for is of another substance.
const ANOTHER_ROW: f64 = 0.4;

/// An index that is a table, with the headings of its columns.
type Table<'d> = (&'d StoredDocument, Vec<(u32, String)>);

impl Query<'_> {
    /// Adds the codes of cells whose row and column have all that was asked for. In part: the row has one of the things
    /// asked for and the column others, and the rest is left out.
    pub(super) fn add_cells(&mut self, core: u32, in_part: bool) -> Result<()> {
        let index = DocumentKind::Index(IndexKind::Diseases);
        if !self.timeline.code_set().has(index) {
            return Ok(());
        }
        let mut tables: Vec<Table<'_>> = Vec::new();
        for document in &self.documents.indexes {
            let headings = self.store.headings(document)?;
            if !headings.is_empty() {
                tables.push((document, headings));
            }
        }
        let mut found: Vec<(Code, f64, u32, Place)> = Vec::new();
        let mut asked = self.rows_asked(core, &tables);
        if in_part {
            let bits = (0..u32::BITS).map(|at| 1 << at);
            asked = bits
                .filter(|bit| asked.iter().any(|rows| rows & bit != 0))
                .collect();
        }
        for rows in asked {
            let Some(query) = self.query(rows, false) else {
                continue;
            };
            let terms = self.store.search_items(
                self.timeline.code_set(),
                &query,
                Words::Terms,
                self.rows,
                &|_| false,
            )?;
            for item in terms {
                let FoundItem::Index {
                    term,
                    code,
                    path,
                    cell: cell @ 1..,
                    ..
                } = item
                else {
                    continue;
                };
                if self.weigh(&path).extra > ANOTHER_ROW {
                    continue;
                }
                let table = self.store.first_with(&self.documents.indexes, term)?;
                let headings = tables.iter().find(|(document, _)| Some(*document) == table);
                let heading = headings.and_then(|(_, all)| all.iter().find(|(at, _)| *at == cell));
                let Some((_, heading)) = heading else {
                    continue;
                };
                let path = format!("{path} > {heading}");
                let weighed = self.weigh(&path);
                let is_both = weighed.lacks & rows == 0 && core & !weighed.lacks != rows;
                if is_both && (in_part || weighed.lacks & core == 0) {
                    let score = weighed.score + NESTED_TERM;
                    found.push((code, score, weighed.lacks, Place::Index { term, path }));
                }
            }
        }
        for (code, score, lacks, place) in found {
            self.note(&code, score, lacks, place);
        }
        Ok(())
    }

    /// Lists which concepts a row has to have where a column has the others.
    fn rows_asked(&self, core: u32, tables: &[Table<'_>]) -> Vec<u32> {
        let mut rows: Vec<u32> = Vec::new();
        for (_, heading) in tables.iter().flat_map(|(_, headings)| headings) {
            let lacks = self.weigh(heading).lacks & core;
            if lacks != 0 && lacks != core && !rows.contains(&lacks) {
                rows.push(lacks);
            }
        }
        rows
    }
}
