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
