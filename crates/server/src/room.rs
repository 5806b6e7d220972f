//! Room for bytes in memory: taken before they are there, free when the last of them has left.

use std::io::{ErrorKind, Result, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::pieces::Pieces;

/// How much of a body is handed on at a time: what waits behind it is sent from where it is.
const STEP: usize = 64 * 1024;

/// How much room is taken at a time for an answer whose length is not known yet, and at first.
const BLOCK: usize = 256 * 1024;
const FIRST_BLOCK: usize = 16 * 1024;

/// What is said where an answer finds no room.
pub(super) const NO_ROOM: &str = "the server is busy sending other answers";

/// Reserves room for some bytes, if there is any.
pub(super) fn hold(room: &Arc<Semaphore>, bytes: usize) -> Option<OwnedSemaphorePermit> {
    let bytes = u32::try_from(bytes).ok()?;
    Arc::clone(room).try_acquire_many_owned(bytes).ok()
}

/// Room that several share: it is free when the last of them is gone.
#[derive(Debug, Clone)]
pub(super) struct Room {
    _permits: Arc<Vec<OwnedSemaphorePermit>>,
}

impl Room {
    /// Shares the room of some permits.
    pub(super) fn of(permits: impl IntoIterator<Item = OwnedSemaphorePermit>) -> Room {
        Room {
            _permits: Arc::new(permits.into_iter().collect()),
        }
    }

    /// Returns bytes that keep the room as long as any part of them is there.
    pub(super) fn tie(&self, bytes: impl Into<Bytes>) -> Bytes {
        Bytes::from_owner(Tied {
            bytes: bytes.into(),
            _room: self.clone(),
        })
    }
}

/// Bytes in their room.
struct Tied {
    bytes: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Tied {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A body in its room. The connection takes its bytes long before the client does, so each piece keeps the room.
pub(super) struct Roomed {
    body: Body,
    /// What is left of a long piece.
    rest: Bytes,
    room: Room,
}

impl Roomed {
    pub(super) fn new(body: Body, room: Room) -> Roomed {
        Roomed {
            body,
            rest: Bytes::new(),
            room,
        }
    }
}

impl HttpBody for Roomed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            let next = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
            let frame = match next {
                Some(Ok(frame)) => frame,
                end => return Poll::Ready(end),
            };
            match frame.into_data() {
                Ok(bytes) => self.rest = self.room.tie(bytes),
                Err(other) => return Poll::Ready(Some(Ok(other))),
            }
        }
        let length = self.rest.len().min(STEP);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let body = self.body.size_hint();
        let mut all = SizeHint::new();
        all.set_lower(body.lower() + rest);
        if let Some(upper) = body.upper() {
            all.set_upper(upper + rest);
        }
        all
    }
}

/// An answer that is written to memory block by block, each in its room, up to a length.
#[derive(Debug)]
pub(super) struct Blocks {
    rooms: Arc<Semaphore>,
    most: u64,
    length: u64,
    full: Vec<Bytes>,
    block: Vec<u8>,
    room: Option<Room>,
    end: Option<StopReason>,
}

/// Why no more is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopReason {
    /// It is as long as it may be.
    Long,
    /// There is no room for more at the moment.
    NoRoom,
}

impl Blocks {
    /// Begins an answer of at most so many bytes.
    pub(super) fn new(rooms: &Arc<Semaphore>, most: u64) -> Blocks {
        Blocks {
            rooms: Arc::clone(rooms),
            most,
            length: 0,
            full: Vec::new(),
            block: Vec::new(),
            room: None,
            end: None,
        }
    }

    /// Returns why no more was written, if that is so.
    pub(super) fn end(&self) -> Option<StopReason> {
        self.end
    }

    /// Returns all that was written.
    pub(super) fn into_pieces(mut self) -> Pieces {
        self.end_block();
        let mut pieces = Pieces::default();
        for block in self.full {
            pieces.append(block, true);
        }
        pieces
    }

    fn end_block(&mut self) {
        if let Some(room) = self.room.take() {
            self.full.push(room.tie(std::mem::take(&mut self.block)));
        }
    }
}

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.block.len() == self.block.capacity() {
            self.end_block();
        }
        if self.room.is_none() {
            let size = match self.full.is_empty() {
                true => FIRST_BLOCK,
                false => BLOCK,
            };
            let Some(room) = hold(&self.rooms, size) else {
                self.end = Some(StopReason::NoRoom);
                return Err(ErrorKind::StorageFull.into());
            };
            self.room = Some(Room::of([room]));
            self.block = Vec::with_capacity(size);
        }
        let fits = (self.block.capacity() - self.block.len()).min(bytes.len());
        if self.length + fits as u64 > self.most {
            self.end = Some(StopReason::Long);
            return Err(ErrorKind::FileTooLarge.into());
        }
        let (now, _) = bytes.split_at(fits);
        self.block.extend_from_slice(now);
        self.length += fits as u64;
        Ok(fits)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    fn free(room: &Arc<Semaphore>) -> usize {
        room.available_permits()
    }

    #[tokio::test]
    async fn room_is_free_when_the_last_byte_has_left_and_not_when_the_body_has_ended() {
        let rooms = Arc::new(Semaphore::new(1_000_000));
        let bytes = Bytes::from(vec![b'x'; 3 * STEP + 1]);
        let room = Room::of(hold(&rooms, bytes.len()));
        let mut body = Roomed::new(Body::from(bytes.clone()), room);
        assert_eq!(body.size_hint().exact(), Some(bytes.len() as u64));
        let mut taken = Vec::new();
        while let Some(frame) = body.frame().await {
            taken.push(frame.unwrap().into_data().unwrap());
            let left: usize = taken.iter().map(Bytes::len).sum();
            assert_eq!(body.size_hint().exact(), Some((bytes.len() - left) as u64));
        }
        assert!(body.is_end_stream());
        drop(body);
        assert_eq!(taken.len(), 4);
        assert!(taken.iter().all(|piece| piece.len() <= STEP));
        assert_eq!(taken.concat(), bytes);
        while taken.pop().is_some() {
            let is_last = taken.is_empty();
            assert_eq!(free(&rooms) == 1_000_000, is_last);
        }
    }

    #[test]
    fn an_answer_takes_room_as_it_grows_and_says_which_limit_it_met() {
        let rooms = Arc::new(Semaphore::new(3 * BLOCK));
        let text: Vec<u8> = (0..2 * BLOCK + 7).map(|at| (at % 251) as u8).collect();
        let mut blocks = Blocks::new(&rooms, u64::MAX);
        blocks.write_all(&text).unwrap();
        assert_eq!(free(&rooms), BLOCK - FIRST_BLOCK);
        let pieces = blocks.into_pieces();
        assert_eq!(pieces.length(), text.len());
        drop(pieces);
        assert_eq!(free(&rooms), 3 * BLOCK);

        let mut blocks = Blocks::new(&rooms, u64::MAX);
        assert!(blocks.write_all(&vec![0; 3 * BLOCK + 1]).is_err());
        assert_eq!(blocks.end(), Some(StopReason::NoRoom));
        drop(blocks);
        let mut blocks = Blocks::new(&rooms, 10);
        assert!(blocks.write_all(&text).is_err());
        assert_eq!(blocks.end(), Some(StopReason::Long));
    }
}
