//! What the command line takes.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use keyferry_core::Strategy;

use super::doctor::Doctor;
use crate::minutes::Minutes;

use super::attest::Attest;

/// Moves a key from an HSM into Azure Key Vault; the key never leaves the HSM in the clear.
#[derive(Debug, Parser)]
#[command(
    name = "keyferry",
    version,
    subcommand_required = true,
    disable_help_subcommand = true
)]
#[command(after_help = "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.")]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// Options of every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every verb")]
pub(super) struct Global {
    /// Where the embedded token, the record and the settings live [default: the account's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,
    /// The PKCS#11 module of the HSM [default: the embedded software token]
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "KEYFERRY_MODULE",
        hide_env_values = true
    )]
    pub(super) module: Option<PathBuf>,
    /// Text that the module gets when it starts (NSS needs it)
    #[arg(long, global = true, value_name = "STRING", requires = "module")]
    pub(super) module_args: Option<String>,
    /// A variable that the module gets besides the worker's own few; may be repeated
    #[arg(long, global = true, value_name = "NAME", value_delimiter = ',')]
    pub(super) module_env: Vec<String>,
    /// The vendor profile to go by [default: by what library and token say of themselves]
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// The token, by its label
    #[arg(long, global = true, value_name = "LABEL", conflicts_with = "slot")]
    pub(super) token: Option<String>,
    /// The token, by its slot
    #[arg(long, global = true, value_name = "N")]
    pub(super) slot: Option<u64>,
    /// Where the PIN comes from: prompt, pinentry, env:NAME, file:PATH, fd:N or protected
    // Read by the program, not by the parser, which would repeat a PIN given here by mistake.
    #[arg(long, global = true, value_name = "SOURCE")]
    pub(super) pin_source: Option<String>,
    /// Do not keep the PIN while the token is unlocked: ask again when a lost worker was replaced
    #[arg(long, global = true)]
    pub(super) forget_pin: bool,
    /// Rules beside those of this machine's own policy, /etc/keyferry/policy.toml; they can only narrow
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
    /// One JSON object on standard output
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Allow keys of the embedded software token to go to a real vault
    #[arg(long, global = true)]
    pub(super) software_token: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Serve the page on this machine
    Serve(Serve),
    /// Practise: a software token, a practice vault, two transfers and the page
    Demo(Demo),
    /// Check a key exchange key (KEK)
    Kek(Kek),
    /// Check a key transfer file (.byok)
    Inspect(Inspect),
    /// Check a KEK's attestation: was it made in an Azure Managed HSM, and in whose?
    Attest(Attest),
    /// Check a policy, or make the lines of a second approver
    Policy(super::policy::Policy),
    /// List the token's keys, and which of them can travel
    Keys,
    /// Can this workstation do a transfer? Looks at module, token, mechanisms and keys
    Doctor(Doctor),
    /// Make a key that can travel
    Keygen(Keygen),
    /// Wrap a key to a KEK, into a .byok file
    Wrap(Wrap),
    /// Wrap, and import, many keys by one manifest, one plan and one approval; can be resumed
    Batch(Box<super::batch::Batch>),
    /// KEK, wrap, import and verification in one go; can be resumed
    #[cfg(feature = "vault")]
    Transfer(Box<super::transfer::Transfer>),
    /// Have the token make, wrap and import disposable keys, for practice, and say how it went
    #[cfg(feature = "vault")]
    Rehearse(super::rehearse::Rehearse),
    /// Work with a vault
    #[cfg(feature = "vault")]
    Vault(super::vault::Vault),
    /// Read the record: verify it, list its lines, print its head
    Audit(super::audit::Audit),
    /// The process that holds the PKCS#11 module; started by the others
    #[command(hide = true)]
    HsmWorker,
}

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address of this machine to listen on; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub(super) listen: String,
    /// Open the page in the browser
    #[arg(long)]
    pub(super) open: bool,
    /// Connect to nothing, whatever the page asks
    #[arg(long)]
    pub(super) offline: bool,
    #[cfg(feature = "vault")]
    #[command(flatten)]
    pub(super) sign_in: super::sign_in::SignIn,
    /// Lock the token after so many minutes without use; 0 for never [default: 15]
    #[arg(long, value_name = "MINUTES")]
    pub(super) lock_after: Option<Minutes>,
    /// End after so many minutes without use; 0 for never [default: 0]
    #[arg(long, value_name = "MINUTES")]
    pub(super) exit_when_idle: Option<Minutes>,
    /// Wrap with this strategy where the self-test cannot run; each wrap is asked for
    #[arg(long, value_name = "STRATEGY", value_parser = strategy)]
    pub(super) unproven: Option<Strategy>,
}

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// End after the transfers
    #[arg(long)]
    pub(super) once: bool,
    /// Address of this machine to serve the page on; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub(super) listen: String,
}

