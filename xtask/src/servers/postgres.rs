//! A private PostgreSQL: its own cluster, trust on loopback only, no socket file.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{Disk, LOOK_AGAIN, end, free_port, tail};
use crate::apt::is_root;

/// Superuser of the private cluster: tests create databases.
const USER: &str = "bihuan";
/// A first start on a busy machine took 2 s; a minute means that it never will.
const START_PATIENCE: Duration = Duration::from_secs(60);
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// The newest installed server's folder of programs.
pub fn binaries() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let newest = versions
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("initdb").exists().then_some((version, folder))
        })
        .max()?;
    Some(newest.1)
}

/// The unprivileged user under whom the server runs: it refuses root.
#[derive(Debug, Clone, Copy)]
struct RunAs {
    uid: u32,
    gid: u32,
}

#[derive(Debug)]
pub struct Postgres {
    server: Child,
    port: u16,
}

impl Postgres {
    pub fn start(folder: &Path, disk: Disk) -> Result<Self> {
        let binaries = binaries().context("PostgreSQL is not installed")?;
        fs::create_dir_all(folder)?;
        let run_as = unprivileged()?;
        if let Some(user) = run_as {
            std::os::unix::fs::chown(folder, Some(user.uid), Some(user.gid))?;
            // The parent must let that user through.
            if let Some(parent) = folder.parent() {
                fs::set_permissions(parent, fs::Permissions::from_mode(0o755))?;
            }
        }
        let (data, log) = (folder.join("data"), folder.join("log"));
        let mut initdb = command(&binaries.join("initdb"), run_as);
        initdb.arg("-D").arg(&data).args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
        if disk == Disk::Unsafe {
            initdb.arg("--no-sync");
        }
        let output = initdb.current_dir(folder).output().context("initdb does not run")?;
        if !output.status.success() {
            bail!("initdb failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        let port = free_port()?;
        let mut postgres = command(&binaries.join("postgres"), run_as);
        postgres.arg("-D").arg(&data).arg("-p").arg(port.to_string());
        for setting in settings(disk) {
            postgres.args(["-c", setting]);
        }
        let log_file = File::create(&log)?;
        postgres.current_dir(folder).stdin(Stdio::null()).stdout(log_file.try_clone()?).stderr(log_file);
        let mut server = Self { server: postgres.spawn().context("postgres does not run")?, port };
        server.wait(&binaries, &log)?;
        Ok(server)
    }

    fn wait(&mut self, binaries: &Path, log: &Path) -> Result<()> {
        let deadline = Instant::now() + START_PATIENCE;
        let port = self.port.to_string();
        while Instant::now() < deadline {
            if let Some(status) = self.server.try_wait()? {
                bail!("PostgreSQL ended with {status}:\n{}", tail(log));
            }
            let ready = Command::new(binaries.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &port])
                .status()
                .is_ok_and(|status| status.success());
            if ready {
                return Ok(());
            }
            thread::sleep(LOOK_AGAIN);
        }
        bail!("PostgreSQL did not answer within {START_PATIENCE:?}:\n{}", tail(log))
    }

    /// Leads to the maintenance database; a test makes its own beside it.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown: sessions are cut off, the rest is orderly.
        end(&mut self.server, "-INT", STOP_PATIENCE);
    }
}

fn settings(disk: Disk) -> Vec<&'static str> {
    let mut settings = vec![
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        // A database and a small pool per test, all at once.
        "max_connections=300",
        "shared_buffers=256MB",
        "max_wal_size=4GB",
        "log_min_messages=fatal",
        "timezone=UTC",
    ];
    if disk == Disk::Unsafe {
        settings.extend(["fsync=off", "full_page_writes=off", "synchronous_commit=off"]);
    }
    settings
}

fn command(program: &Path, run_as: Option<RunAs>) -> Command {
    let mut command = Command::new(program);
    if let Some(user) = run_as {
        command.uid(user.uid).gid(user.gid);
    }
    command.env("LC_ALL", "C.UTF-8");
    command
}

/// `None` when we are unprivileged ourselves; else the package's own user.
fn unprivileged() -> Result<Option<RunAs>> {
    if !is_root()? {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").context("/etc/passwd cannot be read")?;
    let find = |name: &str| {
        let fields: Vec<&str> = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|f| f[0] == name)?;
        Some(RunAs { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
    };
    let owner = fs::metadata("/proc/self")?.uid();
    find("postgres")
        .or_else(|| find("nobody"))
        .map(Some)
        .with_context(|| format!("PostgreSQL refuses to run as user {owner}, and there is no user postgres or nobody"))
}
