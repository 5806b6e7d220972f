//! The audit of claims, on the bundled sample: what goes in, what comes out, and what is refused.

mod broken;
mod formats;
mod several;
mod tables;

use crate::world::{Run, World};

/// Runs an audit of a table with columns `id`, `dx` and `dos`, and gives the annotated rows too.
fn audit(world: &World, claims: impl AsRef<[u8]>, more: &[&str]) -> (Run, String) {
    let file = world.write("claims.csv", claims);
    let output = world.path("annotated.csv");
    let mut args = vec![
        "audit",
        file.to_str().unwrap(),
        "--code",
        "dx",
        "--date",
        "dos",
    ];
    args.extend(["-o", output.to_str().unwrap()]);
    args.extend(more);
    let run = world.run(&args);
    let annotated = std::fs::read(&output)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    (run, annotated)
}

/// The cells of annotated rows, the header first.
fn rows(annotated: &str) -> Vec<Vec<String>> {
    let delimiters = [b',', b';', b'|', b'\t'];
    let header = annotated.lines().next().unwrap_or_default();
    let delimiter = delimiters
        .into_iter()
        .max_by_key(|delimiter| header.bytes().filter(|byte| byte == delimiter).count());
    csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter.unwrap())
        .from_reader(annotated.as_bytes())
        .records()
        .map(|record| record.unwrap_or_else(|error| panic!("{error}: {annotated}")))
        .map(|record| record.iter().map(str::to_owned).collect())
        .collect()
}

/// One column of annotated rows.
fn column(annotated: &str, name: &str) -> Vec<String> {
    let rows = rows(annotated);
    let at = rows[0].iter().position(|column| column == name).unwrap();
    rows[1..].iter().map(|row| row[at].clone()).collect()
}
