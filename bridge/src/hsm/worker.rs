//! The worker process: it alone loads the PKCS#11 module, and it answers over its pipe.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::HsmError;
use super::frame::{Frame, FrameError, write_message};
use super::pkcs11::Adapter;
use super::port::{Part, Port, Request, Response};
use crate::pin::Pin;

/// Runs the worker until its pipe closes. The hidden `hsm-worker` verb; nothing else calls it.
///
/// # Errors
/// [`HsmError::Protocol`] when what comes over the pipe is not the bridge's.
pub fn worker_main() -> Result<(), HsmError> {
    confine();
    take_pipes()
        .and_then(|(mut input, mut output)| serve(&mut input, &mut output, &mut Adapter::default()))
        .map_err(|broken| HsmError::Protocol {
            why: broken.to_string(),
        })
}

/// What the worker answers with, in the process of the caller: for the benchmark, which measures the
/// worker without its pipe. Everything else asks [`Hsm`](super::Hsm), since a module may crash.
#[must_use]
pub fn port_of_this_process() -> impl Port {
    Adapter::default()
}

/// Answers requests until the other side closes the pipe.
pub(super) fn serve(
    input: &mut impl Read,
    output: &mut impl Write,
    port: &mut dyn Port,
) -> Result<(), FrameError> {
    let mut buffer = Vec::new();
    loop {
        let request: Request = match Frame::read(input) {
            Ok(frame) => frame.into_message()?,
            Err(FrameError::Closed) => return Ok(()),
            Err(broken) => return Err(broken),
        };
        let pin = match &request {
            Request::Login(login) if login.pin_follows => {
                Some(Pin::from(Frame::read(input)?.into_secret()?))
            }
            _ => None,
        };
        let mut broken = None;
        let mut tell = |part: Part| {
            // A pipe that broke is told at the end: the module's calls are never left half done.
            if broken.is_none() {
                let told: Result<Response, HsmError> = Ok(Response::Part(part));
                broken = write_message(&told, output, &mut buffer).err();
            }
        };
        let answer = answer(port, request, pin, &mut tell);
        if let Some(broken) = broken {
            return Err(broken);
        }
        write_message(&answer, output, &mut buffer)?;
    }
}

/// A panic inside one call is that call's error and not the worker's end.
fn answer(
    port: &mut dyn Port,
    request: Request,
    pin: Option<Pin>,
    tell: &mut dyn FnMut(Part),
) -> Result<Response, HsmError> {
    let call = request.name();
    catch_unwind(AssertUnwindSafe(|| port.answer(request, pin, tell)))
        .unwrap_or_else(|_| Err(HsmError::Panicked { call: call.into() }))
}

/// New files are for their owner alone, and the worker ends with the bridge. Core dumps and tracing
/// are off by now, as in every process of this program.
fn confine() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // The pipe's end does the same between calls; this reaches a module that hangs in one.
    #[cfg(target_os = "linux")]
    let _unsupported =
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

/// Takes the pipe away from standard input and output: a module that prints, or reads a line, must
/// not write into the protocol.
#[cfg(unix)]
fn take_pipes() -> Result<(impl Read, impl Write), FrameError> {
    use rustix::stdio::{dup2_stdin, dup2_stdout, stdin, stdout};
    let input = rustix::io::fcntl_dupfd_cloexec(stdin(), 3).map_err(std::io::Error::from)?;
    let output = rustix::io::fcntl_dupfd_cloexec(stdout(), 3).map_err(std::io::Error::from)?;
    let nowhere = std::fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    dup2_stdin(&nowhere).map_err(std::io::Error::from)?;
    dup2_stdout(&nowhere).map_err(std::io::Error::from)?;
    Ok((std::fs::File::from(input), std::fs::File::from(output)))
}

#[cfg(not(unix))]
fn take_pipes() -> Result<(impl Read, impl Write), FrameError> {
    Ok((std::io::stdin().lock(), std::io::stdout().lock()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::hsm::port::{FinalTry, LoginProof, LoginRequest};

    /// Logs in with the PIN `right`, panics at a logout.
    struct Fragile;

    impl Port for Fragile {
        fn answer(
            &mut self,
            request: Request,
            pin: Option<Pin>,
            tell: &mut dyn FnMut(Part),
        ) -> Result<Response, HsmError> {
            match request {
                Request::Keys => {
                    tell(Part::Keys(Vec::new()));
                    tell(Part::Keys(Vec::new()));
                    Ok(Response::Keys(Vec::new()))
                }
                Request::Login(_) if pin.is_some_and(|pin| pin.expose() == b"right") => {
                    Ok(Response::LoggedIn(LoginProof::Taken))
                }
                Request::Login(_) => Err(HsmError::PinWrong {
                    final_try_next: false,
                }),
                Request::Logout => panic!("a fault of the module's adapter"),
                _ => Ok(Response::Keys(Vec::new())),
            }
        }
    }

    fn talk(frames: &[Frame]) -> Vec<Result<Response, HsmError>> {
        let mut input = Vec::new();
        for frame in frames {
            frame.write(&mut input).unwrap();
        }
        let mut output = Vec::new();
        serve(&mut input.as_slice(), &mut output, &mut Fragile).unwrap();
        let mut rest = output.as_slice();
        std::iter::from_fn(|| Frame::read(&mut rest).ok())
            .map(|frame| frame.into_message().unwrap())
            .collect()
    }

    fn request(request: &Request) -> Frame {
        Frame::message(request).unwrap()
    }

    fn login() -> Request {
        Request::Login(LoginRequest {
            pin_follows: true,
            final_try: FinalTry::Refuse,
        })
    }

    #[test]
    fn the_pin_reaches_the_port_in_its_own_frame() {
        let answers = talk(&[
            request(&login()),
            Frame::Secret(b"right".to_vec().into()),
            request(&login()),
            Frame::Secret(b"wrong".to_vec().into()),
        ]);
        assert!(matches!(
            answers.as_slice(),
            [Ok(Response::LoggedIn(_)), Err(HsmError::PinWrong { .. })]
        ));
    }

    #[test]
    fn a_panic_is_the_calls_error_and_the_worker_goes_on() {
        let answers = talk(&[request(&Request::Logout), request(&Request::Keys)]);
        assert!(matches!(
            answers.as_slice(),
            [
                Err(HsmError::Panicked { .. }),
                Ok(Response::Part(Part::Keys(_))),
                Ok(Response::Part(Part::Keys(_))),
                Ok(Response::Keys(_))
            ]
        ));
    }

    #[test]
    fn a_message_in_place_of_the_pin_ends_the_worker() {
        let mut input = Vec::new();
        request(&login()).write(&mut input).unwrap();
        request(&Request::Keys).write(&mut input).unwrap();
        let ended = serve(&mut input.as_slice(), &mut Vec::new(), &mut Fragile);
        assert!(matches!(ended, Err(FrameError::Kind)));
    }
}
