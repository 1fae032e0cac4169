//! The rounds of a trial: look, make, transfer, destroy.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use keyferry::pin::Pin;
use serde_json::Value;
use tempfile::TempDir;

use super::report::{KindReport, Report};
use super::{Options, stop};
use crate::Kek;
use crate::transfer::{EcExtras, KEK_BITS, PrivateValue, Source, Traits};

/// What the label of every key that a trial makes begins with.
const PREFIX: &str = "keyferry-test-hsm-";

/// A token under trial. What was made on it is destroyed with this value.
pub struct Trial {
    source: Source,
    doctor: Value,
    removed: Option<usize>,
    /// Removed after the last look at the token.
    _scenario: Option<TempDir>,
}

/// What a trial is going to do, for the person to agree to.
#[must_use]
pub fn announce(options: &Options) -> String {
    format!(
        "On the token of {}:\n\
         - one disposable key of each kind that it can make, labelled {PREFIX}…\n\
         - each wrapped under throwaway KEKs made for this, into a temporary folder, and opened there by openssl\n\
         - every object whose label begins with {PREFIX} destroyed at the end, also after a failure\n\
         No other key is touched. The PIN is tried once; if it is wrong, nothing more happens.",
        options.module.display()
    )
}

impl Trial {
    /// Looks at the token: the PIN's first use, and the last if it is wrong.
    ///
    /// # Errors
    /// What the doctor could not get past.
    pub fn begin(options: &Options, pin: Option<Arc<Pin>>) -> Result<Self, String> {
        stop::listen();
        let desk = options.desk(pin.clone());
        let answer = desk.json(["doctor", "--self-test"]);
        let doctor: Value = serde_json::from_str(&answer.stdout)
            .map_err(|error| format!("{error}: {}", answer.all()))?;
        let label = doctor["token"]["label"].as_str();
        if doctor["token"]["logged_in"] != true {
            return Err(format!(
                "The token was not unlocked.\n{}",
                serde_json::to_string_pretty(&doctor).unwrap_or_default()
            ));
        }
        let (onlooker, scenario) = options.onlooker(label.unwrap_or_default(), pin);
        Ok(Self {
            source: Source {
                desk,
                onlooker,
                traits: unknown(),
                prefix: format!("{PREFIX}{}-", std::process::id()),
                keys: Vec::new(),
            },
            doctor,
            removed: None,
            _scenario: scenario,
        })
    }

    /// Makes, transfers and destroys; says each step.
    pub fn run(mut self, options: &Options, say: impl Fn(&str)) -> Report {
        let keks = KEK_BITS.map(Kek::generate);
        let mut kinds = Vec::new();
        for kind in options.kinds() {
            if stop::asked() {
                say("stopped");
                break;
            }
            let told = self.kind(kind, &keks);
            say(&told.line());
            kinds.push(told);
        }
        self.destroy();
        Report {
            doctor: self.doctor.clone(),
            kinds,
            removed: self.removed,
        }
    }

    fn kind(&mut self, kind: &str, keks: &[Kek]) -> KindReport {
        let mut told = KindReport::new(kind);
        match self.doctor_says(kind) {
            Ok((strategy, self_test)) => {
                told.strategy = Some(strategy.clone());
                (self.source.traits.strategy, self.source.traits.self_test) = (strategy, self_test);
            }
            Err(why) => {
                told.outcome = format!("not tried: {why}");
                return told;
            }
        }
        if let Some(why) = self.cannot_make(kind) {
            told.outcome = why;
            return told;
        }
        let source = &self.source;
        let made = source.keys.last().filter(|key| key.kind == kind);
        let Some(key) = made else {
            told.outcome = "the key was made and does not show in the list as it should".to_owned();
            return told;
        };
        let folder = tempfile::tempdir().unwrap();
        for kek in keks {
            let transfer = || source.transfer(key, kek, folder.path());
            if let Err(panic) = catch_unwind(AssertUnwindSafe(transfer)) {
                told.outcome = format!("under {} bits: {}", kek.bits, message(panic.as_ref()));
                return told;
            }
            told.keks.push(kek.bits);
        }
        "opened, and the same key".clone_into(&mut told.outcome);
        told.good = true;
        told
    }

    /// Makes a key of the kind; why not, if it cannot be made.
    fn cannot_make(&mut self, kind: &str) -> Option<String> {
        let label = format!("{}{kind}", self.source.prefix);
        let probe = ["keygen", "--kind", kind, "--label", &label];
        let answer = self.source.desk.json(probe);
        if answer.code != Some(0) {
            let error = &answer.object()["error"];
            return Some(format!(
                "not made: {} ({})",
                error["code"].as_str().unwrap_or_default(),
                error["message"].as_str().unwrap_or_default()
            ));
        }
        let look = || self.source.take_up(kind, &label);
        catch_unwind(AssertUnwindSafe(look))
            .err()
            .map(|panic| message(panic.as_ref()))
    }

    /// The strategy that the self-test leaves for a kind, and how it came out.
    fn doctor_says(&self, kind: &str) -> Result<(String, String), String> {
        let verdicts = self.doctor["verdicts"].as_array().unwrap();
        let verdict = verdicts.iter().find(|verdict| verdict["kind"] == kind);
        if let Some(reason) = verdict.and_then(|verdict| verdict["reasons"].get(0)) {
            return Err(reason["message"].as_str().unwrap_or_default().to_owned());
        }
        let strategies = self.doctor["strategies"].as_array().unwrap();
        let has = |strategy: &&Value| {
            let kinds = strategy["kinds"].as_array();
            kinds.is_some_and(|kinds| kinds.iter().any(|has| has == kind))
        };
        let by = |outcome: &str| {
            let passed = |strategy: &&Value| strategy["self_test"] == outcome && has(strategy);
            strategies.iter().find(passed)
        };
        by("exact")
            .or_else(|| by("trailing-zeros"))
            .or_else(|| strategies.iter().find(has))
            .map(|strategy| {
                let text = |member: &str| strategy[member].as_str().unwrap().to_owned();
                (text("name"), text("self_test"))
            })
            .ok_or_else(|| "no strategy is proven for it".to_owned())
    }

    fn destroy(&mut self) {
        if self.removed.is_none() {
            match self.source.onlooker.try_ask(&["destroy", PREFIX]) {
                Ok(count) => self.removed = count.as_u64().map(|count| count as usize),
                Err(error) => {
                    let left = format!("{PREFIX}… may be left on the token: {error}");
                    crate::tool::tell(&left);
                }
            }
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.destroy();
    }
}

/// What nothing is known of yet.
fn unknown() -> Traits {
    Traits {
        strategy: String::new(),
        self_test: String::new(),
        private_value: PrivateValue::Either,
        ec_extras: EcExtras::Either,
        generator: String::new(),
    }
}

/// A panic's words, in one line.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_default().replace('\n', " ")
}
