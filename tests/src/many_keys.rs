//! A desk whose token holds many keys, and batches on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Mutex;

use serde_json::Value;
use tempfile::TempDir;

use crate::{Answer, Desk, Kek, Onlooker, Simulated, SoftHsm, audit_chain, desk};

/// What a token holds: label with {n}, kind, how many.
type Held = [(&'static str, &'static str, &'static str); 3];

const KEYS: Held = [
    ("tenant-{n}", "P-256", "72"),
    ("data-{n}", "AES-256", "8"),
    ("legacy-{n}", "RSA-2048", "4"),
];

/// How many keys that is.
pub const ALL: usize = 84;

/// The same of a large batch.
const THOUSAND: Held = [
    ("tenant-{n}", "P-256", "952"),
    ("data-{n}", "AES-256", "40"),
    ("legacy-{n}", "RSA-2048", "8"),
];

/// The folder of the batch, beside its manifest.
const OUT: &str = "out";

/// A desk with [`ALL`] keys and a folder for batches.
pub struct ManyKeys {
    /// The desk.
    pub desk: Desk,
    /// How many keys there are.
    pub count: usize,
    folder: TempDir,
    token: Token,
}

/// Where the keys are.
enum Token {
    /// In the desk's own state folder.
    Embedded,
    /// In an HSM that is seen through a scenario.
    Simulated(Simulated),
    /// In a SoftHSM.
    SoftHsm(SoftHsm),
}

impl ManyKeys {
    /// A token of its own, a copy of one that is made once and kept in the build folder.
    #[must_use]
    pub fn new() -> Self {
        Self {
            desk: holding(KEYS).flag("--software-token"),
            count: ALL,
            folder: TempDir::new().unwrap(),
            token: Token::Embedded,
        }
    }

    /// A thousand keys in an HSM that does what this scenario says.
    #[must_use]
    pub fn thousand(scenario: &str) -> Self {
        Self {
            count: 1000,
            ..Self::seen_through(holding(THOUSAND), scenario)
        }
    }

    /// As many as [`ManyKeys::new`] has, in a SoftHSM.
    #[must_use]
    pub fn soft_hsm() -> Self {
        let token = SoftHsm::new("many keys");
        let desk = Desk::soft_hsm(&token);
        generate(&desk, KEYS);
        Self {
            desk,
            count: ALL,
            folder: TempDir::new().unwrap(),
            token: Token::SoftHsm(token),
        }
    }

    /// The same keys in an HSM that does what this scenario says.
    #[must_use]
    pub fn simulated(scenario: &str) -> Self {
        Self::seen_through(holding(KEYS), scenario)
    }

    fn seen_through(real: Desk, scenario: &str) -> Self {
        let token = Simulated::playing_over(real, scenario);
        Self {
            desk: token.desk(),
            count: ALL,
            folder: TempDir::new().unwrap(),
            token: Token::Simulated(token),
        }
    }

    /// The same, where no file gives the PIN: it is asked for. And the PIN itself.
    ///
    /// # Panics
    /// When the keys are in no HSM.
    #[must_use]
    pub fn asking(mut self) -> (Self, String) {
        let (desk, pin) = match &self.token {
            Token::Embedded => panic!("the embedded token asks nobody"),
            Token::Simulated(token) => (token.desk_asking(), token.pin_file()),
            Token::SoftHsm(token) => (Desk::soft_hsm_asking(token), token.pin_file()),
        };
        self.desk = desk;
        let pin = std::fs::read_to_string(pin).unwrap();
        (self, pin.trim_end().to_owned())
    }

    /// A view of the token that the product has no part in.
    #[must_use]
    pub fn onlooker(&self) -> Onlooker {
        match &self.token {
            Token::Embedded => Onlooker::embedded(&self.desk),
            Token::Simulated(token) => token.onlooker(),
            Token::SoftHsm(token) => Onlooker::soft_hsm(token),
        }
    }

    /// The folder that manifest and batch lie in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The batch's folder.
    #[must_use]
    pub fn out(&self) -> PathBuf {
        self.folder().join(OUT)
    }

    /// Writes a manifest of all keys to this KEK's vault; `more` is of each line's defaults.
    #[must_use]
    pub fn manifest(&self, kek: &Kek) -> PathBuf {
        let kid = kek.kid();
        let url = kid.split("/keys/").next().unwrap().to_owned();
        let kek = kek.az_json();
        self.write_manifest(&url, &format!("kek = {:?}", kek.to_str().unwrap()))
    }

    /// The same to a vault that is asked for its KEK.
    #[must_use]
    pub fn manifest_of_vault(&self, url: &str, kid: &str) -> PathBuf {
        self.write_manifest(url, &format!("kid = {kid:?}"))
    }

    fn write_manifest(&self, url: &str, kek: &str) -> PathBuf {
        let path = self.folder().join("manifest.toml");
        let text = format!(
            "[[vault]]\nurl = {url:?}\n{kek}\n[[key]]\nglob = \"tenant-*\"\n[[key]]\nglob = \"data-*\"\n[[key]]\nglob = \"legacy-*\"\ntags = {{ era = \"old\" }}\n"
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    /// `batch MANIFEST --out …`, with these options.
    #[must_use]
    pub fn arguments(&self, manifest: &Path, more: &[&str]) -> Vec<String> {
        let mut arguments = vec!["batch".to_owned(), text(manifest), "--out".to_owned()];
        arguments.push(text(&self.out()));
        arguments.extend(more.iter().map(|one| (*one).to_owned()));
        arguments
    }

    /// Runs a batch to its end, with `--json`.
    #[must_use]
    pub fn batch(&self, manifest: &Path, more: &[&str]) -> Answer {
        self.desk.json(self.arguments(manifest, more))
    }

    /// Goes on with it, with `--json`.
    #[must_use]
    pub fn resume(&self, more: &[&str]) -> Answer {
        let out = text(&self.out());
        let arguments = [&["batch", "--resume", "--out", &out], more].concat();
        self.desk.json(arguments)
    }

    /// Starts a batch, or goes on with it; its standard output is a pipe.
    #[must_use]
    pub fn start(&self, arguments: &[String]) -> Child {
        let mut command = self.desk.on_terminal(&["env"], arguments);
        command
            .arg("--json")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// `--resume`, for [`ManyKeys::start`].
    #[must_use]
    pub fn resume_arguments(&self, more: &[&str]) -> Vec<String> {
        let out = text(&self.out());
        let arguments = [&["batch", "--resume", "--out", &out], more].concat();
        arguments.into_iter().map(str::to_owned).collect()
    }

    /// `report.json` of the batch.
    #[must_use]
    pub fn report(&self) -> Value {
        let bytes = std::fs::read(self.out().join("report.json")).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Lines of the record, by event and outcome; the chain is checked.
    #[must_use]
    pub fn record(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for line in audit_chain::read(self.desk.state()).unwrap() {
            let word = |name: &str| line[name].as_str().unwrap().to_owned();
            let name = format!("{} {}", word("event"), word("outcome"));
            *counts.entry(name).or_default() += 1;
        }
        counts
    }
}

impl Default for ManyKeys {
    fn default() -> Self {
        Self::new()
    }
}

/// The lines of `--json`: the events of keys, and the last line.
#[must_use]
pub fn told(answer: &Answer) -> (Vec<Value>, Value) {
    let mut lines: Vec<Value> = answer
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let last = lines
        .pop()
        .unwrap_or_else(|| panic!("nothing was told: {}", answer.stderr));
    lines.retain(|line| line["event"] == "line");
    (lines, last)
}

/// A path as an argument.
#[must_use]
pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A desk whose embedded token is a copy of the one that is kept.
fn holding(keys: Held) -> Desk {
    let desk = Desk::embedded();
    let token = desk.state().join("token");
    copy(&made(keys), &token);
    // The token's own settings name its place.
    let settings = token.join("kryoptic.conf");
    let text = std::fs::read_to_string(&settings).unwrap();
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("dbargs"))
        .collect();
    let database = token.join("token.sql");
    let text = format!("{}\ndbargs = {:?}\n", kept.join("\n"), database);
    std::fs::write(&settings, text).unwrap();
    desk
}

/// The token folder that all copies are of.
fn made(keys: Held) -> PathBuf {
    static MADE: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MADE.lock();
    let names: Vec<String> = keys
        .iter()
        .map(|(_, kind, count)| format!("{kind}-{count}"))
        .collect();
    let folder = desk::build_folder().join(format!("tmp/many-keys-{}", names.join("-")));
    if !folder.exists() {
        let desk = Desk::embedded();
        generate(&desk, keys);
        let part = TempDir::new_in(desk::build_folder().join("tmp")).unwrap();
        copy(&desk.state().join("token"), part.path());
        // Another test process may be first: its keys are as good.
        let kept = part.keep();
        if std::fs::rename(&kept, &folder).is_err() {
            std::fs::remove_dir_all(&kept).unwrap();
        }
    }
    folder
}

fn generate(desk: &Desk, keys: Held) {
    for (label, kind, count) in keys {
        let arguments = ["keygen", "--kind", kind, "--label", label, "--count", count];
        let _ = desk.json(arguments).success();
    }
}

fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    let private = |path: &Path| {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
    };
    if let Some(parent) = to.parent() {
        private(parent);
    }
    private(to);
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
