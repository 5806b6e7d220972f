-- How far a release can be trusted, and by what its files are known again.

-- SHA-256 over the rows in tabular order, each as code, flag, short title and long title, without trailing
-- blanks, parted by tabs and ended by a line feed: the same contents in other bytes have the same.
ALTER TABLE release ADD COLUMN rows_sha256 TEXT NOT NULL DEFAULT '';

-- How well the bytes of the file that its rows come from are known: 'official', 'rebuilt' (from the release
-- before it and the official addenda; it has the official hash), 'derived' (from a neighbouring release; the
-- official bytes may differ), 'same-rows' (the rows of the official file, in other bytes), 'unlisted' (the
-- catalogue does not know these rows), 'sample'.
ALTER TABLE release ADD COLUMN provenance TEXT NOT NULL DEFAULT 'unlisted';

-- Why the release is a part only, taken on purpose with --allow-incomplete; NULL for a whole one.
ALTER TABLE release ADD COLUMN incomplete TEXT;

-- What speaks against this being the release that the user stated, who insisted with --force; else NULL.
ALTER TABLE release ADD COLUMN forced TEXT;

-- What stands around the rows of an order file, so that it is written back byte for byte: a byte order mark
-- before them, and all that follows the last row's long title ('\r\n' in official files).
ALTER TABLE source_file ADD COLUMN byte_order_mark INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source_file ADD COLUMN tail TEXT;

-- How the rows after the 99,999th are numbered, in a file that has so many: 'six_digits', 'again_from_0' or
-- 'again_from_1'; else 'five_columns'. NULL in files stored before schema 5, which have fewer.
ALTER TABLE source_file ADD COLUMN numbering TEXT;

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

-- How many more such things the document has than document_unread keeps: 10,000 and a megabyte at most.
ALTER TABLE document ADD COLUMN unread_beyond INTEGER NOT NULL DEFAULT 0;

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
