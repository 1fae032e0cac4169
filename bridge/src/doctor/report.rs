//! What `doctor` says, as `--json` prints it.

use keyferry_core::{Finding, KeyInfo, Reason, SelfTest, Strategy, TargetKind, TokenInfo};
use serde::Serialize;

use crate::hsm::{LoginStyle, Mechanism, ModuleInfo, PinState, SlotInfo};
use crate::profile::{Listed, ListedByMicrosoft, ProfileKind, ProfileName, RecognisedBy, Step};

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The library; null when none was chosen.
    pub module: Option<ModuleReport>,
    /// The token; null when none could be chosen.
    pub token: Option<TokenReport>,
    /// The vendor profile; null when none fits.
    pub profile: Option<ProfileReport>,
    /// Every strategy there is, best first.
    pub strategies: Vec<StrategyReport>,
    /// Every kind of key there is.
    pub verdicts: Vec<KindVerdict>,
    /// What to know, worst first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// True when a key of some kind can travel.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.verdicts.iter().any(|verdict| verdict.transferable)
    }

    /// The strategy that a key of this kind would go by.
    #[must_use]
    pub fn strategy_for(&self, kind: TargetKind) -> Option<&StrategyReport> {
        let mut fitting: Vec<&StrategyReport> = self
            .strategies
            .iter()
            .filter(|strategy| strategy.kinds.contains(&kind))
            .collect();
        // Stable: the order of preference among equals.
        fitting.sort_by_key(|strategy| match strategy.self_test {
            SelfTest::Exact => 0,
            SelfTest::TrailingZeros => 1,
            _ => 2,
        });
        fitting.first().copied()
    }
}

/// The library.
#[derive(Debug, Serialize)]
pub struct ModuleReport {
    /// Its path; null for the embedded token.
    pub path: Option<String>,
    /// False when it could not be loaded or started.
    pub loaded: bool,
    /// What it says of itself.
    #[serde(flatten)]
    pub info: Option<ModuleInfo>,
    /// Its slots.
    pub slots: Vec<SlotInfo>,
}

/// The token.
#[derive(Debug, Serialize)]
pub struct TokenReport {
    /// Who it is.
    #[serde(flatten)]
    pub info: TokenInfo,
    /// The slot that it is in.
    pub slot: u64,
    /// How its user logs in; null when there is no login.
    pub login: Option<LoginStyle>,
    /// What its flags say of the PIN.
    pub pin: PinReport,
    /// Whether this run logged in.
    pub logged_in: bool,
    /// The mechanisms that a transfer can rest on.
    pub mechanisms: Vec<MechanismReport>,
    /// Its keys; null when they were not listed.
    pub keys: Option<Vec<KeyInfo>>,
}

/// The PIN's flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinReport {
    /// No wrong PIN since the last right one, as far as the token says.
    Ok,
    /// At least one wrong PIN since the last right one.
    CountLow,
    /// One more wrong PIN locks the token.
    FinalTry,
    /// The token is locked.
    Locked,
    /// The token has no user PIN yet.
    NotSet,
}

impl From<PinState> for PinReport {
    fn from(state: PinState) -> Self {
        match state {
            PinState::Ok => Self::Ok,
            PinState::CountLow => Self::CountLow,
            PinState::FinalTry => Self::FinalTry,
            PinState::Locked => Self::Locked,
        }
    }
}

/// One mechanism.
#[derive(Debug, Serialize)]
pub struct MechanismReport {
    /// Its name in the header files.
    pub name: &'static str,
    /// `0x` and hexadecimal digits.
    pub number: String,
    /// What it is said to do, of `wrap`, `unwrap`, `encrypt`, `decrypt`, `generate`, `generate-pair`.
    pub flags: Vec<&'static str>,
    /// `ulMinKeySize`: bits or bytes, as the mechanism counts.
    pub min_key_size: u64,
    /// `ulMaxKeySize`, counted likewise.
    pub max_key_size: u64,
}

impl MechanismReport {
    /// A mechanism that matters; none for another.
    pub(super) fn of(mechanism: &Mechanism) -> Option<Self> {
        /// `CKF_*` of PKCS#11 v3.1 §3.5.
        const FLAGS: [(u64, &str); 6] = [
            (0x2_0000, "wrap"),
            (0x4_0000, "unwrap"),
            (0x100, "encrypt"),
            (0x200, "decrypt"),
            (0x8000, "generate"),
            (0x1_0000, "generate-pair"),
        ];
        Some(Self {
            name: mechanism.name()?,
            number: format!("0x{:X}", mechanism.number),
            flags: FLAGS
                .into_iter()
                .filter(|(flag, _)| mechanism.flags & flag != 0)
                .map(|(_, name)| name)
                .collect(),
            min_key_size: mechanism.min_key_size,
            max_key_size: mechanism.max_key_size,
        })
    }
}

/// The vendor profile.
#[derive(Debug, Serialize)]
pub struct ProfileReport {
    /// Its name, for `--profile`.
    pub name: ProfileName,
    /// Vendor and products.
    pub title: &'static str,
    /// What it is of.
    pub kind: ProfileKind,
    /// What it was chosen by.
    pub recognised_by: RecognisedBy,
    /// Whether Microsoft lists the product.
    pub listed: ListedByMicrosoft,
    /// The vendor's own way of making the file.
    pub own_tool: Option<&'static str>,
    /// What its library reads from the environment.
    pub variables: Vec<VariableReport>,
    /// What public documents lead to expect of each strategy.
    pub expectations: Vec<ExpectationReport>,
    /// The way that exists where PKCS#11 has none.
    pub steps: &'static [Step],
}

/// One variable.
#[derive(Debug, Serialize)]
pub struct VariableReport {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub about: &'static str,
    /// Whether it is set here. Its value is nobody's business: some hold secrets.
    pub set: bool,
}

/// One expectation.
#[derive(Debug, Serialize)]
pub struct ExpectationReport {
    /// The strategy.
    pub strategy: Strategy,
    /// What is expected.
    pub listed: Listed,
    /// Where that is written.
    pub source: Option<&'static str>,
}

/// One strategy on this token.
#[derive(Debug, Serialize)]
pub struct StrategyReport {
    /// Which.
    pub name: Strategy,
    /// Whether the token lists what it needs.
    pub listed: bool,
    /// What the self-test said.
    pub self_test: SelfTest,
    /// The kinds that go by it.
    pub kinds: Vec<TargetKind>,
}

/// One kind of key.
#[derive(Debug, Serialize)]
pub struct KindVerdict {
    /// Which.
    pub kind: TargetKind,
    /// True when nothing known stands in the way.
    pub transferable: bool,
    /// Why not; empty when `transferable`.
    pub reasons: Vec<Reason>,
}
