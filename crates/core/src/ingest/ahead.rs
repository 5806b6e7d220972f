//! Reading ahead: one thread unpacks and hashes the next file while another parses the one before it.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use super::group::Package;
use crate::error::Result;
use crate::source::archive::FoundFile;

/// What was read of a file: its bytes, and their SHA-256.
pub(super) type Read = Result<(Vec<u8>, String)>;

/// Files that are being read by another thread, in the sequence in which they will be asked for. Two at most have
/// been read and wait: memory does not grow with their number.
pub(super) struct Ahead {
    to_come: VecDeque<String>,
    receive: Receiver<Read>,
}

impl Ahead {
    /// Begins to read the files of packages with order files or addenda.
    pub(super) fn begin<'scope, 'p: 'scope>(
        scope: &'scope Scope<'scope, '_>,
        packages: &[&'p Package],
    ) -> Ahead {
        let mut files: Vec<&'p FoundFile> = Vec::new();
        for package in packages {
            files.extend(package.addenda.iter().map(|(_, found)| found));
            files.extend(package.order.iter().map(|(_, found)| found));
            files.extend(package.documents.iter().map(|(_, found)| found));
        }
        let to_come = files.iter().map(|found| found.shown.clone()).collect();
        let (send, receive): (SyncSender<Read>, Receiver<Read>) = sync_channel(1);
        scope.spawn(move || {
            for found in files {
                // Nobody asks for more.
                if send.send(found.read_hashed()).is_err() {
                    break;
                }
            }
        });
        Ahead { to_come, receive }
    }

    /// Returns what was read of a file. Those before it are passed over; one that is not among those to come is read
    /// now.
    pub(super) fn read(&mut self, found: &FoundFile) -> Read {
        if !self.to_come.contains(&found.shown) {
            return found.read_hashed();
        }
        while let Some(shown) = self.to_come.pop_front() {
            match self.receive.recv() {
                Ok(read) if shown == found.shown => return read,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        found.read_hashed()
    }
}
