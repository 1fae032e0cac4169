//! The self-test: does what a strategy makes on this token really open?
//!
//! Nothing about a blob tells from outside whether its hash, padding or framing is right, and
//! mechanism numbers mean different things on different tokens. So each candidate wraps disposable
//! keys under a throwaway KEK, and the result is opened in software and compared with what the token
//! says of the key. Throwaway KEK and disposable keys exist for this run alone.

mod extractable;
mod judge;
mod open;
mod plaintext;
mod subject;

pub(super) use judge::run;
