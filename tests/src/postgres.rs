//! A PostgreSQL server of its own: private folder, port and password, run as an unprivileged user, gone with the test.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::tool;

/// The user that Debian's package makes; the server refuses to be run as root.
const ACCOUNT: &str = "postgres";

/// The superuser in the server, and its password.
const USER: &str = "mover";

/// A running server.
pub struct PostgresServer {
    folder: PathBuf,
    port: u16,
    tls: bool,
    process: Mutex<Option<Running>>,
}

/// The server's process, and the thread that waits for it. It is the system's parent of the process: the server is
/// stopped when that thread ends, and so when this process does, however it ends.
struct Running {
    pid: u32,
    waits: JoinHandle<()>,
}

impl PostgresServer {
    /// The password of the one account.
    pub const PASSWORD: &'static str = "s3cret-of-the-test";

    /// Makes a server and starts it. Stops the test where PostgreSQL is not installed: scripts/setup installs it.
    #[must_use]
    pub fn start() -> Self {
        Self::make(false)
    }

    /// The same, which takes connections by TLS alone; [`PostgresServer::certificate`] vouches for it.
    #[must_use]
    pub fn start_with_tls() -> Self {
        Self::make(true)
    }

    fn make(tls: bool) -> Self {
        remove_leftovers();
        let port = free_port();
        let folder =
            std::env::temp_dir().join(format!("keyferry-postgres-{}-{port}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let password = folder.join("password");
        std::fs::write(&password, Self::PASSWORD).unwrap();
        std::fs::set_permissions(&password, Permissions::from_mode(0o644)).unwrap();
        if is_root() {
            tool::run(Command::new("chown").arg(ACCOUNT).arg(&folder), b"").unwrap();
        }
        tool::run(
            unprivileged(&binary("initdb"))
                .arg("-D")
                .arg(folder.join("data"))
                .args(["--username", USER, "--auth=scram-sha-256", "--no-sync"])
                .args(["--encoding=UTF8", "--locale=C"])
                .arg("--pwfile")
                .arg(&password),
            b"",
        )
        .unwrap();
        if tls {
            require_tls(&folder);
        }
        let server = Self {
            folder,
            port,
            tls,
            process: Mutex::new(None),
        };
        server.resume();
        server
    }

    /// Starts the server again after [`PostgresServer::stop`], and waits until it answers.
    pub fn resume(&self) {
        let mut command = unprivileged(&binary("postgres"));
        command
            .arg("-D")
            .arg(self.folder.join("data"))
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", &format!("port={}", self.port)])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", self.folder.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if self.tls {
            for (name, file) in [
                ("ssl_cert_file", "certificate.pem"),
                ("ssl_key_file", "key.pem"),
            ] {
                command
                    .arg("-c")
                    .arg(format!("{name}={}", self.folder.join(file).display()));
            }
            command.args(["-c", "ssl=on"]);
        }
        let (started, pid) = mpsc::channel();
        let waits = std::thread::spawn(move || {
            let mut child = command
                .spawn()
                .expect("PostgreSQL's server is needed: run scripts/setup test");
            started.send(child.id()).unwrap();
            let _ = child.wait();
        });
        let pid = pid.recv().unwrap();
        *self.process.lock().unwrap() = Some(Running { pid, waits });
        let until = Instant::now() + Duration::from_secs(60);
        while !self.answers() {
            assert!(Instant::now() < until, "the server does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Whether this server answers at its port, and not somebody else's.
    fn answers(&self) -> bool {
        let folder = self.folder.join("data");
        let said = self.psql("postgres", "SHOW data_directory").stdout;
        String::from_utf8_lossy(&said).trim() == folder.to_string_lossy()
    }

    /// Stops the server at once, as a crash would: connections break, what was not committed is undone.
    pub fn stop(&self) {
        if let Some(running) = self.process.lock().unwrap().take() {
            let pid = running.pid.to_string();
            // SIGQUIT is the immediate shutdown (PostgreSQL documentation, "Shutting Down the Server").
            let _ = Command::new("kill").args(["-QUIT", &pid]).status();
            let _ = running.waits.join();
        }
    }

    /// Makes a database and returns its address, password included.
    #[must_use]
    pub fn database(&self, name: &str) -> String {
        let made = self.psql("postgres", &format!("CREATE DATABASE {name}"));
        assert!(made.status.success(), "{made:?}");
        format!(
            "postgres://{USER}:{}@127.0.0.1:{}/{name}",
            Self::PASSWORD,
            self.port
        )
    }

    /// What a statement says, asked by the server's own client.
    #[must_use]
    pub fn ask(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database, sql);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The certificate of a server that was started with TLS: for 127.0.0.1 and localhost, signed by itself.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }

    fn psql(&self, database: &str, sql: &str) -> std::process::Output {
        Command::new("psql")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-U", USER, "-d", database, "-At", "-c", sql])
            .env("PGPASSWORD", Self::PASSWORD)
            .output()
            .expect("psql is part of PostgreSQL: run scripts/setup test")
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Makes key and certificate, and has the server refuse what comes without TLS.
fn require_tls(folder: &Path) {
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    tool::openssl(
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-days",
            "2",
            "-keyout",
            key.to_str().unwrap(),
            "-out",
            certificate.to_str().unwrap(),
        ],
        b"",
    )
    .unwrap();
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    if is_root() {
        tool::run(Command::new("chown").arg(ACCOUNT).arg(&key), b"").unwrap();
    }
    let rules = "hostnossl all all all reject\nhostssl all all all scram-sha-256\n";
    std::fs::write(folder.join("data/pg_hba.conf"), rules).unwrap();
}

/// A server's program: on the path, or where Debian keeps the versions apart.
fn binary(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(name)))
        .filter(|path| path.is_file())
        .collect();
    versions.sort();
    versions.pop().unwrap_or_else(|| name.into())
}

/// A command as a user that the server accepts, which ends with the test: whoever starts it stays its parent.
fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups"]);
    }
    command.args(["--pdeathsig", "QUIT", "--"]).arg(program);
    command.current_dir("/").env("LC_ALL", "C");
    command
}

/// Folders of test processes that are gone: a server that lasts as long as its process cannot remove its own.
fn remove_leftovers() {
    for entry in std::fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let process = name
            .to_str()
            .and_then(|name| name.strip_prefix("keyferry-postgres-"))
            .and_then(|rest| rest.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

/// A port that nobody listens at. The system gives ports of its own range to whoever connects, at any moment between
/// this look and the server's start; those below it are asked for by name alone.
fn free_port() -> u16 {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    loop {
        let tried = TRIED.fetch_add(1, Ordering::Relaxed);
        let spread = std::process::id().wrapping_mul(37).wrapping_add(tried);
        let port = 20_000 + u16::try_from(spread % 10_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
