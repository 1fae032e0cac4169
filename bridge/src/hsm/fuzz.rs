//! What has to hold for everything that can come out of the worker's pipe, at either end. Fed by the fuzzer
//! (`tests/fuzz`), and with the same seeds by `cargo test`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fuzz target finds by panics"
)]

use std::io::{self, Read};

use rmp_serde::to_vec_named;
use serde::{Serialize, de::DeserializeOwned};

use super::error::HsmError;
use super::frame::{Frame, FrameError, MAX_FRAME, MAX_SECRET, read_message};
use super::port::{Part, Port, Request, Response};
use super::worker::serve;
use crate::pin::Pin;

/// Reads the bytes as the bridge and as the worker would; how many messages were understood.
///
/// # Panics
/// When something that has to hold does not.
pub fn frames(data: &[u8]) -> usize {
    let (frames, end) = read_all(&mut &*data);
    let written = write_all(&frames);
    assert_eq!(
        written,
        data[..written.len()],
        "what was read is what was sent"
    );
    if matches!(end, FrameError::Closed) {
        assert_eq!(written.len(), data.len(), "an end between frames is an end");
    }
    // A pipe gives as much as it likes at a time.
    let (trickled, other_end) = read_all(&mut Trickle(data, 0));
    assert_eq!(write_all(&trickled), written);
    assert_eq!(end.to_string(), other_end.to_string());
    let mut understood = 0;
    for frame in frames {
        match frame {
            Frame::Message(packed) => {
                assert!(packed.len() < MAX_FRAME);
                understood += usize::from(stable::<Request>(&packed));
                understood += usize::from(stable::<Result<Response, HsmError>>(&packed));
            }
            Frame::Secret(secret) => assert!(secret.len() < MAX_SECRET),
        }
    }
    worker(data);
    understood
}

/// The worker answers each request that it understands, once and in order, and nothing after the first that it
/// does not.
fn worker(data: &[u8]) {
    let mut asked = Asked::default();
    let mut output = Vec::new();
    let ended = serve(&mut &*data, &mut output, &mut asked);
    let (answers, end) = read_all(&mut output.as_slice());
    assert!(
        matches!(end, FrameError::Closed),
        "whole frames alone are written"
    );
    assert_eq!(answers.len(), asked.names.len());
    for (answer, name) in answers.into_iter().zip(&asked.names) {
        let answer: Result<Response, HsmError> = answer.into_message().unwrap();
        assert!(matches!(answer, Err(HsmError::Panicked { call }) if call == *name));
    }
    if ended.is_ok() {
        let (frames, _) = read_all(&mut &*data);
        assert_eq!(frames.len(), asked.names.len() + asked.pins);
    }
}

/// Stands in for the module; each call fails with its own name.
#[derive(Default)]
struct Asked {
    names: Vec<&'static str>,
    pins: usize,
}

impl Port for Asked {
    fn answer(
        &mut self,
        request: Request,
        pin: Option<Pin>,
        _: &mut dyn FnMut(Part),
    ) -> Result<Response, HsmError> {
        self.names.push(request.name());
        let follows = matches!(&request, Request::Login(login) if login.pin_follows);
        assert_eq!(
            pin.is_some(),
            follows,
            "a PIN comes with a login that announces it"
        );
        self.pins += usize::from(pin.is_some());
        Err(HsmError::Panicked {
            call: request.name().into(),
        })
    }
}

fn read_all(pipe: &mut impl Read) -> (Vec<Frame>, FrameError) {
    let mut frames = Vec::new();
    loop {
        match Frame::read(pipe) {
            Ok(frame) => frames.push(frame),
            Err(end) => return (frames, end),
        }
    }
}

fn write_all(frames: &[Frame]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in frames {
        frame.write(&mut bytes).unwrap();
    }
    bytes
}

/// A message that is understood is the same after it was written and read again.
fn stable<T: Serialize + DeserializeOwned>(packed: &[u8]) -> bool {
    let Ok(message) = read_message::<T>(packed) else {
        return false;
    };
    let written = to_vec_named(&message).unwrap();
    let again: T = read_message(&written).unwrap();
    assert_eq!(to_vec_named(&again).unwrap(), written);
    true
}

/// Gives a byte or a few at a time, and is interrupted in between.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        // Few steps, since an input can announce megabytes.
        let length = (self.1 * self.1).min(buffer.len()).min(self.0.len());
        let (now, later) = self.0.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.0 = later;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_of_frames_hold_and_their_messages_are_understood() {
        let seeds = crate::fuzz_seeds::each("frames", super::frames);
        let broken = [
            "secret-", "unknown-", "broken-", "length-", "cut-", "found-",
        ];
        for (name, understood) in &seeds {
            let whole = !broken.iter().any(|part| name.starts_with(part));
            assert!(!whole || *understood > 0, "{name} is nobody's message");
        }
        assert!(seeds.len() >= 35);
    }
}
