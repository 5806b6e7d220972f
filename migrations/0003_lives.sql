-- What ten million questions are answered from: the spans of a code set once more, in a form that is read
-- at one go. Derived; `codeyear verify` proves that it equals the spans.

CREATE TABLE lives (
    code_set INTEGER PRIMARY KEY REFERENCES code_set,
    bytes BLOB NOT NULL             -- each code with its stretches of listing; the layout is in src/store/lives.rs
);
