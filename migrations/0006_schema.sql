-- The schema: official releases as facts, and what is derived from them.
--
-- Facts are written once, when a release is imported, and never changed. Derived tables are rebuilt
-- or amended in the import's own transaction; `codeyear verify` proves that they equal the facts.

-- What kind of file this is.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,   -- 'kind'
    value TEXT NOT NULL     -- kind: 'full', or 'sample' for the bundled sample, which never mixes with full releases
) WITHOUT ROWID;

-- The code sets, as the program that made the file knows them; a later one adds those that are new.
CREATE TABLE code_set (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,      -- 'icd10cm', 'icd10pcs'
    title TEXT NOT NULL,            -- 'ICD-10-CM'
    in_force_from TEXT NOT NULL,    -- first day on which HIPAA transactions had to use it, ISO date
    has_seventh_characters INTEGER NOT NULL -- 1: most titles of its codes of 7 characters repeat that of the code above
);

-- Fact: a release, or a revision of one. The newest revision answers.
CREATE TABLE release (
    id INTEGER PRIMARY KEY,
    code_set INTEGER NOT NULL REFERENCES code_set,
    name TEXT NOT NULL,             -- 'FY2026', 'FY2022-04', 'FY2022-04-errata', '2026-07'
    edition TEXT NOT NULL,          -- the name without its revision: 'FY2022-04'
    revision INTEGER NOT NULL,      -- 0 as first posted, 1 for '-errata', ...
    effective_from TEXT NOT NULL,   -- first day, ISO date
    listing INTEGER NOT NULL,       -- number of its listing; releases with the same order file share one
    row_count INTEGER NOT NULL,     -- rows of the order file
    billable_count INTEGER NOT NULL, -- rows with flag 1
    identified_by TEXT NOT NULL,    -- how the release was told: 'hash', 'archive', 'name', 'statement', 'sample'
    -- What its rows come from: 'order_file', or 'tabular' where it has none and its tabular list was expanded by the
    -- rule of 7th characters. When its order file comes, the rows are those of the order file; the entries that the
    -- list gave stay in `entry`, listed by no release.
    listed_by TEXT NOT NULL DEFAULT 'order_file',
    -- SHA-256 over the rows in tabular order, each as code, flag, short title and long title, without trailing blanks,
    -- parted by tabs and ended by a line feed: the same contents in other bytes have the same. Where rows name the
    -- first and the last valid day, these stand before the titles.
    rows_sha256 TEXT NOT NULL DEFAULT '',
    -- How well the bytes of the file that its rows come from are known: 'official', 'rebuilt' (from the release before
    -- it and the official addenda; it has the official hash), 'derived' (from a neighbouring release; the official
    -- bytes may differ), 'same-rows' (the rows of the official file, in other bytes), 'unlisted' (the catalogue does
    -- not know these rows), 'sample'.
    provenance TEXT NOT NULL DEFAULT 'unlisted',
    -- Why the release is a part only, taken on purpose with --allow-incomplete; NULL for a whole one.
    incomplete TEXT,
    -- What speaks against this being the release that the user stated, who insisted with --force; else NULL.
    forced TEXT,
    UNIQUE (code_set, name)
);

-- Fact: an official file that was imported.
CREATE TABLE source_file (
    id INTEGER PRIMARY KEY,
    release INTEGER NOT NULL REFERENCES release,
    kind TEXT NOT NULL,             -- 'order_file', 'order_addenda', or the kind of its document
    name TEXT NOT NULL,             -- its name as published, with its folder within the archive
    archive TEXT,                   -- the archive that it was in
    archive_sha256 TEXT,            -- SHA-256 of that archive
    url TEXT,                       -- official address of that archive, where the catalogue knows it
    sha256 TEXT NOT NULL,           -- SHA-256 of the file
    bytes INTEGER NOT NULL,         -- its size
    line_ending TEXT,               -- of an order file: 'crlf' or 'lf'
    imported_on TEXT NOT NULL,      -- day of the import, ISO date
    document INTEGER REFERENCES document, -- the document with its contents; NULL for order files and order addenda
    -- What stands around the rows of an order file, so that it is written back byte for byte: a byte order mark before
    -- them, and all that follows the last row's long title ('\r\n' in official files).
    byte_order_mark INTEGER NOT NULL DEFAULT 0,
    tail TEXT,
    -- How the rows after the 99,999th are numbered, in a file that has so many: 'six_digits', 'again_from_0' or
    -- 'again_from_1'; else 'five_columns'.
    numbering TEXT,
    UNIQUE (release, kind)
);

