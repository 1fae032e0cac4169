//! Where a person is asked: one prompt at a time, each with a time limit, and three refusals are enough.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use keyferry_core::{ApprovalKind, PromptWay};
use tokio::sync::Mutex;

use super::pinentry::PinentryProgram;
use super::question::{DisposableQuestion, KeygenQuestion, foreign};
use super::terminal::Terminal;
use super::{
    Approval, Consent, PlanApproval, PlanList, PlanQuestion, PoolQuestion, VaultApproval,
    VaultQuestion, WrapQuestion,
};
use crate::Error;
use crate::config::SettingsFile;
use crate::hsm::FinalTry;
use crate::pin::{Pin, PinSource};

/// Refusals after which the bridge says no by itself, until it is started again: a page that keeps asking must
/// not win by weariness.
const MAX_REFUSALS: u8 = 3;

/// How much longer than its limit a prompt is waited for: longer than it takes to kill a pinentry.
const GRACE: Duration = Duration::from_secs(5);

/// The longest that the reading of a plan's list is given, beside the time for the answer.
const LONGEST_READING: Duration = Duration::from_secs(1800);

/// The way to the person at this machine. Clones share one queue and one count of refusals.
#[derive(Debug, Clone)]
pub struct Prompter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    way: Way,
    timeout: Duration,
    queue: Arc<Mutex<()>>,
    refusals: AtomicU8,
}

/// What is tried first when no pinentry is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The terminal that a verb was typed in.
    TerminalFirst,
    /// A window, which is seen beside the browser.
    PinentryFirst,
}

#[derive(Debug, Clone)]
enum Way {
    Terminal,
    Pinentry(PinentryProgram),
    Nowhere,
}

