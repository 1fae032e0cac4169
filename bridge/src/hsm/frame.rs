//! Frames of the worker's pipe: `length (u32, big-endian) | tag (1 byte) | body`, where the length
//! counts tag and body.
//!
//! Two kinds: a message (MessagePack, structures as maps by their members' names) and a secret (raw bytes, wiped after
//! use). Pure over [`Read`] and [`Write`], so that a malformed frame is a test and not an accident.

use std::io::{self, Read, Write};

use rmp_serde::{Deserializer, decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

/// Longest frame, tag included: room for a list of thousands of keys, and no more.
pub(super) const MAX_FRAME: usize = 8 << 20;
/// Longest secret: PINs are short, and a PIN frame is read into memory that is wiped.
pub(super) const MAX_SECRET: usize = 1024;

/// Bytes of the length.
const PREFIX: usize = 4;
/// Most of a buffer that is kept for the next message.
const KEPT: usize = 1 << 20;

const TAG_MESSAGE: u8 = 1;
const TAG_SECRET: u8 = 2;

/// One frame's content.
#[derive(Debug)]
pub(super) enum Frame {
    /// MessagePack of one port message.
    Message(Vec<u8>),
    /// The bytes of a PIN.
    Secret(Zeroizing<Vec<u8>>),
}

/// Why no frame could be read.
#[derive(Debug, Error)]
pub(super) enum FrameError {
    #[error("the pipe was closed")]
    Closed,
    #[error("the pipe was closed within a frame")]
    Truncated,
    #[error("a frame of {0} bytes is out of bounds")]
    Length(usize),
    #[error("a frame has the unknown tag {0}")]
    Tag(u8),
    #[error("a frame of the other kind was expected")]
    Kind,
    #[error("a message cannot be read: {0}")]
    Unreadable(#[from] decode::Error),
    #[error("a message of {0} bytes has more behind it")]
    Rest(usize),
    #[error("a message cannot be written: {0}")]
    Unwritable(#[from] encode::Error),
    #[error(transparent)]
    Io(io::Error),
}

impl Frame {
    /// A message frame.
    #[cfg(test)]
    pub(super) fn message(message: &impl Serialize) -> Result<Self, FrameError> {
        Ok(Self::Message(rmp_serde::to_vec_named(message)?))
    }

    /// Reads the message, if this is one.
    pub(super) fn into_message<T: DeserializeOwned>(self) -> Result<T, FrameError> {
        match self {
            Self::Message(packed) => read_message(&packed),
            Self::Secret(_) => Err(FrameError::Kind),
        }
    }

    /// Takes the secret, if this is one.
    pub(super) fn into_secret(self) -> Result<Zeroizing<Vec<u8>>, FrameError> {
        match self {
            Self::Message(_) => Err(FrameError::Kind),
            Self::Secret(secret) => Ok(secret),
        }
    }

    /// Writes the frame and flushes it.
    pub(super) fn write(&self, pipe: &mut impl Write) -> Result<(), FrameError> {
        let (tag, body, bound) = match self {
            Self::Message(packed) => (TAG_MESSAGE, packed.as_slice(), MAX_FRAME),
            Self::Secret(secret) => (TAG_SECRET, secret.as_slice(), MAX_SECRET),
        };
        pipe.write_all(&prefix(body.len() + 1, bound)?)?;
        pipe.write_all(&[tag])?;
        pipe.write_all(body)?;
        Ok(pipe.flush()?)
    }

    /// Reads one frame. [`FrameError::Closed`] only when the pipe ended between two frames.
    pub(super) fn read(pipe: &mut impl Read) -> Result<Self, FrameError> {
        let mut prefix = [0; PREFIX];
        read_prefix(pipe, &mut prefix)?;
        let length = usize::try_from(u32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
        if length == 0 || length > MAX_FRAME {
            return Err(FrameError::Length(length));
        }
        let mut tag = [0; 1];
        pipe.read_exact(&mut tag)?;
        let [tag] = tag;
        if tag == TAG_SECRET && length > MAX_SECRET {
            return Err(FrameError::Length(length));
        }
        // The buffer has its final size at once: growing would leave copies of a secret behind.
        let mut body = vec![0; length - 1];
        if let Err(error) = pipe.read_exact(&mut body) {
            body.zeroize();
            return Err(error.into());
        }
        match tag {
            TAG_MESSAGE => Ok(Self::Message(body)),
            TAG_SECRET => Ok(Self::Secret(Zeroizing::new(body))),
            unknown => Err(FrameError::Tag(unknown)),
        }
    }
}

/// Reads a message, and nothing behind it.
pub(super) fn read_message<T: DeserializeOwned>(packed: &[u8]) -> Result<T, FrameError> {
    let mut rest = packed;
    let message = T::deserialize(&mut Deserializer::new(&mut rest))?;
    if rest.is_empty() {
        Ok(message)
    } else {
        Err(FrameError::Rest(packed.len() - rest.len()))
    }
}

/// Writes a message as a frame, in one piece: whoever reads it is woken once. `buffer` is for use again; messages hold
/// no secret.
pub(super) fn write_message(
    message: &impl Serialize,
    pipe: &mut impl Write,
    buffer: &mut Vec<u8>,
) -> Result<(), FrameError> {
    buffer.clear();
    buffer.extend_from_slice(&[0, 0, 0, 0, TAG_MESSAGE]);
    encode::write_named(buffer, message)?;
    let prefix = prefix(buffer.len() - PREFIX, MAX_FRAME)?;
    if let Some(place) = buffer.first_chunk_mut::<PREFIX>() {
        *place = prefix;
    }
    pipe.write_all(buffer)?;
    buffer.shrink_to(KEPT);
    Ok(pipe.flush()?)
}

/// The bytes in front of tag and body, which are `length` together.
fn prefix(length: usize, bound: usize) -> Result<[u8; PREFIX], FrameError> {
    u32::try_from(length)
        .ok()
        .filter(|_| length <= bound)
        .map(u32::to_be_bytes)
        .ok_or(FrameError::Length(length))
}

/// Fills the length prefix, telling an end between frames from one within.
fn read_prefix(pipe: &mut impl Read, prefix: &mut [u8; PREFIX]) -> Result<(), FrameError> {
    let [first, rest @ ..] = prefix;
    loop {
        match pipe.read(std::slice::from_mut(first)) {
            Ok(0) => return Err(FrameError::Closed),
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(FrameError::Io(error)),
        }
    }
    Ok(pipe.read_exact(rest)?)
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(mut bytes: &[u8]) -> Result<Frame, FrameError> {
        Frame::read(&mut bytes)
    }

    #[test]
    fn a_message_comes_back_as_it_went() {
        let mut pipe = Vec::new();
        Frame::message(&vec![1, 2, 3])
            .unwrap()
            .write(&mut pipe)
            .unwrap();
        assert_eq!(pipe, b"\0\0\0\x05\x01\x93\x01\x02\x03");
        assert_eq!(
            read(&pipe).unwrap().into_message::<Vec<u8>>().unwrap(),
            [1, 2, 3]
        );
    }

    #[test]
    fn a_message_is_written_in_one_piece_as_a_frame_of_it_is() {
        struct Pieces(Vec<Vec<u8>>);
        impl Write for Pieces {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.push(bytes.to_vec());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (mut pipe, mut buffer) = (Pieces(Vec::new()), b"of the one before".to_vec());
        for message in [vec![1, 2, 3], Vec::new()] {
            let mut whole = Vec::new();
            let frame = Frame::message(&message).unwrap();
            frame.write(&mut whole).unwrap();
            write_message(&message, &mut pipe, &mut buffer).unwrap();
            assert_eq!(pipe.0.pop().unwrap(), whole);
            assert!(pipe.0.is_empty());
        }
        let large = "x".repeat(MAX_FRAME);
        let refused = write_message(&large, &mut pipe, &mut buffer);
        assert!(matches!(refused, Err(FrameError::Length(_))));
        assert!(pipe.0.is_empty());
    }

    #[test]
    fn a_secret_comes_back_as_it_went_and_is_no_message() {
        let mut pipe = Vec::new();
        Frame::Secret(Zeroizing::new(b"1234".to_vec()))
            .write(&mut pipe)
            .unwrap();
        assert_eq!(pipe, b"\0\0\0\x05\x021234");
        assert_eq!(**read(&pipe).unwrap().into_secret().unwrap(), *b"1234");
        assert!(matches!(
            read(&pipe).unwrap().into_message::<u8>(),
            Err(FrameError::Kind)
        ));
    }

    #[test]
    fn two_frames_follow_each_other() {
        let mut pipe = Vec::new();
        Frame::message(&1).unwrap().write(&mut pipe).unwrap();
        Frame::message(&2).unwrap().write(&mut pipe).unwrap();
        let mut rest = pipe.as_slice();
        assert_eq!(
            Frame::read(&mut rest)
                .unwrap()
                .into_message::<u8>()
                .unwrap(),
            1
        );
        assert_eq!(
            Frame::read(&mut rest)
                .unwrap()
                .into_message::<u8>()
                .unwrap(),
            2
        );
        assert!(matches!(Frame::read(&mut rest), Err(FrameError::Closed)));
    }

    #[test]
    fn refuses_a_frame_over_the_bound_without_reading_it() {
        assert!(matches!(
            read(&[0xFF, 0xFF, 0xFF, 0xFF, 1]),
            Err(FrameError::Length(_))
        ));
        assert!(matches!(read(&[0, 0, 0, 0]), Err(FrameError::Length(0))));
    }

    #[test]
    fn refuses_a_secret_over_its_own_bound() {
        let mut pipe = 1025_u32.to_be_bytes().to_vec();
        pipe.push(TAG_SECRET);
        assert!(matches!(read(&pipe), Err(FrameError::Length(1025))));
        let long = Frame::Secret(Zeroizing::new(vec![b'1'; MAX_SECRET]));
        assert!(matches!(
            long.write(&mut Vec::new()),
            Err(FrameError::Length(_))
        ));
    }

    #[test]
    fn refuses_to_write_a_message_over_the_bound() {
        let long = Frame::Message(vec![b' '; MAX_FRAME]);
        let mut pipe = Vec::new();
        assert!(matches!(long.write(&mut pipe), Err(FrameError::Length(_))));
        assert!(pipe.is_empty());
    }

    #[test]
    fn tells_a_truncated_frame_from_a_closed_pipe() {
        assert!(matches!(read(&[]), Err(FrameError::Closed)));
        assert!(matches!(read(&[0, 0]), Err(FrameError::Truncated)));
        assert!(matches!(read(&[0, 0, 0, 2]), Err(FrameError::Truncated)));
        assert!(matches!(
            read(&[0, 0, 0, 3, 1, b'1']),
            Err(FrameError::Truncated)
        ));
    }

    #[test]
    fn refuses_an_unknown_tag_and_a_broken_message() {
        assert!(matches!(read(&[0, 0, 0, 1, 9]), Err(FrameError::Tag(9))));
        let body = |body: &[u8]| Frame::Message(body.to_vec());
        for broken in [
            &[0xC1][..],
            &[0x93, 1],
            &[0xDD, 0xFF, 0xFF, 0xFF, 0xFF],
            b"",
        ] {
            let read = body(broken).into_message::<Vec<u8>>();
            assert!(matches!(read, Err(FrameError::Unreadable(_))));
        }
        let followed = body(&[7, 8]).into_message::<u8>();
        assert!(matches!(followed, Err(FrameError::Rest(1))));
    }
}
