//! Faults on order: what a vault does wrong, or what stands between it and its client.

use super::call::Call;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// One fault. Those that break an answer let the call do its work first: the client cannot know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 401 with a challenge, whatever token comes.
    ChallengeLoop,
    /// 401, the token has expired; the next one is taken.
    TokenExpired,
    /// 403, no role that allows it.
    ForbiddenByRbac,
    /// 403, no access policy that allows it.
    ForbiddenByPolicy,
    /// 403, the vault's firewall.
    ForbiddenByFirewall,
    /// 403, public network access is off.
    ForbiddenByNetwork,
    /// 404 for a key.
    KeyNotFound,
    /// 409, the name belongs to a deleted key.
    SoftDeleted,
    /// 429 with Retry-After.
    Throttled,
    /// 429 without Retry-After.
    ThrottledBare,
    /// 500.
    ServerError,
    /// 503 with Retry-After.
    Unavailable,
    /// The answer ends in its middle.
    HalfAnswer,
    /// The answer has a body of 100 MB.
    HugeAnswer,
    /// The answer's kid names another version.
    OtherKid,
    /// The answer's public key is another one.
    OtherKey,
    /// The connection closes before anything is done.
    Gone,
    /// The call does its work, and the connection closes without an answer.
    AnswerLost,
    /// 400, a vault of the standard tier has no HSM.
    StandardTier,
}

/// Calls that a fault can be set on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Any,
    Create,
    Import,
    Get,
    List,
    Update,
    Delete,
    Use,
    /// Create and import: what makes a key version.
    NewVersion,
}

/// A fault, where it strikes, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Planned {
    fault: Fault,
    place: Place,
    /// None for always.
    times: Option<u32>,
}

/// Faults to come, in the order in which they are tried: `NAME[@CALL][:N|:always]`, separated by
/// commas. `N` is how often; a call that is not named is the one that the fault belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<Planned>);

/// Name, fault, where it strikes unless told otherwise, how often.
const TABLE: [(&str, Fault, Place, Option<u32>); 19] = [
    ("401-loop", Fault::ChallengeLoop, Place::Any, None),
    ("401-expired", Fault::TokenExpired, Place::Import, Some(1)),
    ("403-rbac", Fault::ForbiddenByRbac, Place::Any, None),
    ("403-policy", Fault::ForbiddenByPolicy, Place::Any, None),
    ("403-firewall", Fault::ForbiddenByFirewall, Place::Any, None),
    ("403-network", Fault::ForbiddenByNetwork, Place::Any, None),
    ("404", Fault::KeyNotFound, Place::Get, None),
    ("409", Fault::SoftDeleted, Place::NewVersion, None),
    ("429", Fault::Throttled, Place::Any, Some(1)),
    ("429-bare", Fault::ThrottledBare, Place::Any, Some(1)),
    ("500", Fault::ServerError, Place::Any, Some(1)),
    ("503", Fault::Unavailable, Place::Any, Some(1)),
    ("half", Fault::HalfAnswer, Place::Any, Some(1)),
    ("huge", Fault::HugeAnswer, Place::Any, Some(1)),
    ("other-kid", Fault::OtherKid, Place::Import, None),
    ("other-key", Fault::OtherKey, Place::Import, None),
    ("gone", Fault::Gone, Place::Import, None),
    ("lost", Fault::AnswerLost, Place::Import, Some(1)),
    ("standard", Fault::StandardTier, Place::NewVersion, None),
];

const PLACES: [(&str, Place); 8] = [
    ("any", Place::Any),
    ("create", Place::Create),
    ("import", Place::Import),
    ("get", Place::Get),
    ("list", Place::List),
    ("update", Place::Update),
    ("delete", Place::Delete),
    ("use", Place::Use),
];

impl Faults {
    /// The names, for a help text.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|row| row.0)
    }

    /// No faults.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }
}

impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',')
            .map(planned)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn planned(text: &str) -> Result<Planned, String> {
    let (rest, times) = match text.split_once(':') {
        None => (text, None),
        Some((rest, times)) => (rest, Some(times)),
    };
    let (name, place) = match rest.split_once('@') {
        None => (rest, None),
        Some((name, place)) => (name, Some(place)),
    };
    let (_, fault, own_place, own_times) =
        TABLE.into_iter().find(|row| row.0 == name).ok_or_else(|| {
            let names: Vec<&str> = Faults::names().collect();
            format!("{name:?} is no fault; there are {}", names.join(", "))
        })?;
    let place = match place {
        None => own_place,
        Some(place) => PLACES
            .into_iter()
            .find(|row| row.0 == place)
            .map(|row| row.1)
            .ok_or_else(|| {
                let names: Vec<&str> = PLACES.iter().map(|row| row.0).collect();
                format!("{place:?} is no call; there are {}", names.join(", "))
            })?,
    };
    let times = match times {
        None => own_times,
        Some("always") => None,
        Some(times) => match times.parse() {
            Ok(times @ 1..) => Some(times),
            _ => return Err(format!("{times:?} is no number of times, nor always")),
        },
    };
    Ok(Planned {
        fault,
        place,
        times,
    })
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().filter_map(|planned| {
            let row = TABLE.iter().find(|row| row.1 == planned.fault)?;
            Some(row.0)
        });
        formatter.write_str(&names.collect::<Vec<_>>().join(","))
    }
}

impl Place {
    fn holds(self, call: &Call) -> bool {
        match call {
            Call::Create(_) => matches!(self, Self::Any | Self::Create | Self::NewVersion),
            Call::Import(_) => matches!(self, Self::Any | Self::Import | Self::NewVersion),
            Call::Get(..) | Call::GetDeleted(_) => matches!(self, Self::Any | Self::Get),
            Call::List | Call::Versions(_) | Call::ListDeleted => {
                matches!(self, Self::Any | Self::List)
            }
            Call::Update(..) => matches!(self, Self::Any | Self::Update),
            Call::Delete(_) | Call::Purge(_) | Call::Recover(_) => {
                matches!(self, Self::Any | Self::Delete)
            }
            Call::Use(..) => matches!(self, Self::Any | Self::Use),
        }
    }
}

/// The faults of a running vault, used up as they strike.
pub(super) struct Mischief(Mutex<Vec<Planned>>);

impl Mischief {
    pub(super) fn new(faults: Faults) -> Self {
        Self(Mutex::new(faults.0))
    }

    /// The fault that strikes this call, if any; one that has struck often enough is gone.
    pub(super) fn strike(&self, call: &Call) -> Option<Fault> {
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = planned.iter().position(|fault| fault.place.holds(call))?;
        let found = planned.get_mut(index)?;
        let fault = found.fault;
        if let Some(times) = &mut found.times {
            *times -= 1;
            if *times == 0 {
                planned.remove(index);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::request::KeyName;
    use super::*;

    fn create() -> Call {
        Call::Create(KeyName::parse("k").unwrap())
    }

    fn import() -> Call {
        Call::Import(KeyName::parse("k").unwrap())
    }

    #[test]
    fn a_fault_strikes_its_own_call_as_often_as_it_was_told() {
        let mischief = Mischief::new("429:2,lost,standard@create:1".parse().unwrap());
        assert_eq!(mischief.strike(&create()), Some(Fault::Throttled));
        assert_eq!(mischief.strike(&import()), Some(Fault::Throttled));
        assert_eq!(mischief.strike(&create()), Some(Fault::StandardTier));
        assert_eq!(mischief.strike(&create()), None);
        assert_eq!(mischief.strike(&import()), Some(Fault::AnswerLost));
        assert_eq!(mischief.strike(&import()), None);
        assert_eq!(mischief.strike(&Call::List), None);
    }

    #[test]
    fn a_lasting_fault_lasts() {
        let mischief = Mischief::new("403-rbac,500@import:always".parse().unwrap());
        for _ in 0..100 {
            assert_eq!(mischief.strike(&import()), Some(Fault::ForbiddenByRbac));
        }
        let mischief = Mischief::new("500@import:always".parse().unwrap());
        for _ in 0..100 {
            assert_eq!(mischief.strike(&import()), Some(Fault::ServerError));
            assert_eq!(mischief.strike(&create()), None);
        }
    }

    #[test]
    fn every_fault_of_the_table_is_taken_by_its_name() {
        for (name, fault, place, times) in TABLE {
            let faults: Faults = name.parse().unwrap();
            assert_eq!(
                faults.0,
                [Planned {
                    fault,
                    place,
                    times
                }]
            );
            assert_eq!(faults.to_string(), name);
        }
    }

    #[test]
    fn refuses_names_places_and_numbers_that_it_does_not_know() {
        for text in [
            "", "418", "429,", "429@", "429@post", "429:0", "429:-1", "429:x", "429 ",
        ] {
            assert!(text.parse::<Faults>().is_err(), "{text:?}");
        }
    }
}
