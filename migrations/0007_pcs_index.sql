-- The index of ICD-10-PCS: a document of kind 'pcs_index', whose items are rows of pcs_index_term.

-- Fact: a term of the index of ICD-10-PCS.
CREATE TABLE pcs_index_term (
    id INTEGER PRIMARY KEY,
    letter TEXT NOT NULL,           -- the letter or digit that it stands under
    depth INTEGER NOT NULL,         -- a main term 0
    path TEXT NOT NULL,             -- the titles from the main term to this one, terms without title left out: 'Bypass > Artery > Coronary > One Artery'
    title TEXT,                     -- its own title, verbatim; NULL for a term that only holds one of several references of the term above
    digest BLOB NOT NULL            -- of all that is stored of the term
);

-- Fact: what a term leads to, in the order of the file.
CREATE TABLE pcs_index_reference (
    term INTEGER NOT NULL REFERENCES pcs_index_term,
    position INTEGER NOT NULL,      -- from 1
    kind TEXT NOT NULL,             -- the element: 'code' (a code), 'codes' (its first 4 to 6 characters), 'tab' (a table), 'see' (another term), 'use' (the term of the tables for this word)
    wording TEXT NOT NULL,          -- the words of 'see' and 'use', verbatim; else empty
    beginning TEXT NOT NULL,        -- the code, its first characters, or the table; of 'see' and 'use' the one that they name; empty if they name none
    PRIMARY KEY (term, position)
) WITHOUT ROWID;

-- The words by which codes are found, with the paths of terms of the index of ICD-10-PCS beside those of before.
DROP VIEW searchable;
CREATE VIEW searchable AS
SELECT id AS item, long_title AS words FROM entry
WHERE NOT (length(code) = 7 AND code_set IN (SELECT id FROM code_set WHERE has_seventh_characters))
UNION ALL
SELECT id + 1099511627776, long_title FROM entry
WHERE length(code) = 7 AND code_set IN (SELECT id FROM code_set WHERE has_seventh_characters)
UNION ALL
SELECT id + 2199023255552, note FROM tabular_note WHERE kind = 'inclusionTerm'
UNION ALL
SELECT id + 3298534883328, path FROM index_term
UNION ALL
SELECT id + 4398046511104, path FROM pcs_index_term;
