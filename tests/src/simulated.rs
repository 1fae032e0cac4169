//! The simulated module: a real token, seen through a scenario.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Desk, Onlooker, desk};

/// A token of the simulated module, its keys in an embedded token of its own.
pub struct Simulated {
    /// Owns the real token.
    real: Desk,
    scenario: PathBuf,
    /// Holds the scenario of a test's own, and the record of calls.
    folder: TempDir,
}

impl Simulated {
    /// Plays `tests/simulated/scenarios/NAME.toml`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::reading(|_| scenario(name))
    }

    /// Plays a scenario of the test's own; paths in it are relative to [`Self::folder`].
    #[must_use]
    pub fn playing(text: &str) -> Self {
        Self::reading(|folder| {
            let path = folder.join("scenario.toml");
            std::fs::write(&path, text).unwrap();
            path
        })
    }

    /// The same over the embedded token of a desk.
    #[must_use]
    pub fn playing_over(real: Desk, text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let scenario = folder.path().join("scenario.toml");
        std::fs::write(&scenario, text).unwrap();
        Self {
            scenario,
            real,
            folder,
        }
    }

    /// Plays the scenario at the path that `place` gives, with `folder` beside it.
    fn reading(place: impl FnOnce(&Path) -> PathBuf) -> Self {
        let folder = TempDir::new().unwrap();
        let real = Desk::embedded();
        // Its first use makes it.
        let _ = real.json(["keys"]).success();
        Self {
            scenario: place(folder.path()),
            real,
            folder,
        }
    }

    /// The same token and keys under another scenario.
    #[must_use]
    pub fn turned(mut self, text: &str) -> Self {
        self.scenario = self.folder.path().join("turned.toml");
        std::fs::write(&self.scenario, text).unwrap();
        self
    }

    /// A user whose HSM this is; the PIN comes from a file.
    #[must_use]
    pub fn desk(&self) -> Desk {
        let pin = self.pin_file();
        let pin = format!("file:{}", pin.display());
        self.desk_asking().flag("--pin-source").flag(pin)
    }

    /// The same without a PIN source.
    #[must_use]
    pub fn desk_asking(&self) -> Desk {
        let desk = Desk::embedded()
            .flag("--module")
            .flag(Self::module())
            .flag("--module-env=KEYFERRY_SIMULATED,KRYOPTIC_CONF");
        self.variables()
            .into_iter()
            .fold(desk, |desk, (name, value)| desk.variable(name, value))
    }

    /// The variables by which the module finds scenario and token.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("KEYFERRY_SIMULATED", self.scenario.clone()),
            ("KRYOPTIC_CONF", self.token().join("kryoptic.conf")),
        ]
    }

    /// The user of the real token, whom no scenario binds.
    #[must_use]
    pub fn real(&self) -> &Desk {
        &self.real
    }

    /// A view of the real token that the scenario has no part in.
    #[must_use]
    pub fn onlooker(&self) -> Onlooker {
        Onlooker::embedded(&self.real)
    }

    /// Where the paths of a scenario of the test's own begin.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file that holds the PIN.
    #[must_use]
    pub fn pin_file(&self) -> PathBuf {
        self.token().join("pin")
    }

    fn token(&self) -> PathBuf {
        self.real.state().join("token")
    }

    /// The module's path.
    ///
    /// # Panics
    /// When it was not built.
    #[must_use]
    pub fn module() -> PathBuf {
        let name = format!(
            "{}keyferry_simulated{}",
            std::env::consts::DLL_PREFIX,
            std::env::consts::DLL_SUFFIX
        );
        // Of a library that others depend on, cargo puts the shared form there alone.
        let module = desk::build_folder().join("deps").join(name);
        assert!(
            module.exists(),
            "{} is not there: `cargo test` builds it, and so does `cargo build --workspace`",
            module.display()
        );
        module
    }
}

/// The path of a scenario that stands in the repository.
#[must_use]
pub fn scenario(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("simulated/scenarios")
        .join(format!("{name}.toml"))
}