impl Prompter {
    /// Chooses where to ask: the configured pinentry; else the terminal, or a pinentry of the system when there is
    /// a display; else nowhere.
    ///
    /// # Errors
    /// [`Error::PromptFailed`] when the configured pinentry cannot be trusted.
    pub fn choose(settings: &SettingsFile, place: Place) -> Result<Self, Error> {
        let way = match &settings.pinentry {
            Some(path) => Way::Pinentry(PinentryProgram::configured(path)?),
            None => Self::found(place),
        };
        let shared = Shared {
            way,
            timeout: settings.prompt_timeout(),
            queue: Arc::new(Mutex::new(())),
            refusals: AtomicU8::new(0),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    fn found(place: Place) -> Way {
        let terminal = || Terminal::open().is_ok().then_some(Way::Terminal);
        let pinentry = || PinentryProgram::on_display().map(Way::Pinentry);
        let way = match place {
            Place::PinentryFirst => pinentry().or_else(terminal),
            Place::TerminalFirst => terminal().or_else(pinentry),
        };
        way.unwrap_or(Way::Nowhere)
    }

    /// Where it asks.
    #[must_use]
    pub fn way(&self) -> PromptWay {
        match self.shared.way {
            Way::Terminal => PromptWay::Terminal,
            Way::Pinentry(_) => PromptWay::Pinentry,
            Way::Nowhere => PromptWay::None,
        }
    }

    /// True after three refusals.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.shared.refusals.load(Ordering::SeqCst) >= MAX_REFUSALS
    }

    /// Asks whether a new key may be made.
    ///
    /// # Errors
    /// Any answer but yes.
    pub async fn confirm_keygen(&self, question: &KeygenQuestion) -> Result<ApprovalKind, Error> {
        self.confirm(question.facts(), "Make this key?").await
    }

    /// Asks whether something may be done in a vault.
    ///
    /// # Errors
    /// Any answer but yes.
    pub async fn confirm_vault(&self, question: &VaultQuestion) -> Result<VaultApproval, Error> {
        let kind = self.confirm(question.facts(), question.words()).await?;
        Ok(VaultApproval::of(question, kind))
    }

    /// Asks whether the keys of a plan may travel. The list can be read at the prompt, or beside it.
    ///
    /// # Errors
    /// Any answer but yes.
    pub async fn confirm_plan(
        &self,
        question: &PlanQuestion,
        list: PlanList,
    ) -> Result<PlanApproval, Error> {
        let way = self.shared.way.clone();
        // Reading takes its time, and a question that nobody answers still ends.
        let reading = Duration::from_secs(question.left).min(LONGEST_READING);
        let timeout = self.shared.timeout + reading;
        let (facts, words) = (question.facts(), question.words());
        let asked = move || match way {
            Way::Terminal => {
                let until = Instant::now() + timeout;
                Terminal::open()?.confirm_list(&facts, &words, &list, until)?;
                Ok(ApprovalKind::Terminal)
            }
            Way::Pinentry(program) => {
                program.confirm(&facts, &words, timeout)?;
                Ok(ApprovalKind::Pinentry)
            }
            Way::Nowhere => Err(Error::PromptUnavailable),
        };
        let kind = self.in_turn_within(timeout + GRACE, asked).await?;
        Ok(PlanApproval::of(question, kind))
    }

    /// Asks whether disposable objects may be on the token for a moment.
    ///
    /// # Errors
    /// Any answer but yes.
    pub async fn confirm_disposable(
        &self,
        question: &DisposableQuestion,
    ) -> Result<ApprovalKind, Error> {
        self.confirm(question.facts(), "Put them on the token?")
            .await
    }

    /// Asks whether an owner certificate is that of the user's own pool.
    ///
    /// # Errors
    /// Any answer but yes.
    pub async fn confirm_pool(&self, question: &PoolQuestion) -> Result<ApprovalKind, Error> {
        self.confirm(
            question.facts(),
            "Did you compare it with the pool's administrators, and is it the same?",
        )
        .await
    }

    /// Asks whether the last try before the token locks may be spent.
    ///
    /// # Errors
    /// Any answer but yes.
    pub async fn confirm_final_try(&self, token: &str) -> Result<FinalTry, Error> {
        let facts = format!("One more wrong PIN locks the token {}.\n", foreign(token));
        self.confirm(facts, "Try the PIN all the same?")
            .await
            .map(|_| FinalTry::Allow)
    }

    /// The source of a PIN that fits the way of asking.
    pub(crate) fn pin_source(&self) -> PinSource {
        match self.shared.way {
            Way::Pinentry(_) => PinSource::Pinentry,
            Way::Terminal | Way::Nowhere => PinSource::Prompt,
        }
    }

    /// Asks for the PIN at the terminal.
    ///
    /// # Errors
    /// [`Error::PromptUnavailable`] without a terminal, [`Error::ApprovalTimeout`], [`Error::ApprovalRefused`].
    pub(crate) async fn terminal_pin(&self, token: &str) -> Result<Pin, Error> {
        let prompt = format!("PIN of the token {}: ", foreign(token));
        let timeout = self.shared.timeout;
        self.in_turn(move || Terminal::open()?.pin(&prompt, Instant::now() + timeout))
            .await
    }

    /// Asks for the PIN by pinentry.
    ///
    /// # Errors
    /// As [`Prompter::terminal_pin`].
    pub(crate) async fn pinentry_pin(&self, token: &str) -> Result<Pin, Error> {
        let program = match &self.shared.way {
            Way::Pinentry(program) => program.clone(),
            Way::Terminal | Way::Nowhere => {
                PinentryProgram::find().ok_or(Error::PromptUnavailable)?
            }
        };
        let description = format!("The PIN of the token {}", foreign(token));
        let timeout = self.shared.timeout;
        self.in_turn(move || program.pin("PIN:", &description, timeout))
            .await
    }

    /// Asks for a secret that is not a PIN of the session's token, below the facts that it is for.
    ///
    /// # Errors
    /// As [`Prompter::terminal_pin`].
    pub(crate) async fn secret(&self, facts: &str, words: &str) -> Result<Pin, Error> {
        let way = self.shared.way.clone();
        let timeout = self.shared.timeout;
        let (facts, words) = (facts.to_owned(), words.to_owned());
        self.in_turn(move || match way {
            Way::Terminal => {
                let prompt = format!("\n{facts}\n{words}: ");
                Terminal::open()?.pin(&prompt, Instant::now() + timeout)
            }
            // What is asked stands first: a cut takes the end.
            Way::Pinentry(program) => program.pin("Secret:", &format!("{words}\n{facts}"), timeout),
            Way::Nowhere => Err(Error::PromptUnavailable),
        })
        .await
    }

    /// Asks a question of a second approver, who proves to be there by other means.
    pub(super) async fn confirm_second(&self, facts: &str) -> Result<ApprovalKind, Error> {
        self.confirm(facts.to_owned(), "Go on to the PIN pad?")
            .await
    }

    /// Counts a wrong secret as the refusal that it is.
    pub(super) fn count_refusal(&self) {
        self.shared.refusals.fetch_add(1, Ordering::SeqCst);
    }

    async fn confirm(&self, facts: String, question: &'static str) -> Result<ApprovalKind, Error> {
        let way = self.shared.way.clone();
        let timeout = self.shared.timeout;
        self.in_turn(move || match way {
            Way::Terminal => {
                Terminal::open()?.confirm(&facts, question, Instant::now() + timeout)?;
                Ok(ApprovalKind::Terminal)
            }
            Way::Pinentry(program) => {
                program.confirm(&facts, question, timeout)?;
                Ok(ApprovalKind::Pinentry)
            }
            Way::Nowhere => Err(Error::PromptUnavailable),
        })
        .await
    }

    /// Runs one prompt when it is its turn, and counts a refusal. The turn belongs to the prompt, not to the asker:
    /// when a page goes away, its prompt is finished, and counted, before the next one is shown.
    async fn in_turn<T: Send + 'static>(
        &self,
        prompt: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        // A pinentry is told the limit too, and killed when it does not keep it. A console that cannot be read with a
        // limit (on Windows) is not waited for: its answer comes too late.
        self.in_turn_within(self.shared.timeout + GRACE, prompt)
            .await
    }

    /// The same with a limit of its own.
    async fn in_turn_within<T: Send + 'static>(
        &self,
        limit: Duration,
        prompt: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = Arc::clone(&self.shared.queue).lock_owned().await;
        if self.is_locked() {
            return Err(Error::BridgeLocked);
        }
        let shared = Arc::clone(&self.shared);
        let asked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let answer = prompt();
            if matches!(
                answer,
                Err(Error::ApprovalRefused | Error::ApprovalTimeout { .. })
            ) {
                shared.refusals.fetch_add(1, Ordering::SeqCst);
            }
            answer
        });
        match tokio::time::timeout(limit, asked).await {
            Ok(answer) => answer.map_err(|_| Error::Internal("a prompt stopped"))?,
            Err(_) => Err(Error::ApprovalTimeout {
                seconds: limit.as_secs(),
            }),
        }
    }
}

impl Consent for Prompter {
    fn allow_disposable<'a>(
        &'a mut self,
        question: &'a DisposableQuestion,
    ) -> BoxFuture<'a, Result<ApprovalKind, Error>> {
        Box::pin(self.confirm_disposable(question))
    }

    fn ask<'a>(&'a mut self, question: &'a WrapQuestion) -> BoxFuture<'a, Result<Approval, Error>> {
        Box::pin(async move {
            let kind = self
                .confirm(question.facts(), "Wrap this key to this KEK?")
                .await?;
            Ok(Approval::of(question, kind))
        })
    }
}
