//! A group of wraps that is sent while the one before it is under way, with a script in place of the worker: it says
//! what is given to it, when it is let, and notes what it hears.

use std::fmt::Display;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use keyferry_core::{KeySelector, SelfTest, Strategy, TargetKind};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::hsm::choice::{Choice, Coverage};
use crate::hsm::frame::Frame;
use crate::hsm::port::{
    ExtractableRule, LoginStyle, Module, OpenedToken, Part, PinState, StrategyDemand, TokenChoice,
    WrapMany,
};
use crate::hsm::{DisposableObjects, Hsm, HsmError, SelfTestReport, WorkerOptions, Wrapped};
use crate::sample;

use super::*;

/// A deadline that a test waits for.
const SHORT: Duration = Duration::from_secs(2);

/// A worker by script, and its successors.
struct Scripted {
    folder: tempfile::TempDir,
    hsm: Hsm,
}

/// A group that is asked for, and the labels that were answered so far.
struct Group {
    ended: JoinHandle<Result<(), HsmError>>,
    answers: mpsc::UnboundedReceiver<Vec<Result<Wrapped, HsmError>>>,
}

/// One step of a worker's script.
enum Say {
    Opened,
    Tested,
    /// A part of a group's answer: one key's ciphertext, or why there is none.
    Part(Result<&'static [u8], HsmError>),
    /// A group's last answer.
    End(Result<&'static [u8], HsmError>),
    /// Waits until the test lets it go on.
    Wait,
    /// What is no frame of the protocol.
    Nonsense,
    /// Leaves a child that has the worker's pipe, for longer than anybody waits.
    Child,
    /// Ends at once.
    Exit,
}

impl Scripted {
    /// Started and opened; each of `workers` is one worker's script.
    async fn start(workers: &[&[Say]]) -> Self {
        Self::within(Duration::from_secs(30), workers).await
    }

    /// The same, whose parts have this deadline.
    async fn within(deadline: Duration, workers: &[&[Say]]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &dyn Display| folder.path().join(name.to_string());
        let mut script = format!(
            "#!/bin/sh\ncd '{}'\necho >> started\nn=$(wc -l < started)\nexec 3<&0\ncat <&3 >> heard-$n &\ncase $n in\n",
            folder.path().display()
        );
        for (worker, says) in (1..).zip(workers) {
            script += &format!("{worker})\n");
            for (step, say) in says.iter().enumerate() {
                let file = path(&format!("{worker}-{step}"));
                let quoted = file.display();
                script += &match say {
                    Say::Wait => format!("until [ -e '{quoted}' ]; do sleep 0.01; done\n"),
                    Say::Nonsense => "head -c 64 /dev/zero | tr '\\0' x\n".to_owned(),
                    Say::Child => "sleep 10 &\n".to_owned(),
                    Say::Exit => "exit 1\n".to_owned(),
                    says => {
                        fs::write(&file, frame(says)).unwrap();
                        format!("cat '{quoted}'\n")
                    }
                };
            }
            script += ";;\n";
        }
        script += "esac\nwait\n";
        let program = path(&"worker");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let mut options = WorkerOptions::of(program, &[]);
        options.deadlines.wrap = deadline;
        let hsm = Hsm::start(options).await.unwrap();
        let module = Module::Library {
            path: "/nowhere".into(),
            args: None,
        };
        let token = TokenChoice::Only;
        hsm.open(OpenRequest { module, token }).await.unwrap();
        Self { folder, hsm }
    }

    fn ask(&self, label: &str) -> Group {
        let many = WrapMany {
            keys: vec![KeySelector {
                label: Some(label.to_owned()),
                id: None,
            }],
            kek_modulus: vec![1],
            kek_exponent: vec![3],
            strategy: StrategyDemand::Proven,
        };
        let (wrapped, answers) = mpsc::unbounded_channel();
        let hsm = self.hsm.clone();
        Group {
            ended: tokio::spawn(async move { hsm.wrap_many(many, wrapped).await }),
            answers,
        }
    }

    /// A group of which a part is answered, and one that was sent behind it.
    async fn two_under_way(&self) -> (Group, Group) {
        let mut first = self.ask("first");
        assert_eq!(first.next().await.unwrap(), b"one");
        let second = self.ask("second");
        self.hears(1, "second").await;
        (first, second)
    }

    /// Whether this worker was asked for the key with this label so far.
    fn has_heard(&self, worker: u32, label: &str) -> bool {
        let heard = fs::read(self.file(&format!("heard-{worker}"))).unwrap_or_default();
        String::from_utf8_lossy(&heard).contains(label)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Waits until this worker was asked for the key with this label.
    async fn hears(&self, worker: u32, label: &str) {
        until(|| self.has_heard(worker, label)).await;
    }

    /// Lets this worker go on from where it waits.
    fn go_on(&self, worker: u32, step: usize) {
        fs::write(self.file(&format!("{worker}-{step}")), "").unwrap();
    }

    fn started(&self) -> usize {
        fs::read_to_string(self.file("started")).unwrap().len()
    }
}

impl Group {
    async fn next(&mut self) -> Result<Vec<u8>, HsmError> {
        let mut some = self.answers.recv().await.unwrap();
        assert_eq!(some.len(), 1);
        some.remove(0).map(|wrapped| wrapped.ciphertext)
    }

    async fn end(self) -> Result<(), HsmError> {
        self.ended.await.unwrap()
    }
}

async fn until(done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn frame(say: &Say) -> Vec<u8> {
    let said = match say {
        Say::Opened => Response::Opened(OpenedToken {
            info: sample::token(),
            login: LoginStyle::Pin,
            pin_state: PinState::Ok,
        }),
        Say::Tested => Response::SelfTested(SelfTestReport {
            proofs: Vec::new(),
            extractable: ExtractableRule::Kept,
            objects: DisposableObjects::Session,
        }),
        Say::Part(one) => Response::Part(Part::Wrapped(vec![answer(one)])),
        Say::End(one) => Response::WrappedMany(vec![answer(one)]),
        Say::Nonsense | Say::Child | Say::Wait | Say::Exit => unreachable!("nothing is said"),
    };
    let said: Result<Response, HsmError> = Ok(said);
    let mut bytes = Vec::new();
    Frame::message(&said).unwrap().write(&mut bytes).unwrap();
    bytes
}

fn answer(one: &Result<&[u8], HsmError>) -> Result<Wrapped, HsmError> {
    Ok(Wrapped {
        ciphertext: one.clone()?.to_vec(),
        choice: Choice {
            strategy: Strategy::OaepKwp,
            self_test: SelfTest::Exact,
            coverage: Coverage::Nothing,
            proven_lengths: Vec::new(),
        },
        target: TargetKind::Aes256,
        spki: None,
    })
}

#[tokio::test]
async fn the_next_group_is_sent_while_one_is_under_way() {
    let worker = Scripted::start(&[&[
        Say::Opened,
        Say::Tested,
        Say::Part(Ok(b"one")),
        Say::Wait,
        Say::End(Ok(b"two")),
        Say::End(Ok(b"three")),
    ]])
    .await;
    let (mut first, mut second) = worker.two_under_way().await;
    assert!(!first.ended.is_finished());
    worker.go_on(1, 3);
    assert_eq!(first.next().await.unwrap(), b"two");
    first.end().await.unwrap();
    assert_eq!(second.next().await.unwrap(), b"three");
    second.end().await.unwrap();
    assert_eq!(worker.started(), 1);
}

#[tokio::test]
async fn no_more_than_one_group_is_sent_ahead() {
    let worker = Scripted::start(&[&[
        Say::Opened,
        Say::Tested,
        Say::Part(Ok(b"one")),
        Say::Wait,
        Say::End(Ok(b"two")),
        Say::Wait,
        Say::End(Ok(b"three")),
        Say::End(Ok(b"four")),
    ]])
    .await;
    let (first, second) = worker.two_under_way().await;
    let third = worker.ask("third");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!worker.has_heard(1, "third"));
    worker.go_on(1, 3);
    first.end().await.unwrap();
    worker.hears(1, "third").await;
    worker.go_on(1, 5);
    second.end().await.unwrap();
    third.end().await.unwrap();
}

#[tokio::test]
async fn what_was_sent_behind_a_group_that_took_the_worker_along_is_asked_of_its_successor() {
    let worker = Scripted::start(&[
        &[
            Say::Opened,
            Say::Tested,
            Say::Part(Ok(b"one")),
            Say::Wait,
            Say::Exit,
        ],
        &[Say::Opened, Say::Tested, Say::End(Ok(b"two"))],
    ])
    .await;
    let (first, mut second) = worker.two_under_way().await;
    worker.go_on(1, 3);
    assert_eq!(lost(first).await, Loss::Stopped);
    assert_eq!(second.next().await.unwrap(), b"two");
    second.end().await.unwrap();
    worker.hears(2, "second").await;
    assert_eq!(worker.started(), 2);
}

#[tokio::test]
async fn a_group_that_was_sent_ahead_and_begun_is_not_done_again() {
    let worker = Scripted::start(&[&[
        Say::Opened,
        Say::Tested,
        Say::Part(Ok(b"one")),
        Say::Wait,
        Say::End(Ok(b"two")),
        Say::Part(Ok(b"three")),
        Say::Exit,
    ]])
    .await;
    let (first, mut second) = worker.two_under_way().await;
    worker.go_on(1, 3);
    first.end().await.unwrap();
    assert_eq!(second.next().await.unwrap(), b"three");
    assert_eq!(lost(second).await, Loss::Stopped);
    assert_eq!(worker.started(), 1);
}

#[tokio::test]
async fn what_was_sent_behind_a_group_that_ran_into_its_deadline_is_asked_of_the_successor() {
    let worker = Scripted::within(
        SHORT,
        &[
            &[Say::Opened, Say::Tested, Say::Part(Ok(b"one")), Say::Wait],
            &[Say::Opened, Say::Tested, Say::End(Ok(b"two"))],
        ],
    )
    .await;
    let (first, mut second) = worker.two_under_way().await;
    assert_eq!(lost(first).await, Loss::Deadline { seconds: 2 });
    assert_eq!(second.next().await.unwrap(), b"two");
    second.end().await.unwrap();
    assert_eq!(worker.started(), 2);
}

#[tokio::test]
async fn behind_a_worker_whose_pipe_outlives_it_nobody_knows_how_far_it_came() {
    let worker = Scripted::within(
        SHORT,
        &[&[
            Say::Opened,
            Say::Tested,
            Say::Part(Ok(b"one")),
            Say::Child,
            Say::Wait,
        ]],
    )
    .await;
    let (first, second) = worker.two_under_way().await;
    assert_eq!(lost(first).await, Loss::Deadline { seconds: 2 });
    let _unknown = lost(second).await;
    assert_eq!(worker.started(), 1, "the second group was asked for again");
}

#[tokio::test]
async fn behind_a_worker_that_broke_its_protocol_nobody_knows_how_far_it_came() {
    let worker = Scripted::start(&[&[
        Say::Opened,
        Say::Tested,
        Say::Part(Ok(b"one")),
        Say::Wait,
        Say::Nonsense,
        Say::Wait,
    ]])
    .await;
    let (first, second) = worker.two_under_way().await;
    worker.go_on(1, 3);
    assert!(matches!(lost(first).await, Loss::Protocol { .. }));
    assert_eq!(lost(second).await, Loss::Stopped);
    assert_eq!(worker.started(), 1, "the second group was asked for again");
}

#[tokio::test]
async fn a_worn_out_worker_is_sent_nothing_ahead() {
    let worker = Scripted::start(&[
        &[
            Say::Opened,
            Say::Tested,
            Say::Part(Err(HsmError::TokenReplaced)),
            Say::Wait,
            Say::End(Ok(b"one")),
        ],
        &[Say::Opened, Say::Tested, Say::End(Ok(b"two"))],
    ])
    .await;
    let mut first = worker.ask("first");
    let worn_out = first.next().await;
    assert!(matches!(worn_out, Err(HsmError::TokenReplaced)));
    let mut second = worker.ask("second");
    tokio::time::sleep(Duration::from_millis(100)).await;
    worker.go_on(1, 3);
    first.end().await.unwrap();
    assert_eq!(second.next().await.unwrap(), b"two");
    second.end().await.unwrap();
    assert!(!worker.has_heard(1, "second"));
}

async fn lost(group: Group) -> Loss {
    match group.end().await {
        Err(HsmError::OperationLost { call, loss }) if call == "wrap" => loss,
        other => panic!("not told as lost: {other:?}"),
    }
}