#[derive(Debug, Args)]
pub(super) struct Kek {
    /// What `az keyvault key show -o json` printed; or a PEM, DER or JWK
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The KEK's identifier, when the file has none
    #[arg(long, value_name = "URL")]
    pub(super) kid: Option<String>,
    /// A second file that must hold the same KEK, such as the PEM that came by mail
    #[arg(long, value_name = "FILE")]
    pub(super) beside: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The key transfer file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The KEK that it should have been wrapped to
    #[arg(long, value_name = "FILE")]
    pub(super) kek: Option<PathBuf>,
    /// The KEK's identifier, when its file has none
    #[arg(long, value_name = "URL", requires = "kek")]
    pub(super) kid: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Keygen {
    /// RSA-2048, RSA-3072, RSA-4096, P-256, P-384, P-521, P-256K, AES-128, AES-192 or AES-256
    #[arg(long, value_name = "KIND")]
    pub(super) kind: String,
    /// The new key's label; with --count, {n} stands for each key's number
    #[arg(long, value_name = "LABEL")]
    pub(super) label: String,
    /// Make this many keys, numbered from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) count: Option<u32>,
}

#[derive(Debug, Args)]
pub(super) struct Wrap {
    /// The key, by its label
    #[arg(long, value_name = "LABEL", required_unless_present = "key_id")]
    pub(super) key: Option<String>,
    /// The key, by its id
    #[arg(long, value_name = "HEX")]
    pub(super) key_id: Option<String>,
    /// The KEK: what `az keyvault key show -o json` printed; a PEM, DER or JWK; or its identifier
    /// (https://…), to take it from the vault
    #[arg(long, value_name = "FILE|KID")]
    pub(super) kek: PathBuf,
    /// The KEK's identifier, when its file has none
    #[arg(long, value_name = "URL")]
    pub(super) kid: Option<String>,
    /// A second file that must hold the same KEK, such as the PEM that came by mail
    #[arg(long, value_name = "FILE")]
    pub(super) beside: Option<PathBuf>,
    #[cfg(feature = "vault")]
    #[command(flatten)]
    pub(super) online: super::online::Online,
    /// Wrap without asking if the KEK has this thumbprint, refuse if not
    #[arg(long, value_name = "THUMBPRINT")]
    pub(super) expect_kek: Option<String>,
    /// The KEK's attestation: what `az keyvault key get-attestation` wrote
    #[arg(long, value_name = "FILE")]
    pub(super) attestation: Option<PathBuf>,
    /// The file to write
    #[arg(long, value_name = "FILE.byok")]
    pub(super) out: PathBuf,
    /// Write the receipt as a page to print, too: FILE.receipt.html
    #[arg(long)]
    pub(super) receipt_page: bool,
    /// Wrap without asking
    #[arg(long)]
    pub(super) yes: bool,
    /// Wrap with this strategy where the self-test cannot run; asked for at a prompt, whatever else is said
    #[arg(long, value_name = "STRATEGY", value_parser = strategy, conflicts_with = "yes")]
    pub(super) unproven: Option<Strategy>,
    /// Replace the file if it exists
    #[arg(long)]
    pub(super) force: bool,
}

fn strategy(name: &str) -> Result<Strategy, String> {
    name.parse()
        .map_err(|error: keyferry_core::Error| error.advice())
}
