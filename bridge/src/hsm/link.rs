//! The bridge's end of the worker's pipe: the child process, and the thread that speaks to it.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::client::WorkerOptions;
use super::error::{HsmError, Loss};
use super::frame::{Frame, FrameError, write_message};
use super::port::{Part, Request, Response};
use crate::pin::Pin;

/// The verb that makes this program a worker.
pub(super) const WORKER_VERB: &str = "hsm-worker";

/// How long a worker may take to end after its pipe was closed, before it is killed.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a pipe holds on Linux.
const PIPE: usize = 64 * 1024;

/// Longest line of the module's own output that is logged.
const MAX_NOISE: usize = 400;

/// A running worker and the thread that speaks to it.
pub(super) struct Link {
    worker: Worker,
    exchanges: std::sync::mpsc::Sender<Exchange>,
}

/// What the pipe's thread is asked to do: send, wait, hand back.
struct Exchange {
    request: Request,
    pin: Option<Pin>,
    reply: mpsc::UnboundedSender<Result<Result<Response, HsmError>, FrameError>>,
}

/// The child process, which never outlives this value.
struct Worker(Child);

impl Link {
    /// Starts the worker process.
    pub(super) fn spawn(options: &WorkerOptions) -> Result<Self, HsmError> {
        let mut command = Command::new(&options.program);
        command
            .arg(WORKER_VERB)
            .env_clear()
            .envs(&options.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A group of its own: Ctrl-C in the terminal is for the bridge, which may need the worker to
        // clear up after it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let (exchanges, queue) = std::sync::mpsc::channel();
        let (started, start) = std::sync::mpsc::channel();
        // A thread, not async pipes: an exchange is a blocking write and read, and a PIN must not
        // pass through a runtime's buffers. It also starts the child, because Linux sends the
        // worker's parent-death signal when the *thread* that started it ends.
        thread::Builder::new()
            .name("hsm-pipe".into())
            .spawn(move || match start_child(&mut command) {
                Ok((worker, stdin, stdout)) => {
                    let _gone = started.send(Ok(worker));
                    converse(stdin, stdout, &queue);
                }
                Err(error) => {
                    let _gone = started.send(Err(error));
                }
            })
            .map_err(start_failed)?;
        let worker = start.recv().map_err(|_| HsmError::WorkerStopped)??;
        Ok(Self { worker, exchanges })
    }

    /// Whether the worker has ended by itself: then nothing that is asked of it is begun.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.worker.0.try_wait(), Ok(None))
    }

    /// Asks one thing. What the worker tells before its end goes to `part`, and the deadline counts anew from there.
    /// Whoever is told of a loss drops this link, which ends the worker.
    pub(super) async fn exchange(
        &self,
        request: Request,
        pin: Option<Pin>,
        deadline: Duration,
        mut part: impl FnMut(Part) -> Result<(), Loss>,
    ) -> Result<Result<Response, HsmError>, Loss> {
        let (reply, mut answers) = mpsc::unbounded_channel();
        self.exchanges
            .send(Exchange {
                request,
                pin,
                reply,
            })
            .map_err(|_| Loss::Stopped)?;
        loop {
            let answer = match timeout(deadline, answers.recv()).await {
                Err(_elapsed) => Err(Loss::Deadline {
                    seconds: deadline.as_secs().max(1),
                }),
                Ok(None) => Err(Loss::Stopped),
                Ok(Some(Err(FrameError::Closed | FrameError::Truncated | FrameError::Io(_)))) => {
                    Err(Loss::Stopped)
                }
                Ok(Some(Err(broken))) => Err(Loss::Protocol {
                    why: broken.to_string(),
                }),
                Ok(Some(Ok(answer))) => Ok(answer),
            }?;
            match answer {
                Ok(Response::Part(told)) => part(told)?,
                end => return Ok(end),
            }
        }
    }

    /// Closes the pipe and gives the worker a moment to log out and end by itself.
    pub(super) async fn farewell(self) {
        let Self {
            mut worker,
            exchanges,
        } = self;
        drop(exchanges);
        worker.farewell().await;
    }
}

impl Worker {
    fn kill(&mut self) {
        // Already gone is as good; waiting keeps no zombie behind.
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }

    /// Gives the worker, whose pipe is closed by now, a moment to log out and end by itself.
    async fn farewell(&mut self) {
        let until = Instant::now() + FAREWELL;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

fn start_child(command: &mut Command) -> Result<(Worker, ChildStdin, ChildStdout), HsmError> {
    let mut child = command.spawn().map_err(start_failed)?;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let worker = Worker(child);
    let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err(HsmError::WorkerStart {
            why: "it has no pipes".into(),
        });
    };
    thread::Builder::new()
        .name("hsm-noise".into())
        .spawn(move || log_noise(stderr))
        .map_err(start_failed)?;
    Ok((worker, stdin, stdout))
}

/// The pipe's thread: ends when the link is dropped or the pipe breaks, and the worker has closed
/// its side.
fn converse(
    mut stdin: ChildStdin,
    stdout: ChildStdout,
    queue: &std::sync::mpsc::Receiver<Exchange>,
) {
    // No secret comes this way, and a frame is read in few pieces.
    let mut stdout = BufReader::with_capacity(PIPE, stdout);
    let mut buffer = Vec::new();
    while let Ok(Exchange {
        request,
        pin,
        reply,
    }) = queue.recv()
    {
        let asked = ask(&mut stdin, &request, pin, &mut buffer);
        if !hear(&mut stdout, asked, &reply) {
            break;
        }
    }
    drop(stdin);
    // Until the worker, having seen its input end, is done logging out.
    let _rest = io::copy(&mut stdout, &mut io::sink());
}

fn ask(
    stdin: &mut ChildStdin,
    request: &Request,
    pin: Option<Pin>,
    buffer: &mut Vec<u8>,
) -> Result<(), FrameError> {
    write_message(request, stdin, buffer)?;
    if let Some(pin) = pin {
        // EXPOSE: the PIN goes to the worker in a frame of its own, whose buffer is wiped.
        Frame::Secret(pin.expose().to_vec().into()).write(stdin)?;
    }
    Ok(())
}

/// Hands on what comes, to the answer's end; false when the pipe is of no more use.
fn hear(
    stdout: &mut impl Read,
    asked: Result<(), FrameError>,
    reply: &mpsc::UnboundedSender<Result<Result<Response, HsmError>, FrameError>>,
) -> bool {
    if let Err(broken) = asked {
        let _gone = reply.send(Err(broken));
        return false;
    }
    loop {
        let answer = Frame::read(stdout).and_then(Frame::into_message);
        let (broken, more) = match &answer {
            Err(_) => (true, false),
            Ok(answer) => (false, matches!(answer, Ok(Response::Part(_)))),
        };
        let _gone = reply.send(answer);
        if !more {
            return !broken;
        }
    }
}

/// What the module prints goes to the debug log alone: it is foreign text, and may be anything.
fn log_noise(stderr: ChildStderr) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
        line.truncate(MAX_NOISE);
        tracing::debug!(target: "keyferry::hsm::module", "{}", String::from_utf8_lossy(&line).trim_end().escape_debug());
        line.clear();
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "used as a function of map_err"
)]
fn start_failed(error: io::Error) -> HsmError {
    HsmError::WorkerStart {
        why: error.to_string(),
    }
}
