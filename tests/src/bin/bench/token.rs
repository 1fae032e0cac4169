//! Embedded tokens with many keys. Making one takes a while, so that it is kept in `target/bench/tokens`, by kind,
//! number and version, and each measurement has a copy.

use std::fs;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use keyferry_tests::{Simulated, desk, tool};
use tempfile::TempDir;

/// Goes up with what a token is made of.
const VERSION: &str = "kryoptic-1.5-1";
/// Where writing costs nothing: a key pair is two transactions.
const FAST: &str = "/dev/shm";
/// DER of the curve's OID, 1.2.840.10045.3.1.7.
const P256: [u8; 10] = [6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];

/// A token's copy, in a state folder of its own.
pub(crate) struct BenchToken {
    folder: TempDir,
}

/// Of what kind the keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    P256,
    Rsa2048,
}

/// On which file system the state folder stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where the build is.
    Disk,
    /// In memory: what is flushed there costs nothing.
    Memory,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::Rsa2048 => "RSA-2048",
        }
    }
}

/// `target/bench`.
pub(crate) fn folder() -> PathBuf {
    let folder = desk::build_folder().parent().unwrap().join("bench");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The label of a token's key, the first being 0.
pub(crate) fn label(number: usize) -> String {
    format!("key-{number:05}")
}

impl BenchToken {
    /// A copy of the token with `count` keys.
    pub(crate) fn new(kind: Kind, count: usize, place: Place) -> Self {
        let kept = kept(kind, count);
        let parent = match place {
            Place::Disk => folder(),
            Place::Memory => PathBuf::from(FAST),
        };
        let folder = run_folder(&parent, place);
        copy(&kept.join("state"), &folder.path().join("state"));
        let token = Self { folder };
        configure(&token.state());
        token
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// A place beside the state folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn pin_file(&self) -> PathBuf {
        self.state().join("token/pin")
    }

    /// How the simulated module, playing nothing, finds this token.
    pub(crate) fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        let scenario = self.beside("scenario.toml");
        fs::write(&scenario, "title = \"the embedded token as it is\"\n").unwrap();
        vec![
            ("KEYFERRY_SIMULATED", scenario),
            ("KRYOPTIC_CONF", self.state().join("token/kryoptic.conf")),
        ]
    }

    pub(crate) fn bare(&self, verb: &[&str]) -> super::bare::Bare {
        let library = Simulated::module();
        super::bare::Bare::start(&library, &self.pin_file(), &self.variables(), verb)
    }

    /// The product on this token.
    pub(crate) fn keyferry(&self, arguments: &[&str]) -> Command {
        keyferry(&self.state(), arguments)
    }
}

/// A folder for one run. On disk it stays until run.mjs has measured everything: ext4 gives out no inode that was freed
/// within the last minute, and looks at each of them again at every new file.
pub(crate) fn run_folder(parent: &Path, place: Place) -> TempDir {
    tempfile::Builder::new()
        .prefix("run-")
        .disable_cleanup(place == Place::Disk)
        .tempdir_in(parent)
        .unwrap()
}

/// Lends a copy of the token with `count` keys to who reads its state folder's place, until they close standard input.
pub(crate) fn lend(kind: &str, count: usize) {
    let kind = [Kind::P256, Kind::Rsa2048]
        .into_iter()
        .find(|known| known.name() == kind)
        .unwrap();
    let token = BenchToken::new(kind, count, Place::Disk);
    println!("{}", token.state().display());
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
}

/// The private keys of the token with `count` RSA keys, in the clear: for the script that calls `openssl`.
pub(crate) fn clear_keys(count: usize) -> PathBuf {
    kept(Kind::Rsa2048, count).join("clear")
}

fn keyferry(state: &Path, arguments: &[&str]) -> Command {
    // In a session of its own, so that a developer's terminal is out of its reach.
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(desk::binary()).args(arguments);
    command.arg("--state").arg(state);
    command.env_remove("KEYFERRY_MODULE");
    command
}