-- Fact: what some release says of a code; each distinct combination once, however many releases say it.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    code_set INTEGER NOT NULL REFERENCES code_set,
    code TEXT NOT NULL,             -- without dot, upper case
    billable INTEGER NOT NULL,      -- 1: valid for submission for HIPAA-covered transactions; 0: header
    short_title TEXT NOT NULL,      -- verbatim, without its padding; a few begin with a blank
    long_title TEXT NOT NULL,       -- verbatim; some hold double blanks, two end with a blank
    first_day TEXT,                 -- first valid day, ISO date, where rows name it; else NULL
    last_day TEXT                   -- last valid day, itself valid, where a row names one; else NULL
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

-- Derived: from the first day of the first loaded release that lists a code with an entry to the first day of the first
-- later loaded release that does not; where rows name their days, the days that the newest of them names. Days within it
-- that no loaded release governs are not known: the views code_history and code_on leave them out, so ask those.
CREATE TABLE span (
    code_set INTEGER NOT NULL REFERENCES code_set,
    code TEXT NOT NULL,
    listed_from TEXT NOT NULL,      -- ISO date
    delisted_from TEXT,             -- ISO date; NULL while the newest loaded release lists it
    entry INTEGER NOT NULL REFERENCES entry,
    PRIMARY KEY (code_set, code, listed_from)
) WITHOUT ROWID;

-- Derived: what ten million questions are answered from: the spans of a code set once more, in a form that is read at one
-- go. `codeyear verify` proves that it equals the spans.
CREATE TABLE lives (
    code_set INTEGER PRIMARY KEY REFERENCES code_set,
    bytes BLOB NOT NULL             -- each code with its stretches of listing; the layout is in crates/core/src/store/histories.rs
);

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

-- The book around the codes: the tabular list, indexes, conversion tables, lists of codes exempt from
-- present-on-admission reporting, the tables of ICD-10-PCS, and the words to find codes by.
--
-- A file of these kinds is a document: an ordered list of items. An item is stored once, however many
-- documents hold it; a document is runs of consecutive items, as a listing is runs of entries. Releases
-- with the same file share its document.

-- Fact: the contents of a file, whatever releases it was published with.
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,             -- 'tabular', 'index', 'external_cause_index', 'drug_table', 'neoplasm_table', 'conversion_table', 'poa_exempt_list', 'pcs_tables', 'pcs_definitions'
    sha256 TEXT NOT NULL,           -- SHA-256 of the file
    version TEXT NOT NULL,          -- what the file says of itself: a bare year, the title of a sheet; never a release
    title TEXT NOT NULL,            -- its title, its heading, or the headings of its columns; may be empty
    item_count INTEGER NOT NULL,    -- number of its items
    unread_beyond INTEGER NOT NULL DEFAULT 0, -- how many more things it has than document_unread keeps: 10,000 and a megabyte at most
    UNIQUE (kind, sha256)
);

-- Fact: the items of a document, as runs: items first_item, first_item + 1, ... stand at positions
-- position, position + 1, ... An item is a row of the table that belongs to the document's kind.
CREATE TABLE document_run (
    document INTEGER NOT NULL REFERENCES document,
    first_item INTEGER NOT NULL,
    position INTEGER NOT NULL,      -- position of the first item of the run, from 1
    length INTEGER NOT NULL,        -- number of items
    PRIMARY KEY (document, first_item)
) WITHOUT ROWID;

-- Fact: a node of a tabular list with all that stands in it, but for what stands below it.
CREATE TABLE tabular_node (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,             -- 'introduction', 'chapter', 'block', 'code'
    name TEXT NOT NULL,             -- chapter number, block id, or code without dot
    parent TEXT NOT NULL,           -- name of the node that it stands below; empty for chapters
    title TEXT NOT NULL,            -- verbatim, with accents
    depth INTEGER NOT NULL,         -- a chapter 0, a block 1, a category 2
    placeholder INTEGER NOT NULL,   -- 1: a level made only to carry the placeholder X
    digest BLOB NOT NULL            -- of all that is stored of the node
);
CREATE INDEX tabular_node_by_name ON tabular_node (name);
CREATE INDEX tabular_block ON tabular_node (parent) WHERE kind = 'block';
CREATE INDEX tabular_category ON tabular_node (parent) WHERE kind = 'code' AND depth = 2;

