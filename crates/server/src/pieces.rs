//! A body in pieces, of which some come again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// Pieces up to this length are put together: each that is sent by itself costs more than its copy.
const SHORT: usize = 2 * 1024;
/// How long pieces that are put together become.
const LONG: usize = 64 * 1024;

/// The pieces of a body. One that comes again is in memory once.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    whole: VecDeque<Bytes>,
    /// Short ones that are being put together.
    short: Vec<u8>,
    length: usize,
    /// How many bytes of it are in memory for this body.
    own: usize,
}

impl Pieces {
    /// Appends a piece; one that was appended before is no new one.
    pub(super) fn append(&mut self, piece: Bytes, is_new: bool) {
        self.length += piece.len();
        if piece.len() < SHORT {
            self.own += piece.len();
            self.short.extend_from_slice(&piece);
            if self.short.len() >= LONG {
                self.end_short();
            }
        } else {
            self.own += if is_new { piece.len() } else { 0 };
            self.end_short();
            self.whole.push_back(piece);
        }
    }

    /// Returns how long the body is.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Returns how many bytes of it are in memory, each once.
    pub(super) fn own(&self) -> usize {
        self.own
    }

    fn end_short(&mut self) {
        if !self.short.is_empty() {
            self.whole.push_back(std::mem::take(&mut self.short).into());
        }
    }
}

impl From<Pieces> for Body {
    fn from(mut pieces: Pieces) -> Body {
        pieces.end_short();
        Body::new(pieces)
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.whole.pop_front();
        if let Some(piece) = &piece {
            self.length -= piece.len();
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.whole.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_pieces_stay_and_short_ones_are_put_together() {
        let mut pieces = Pieces::default();
        let long = Bytes::from(vec![b'x'; SHORT]);
        for piece in [
            Bytes::from("a"),
            Bytes::from("b"),
            long.clone(),
            long.clone(),
            Bytes::from("c"),
        ] {
            let is_new = !pieces.whole.contains(&piece);
            pieces.append(piece, is_new);
        }
        assert_eq!(pieces.length(), 2 * SHORT + 3);
        assert_eq!(pieces.own(), SHORT + 3);
        pieces.end_short();
        let all: Vec<Bytes> = pieces.whole.into_iter().collect();
        assert_eq!(
            all,
            [
                Bytes::from("ab"),
                long.clone(),
                long.clone(),
                Bytes::from("c")
            ]
        );
        assert_eq!(all[1].as_ptr(), long.as_ptr());
    }
}