/// The token with `count` keys, made unless it is there.
fn kept(kind: Kind, count: usize) -> PathBuf {
    let place = folder().join("tokens");
    fs::create_dir_all(&place).unwrap();
    let kept = place.join(format!("{}-{count}-{VERSION}", kind.name()));
    if kept.exists() {
        return kept;
    }
    tool::tell(&format!("making a token with {count} {} keys", kind.name()));
    let making = TempDir::new_in(FAST).unwrap();
    let state = making.path().join("state");
    let made = keyferry(&state, &["keys", "--json"]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let input = match kind {
        Kind::P256 => Vec::new(),
        Kind::Rsa2048 => {
            let clear = making.path().join("clear");
            fs::create_dir(&clear).unwrap();
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/rsa-keys.mjs");
            let mut node = Command::new("node");
            node.arg(script).arg(count.to_string()).arg(&clear);
            tool::run(&mut node, b"").unwrap()
        }
    };
    let mut fill = Command::new(std::env::current_exe().unwrap());
    fill.arg("fill").arg(state.join("token/pin"));
    fill.args([kind.name(), &count.to_string()]);
    fill.env("KRYOPTIC_CONF", state.join("token/kryoptic.conf"));
    let _ = tool::run(&mut fill, &input).unwrap();
    let partial = place.join(format!(".partial-{}", std::process::id()));
    copy(making.path(), &partial);
    fs::rename(&partial, &kept).unwrap();
    kept
}

fn copy(from: &Path, to: &Path) {
    let mut command = Command::new("cp");
    command.arg("-a").arg(from).arg(to);
    let _ = tool::run(&mut command, b"").unwrap();
}

/// The configuration names its database by an absolute path.
fn configure(state: &Path) {
    let database = state.join("token/token.sql");
    let text = format!(
        "[[slots]]\nslot = 1\ndescription = \"Keyferry embedded token\"\ndbtype = \"sqlite\"\ndbargs = {database:?}\n"
    );
    fs::write(state.join("token/kryoptic.conf"), text).unwrap();
}

fn open(pin_file: &Path) -> Session {
    let context = Pkcs11::new_from_self().unwrap();
    let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    context.initialize(arguments).unwrap();
    let slot = context.get_slots_with_token().unwrap()[0];
    let session = context.open_rw_session(slot).unwrap();
    let pin = fs::read_to_string(pin_file).unwrap();
    let pin = AuthPin::new(pin.trim_end().into());
    session.login(UserType::User, Some(&pin)).unwrap();
    session
}

fn name(number: usize) -> [Attribute; 3] {
    [
        Attribute::Token(true),
        Attribute::Label(label(number).into_bytes()),
        Attribute::Id(format!("id-{number:05}").into_bytes()),
    ]
}

/// Makes `count` key pairs in the token.
pub(crate) fn fill_p256(pin_file: &Path, count: usize) {
    let session = open(pin_file);
    for number in 0..count {
        let mut public = name(number).to_vec();
        public.push(Attribute::EcParams(P256.to_vec()));
        public.push(Attribute::Verify(true));
        let mut private = name(number).to_vec();
        private.extend([
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(true),
            Attribute::Sign(true),
        ]);
        let mechanism = Mechanism::EccKeyPairGen;
        let _ = session
            .generate_key_pair(&mechanism, &public, &private)
            .unwrap();
    }
}

/// Puts the key pairs of standard input into the token, one a line: n, d, p, q, dp, dq and 1/q in hexadecimal.
/// Making them in the token would take a hundred milliseconds for each.
pub(crate) fn fill_rsa(pin_file: &Path) {
    let session = open(pin_file);
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.unwrap();
        let numbers: Vec<Vec<u8>> = line.split(' ').map(bytes).collect();
        let [n, d, p, q, dp, dq, qinv] = <[Vec<u8>; 7]>::try_from(numbers).unwrap();
        let exponent = Attribute::PublicExponent(vec![1, 0, 1]);
        let mut public = name(number).to_vec();
        public.extend([
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::KeyType(KeyType::RSA),
            Attribute::Modulus(n.clone()),
            exponent.clone(),
            Attribute::Verify(true),
        ]);
        let mut private = name(number).to_vec();
        private.extend([
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::KeyType(KeyType::RSA),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(true),
            Attribute::Sign(true),
            Attribute::Decrypt(true),
            Attribute::Modulus(n),
            exponent,
            Attribute::PrivateExponent(d),
            Attribute::Prime1(p),
            Attribute::Prime2(q),
            Attribute::Exponent1(dp),
            Attribute::Exponent2(dq),
            Attribute::Coefficient(qinv),
        ]);
        let _ = session.create_object(&public).unwrap();
        let _ = session.create_object(&private).unwrap();
    }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    (0..hexadecimal.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap())
        .collect()
}