-- Fact: the notes of a node, verbatim.
CREATE TABLE tabular_note (
    id INTEGER PRIMARY KEY,
    node INTEGER NOT NULL REFERENCES tabular_node,
    note_group INTEGER NOT NULL,    -- notes that stand together in one element, from 1
    kind TEXT NOT NULL,             -- the element: 'inclusionTerm', 'includes', 'excludes1', 'excludes2', 'codeFirst', 'useAdditionalCode', 'codeAlso', 'notes', 'sevenChrNote'
    note TEXT NOT NULL              -- verbatim; a first note that ends with a colon heads a list
);
CREATE INDEX tabular_note_by_node ON tabular_note (node);

-- Fact: the 7th characters that a node defines for itself and what stands below it.
CREATE TABLE seventh_character (
    node INTEGER NOT NULL REFERENCES tabular_node,
    position INTEGER NOT NULL,      -- from 1
    character TEXT NOT NULL,
    meaning TEXT NOT NULL,
    continues INTEGER NOT NULL,     -- 1: continues the meaning of the same character, in the row before it
    PRIMARY KEY (node, position)
) WITHOUT ROWID;

-- Fact: the table of visual impairment under H54.8, verbatim.
CREATE TABLE visual_impairment (
    node INTEGER NOT NULL REFERENCES tabular_node,
    line INTEGER NOT NULL,          -- row of the table, from 1; the first one holds headings
    scale INTEGER NOT NULL,         -- the scale of visual acuity, from 1; 0 if the row has none
    category TEXT NOT NULL,         -- category of visual impairment
    heading TEXT NOT NULL,          -- heading of the scales, in the first row
    less_than TEXT NOT NULL,        -- "maximum less than"
    at_least TEXT NOT NULL,         -- "minimum equal to or better than"
    PRIMARY KEY (node, line, scale)
) WITHOUT ROWID;

-- Fact: the blocks that a chapter's own index of blocks names.
CREATE TABLE block_reference (
    node INTEGER NOT NULL REFERENCES tabular_node, -- the chapter
    position INTEGER NOT NULL,      -- from 1
    first TEXT NOT NULL,            -- first category
    last TEXT NOT NULL,             -- last category
    block TEXT NOT NULL,            -- the block's id
    title TEXT NOT NULL,            -- the block's title as the index has it, blanks folded
    PRIMARY KEY (node, position)
) WITHOUT ROWID;

-- Derived: how the tabular list of a release, expanded, differs from its order file.
CREATE TABLE tabular_difference (
    release INTEGER NOT NULL REFERENCES release,
    code TEXT NOT NULL,
    kind TEXT NOT NULL,             -- 'missing', 'surplus', 'flag', 'sequence', 'title', 'accents'
    tabular TEXT NOT NULL,          -- what the tabular list says
    order_file TEXT NOT NULL,       -- what the order file says
    PRIMARY KEY (release, code, kind)
) WITHOUT ROWID;

-- Fact: a row of a conversion table, verbatim. Its position in a document is the row of the sheet, or the
-- line of the CSV file.
CREATE TABLE conversion_row (
    id INTEGER PRIMARY KEY,
    current TEXT NOT NULL,          -- cell "Current code assignment"
    code TEXT,                      -- the current code, without dot; NULL if the cell is not one code
    effective TEXT NOT NULL,        -- cell "Effective"; a date cell as ISO date
    effective_from TEXT,            -- first day of the current code, ISO date; NULL if the cell cannot be read
    previous TEXT NOT NULL,         -- cell "Previous Code(s) Assignment"
    reading TEXT NOT NULL,          -- what that cell says: 'none', 'codes', 'unreadable'
    digest BLOB NOT NULL            -- of the cells
);
CREATE INDEX conversion_row_by_code ON conversion_row (code);

