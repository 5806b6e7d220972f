-- The core of codeyear: official releases as facts, and what is derived from them.
--
-- Facts are written once, when a release is imported, and never changed. Derived tables are rebuilt
-- or amended in the import's own transaction; `codeyear verify` proves that they equal the facts.

-- What kind of file this is.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,   -- 'kind'
    value TEXT NOT NULL     -- kind: 'full', or 'sample' for the bundled sample, which never mixes with full releases
) WITHOUT ROWID;

-- The code sets.
CREATE TABLE code_set (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,      -- 'icd10cm', 'icd10pcs'
    title TEXT NOT NULL,            -- 'ICD-10-CM'
    in_force_from TEXT NOT NULL     -- first day on which HIPAA transactions had to use it, ISO date
);

-- Fact: a release, or a revision of one. The newest revision answers.
CREATE TABLE release (
    id INTEGER PRIMARY KEY,
    code_set INTEGER NOT NULL REFERENCES code_set,
    name TEXT NOT NULL,             -- 'FY2026', 'FY2022-04', 'FY2022-04-errata'
    edition TEXT NOT NULL,          -- the name without its revision: 'FY2022-04'
    revision INTEGER NOT NULL,      -- 0 as first posted, 1 for '-errata', ...
    effective_from TEXT NOT NULL,   -- first day, ISO date
    listing INTEGER NOT NULL,       -- number of its listing; releases with the same order file share one
    row_count INTEGER NOT NULL,     -- rows of the order file
    billable_count INTEGER NOT NULL, -- rows with flag 1
    identified_by TEXT NOT NULL,    -- how the release was told: 'hash', 'archive', 'name', 'statement', 'sample'
    UNIQUE (code_set, name)
);

-- Fact: an official file that was imported.
CREATE TABLE source_file (
    id INTEGER PRIMARY KEY,
    release INTEGER NOT NULL REFERENCES release,
    kind TEXT NOT NULL,             -- 'order_file' or 'order_addenda'
    name TEXT NOT NULL,             -- its name as published, with its folder within the archive
    archive TEXT,                   -- the archive that it was in
    archive_sha256 TEXT,            -- SHA-256 of that archive
    url TEXT,                       -- official address of that archive, where the catalogue knows it
    sha256 TEXT NOT NULL,           -- SHA-256 of the file
    bytes INTEGER NOT NULL,         -- its size
    line_ending TEXT,               -- of an order file: 'crlf' or 'lf'
    imported_on TEXT NOT NULL,      -- day of the import, ISO date
    UNIQUE (release, kind)
);

-- Fact: what some release says of a code; each distinct combination once, however many releases say it.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    code_set INTEGER NOT NULL REFERENCES code_set,
    code TEXT NOT NULL,             -- without dot, upper case
    billable INTEGER NOT NULL,      -- 1: valid for submission for HIPAA-covered transactions; 0: header
    short_title TEXT NOT NULL,      -- verbatim, without its padding; a few begin with a blank
    long_title TEXT NOT NULL        -- verbatim; some hold double blanks, two end with a blank
);

CREATE INDEX entry_by_code ON entry (code_set, code);

-- Fact: which entries a release lists, in tabular order, as runs: entries first_entry,
-- first_entry + 1, ... stand at positions position, position + 1, ... The view `listing` gives rows.
CREATE TABLE listing_run (
    listing INTEGER NOT NULL,       -- number of the listing, as in release
    first_entry INTEGER NOT NULL REFERENCES entry,
    position INTEGER NOT NULL,      -- order number (and line) of the first entry of the run, from 1
    length INTEGER NOT NULL,        -- number of rows
    PRIMARY KEY (listing, first_entry)
) WITHOUT ROWID;

-- Fact: an entry that no order file tells, from the catalogue, with its citation.
CREATE TABLE patch (
    release INTEGER NOT NULL REFERENCES release, -- the release in whose time it falls
    effective_from TEXT NOT NULL,   -- first day, ISO date
    entry INTEGER NOT NULL REFERENCES entry,
    citation TEXT NOT NULL,         -- the official document that says so
    PRIMARY KEY (release, effective_from, entry)
) WITHOUT ROWID;

-- Fact: the lines of an order addenda.
CREATE TABLE addenda_row (
    source_file INTEGER NOT NULL REFERENCES source_file,
    line INTEGER NOT NULL,          -- line in the file, from 1
    action TEXT NOT NULL,           -- 'add', 'delete', 'revise-from', 'revise-to'
    code TEXT NOT NULL,
    billable INTEGER NOT NULL,      -- ICD-10-PCS addenda carry no flag: 3 characters 0, 7 characters 1
    short_title TEXT NOT NULL,
    long_title TEXT NOT NULL,
    PRIMARY KEY (source_file, line)
) WITHOUT ROWID;

