//! A vault for practice: on loopback, over TLS, with keys that live in memory for one run.
//!
//! It answers Key Vault's calls for keys, and an import really opens the blob: RSA-OAEP with SHA-1,
//! AES key wrap with padding, PKCS#8, and the key's own numbers. A public key that it
//! returns was derived from the opened private key, so one that equals the token's shows that the
//! key has travelled. Where it knows a deviation whose reception by Azure is unknown it accepts and
//! reports it ([`Quirk`]); everything else that breaks the BYOK specification is refused by name.
//!
//! It is walled off: its kids are core's `PracticeKeyId`, its CA is trusted by our client alone,
//! and every answer carries `x-keyferry-practice`.

mod announcement;
mod answer;
mod az_json;
mod bundle;
mod ca;
mod call;
mod cause;
mod deeds;
mod error;
mod fault;
mod fault_answer;
mod flavour;
mod handle;
mod import;
mod open;
mod opened;
mod refusal;
mod request;
mod secret;
mod server;
mod sign_in;
mod store;

pub use announcement::{Announcement, RunningPractice};
pub use cause::Cause;
pub use error::PracticeError;
pub use fault::{Fault, Faults};
pub use flavour::Flavour;
pub use handle::{PracticeOptions, PracticeVault};
pub use opened::{Opened, PublicHalf, Quirk};
pub use refusal::Refusal;
