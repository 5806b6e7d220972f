//! `codeyear pack`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::context::{Context, Outcome};
use super::output::write_whole;
use super::progress::{FILES_BAR, progress_bar, show_progress};
use super::{first, official};
use crate::error::{Error, Result, io_error};
use crate::ingest::{Packing, choose_for_pack};
use crate::model::{CodeSet, ReleaseId};
use crate::pack::{self, LEVEL, Written};
use crate::source::sha256_hex;

/// Write the official files of all releases into one file, a pack
///
/// Packs the files that an import accepts and whose hashes are in the catalogue; the rest is counted with the
/// reason. The same files give the same bytes. A program builds its database from a pack that is built into it
/// (CODEYEAR_EMBED_PACK=FILE when it is compiled), named with --pack, beside it, or in the data folder.
#[derive(Debug, Args)]
pub(super) struct PackArgs {
    /// Write the pack to this file
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Read the official files from this folder; repeatable
    #[arg(long, value_name = "FOLDER", required_unless_present = "fetch")]
    from: Vec<PathBuf>,
    /// Compress at this level, from 1 (fast) to 22
    #[arg(long, value_name = "LEVEL", default_value_t = LEVEL, value_parser = clap::value_parser!(i32).range(1..=22))]
    level: i32,
    /// Fetch the official files from their publishers
    #[arg(long, conflicts_with = "from")]
    fetch: bool,
    #[command(flatten)]
    how: official::HowToFetch,
}

pub(super) fn run(args: &PackArgs, context: &mut Context<'_>) -> Result<Outcome> {
    if !args.fetch && args.how.is_given() {
        return Err(Error::usage("--mirror and --unverified need --fetch"));
    }
    let (folders, is_whole) = match args.fetch {
        true => official::fetch_to_pack(&args.how, context)?,
        false => (args.from.clone(), true),
    };
    let bar = progress_bar(None, FILES_BAR);
    let chosen = choose_for_pack(&folders, context.today, &mut |progress| {
        show_progress(&bar, progress);
    });
    let packed = chosen.and_then(|chosen| {
        bar.set_length(chosen.files.len() as u64);
        bar.set_position(0);
        bar.set_message("packing");
        let written = write_whole(&args.output, &mut |out| {
            pack::write(&chosen.files, args.level, out, &|_| bar.inc(1))
        })?;
        Ok((chosen, written))
    });
    bar.finish_and_clear();
    let (chosen, written) = packed?;
    let bytes =
        std::fs::read(&args.output).map_err(|error| io_error("read", &args.output, error))?;
    let sha256 = sha256_hex(&bytes);
    context.print(&describe(args, &chosen, &written, &sha256))?;
    Ok(match is_whole && chosen.failed.is_empty() {
        true => Outcome::Good,
        false => Outcome::Bad,
    })
}

/// Returns what was packed, stream by stream, and what was left out, reason by reason.
fn describe(args: &PackArgs, chosen: &Packing, written: &Written, sha256: &str) -> String {
    let mut releases: Vec<(CodeSet, ReleaseId)> = written
        .files
        .iter()
        .map(|file| (file.code_set, file.release))
        .collect();
    releases.dedup();
    let mut text = format!(
        "{}: {}, {} files, {} bytes\nsha256 {sha256}\n",
        args.output.display(),
        first::describe(&releases),
        written.files.len(),
        written.bytes
    );
    for (number, stream) in written.streams.iter().enumerate() {
        let files = written.files.iter().filter(|file| file.stream == number);
        text.push_str(&format!(
            "  {}: {} files, {} bytes, unpacked {}\n",
            stream.name,
            files.count(),
            stream.bytes,
            stream.unpacked
        ));
    }
    text.push_str(&format!("  index: {} bytes\n", written.head));
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for left in &chosen.left {
        *reasons.entry(left.why.as_str()).or_default() += 1;
    }
    if !reasons.is_empty() {
        text.push_str(&format!("left out: {} files\n", chosen.left.len()));
    }
    for (why, files) in reasons {
        text.push_str(&format!("  {files}: {why}\n"));
    }
    for failed in &chosen.failed {
        text.push_str(&format!("not packed: {}: {}\n", failed.file, failed.why));
    }
    text
}
