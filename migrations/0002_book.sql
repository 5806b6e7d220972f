-- The book around the codes: the tabular list, indexes, conversion tables, lists of codes exempt from
-- present-on-admission reporting, the tables of ICD-10-PCS, and the words to find codes by.
--
-- A file of these kinds is a document: an ordered list of items. An item is stored once, however many
-- documents hold it; a document is runs of consecutive items, as a listing is runs of entries. Releases
-- with the same file share its document.

-- What the rows of a release come from: 'order_file', or 'tabular' where a release has none and its
-- tabular list was expanded by the rule of 7th characters. When its order file comes, the rows are those
-- of the order file; the entries that the list gave stay in `entry`, listed by no release.
ALTER TABLE release ADD COLUMN listed_by TEXT NOT NULL DEFAULT 'order_file';

-- The document that holds the contents of a source file; NULL for order files and order addenda.
ALTER TABLE source_file ADD COLUMN document INTEGER REFERENCES document;

-- Fact: the contents of a file, whatever releases it was published with.
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,             -- 'tabular', 'index', 'external_cause_index', 'drug_table', 'neoplasm_table', 'conversion_table', 'poa_exempt_list', 'pcs_tables', 'pcs_definitions'
    sha256 TEXT NOT NULL,           -- SHA-256 of the file
    version TEXT NOT NULL,          -- what the file says of itself: a bare year, the title of a sheet; never a release
    title TEXT NOT NULL,            -- its title, its heading, or the headings of its columns; may be empty
    item_count INTEGER NOT NULL,    -- number of its items
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

-- The words by which codes are found: official long titles, inclusion terms, and the paths of index terms.
-- Titles of 7-character codes of ICD-10-CM stand apart, because most repeat that of the code above them.
CREATE VIEW searchable AS
SELECT id AS item, long_title AS words FROM entry WHERE NOT (code_set = 1 AND length(code) = 7)
UNION ALL
SELECT id + 1099511627776, long_title FROM entry WHERE code_set = 1 AND length(code) = 7
UNION ALL
SELECT id + 2199023255552, note FROM tabular_note WHERE kind = 'inclusionTerm'
UNION ALL
SELECT id + 3298534883328, path FROM index_term;

-- Derived: the full-text index over searchable, with English stems and without accents.
CREATE VIRTUAL TABLE search USING fts5(
    words, content = 'searchable', content_rowid = 'item',
    tokenize = 'porter unicode61 remove_diacritics 2', prefix = '2 3', detail = none, columnsize = 0
);

INSERT INTO search (search) VALUES ('rebuild');
