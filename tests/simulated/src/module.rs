//! The module: the real token, the scenario, and what happened so far.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use cryptoki_sys::{
    CK_MECHANISM_TYPE, CK_RV, CK_SESSION_HANDLE, CKR_GENERAL_ERROR, CKR_OK, CKR_SESSION_COUNT,
};

use crate::inner::{Inner, Key};
use crate::rv::Rv;
use crate::scenario::Scenario;

/// Names the scenario file.
const VARIABLE: &str = "KEYFERRY_SIMULATED";

/// The module of this process.
pub(crate) struct Module {
    pub(crate) scenario: Scenario,
    pub(crate) inner: Inner,
    happened: Mutex<Happened>,
}

#[derive(Default)]
struct Happened {
    calls: BTreeMap<&'static str, u64>,
    sessions: BTreeSet<CK_SESSION_HANDLE>,
}

/// One call, as far as rules ask about it.
pub(crate) struct Call<'a> {
    pub(crate) name: &'static str,
    pub(crate) mechanism: Option<CK_MECHANISM_TYPE>,
    pub(crate) target: Option<Key<'a>>,
}

impl Call<'_> {
    pub(crate) fn of(name: &'static str) -> Self {
        Self {
            name,
            mechanism: None,
            target: None,
        }
    }
}

impl Module {
    fn load() -> Result<Self, String> {
        let path = std::env::var_os(VARIABLE).ok_or_else(|| format!("{VARIABLE} is not set"))?;
        let path = Path::new(&path);
        let told = |error| format!("{}: {error}", path.display());
        let scenario = Scenario::read(path).map_err(told)?;
        let inner = Inner::load(scenario.library.as_deref()).map_err(told)?;
        Ok(Self {
            scenario,
            inner,
            happened: Mutex::default(),
        })
    }

    /// Counts and records a call, and lets its fault befall it.
    pub(crate) fn enter(&self, call: &Call<'_>) -> Result<(), Rv> {
        let count = {
            let mut happened = self.happened();
            let count = happened.calls.entry(call.name).or_default();
            *count += 1;
            *count
        };
        self.record(call);
        for fault in &self.scenario.fault {
            if fault.befalls(call, count)? {
                fault.deed().strike()?;
            }
        }
        self.check_mechanism(call)
    }

    fn record(&self, call: &Call<'_>) {
        let Some(path) = &self.scenario.record else {
            return;
        };
        let line = match call.mechanism {
            Some(code) => format!("{} 0x{code:X}\n", call.name),
            None => format!("{}\n", call.name),
        };
        let file = OpenOptions::new().append(true).create(true).open(path);
        // In one write, so that lines of several processes stay whole.
        if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
            tell(&format!("{}: {error}", path.display()));
        }
    }

    /// Whether one more session may be opened.
    pub(crate) fn check_sessions(&self) -> Result<(), Rv> {
        let open = self.happened().sessions.len();
        match self.scenario.policy.sessions {
            Some(limit) if open >= limit => Err(Rv(CKR_SESSION_COUNT)),
            _ => Ok(()),
        }
    }

    pub(crate) fn session_opened(&self, session: CK_SESSION_HANDLE) {
        self.happened().sessions.insert(session);
    }

    pub(crate) fn session_closed(&self, session: CK_SESSION_HANDLE) {
        self.happened().sessions.remove(&session);
    }

    pub(crate) fn sessions_ended(&self) {
        self.happened().sessions.clear();
    }

    fn happened(&self) -> MutexGuard<'_, Happened> {
        self.happened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers one call of C: neither an error nor a panic gets out in another form than a return value.
pub(crate) fn answer(work: impl FnOnce(&'static Module) -> Result<(), Rv>) -> CK_RV {
    static MODULE: OnceLock<Option<Module>> = OnceLock::new();
    let module = MODULE.get_or_init(|| Module::load().map_err(|error| tell(&error)).ok());
    let Some(module) = module else {
        return CKR_GENERAL_ERROR;
    };
    match catch_unwind(AssertUnwindSafe(|| work(module))) {
        Ok(Ok(())) => CKR_OK,
        Ok(Err(Rv(value))) => value,
        Err(_) => CKR_GENERAL_ERROR,
    }
}

/// A C interface has no place for words; whoever wrote the scenario reads standard error.
#[allow(clippy::print_stderr, reason = "see above")]
fn tell(error: &str) {
    eprintln!("simulated module: {error}");
}
