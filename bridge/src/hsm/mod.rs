//! The HSM, reached through PKCS#11 in a child process.
//!
//! [`Hsm`] is the bridge's handle: it starts a worker process, which alone loads the PKCS#11
//! module. What the two say to each other is the port ([`Request`], [`Response`], [`HsmError`]),
//! so that a module which hangs or crashes never takes the bridge along: its worker is ended, and a
//! new one takes over.

mod advice;
mod choice;
mod client;
mod deadlines;
mod embedded;
mod error;
mod failure;
mod frame;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod library_file;
mod link;
mod losses;
mod mechanism;
mod pkcs11;
mod port;
mod raw;
mod reason;
mod rehearsal_key;
mod self_test;
mod strategy;
mod supervisor;
mod survey;
mod worker;

pub use choice::{Choice, Coverage};
pub use client::{Hsm, WorkerOptions};
pub use deadlines::{DeadlineSettings, Deadlines};
pub use error::{Call, HsmError, Loss};
pub use mechanism::Mechanism;
pub use port::{
    Destroyed, DisposableObjects, ExtractableRule, FinalTry, KindProof, LoginProof, LoginRequest,
    LoginStyle, Module, OpenRequest, OpenedToken, Part, PinState, Port, Proof, Request, Response,
    SelfTestReport, StrategyDemand, TokenChoice, WrapMany, WrapRequest, Wrapped,
};
pub use rehearsal_key::RehearsalKey;
pub use supervisor::Witness;
pub use survey::{ChosenToken, ModuleInfo, SlotInfo, SlotToken, Survey};
pub use worker::{port_of_this_process, worker_main};
