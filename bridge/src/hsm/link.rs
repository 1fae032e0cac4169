//! The bridge's end of the worker's pipe: the child process, a thread that speaks to it and one that listens.
//!
//! A worker answers one request after the other, so that answers come in the order of what was sent. More than one may
//! be on its way: the worker then has the next one at hand when it is done.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::client::WorkerOptions;
use super::error::{HsmError, Loss};
use super::frame::{Frame, FrameError, write_message};
use super::port::{Request, Response};
use crate::pin::Pin;

/// The verb that makes this program a worker.
pub(super) const WORKER_VERB: &str = "hsm-worker";

/// How long a worker may take to end after its pipe was closed, before it is killed; and its pipe, after it was killed.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);

/// What a pipe holds on Linux.
const PIPE: usize = 64 * 1024;

/// Longest line of the module's own output that is logged.
const MAX_NOISE: usize = 400;

/// A running worker and the threads of its pipe.
pub(super) struct Link {
    worker: Worker,
    exchanges: std::sync::mpsc::Sender<Exchange>,
}

/// What the worker said, or why that cannot be read.
type Answer = Result<Result<Response, HsmError>, FrameError>;

/// What is to be sent, and where its answer goes.
struct Exchange {
    request: Request,
    pin: Option<Pin>,
    reply: mpsc::UnboundedSender<Answer>,
}

/// A request that was sent.
pub(super) struct Asked(mpsc::UnboundedReceiver<Answer>);

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
        // Threads, not async pipes: writes and reads block, and a PIN must not pass through a
        // runtime's buffers. The one that listens also starts the child, because Linux sends the
        // worker's parent-death signal when the *thread* that started it ends.
        thread::Builder::new()
            .name("hsm-pipe".into())
            .spawn(move || {
                let (asked, replies) = std::sync::mpsc::channel();
                let talk = |stdin| {
                    thread::Builder::new()
                        .name("hsm-ask".into())
                        .spawn(move || ask_all(stdin, &queue, &asked))
                        .map_err(start_failed)
                };
                let both = start_child(&mut command)
                    .and_then(|(worker, stdin, stdout)| talk(stdin).map(|_| (worker, stdout)));
                match both {
                    Ok((worker, stdout)) => {
                        let _gone = started.send(Ok(worker));
                        hear_all(stdout, &replies);
                    }
                    Err(error) => {
                        let _gone = started.send(Err(error));
                    }
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

    /// Sends a request, after those that were sent before. Whoever is told of a loss drops this link, which ends the
    /// worker.
    pub(super) fn send(&self, request: Request, pin: Option<Pin>) -> Result<Asked, Loss> {
        let (reply, answers) = mpsc::unbounded_channel();
        self.exchanges
            .send(Exchange {
                request,
                pin,
                reply,
            })
            .map_err(|_| Loss::Stopped)?;
        Ok(Asked(answers))
    }

    /// Ends the worker at once. What it had said before is there to be heard.
    pub(super) fn kill(&mut self) {
        self.worker.kill();
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

impl Asked {
    /// What the worker says next to this request: a part of its answer, or the answer's end.
    pub(super) async fn hear(
        &mut self,
        deadline: Duration,
    ) -> Result<Result<Response, HsmError>, Loss> {
        match timeout(deadline, self.0.recv()).await {
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
        }
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

/// The thread that speaks: ends when the link is dropped or the pipe breaks, which closes the worker's input.
fn ask_all(
    mut stdin: ChildStdin,
    queue: &std::sync::mpsc::Receiver<Exchange>,
    asked: &std::sync::mpsc::Sender<mpsc::UnboundedSender<Answer>>,
) {
    let mut buffer = Vec::new();
    while let Ok(Exchange {
        request,
        pin,
        reply,
    }) = queue.recv()
    {
        if let Err(broken) = ask(&mut stdin, &request, pin, &mut buffer) {
            let _gone = reply.send(Err(broken));
            break;
        }
        if asked.send(reply).is_err() {
            break;
        }
    }
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

/// The thread that listens: ends when the worker, having seen its input end, is done logging out.
fn hear_all(stdout: ChildStdout, asked: &std::sync::mpsc::Receiver<mpsc::UnboundedSender<Answer>>) {
    // No secret comes this way, and a frame is read in few pieces.
    let mut stdout = BufReader::with_capacity(PIPE, stdout);
    while let Ok(reply) = asked.recv() {
        if !hear(&mut stdout, &reply) {
            break;
        }
    }
    let _rest = io::copy(&mut stdout, &mut io::sink());
}

/// Hands on what comes, to the answer's end; false when the pipe is of no more use.
fn hear(stdout: &mut impl Read, reply: &mpsc::UnboundedSender<Answer>) -> bool {
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
