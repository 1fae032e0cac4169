//! What a person is asked of a plan of many keys, and the approval of exactly that.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use keyferry_core::{ApprovalKind, Kid, Requester, SelfTest, TargetKind, Thumbprint, TokenInfo};

use super::question::{asker, foreign};
use super::{Approval, ByFlag, SecondApproval, WrapQuestion};
use crate::Error;
use crate::batch::listing;
use crate::batch::plan::{Plan, PlanHash, PlanLine};
use crate::hsm::{Choice, Coverage};
use crate::pool::Attested;

/// How many KEKs and lines stand in the question itself; the list has all.
const SHOWN: usize = 4;

/// May these keys be wrapped, and imported where that is asked?
#[derive(Debug, Clone)]
pub struct PlanQuestion {
    /// The plan's hash.
    pub plan: PlanHash,
    /// How many of its lines are left to do; all of them but when it is gone on with.
    pub left: u64,
    /// The token that holds the keys.
    pub token: TokenInfo,
    /// Where they go.
    pub destinations: Vec<PlanDestination>,
    /// How many of each kind, and how they will be wrapped.
    pub methods: BTreeMap<TargetKind, (u64, Choice)>,
    /// How many lines of the plan cannot travel and are left out.
    pub left_out: u64,
    /// How many imported keys may leave their vault again.
    pub exportable: u64,
    /// How many of the names are in their vaults already.
    pub new_versions: u64,
    /// What is done with the files.
    pub end: PlanEnd,
    /// Where the whole list lies, for a prompt that cannot show it.
    pub list: String,
    /// Its first lines.
    pub first_lines: Vec<String>,
    /// Who asked.
    pub asked_by: Requester,
}

/// One KEK of a plan.
#[derive(Debug, Clone)]
pub struct PlanDestination {
    /// Its identifier; names the vault.
    pub kid: Kid,
    /// SHA-256 of its SPKI.
    pub thumbprint: Thumbprint,
    /// What its attestation shows, where one was given.
    pub attested: Option<Attested>,
    /// How many keys go to it.
    pub keys: u64,
}

/// What is done with the files of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanEnd {
    /// They stay in the folder.
    Files,
    /// They are imported too.
    Import {
        /// With which credentials, by name.
        signed_in: String,
    },
}

impl PlanQuestion {
    /// The question itself.
    #[must_use]
    pub fn words(&self) -> String {
        let what = match self.end {
            PlanEnd::Files => "Wrap these",
            PlanEnd::Import { .. } => "Wrap and import these",
        };
        format!("{what} {} keys?", self.left)
    }

    /// Whether imports are asked for.
    #[must_use]
    pub fn imports(&self) -> bool {
        matches!(self.end, PlanEnd::Import { .. })
    }

    /// The facts, one a line, without the question itself.
    #[must_use]
    pub fn facts(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<11}{value}");
        };
        line("Plan", &self.plan.grouped());
        let left_out = match self.left_out {
            0 => String::new(),
            some => format!("; {some} more cannot travel and are left out"),
        };
        let all: u64 = self.destinations.iter().map(|one| one.keys).sum();
        let done = match all.saturating_sub(self.left) {
            0 => String::new(),
            done => format!(", {done} of {all} done before"),
        };
        line("Keys", &format!("{}{done}{left_out}", self.left));
        line("Token", &foreign(&self.token.label));
        for destination in self.destinations.iter().take(SHOWN) {
            line("KEK", &destination.thumbprint.grouped());
            line("Kid", &foreign(destination.kid.as_str()));
            let attested = destination.attested.as_ref();
            let attested = attested.map_or_else(String::new, |of| format!(", {}", of.line()));
            line("", &format!("{} keys{attested}", destination.keys));
        }
        if let Some(more @ 1..) = self.destinations.len().checked_sub(SHOWN) {
            line("", &format!("and {more} more KEKs, in the list"));
        }
        for (kind, (count, choice)) in &self.methods {
            line(
                "Method",
                &format!(
                    "{count} × {kind}: {}, self-test {}",
                    choice.strategy, choice.self_test
                ),
            );
        }
        if let PlanEnd::Import { signed_in } = &self.end {
            line("Sign-in", &foreign(signed_in));
        }
        line("Asked by", asker(self.asked_by));
        for warning in self.warnings() {
            line("Warning", &warning);
        }
        line("List", &foreign(&self.list));
        for first in self.first_lines.iter().take(SHOWN) {
            line("", first);
        }
        text
    }

    /// What a person should know before saying yes.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = Vec::new();
        if self.destinations.iter().any(|one| one.kid.is_practice()) {
            warnings.push("practice only: this vault runs on this machine and is not Azure".into());
        }
        if self.token.software {
            warnings.push("software token: these keys were never in hardware".into());
        }
        for (kind, (_, choice)) in &self.methods {
            if choice.self_test == SelfTest::TrailingZeros {
                warnings.push(format!(
                    "{kind}: this token adds zero bytes after the key; whether Azure takes them is unknown"
                ));
            }
            if let Coverage::Family { tried, .. } = choice.coverage {
                warnings.push(format!(
                    "the self-test could not cover {kind}, only {tried}"
                ));
            }
        }
        if self.new_versions > 0 {
            warnings.push(format!(
                "{} of the names are in their vaults already: each gets a new version",
                self.new_versions
            ));
        }
        if self.exportable > 0 {
            warnings.push(format!(
                "exportable: under their policies {} of the keys can leave the vault again",
                self.exportable
            ));
        }
        warnings
    }
}