-- Fact: the footer of an order addenda, as it stands.
CREATE TABLE addenda_footer (
    source_file INTEGER NOT NULL REFERENCES source_file,
    block TEXT NOT NULL,            -- 'headers' or 'codes'
    old_rows INTEGER NOT NULL,      -- rows of the base
    old_file TEXT NOT NULL,         -- name of the base's order file
    new_rows INTEGER NOT NULL,      -- rows of the release
    new_file TEXT NOT NULL,         -- name of the release's order file
    additions INTEGER NOT NULL,
    deletions INTEGER NOT NULL,
    revisions INTEGER NOT NULL,
    both_titles INTEGER NOT NULL,   -- revisions of both titles
    long_only INTEGER NOT NULL,     -- revisions of the long title only
    short_only INTEGER NOT NULL,    -- revisions of the short title only
    PRIMARY KEY (source_file, block)
) WITHOUT ROWID;

-- The outcome of the last `codeyear verify` for a release.
CREATE TABLE proof (
    release INTEGER NOT NULL REFERENCES release,
    subject TEXT NOT NULL,          -- 'order_file' (written back and hashed) or 'order_addenda' (replayed on its base)
    base TEXT,                      -- the release that the addenda was replayed on
    outcome TEXT NOT NULL,          -- 'exact', 'near', 'failed', 'not-checked'
    detail TEXT NOT NULL,           -- in words
    checked_on TEXT NOT NULL,       -- ISO date
    PRIMARY KEY (release, subject)
) WITHOUT ROWID;

-- Derived: the days that each release governs; of several revisions the newest has them.
CREATE TABLE period (
    code_set INTEGER NOT NULL REFERENCES code_set,
    governs_from TEXT NOT NULL,     -- first day
    governs_until TEXT NOT NULL,    -- day after the last one
    release INTEGER NOT NULL REFERENCES release,
    PRIMARY KEY (code_set, governs_from)
) WITHOUT ROWID;

-- Derived: stretches of days without a gap.
CREATE TABLE coverage (
    code_set INTEGER NOT NULL REFERENCES code_set,
    covered_from TEXT NOT NULL,     -- first day
    covered_until TEXT NOT NULL,    -- day after the last one
    PRIMARY KEY (code_set, covered_from)
) WITHOUT ROWID;

-- Derived: from the first day of the first loaded release that lists a code with an entry to the first
-- day of the first later loaded release that does not. Days within it that no loaded release governs
-- are not known: the views code_history and code_on leave them out, so ask those.
CREATE TABLE span (
    code_set INTEGER NOT NULL REFERENCES code_set,
    code TEXT NOT NULL,
    listed_from TEXT NOT NULL,      -- ISO date
    delisted_from TEXT,             -- ISO date; NULL while the newest loaded release lists it
    entry INTEGER NOT NULL REFERENCES entry,
    PRIMARY KEY (code_set, code, listed_from)
) WITHOUT ROWID;

-- The rows of each release's order file.
CREATE VIEW listing AS
SELECT code_set.name AS code_set, release.name AS release,
       run.position + entry.id - run.first_entry AS position,
       entry.id AS entry, entry.code, entry.billable, entry.short_title, entry.long_title
FROM listing_run AS run
JOIN release ON release.listing = run.listing
JOIN code_set ON code_set.id = release.code_set
JOIN entry ON entry.id BETWEEN run.first_entry AND run.first_entry + run.length - 1;

-- What a code meant when: one row for each stretch of days with the same entry, valid_to exclusive.
-- Days before the code set was in force and days that no loaded release governs are left out.
CREATE VIEW code_history AS
SELECT code_set.name AS code_set, span.code, entry.billable, entry.short_title, entry.long_title,
       max(span.listed_from, coverage.covered_from, code_set.in_force_from) AS valid_from,
       min(coalesce(span.delisted_from, coverage.covered_until), coverage.covered_until) AS valid_to
FROM span
JOIN code_set ON code_set.id = span.code_set
JOIN entry ON entry.id = span.entry
JOIN coverage ON coverage.code_set = span.code_set
    AND coverage.covered_from < coalesce(span.delisted_from, '9999-12-31')
    AND coverage.covered_until > span.listed_from
    AND coverage.covered_until > code_set.in_force_from
WHERE coalesce(span.delisted_from, '9999-12-31') > code_set.in_force_from;

-- What each release says of a code on the days that it governs, valid_to exclusive. Ask it for a day:
--   SELECT * FROM code_on WHERE code = 'C7B' AND '2026-03-01' >= valid_from AND '2026-03-01' < valid_to
CREATE VIEW code_on AS
SELECT code_set.name AS code_set, span.code, release.name AS release,
       entry.billable, entry.short_title, entry.long_title,
       max(span.listed_from, period.governs_from, code_set.in_force_from) AS valid_from,
       min(coalesce(span.delisted_from, period.governs_until), period.governs_until) AS valid_to
FROM span
JOIN code_set ON code_set.id = span.code_set
JOIN entry ON entry.id = span.entry
JOIN period ON period.code_set = span.code_set
    AND period.governs_from < coalesce(span.delisted_from, '9999-12-31')
    AND period.governs_until > span.listed_from
    AND period.governs_until > code_set.in_force_from
JOIN release ON release.id = period.release
WHERE coalesce(span.delisted_from, '9999-12-31') > code_set.in_force_from;

INSERT INTO code_set (id, name, title, in_force_from) VALUES
    (1, 'icd10cm', 'ICD-10-CM', '2015-10-01'),
    (2, 'icd10pcs', 'ICD-10-PCS', '2015-10-01');
