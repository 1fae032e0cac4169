//! SoftHSM tokens, each in a folder of its own.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::tool;

/// Where distributions put the module.
const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
];

/// One SoftHSM 2 token; gone with this value.
pub struct SoftHsm {
    folder: TempDir,
    /// The token's label.
    pub label: String,
}

impl SoftHsm {
    /// The user PIN of every token made here.
    pub const PIN: &'static str = "4711-swordfish";

    /// Makes a token called `label`.
    #[must_use]
    pub fn new(label: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let tokens = folder.path().join("tokens");
        std::fs::create_dir(&tokens).unwrap();
        let text = format!(
            "directories.tokendir = {}\nlog.level = ERROR\n",
            tokens.display()
        );
        std::fs::write(folder.path().join("softhsm2.conf"), text).unwrap();
        let pin = folder.path().join("pin");
        std::fs::write(&pin, Self::PIN).unwrap();
        std::fs::set_permissions(&pin, Permissions::from_mode(0o600)).unwrap();
        let token = Self {
            folder,
            label: label.to_owned(),
        };
        token.add(label);
        token
    }

    /// The same folder, asked for a token by another label.
    #[must_use]
    pub fn called(mut self, label: &str) -> Self {
        label.clone_into(&mut self.label);
        self
    }

    /// Puts a further token beside the first.
    pub fn add(&self, label: &str) {
        let mut command = Command::new("softhsm2-util");
        command.env("SOFTHSM2_CONF", self.configuration());
        command.args(["--init-token", "--free", "--label", label]);
        command.args(["--so-pin", "security-officer", "--pin", Self::PIN]);
        tool::run(&mut command, b"").unwrap();
    }

    /// The PKCS#11 module's path.
    #[must_use]
    pub fn module() -> &'static Path {
        let found = MODULES.iter().map(Path::new).find(|path| path.exists());
        found.expect("SoftHSM 2 is installed (Debian: softhsm2)")
    }

    /// The value of `SOFTHSM2_CONF` that shows this token.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.folder.path().join("softhsm2.conf")
    }

    /// A file that holds the PIN.
    #[must_use]
    pub fn pin_file(&self) -> PathBuf {
        self.folder.path().join("pin")
    }
}