/// The list of a plan, to be read at a prompt; its lines are made as they are read.
#[derive(Debug)]
pub struct PlanList(pub Arc<Plan>);

impl PlanList {
    /// The lines from the first one on, in which foreign text was made visible.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        listing(&self.0)
    }
}

/// Leave to wrap the keys of one plan. Made only from the question that was answered, or from what was kept of
/// such an answer for the very same plan.
#[derive(Debug)]
#[must_use = "an approval that is not used approves nothing"]
pub struct PlanApproval {
    kind: ApprovalKind,
    plan: PlanHash,
    token: TokenInfo,
    methods: BTreeMap<TargetKind, Choice>,
    imports: bool,
    /// The second approver's name, where the policy wanted one.
    second: Option<String>,
}

impl PlanApproval {
    /// The approval of exactly what `question` says.
    pub(super) fn of(question: &PlanQuestion, kind: ApprovalKind) -> Self {
        let methods = question.methods.iter();
        Self {
            kind,
            plan: question.plan,
            token: question.token.clone(),
            methods: methods
                .map(|(kind, (_, choice))| (*kind, choice.clone()))
                .collect(),
            imports: question.imports(),
            second: None,
        }
    }

    /// The same with a second person's yes to what `facts` say.
    ///
    /// # Errors
    /// [`Error::ApprovalMismatch`].
    pub(crate) fn with_second(self, second: SecondApproval, facts: &str) -> Result<Self, Error> {
        Ok(Self {
            second: Some(second.consume(facts)?),
            ..self
        })
    }

    /// The second approver's name, where the policy wanted one.
    #[must_use]
    pub fn second(&self) -> Option<&str> {
        self.second.as_deref()
    }

    /// By the command line's flags: `--yes`, or one `--expect-kek` for each KEK. What no self-test passed takes a
    /// person.
    ///
    /// # Errors
    /// [`Error::KekMismatch`], [`Error::PromptUnavailable`].
    pub fn by_flags(flags: &[ByFlag], question: &PlanQuestion) -> Result<Self, Error> {
        check_flags(flags, question.destinations.iter().map(|to| &to.thumbprint))?;
        let passed = |(_, choice): &(u64, Choice)| choice.self_test.passed();
        if flags.is_empty() || !question.methods.values().all(passed) {
            return Err(Error::PromptUnavailable);
        }
        Ok(Self::of(question, ApprovalKind::ByFlag))
    }

    /// By the policies of this machine; the caller has their judgement, of every line, that nobody is to be asked.
    /// None when it has to be asked after all: what did not come out exact takes a person in any case, and so does what
    /// the page would change in a vault.
    pub(crate) fn by_policy(question: &PlanQuestion) -> Option<Self> {
        let sound = |(_, choice): &(u64, Choice)| {
            choice.self_test == SelfTest::Exact && choice.coverage != Coverage::Nothing
        };
        let sound = question.methods.values().all(sound);
        let by_page = question.imports() && question.asked_by == Requester::Page;
        (sound && !by_page).then(|| Self::of(question, ApprovalKind::Policy))
    }

    /// From an answer that was given to this same plan in an earlier run on this machine.
    pub(crate) fn kept(question: &PlanQuestion, kind: ApprovalKind) -> Self {
        Self::of(question, kind)
    }

    /// Whether it is of the plan's imports, too.
    #[must_use]
    pub fn imports(&self) -> bool {
        self.imports
    }

    /// How it was given.
    #[must_use]
    pub fn kind(&self) -> ApprovalKind {
        self.kind
    }

    /// Leave for the wrap of one line, if it is what was shown: this plan's key and KEK, from this token, by the
    /// method that stood in the question. A plan's hash is of all that it holds.
    ///
    /// # Errors
    /// [`Error::ApprovalMismatch`].
    pub fn approve(
        &self,
        plan: &Plan,
        line: &PlanLine,
        wrap: &WrapQuestion,
    ) -> Result<Approval, Error> {
        let fits = plan.hash() == self.plan
            && plan.line(line.number) == Some(line)
            && line.key.label == wrap.label
            && line.key.id == wrap.id
            && line.key.kind == wrap.target
            && *line.kid == *wrap.kid.as_str()
            && *line.kek_thumbprint_sha256 == *wrap.thumbprint.to_string()
            && self.token == wrap.token
            && self.methods.get(&wrap.target) == Some(&wrap.choice);
        if fits {
            Ok(Approval::of(wrap, self.kind))
        } else {
            Err(Error::ApprovalMismatch)
        }
    }
}

/// Refuses a KEK that none of the flags expects.
///
/// # Errors
/// [`Error::KekMismatch`].
pub fn check_flags<'a>(
    flags: &[ByFlag],
    keks: impl Iterator<Item = &'a Thumbprint>,
) -> Result<(), Error> {
    let expected: Vec<&Thumbprint> = flags
        .iter()
        .filter_map(|flag| match flag {
            ByFlag::ExpectedKek(expected) => Some(expected),
            ByFlag::Yes => None,
        })
        .collect();
    if expected.is_empty() {
        return Ok(());
    }
    for kek in keks {
        if !expected.contains(&kek) {
            let all: Vec<String> = expected.iter().map(|one| one.grouped()).collect();
            return Err(Error::KekMismatch {
                actual: kek.grouped(),
                expected: all.join(" or "),
            });
        }
    }
    Ok(())
}