-- Derived: the parts of the cell "Previous Code(s) Assignment". Of the parts of a group one was reported,
-- and the groups together.
CREATE TABLE conversion_part (
    conversion_row INTEGER NOT NULL REFERENCES conversion_row,
    part_group INTEGER NOT NULL,    -- from 1
    part INTEGER NOT NULL,          -- within the group, from 1
    kind TEXT NOT NULL,             -- 'code', 'below' (a code below first), 'range', 'categories' (both ends with all below them, in tabular order)
    first TEXT NOT NULL,            -- the code, or the first one
    last TEXT NOT NULL,             -- the last code of a range; else the same as first
    PRIMARY KEY (conversion_row, part_group, part)
) WITHOUT ROWID;
CREATE INDEX conversion_part_by_code ON conversion_part (first);
CREATE INDEX conversion_range ON conversion_part (kind) WHERE kind <> 'code';

-- Fact: a row of a list of codes exempt from reporting whether they were present on admission (POA). Its
-- position in a document is its line. The order number of the file is the code's place in the order file,
-- renumbered every year, and is not kept.
CREATE TABLE poa_exempt (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL,             -- without dot
    title TEXT NOT NULL,            -- verbatim, without the quotes of the file
    digest BLOB NOT NULL
);
CREATE INDEX poa_exempt_by_code ON poa_exempt (code);

-- Fact: a term of an alphabetic index, of the index to external causes, of the table of drugs or of the
-- table of neoplasms.
CREATE TABLE index_term (
    id INTEGER PRIMARY KEY,
    letter TEXT NOT NULL,           -- the letter that it stands under
    depth INTEGER NOT NULL,         -- a main term 0
    path TEXT NOT NULL,             -- the titles from the main term to this one without nonessential modifiers: 'Tumor > carcinoid > liver'
    title TEXT NOT NULL,            -- its own title, verbatim
    modifiers TEXT NOT NULL,        -- where nonessential modifiers stand in the title, as byte ranges: '6-16 17-29'
    digest BLOB NOT NULL
);

-- Fact: what a term leads to, in the order of the file: references first, then the cells of a table.
CREATE TABLE index_reference (
    term INTEGER NOT NULL REFERENCES index_term,
    position INTEGER NOT NULL,      -- from 1
    kind TEXT NOT NULL,             -- the element: 'code', 'manif', 'see', 'seeAlso', 'seecat', 'subcat', or 'cell'
    cell INTEGER NOT NULL,          -- column of a cell, from 1, whose heading is in index_heading; else 0
    reference TEXT NOT NULL,        -- verbatim
    target TEXT NOT NULL,           -- what it names: 'code', 'below' (what stands below first), 'range' (with all below both ends), 'term' (another term), 'next' (the next reference), 'none', 'unreadable'
    first TEXT NOT NULL,            -- the code, or the first of a range, without dot; else empty
    last TEXT NOT NULL,             -- the last code of a range; else empty
    PRIMARY KEY (term, position)
) WITHOUT ROWID;
CREATE INDEX index_reference_by_code ON index_reference (first) WHERE first <> '';
CREATE INDEX index_range ON index_reference (target) WHERE target = 'range';

-- Fact: the headings of the columns of a table of drugs or neoplasms.
CREATE TABLE index_heading (
    document INTEGER NOT NULL REFERENCES document,
    cell INTEGER NOT NULL,          -- the column, from 1
    heading TEXT NOT NULL,
    PRIMARY KEY (document, cell)
) WITHOUT ROWID;

-- Fact: a row of a table of ICD-10-PCS, with its table.
CREATE TABLE pcs_row (
    id INTEGER PRIMARY KEY,
    table_code TEXT NOT NULL,       -- the three characters of its table: '027'
    definition TEXT,                -- definition of the table's operation, if it gives one
    codes INTEGER NOT NULL,         -- the number of codes that the row allows
    digest BLOB NOT NULL
);
CREATE INDEX pcs_row_by_table ON pcs_row (table_code);

-- Fact: a value that a character may have in a row of a table of ICD-10-PCS.
CREATE TABLE pcs_value (
    pcs_row INTEGER NOT NULL REFERENCES pcs_row,
    position INTEGER NOT NULL,      -- position of the character in the code, 1 to 7
    place INTEGER NOT NULL,         -- place of the value on the axis, from 1
    axis TEXT NOT NULL,             -- what the character says: 'Body Part'
    character TEXT NOT NULL,
    label TEXT NOT NULL,            -- what it stands for
    PRIMARY KEY (pcs_row, position, place)
) WITHOUT ROWID;

