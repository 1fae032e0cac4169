//! What a person is asked, in plain words. Foreign text is made visible before it is shown.

use std::fmt::Write;

use keyferry_core::{Kid, Requester, SelfTest, TargetKind, Thumbprint, TokenInfo, visible};

use crate::hsm::{Choice, Coverage};
use crate::pool::Attested;

/// Longest foreign text in a question, in characters; the middle of a longer one is left out, so that
/// neither its beginning nor its end can hide.
const MAX_FOREIGN: usize = 120;

/// May this key be wrapped to that KEK?
#[derive(Debug, Clone)]
pub struct WrapQuestion {
    /// The key's label (foreign text).
    pub label: String,
    /// The key's `CKA_ID`, hex.
    pub id: String,
    /// What the key is.
    pub target: TargetKind,
    /// The token that holds it.
    pub token: TokenInfo,
    /// SHA-256 of the KEK's SPKI.
    pub thumbprint: Thumbprint,
    /// The KEK's identifier; names the vault.
    pub kid: Kid,
    /// How it will be wrapped, and what that rests on.
    pub choice: Choice,
    /// What the KEK's attestation shows, where one was given.
    pub attested: Option<Attested>,
    /// Who asked.
    pub asked_by: Requester,
}

impl WrapQuestion {
    /// The facts, one a line, without the question itself.
    #[must_use]
    pub fn facts(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<11}{value}");
        };
        line(
            "Key",
            &format!("{} ({})", foreign(&self.label), self.target),
        );
        line("Token", &foreign(&self.token.label));
        line("KEK", &self.thumbprint.grouped());
        line("Kid", &foreign(self.kid.as_str()));
        line("Vault", &foreign(&self.kid.vault_url()));
        line(
            "Method",
            &format!(
                "{}, self-test {}",
                self.choice.strategy, self.choice.self_test
            ),
        );
        if let Some(attested) = &self.attested {
            line("Attested", &attested.line());
        }
        line("Asked by", asker(self.asked_by));
        for warning in self.warnings() {
            line("Warning", &warning);
        }
        text
    }

    /// What a person should know before saying yes.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = Vec::new();
        if self.kid.is_practice() {
            warnings.push("practice only: this vault runs on this machine and is not Azure".into());
        }
        if self.token.software {
            warnings.push("software token: this key was never in hardware".into());
        }
        if self.choice.self_test == SelfTest::TrailingZeros {
            warnings.push(
                "this token adds zero bytes after the key; whether Azure takes them is unknown"
                    .into(),
            );
        }
        match self.choice.coverage {
            Coverage::Kind { .. } => {}
            Coverage::Family { tried, .. } => warnings.push(format!(
                "the self-test could not cover {}, only {tried}",
                self.target
            )),
            Coverage::Nothing => warnings.push(format!(
                "UNPROVEN: nothing that {} makes on this token was ever opened",
                self.choice.strategy
            )),
        }
        warnings
    }
}

/// May a new key be made on the token?
#[derive(Debug, Clone)]
pub struct KeygenQuestion {
    /// What to make.
    pub kind: TargetKind,
    /// Its label (foreign text).
    pub label: String,
    /// The token (foreign text).
    pub token: String,
    /// Who asked.
    pub asked_by: Requester,
}

impl KeygenQuestion {
    /// The facts, one a line.
    #[must_use]
    pub fn facts(&self) -> String {
        format!(
            "{:<11}{} ({})\n{:<11}{}\n{:<11}{}\n",
            "New key",
            foreign(&self.label),
            self.kind,
            "Token",
            foreign(&self.token),
            "Asked by",
            asker(self.asked_by)
        )
    }
}

/// May disposable objects be on the token for a moment?
#[derive(Debug, Clone)]
pub struct DisposableQuestion {
    /// The token (foreign text).
    pub token: String,
    /// Who asked.
    pub asked_by: Requester,
}

impl DisposableQuestion {
    /// The facts, one a line.
    #[must_use]
    pub fn facts(&self) -> String {
        format!(
            "{:<11}{}\n{:<11}{}\n{:<11}{}\n",
            "Token",
            foreign(&self.token),
            "Self-test",
            "it takes no session objects, so keys of the test, KEK and wrapping key would be token objects, destroyed right after",
            "Asked by",
            asker(self.asked_by)
        )
    }
}

pub(super) fn asker(requester: Requester) -> &'static str {
    match requester {
        Requester::Page => "the page in your browser",
        Requester::CommandLine => "this command line",
        Requester::Demo => "the demonstration",
        Requester::Bridge => "the bridge itself",
    }
}

/// Digits in groups of four, as they are compared by eye.
pub(super) fn grouped(hex: &str) -> String {
    let digits: Vec<char> = hex.chars().collect();
    let groups: Vec<String> = digits
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}

/// Foreign text, visible-safe and of bounded length.
pub(super) fn foreign(text: &str) -> String {
    let shown: Vec<char> = visible(text).chars().collect();
    if shown.len() <= MAX_FOREIGN {
        return shown.into_iter().collect();
    }
    let half = MAX_FOREIGN / 2;
    let head = shown.iter().take(half);
    let tail = shown.iter().skip(shown.len() - half);
    head.chain(['…'].iter()).chain(tail).collect()
}
