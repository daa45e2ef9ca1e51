//! Private PostgreSQL and RabbitMQ: loopback, free ports, a temporary folder, gone afterwards whatever happens.
//!
//! A second process, the *keeper*, starts them, prints their addresses and reads its standard input. When that ends,
//! it stops what it started and removes the folder. So nothing is left behind by a failure, by Ctrl-C (the keeper has a
//! process group of its own) or by a kill of the first process: the pipe closes in every case.

pub mod postgres;
pub mod rabbitmq;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The hidden command of the second process.
pub const KEEPER: &str = "keep-servers";

/// Whether the servers wait for the disk. Tests need not survive a power cut; figures without it would be a lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    Unsafe,
    Durable,
}

impl Disk {
    pub fn parse(word: &str) -> Result<Self> {
        match word {
            "unsafe" => Ok(Self::Unsafe),
            "durable" => Ok(Self::Durable),
            other => bail!("`{other}` is neither unsafe nor durable"),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Unsafe => "unsafe",
            Self::Durable => "durable",
        }
    }
}

/// Servers on their way up, or up. Dropping it stops them.
#[derive(Debug)]
pub struct Servers {
    keeper: Child,
    /// Closing it tells the keeper to clean up.
    lifeline: Option<ChildStdin>,
    lines: Option<BufReader<ChildStdout>>,
    /// What the tests and the benchmarks read from their environment.
    pub environment: Vec<(String, String)>,
    pub folder: PathBuf,
}

impl Servers {
    /// Begins; `wait` for the addresses. Both come up while something else is compiled.
    pub fn start(disk: Disk) -> Result<Self> {
        let folder = temporary_folder()?;
        let mut keeper = Command::new(std::env::current_exe()?)
            .args([KEEPER, &folder.display().to_string(), disk.word()])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the keeper of the servers does not start")?;
        let (lifeline, lines) = (keeper.stdin.take(), keeper.stdout.take().map(BufReader::new));
        Ok(Self { keeper, lifeline, lines, environment: Vec::new(), folder })
    }

    /// Waits until both answer.
    pub fn wait(&mut self) -> Result<()> {
        for line in self.lines.take().into_iter().flat_map(std::io::BufRead::lines) {
            let line = line?;
            match line.split_once('=') {
                Some((name, value)) => self.environment.push((name.to_owned(), value.to_owned())),
                None if line == "ready" => return Ok(()),
                None => eprintln!("{line}"),
            }
        }
        bail!("the private servers did not come up; their reason stands above")
    }

    /// Tells the keeper which process group is at work, so that it ends too if this process is killed; 0 is none.
    pub fn at_work(&mut self, group: u32) {
        if let Some(lifeline) = &mut self.lifeline {
            // A keeper that is gone has said why; the step fails by itself.
            let _ = writeln!(lifeline, "{group}");
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.lifeline = None;
        let _ = self.keeper.wait();
    }
}

/// `cargo xtask servers`: for running single tests by hand.
pub fn hold() -> Result<()> {
    crate::apt::install_missing()?;
    let mut servers = Servers::start(Disk::Unsafe)?;
    servers.wait()?;
    for (name, value) in &servers.environment {
        eprintln!("export {name}='{value}'");
    }
    eprintln!("# Both run until Ctrl-D or Ctrl-C here.");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

/// The second process: starts both at once, reports, waits for the end of its input, cleans up.
pub fn keep(folder: &Path, disk: Disk) -> Result<()> {
    let result = keep_until_told(folder, disk);
    fs::remove_dir_all(folder).with_context(|| format!("{} stays behind", folder.display()))?;
    result
}

fn keep_until_told(folder: &Path, disk: Disk) -> Result<()> {
    let begin = Instant::now();
    // Read from the start: the first process may be killed while the servers are still coming up, and what it was
    // working on must not go on alone.
    let told = thread::spawn(|| {
        let lines = std::io::stdin().lock().lines().map_while(Result::ok);
        end_group(lines.last().and_then(|line| line.trim().parse().ok()).unwrap_or(0));
    });
    // The guards live to the end of this function; each stops its server when dropped.
    let (postgres, rabbitmq) = thread::scope(|scope| {
        let rabbitmq = scope.spawn(|| rabbitmq::RabbitMq::start(&folder.join("rabbitmq")));
        let postgres = postgres::Postgres::start(&folder.join("postgres"), disk);
        (postgres, rabbitmq.join())
    });
    let postgres = postgres?;
    let Ok(rabbitmq) = rabbitmq else { bail!("starting RabbitMQ panicked") };
    let rabbitmq = rabbitmq?;
    let claims = folder.join("claims");
    fs::create_dir_all(&claims)?;
    let lines = [
        format!("BIHUAN_TEST_POSTGRES_URL={}", postgres.url()),
        format!("BIHUAN_TEST_AMQP_URL={}", rabbitmq.url()),
        format!("BIHUAN_TEST_AMQP_VHOSTS={}", rabbitmq::TEST_VHOSTS),
        format!("BIHUAN_TEST_CLAIMS={}", claims.display()),
        format!("xtask: PostgreSQL and RabbitMQ answered after {:.1?}", begin.elapsed()),
        "ready\n".to_owned(),
    ];
    // A first process that is gone does not listen; the end of our input then says what to do.
    let _ = std::io::stdout().write_all(lines.join("\n").as_bytes());
    let _ = told.join();
    drop(rabbitmq);
    drop(postgres);
    Ok(())
}

/// Ends a process group that this program made; 0 is none.
pub fn end_group(group: u32) {
    if group > 1 {
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).stderr(Stdio::null()).status();
    }
}

/// Asks a process that this program started to end, by its id, and waits for it; a deaf one is killed.
fn end(child: &mut Child, signal: &str, patience: Duration) {
    let _ = Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status();
    if !ended_within(child, patience) {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// How often a server is looked at while it starts or stops.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

fn ended_within(child: &mut Child, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
            return true;
        }
        thread::sleep(LOOK_AGAIN);
    }
    false
}

/// A port that was free a moment ago. Somebody else may take it first; then the server says so and the run fails.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn temporary_folder() -> Result<PathBuf> {
    let stamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
    let folder = std::env::temp_dir().join(format!("bihuan-xtask-{}-{stamp}", std::process::id()));
    // `create_dir`, not `create_dir_all`: a folder that is already there belongs to somebody else.
    fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// The last lines of a server's log, for the message about why it did not come up.
fn tail(log: &Path) -> String {
    const LINES: usize = 15;
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