-- Fact: an entry of the definitions of ICD-10-PCS: a section, an axis of it, a term, or a device that is
-- coded to a more general one.
CREATE TABLE pcs_definition (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,             -- 'section', 'axis', 'term', 'device_aggregate'
    section TEXT NOT NULL,          -- character of its section; empty for a device
    position INTEGER NOT NULL,      -- position of its axis, 1 to 7; 0 for a section or device
    title TEXT NOT NULL,            -- its title; of several the first; the specific device
    definition TEXT,
    explanation TEXT,
    digest BLOB NOT NULL
);
CREATE INDEX pcs_definition_by_title ON pcs_definition (title);

-- Fact: the lists within an entry of the definitions.
CREATE TABLE pcs_definition_text (
    pcs_definition INTEGER NOT NULL REFERENCES pcs_definition,
    place INTEGER NOT NULL,         -- from 1
    kind TEXT NOT NULL,             -- 'title' (also the first), 'includes', 'operation', 'body_system', 'parent_character', 'parent'
    text TEXT NOT NULL,
    PRIMARY KEY (pcs_definition, place)
) WITHOUT ROWID;

-- Fact: what a document holds and the version that stored it did not know, as it stands in the file: an
-- attribute of a known element, or an element with all that stands in it.
CREATE TABLE document_unread (
    document INTEGER NOT NULL REFERENCES document,
    position INTEGER NOT NULL,      -- its place among those of the document, from 1
    line INTEGER NOT NULL,          -- the line of the file that it begins on
    kind TEXT NOT NULL,             -- 'attribute', 'element'
    parent TEXT NOT NULL,           -- the element that it stands in
    name TEXT NOT NULL,             -- its name
    content TEXT NOT NULL,          -- the value of an attribute; the raw text of an element, tags included
    PRIMARY KEY (document, position)
) WITHOUT ROWID;

-- The releases that the user took out with `codeyear remove`. What comes by itself (`codeyear init`) leaves them
-- out; an import that names their files brings them back, and removes the row.
CREATE TABLE removed (
    code_set INTEGER NOT NULL REFERENCES code_set,
    release TEXT NOT NULL,          -- its name, 'FY2026'
    PRIMARY KEY (code_set, release)
) WITHOUT ROWID;

-- By what `codeyear verify` knows that rows are still those that were imported: SHA-256 of the rows of a table,
-- in segments by its growing key, one for what each import added. Of a small table one segment, written anew
-- with each import. Tables that are derived from others have none: they are derived again and compared.
CREATE TABLE digest (
    subject TEXT NOT NULL,          -- the table
    after INTEGER NOT NULL,         -- the segment holds the rows whose key is above this one; 0 for the first
    last INTEGER NOT NULL,          -- and up to this one; 0 for all rows of a small table
    row_count INTEGER NOT NULL,     -- number of its rows
    sha256 BLOB NOT NULL,           -- of subject, columns, after, last, all values with type and length, row_count
    PRIMARY KEY (subject, after)
) WITHOUT ROWID;

-- The words by which codes are found: official long titles, inclusion terms, and the paths of index terms.
-- Titles that mostly repeat that of the code above them stand apart.
CREATE VIEW searchable AS
SELECT id AS item, long_title AS words FROM entry
WHERE NOT (length(code) = 7 AND code_set IN (SELECT id FROM code_set WHERE has_seventh_characters))
UNION ALL
SELECT id + 1099511627776, long_title FROM entry
WHERE length(code) = 7 AND code_set IN (SELECT id FROM code_set WHERE has_seventh_characters)
UNION ALL
SELECT id + 2199023255552, note FROM tabular_note WHERE kind = 'inclusionTerm'
UNION ALL
SELECT id + 3298534883328, path FROM index_term;

-- Derived: the full-text index over searchable, with English stems and without accents.
CREATE VIRTUAL TABLE search USING fts5(
    words, content = 'searchable', content_rowid = 'item',
    tokenize = 'porter unicode61 remove_diacritics 2', prefix = '2 3', detail = none, columnsize = 0
);
