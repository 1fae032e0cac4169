//! A key that a rehearsal made on the user's token.

use keyferry_core::{KeyInfo, KeySelector};

use super::port::{Request, Response};

/// A key that this run's worker made for a rehearsal, and that it destroys. There is no other way to
/// have one, so that a value of this type shows that the key it names is nobody's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RehearsalKey(KeyInfo);

impl RehearsalKey {
    pub(super) fn of(key: KeyInfo) -> Self {
        Self(key)
    }

    /// The key.
    #[must_use]
    pub fn info(&self) -> &KeyInfo {
        &self.0
    }

    /// Names it by label and id.
    #[must_use]
    pub fn selector(&self) -> KeySelector {
        KeySelector {
            label: Some(self.0.label.clone()),
            id: Some(self.0.id.clone()),
        }
    }
}

/// The labels of the keys that were made for a rehearsal. A worker that is lost takes along what it knew of
/// its own, and no other may destroy them: they are told as left.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// Those of the worker that runs.
    living: Vec<String>,
    /// Those of workers that are no more.
    orphans: Vec<String>,
}

impl Made {
    /// The worker is no more.
    pub(super) fn orphan(&mut self) {
        self.orphans.append(&mut self.living);
    }

    /// Takes note of an answer, and adds to it what its worker cannot know.
    pub(super) fn complete(&mut self, request: &Request, response: Response) -> Response {
        match (request, response) {
            (Request::MakeRehearsalKey { .. }, Response::Generated(key)) => {
                self.living.push(key.label.clone());
                Response::Generated(key)
            }
            (Request::DestroyRehearsalKeys, Response::Destroyed(mut destroyed)) => {
                self.living.retain(|label| !destroyed.gone.contains(label));
                let why = "the worker that made it was lost";
                let orphans = self.orphans.iter();
                destroyed
                    .left
                    .extend(orphans.map(|label| (label.clone(), why.to_owned())));
                Response::Destroyed(destroyed)
            }
            (_, other) => other,
        }
    }
}

#[cfg(test)]
impl RehearsalKey {
    /// One that no token holds, for tests of the rules.
    pub(crate) fn pretended(key: KeyInfo) -> Self {
        Self(key)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use keyferry_core::TargetKind;

    use super::*;
    use crate::hsm::port::Destroyed;

    fn key(label: &str) -> Response {
        Response::Generated(KeyInfo {
            label: label.into(),
            id: "01".into(),
            kind: "P-256".into(),
            transferable: true,
            reasons: Vec::new(),
            spki: None,
        })
    }

    fn destroyed(made: &mut Made, gone: &[&str]) -> Vec<String> {
        let answer = Response::Destroyed(Destroyed {
            gone: gone.iter().map(|&label| label.into()).collect(),
            left: Vec::new(),
        });
        match made.complete(&Request::DestroyRehearsalKeys, answer) {
            Response::Destroyed(Destroyed { left, .. }) => {
                left.into_iter().map(|(label, _)| label).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_of_a_lost_worker_are_told_as_left_and_destroyed_ones_are_not() {
        let make = Request::MakeRehearsalKey {
            kind: TargetKind::P256,
        };
        let mut made = Made::default();
        let _ = made.complete(&make, key("first"));
        assert!(destroyed(&mut made, &["first"]).is_empty());
        let _ = made.complete(&make, key("second"));
        made.orphan();
        let _ = made.complete(&make, key("third"));
        assert_eq!(destroyed(&mut made, &["third"]), ["second"]);
    }
}
