//! NSS softokn tokens: the key databases of Mozilla's browsers.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::{Desk, Onlooker, Simulated, tool};

/// The slot of softokn's key database; slot 1 is its keyless one.
const DATABASE_SLOT: &str = "2";

/// One NSS key database; gone with this value.
pub struct Nss {
    folder: TempDir,
}

impl Nss {
    /// The PIN of every database made here.
    pub const PIN: &'static str = "1234";

    /// Makes a database, by NSS's own tool.
    ///
    /// # Panics
    /// When `certutil` (Debian: libnss3-tools) is missing.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it makes files")]
    pub fn new() -> Self {
        let token = Self {
            folder: TempDir::new().unwrap(),
        };
        std::fs::write(token.pin_file(), Self::PIN).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(token.pin_file(), private).unwrap();
        let mut command = Command::new("certutil");
        command.args(["-N", "-d", &token.database(), "-f"]);
        command.arg(token.pin_file());
        tool::run(&mut command, b"").unwrap();
        // NSS takes its database in `pReserved`; the onlooker has no way to give that.
        let scenario = format!(
            "title = \"NSS, started with its database\"\nlibrary = '{}'\nreserved = \"{}\"\n",
            Self::module().display(),
            token.arguments()
        );
        std::fs::write(token.scenario(), scenario).unwrap();
        token
    }

    /// A user of the database; the PIN comes from a file.
    #[must_use]
    pub fn desk(&self) -> Desk {
        Desk::embedded()
            .flag("--module")
            .flag(Self::module())
            .flag("--module-args")
            .flag(self.arguments())
            .flag("--slot")
            .flag(DATABASE_SLOT)
            .flag("--pin-source")
            .flag(format!("file:{}", self.pin_file().display()))
    }

    /// A view of the database that the product has no part in.
    #[must_use]
    pub fn onlooker(&self) -> Onlooker {
        Onlooker::of(
            Simulated::module(),
            "NSS Certificate DB",
            self.pin_file(),
            ("KEYFERRY_SIMULATED", self.scenario()),
        )
    }

    /// Debian's libnss3, which the browsers of the page's tests bring along.
    #[must_use]
    pub fn module() -> PathBuf {
        format!(
            "/usr/lib/{}-linux-gnu/libsoftokn3.so",
            std::env::consts::ARCH
        )
        .into()
    }

    fn arguments(&self) -> String {
        format!(
            "configdir='{}' certPrefix='' keyPrefix='' secmod='' flags=",
            self.database()
        )
    }

    fn database(&self) -> String {
        format!("sql:{}", self.folder.path().display())
    }

    fn pin_file(&self) -> PathBuf {
        self.folder.path().join("pin")
    }

    fn scenario(&self) -> PathBuf {
        self.folder.path().join("scenario.toml")
    }
}
