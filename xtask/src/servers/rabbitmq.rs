//! A private RabbitMQ node without systemd: its own home, cookie, port mapper and ports.
//!
//! Virtual hosts for the tests come with the first boot by a definitions file: adding one later costs a second each,
//! because every `rabbitmqctl` starts an Erlang machine.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{LOOK_AGAIN, end, ended_within, free_port, tail};

const PROGRAMS: &str = "/usr/lib/rabbitmq/bin";
/// Tests take `test-0`, `test-1`, … each; more tests need a larger number here.
pub const TEST_VHOSTS: usize = 24;
/// Seconds; a first start took 6 to 12.
const START_PATIENCE: &str = "120";
const STOP_PATIENCE: Duration = Duration::from_secs(20);
const PORT_MAPPER_PATIENCE: Duration = Duration::from_secs(10);

pub fn is_installed() -> bool {
    Path::new(PROGRAMS).join("rabbitmq-server").exists()
}

#[derive(Debug)]
pub struct RabbitMq {
    /// `None` until it is spawned, so that the guard already stops the port mapper.
    server: Option<Child>,
    port_mapper: Child,
    folder: PathBuf,
    environment: Vec<(&'static str, String)>,
    port: u16,
}

impl RabbitMq {
    pub fn start(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let (port, mapper_port) = (free_port()?, free_port()?);
        fs::write(folder.join("rabbitmq.conf"), configuration(folder))?;
        fs::write(folder.join("definitions.json"), definitions())?;
        fs::write(folder.join("enabled_plugins"), "[].\n")?;
        let environment = environment(folder, port, mapper_port, free_port()?);
        let port_mapper = start_port_mapper(mapper_port)?;
        let mut node = Self { server: None, port_mapper, folder: folder.to_owned(), environment, port };
        let log = File::create(folder.join("console.log"))?;
        let mut server = node.command("rabbitmq-server");
        server.stdout(log.try_clone()?).stderr(log);
        node.server = Some(server.spawn().context("rabbitmq-server does not run")?);
        node.wait()?;
        Ok(node)
    }

    fn wait(&mut self) -> Result<()> {
        let pid_file = self.pid_file();
        for arguments in [["wait", "--timeout", START_PATIENCE, &pid_file].as_slice(), &["await_startup"]] {
            let output = self.command("rabbitmqctl").arg("-q").args(arguments).output()?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                bail!("RabbitMQ did not come up: {said}\n{}", tail(&self.folder.join("console.log")));
            }
        }
        Ok(())
    }

    /// Leads to the default virtual host.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    fn pid_file(&self) -> String {
        self.folder.join("pid").display().to_string()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(Path::new(PROGRAMS).join(program));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = self.command("rabbitmqctl").args(["-q", "stop", &self.pid_file()]).output();
            if !ended_within(&mut server, STOP_PATIENCE) {
                end(&mut server, "-TERM", STOP_PATIENCE);
            }
        }
        end(&mut self.port_mapper, "-TERM", PORT_MAPPER_PATIENCE);
    }
}

/// Erlang's port mapper in the foreground, as our own child; started by Erlang it would outlive the node.
fn start_port_mapper(port: u16) -> Result<Child> {
    let port_text = port.to_string();
    let mapper = Command::new("epmd")
        .args(["-port", &port_text, "-address", "127.0.0.1"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("epmd does not run")?;
    let deadline = Instant::now() + PORT_MAPPER_PATIENCE;
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() && Instant::now() < deadline {
        thread::sleep(LOOK_AGAIN);
    }
    Ok(mapper)
}

fn environment(folder: &Path, port: u16, mapper: u16, distribution: u16) -> Vec<(&'static str, String)> {
    let inside = |name: &str| folder.join(name).display().to_string();
    vec![
        // The Erlang cookie lies in the home folder.
        ("HOME", inside("")),
        ("ERL_EPMD_PORT", mapper.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ("RABBITMQ_NODENAME", format!("bihuan{port}@localhost")),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".to_owned()),
        ("RABBITMQ_NODE_PORT", port.to_string()),
        ("RABBITMQ_DIST_PORT", distribution.to_string()),
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}".to_owned()),
        ("RABBITMQ_MNESIA_BASE", inside("mnesia")),
        ("RABBITMQ_LOG_BASE", inside("log")),
        ("RABBITMQ_PID_FILE", inside("pid")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", inside("enabled_plugins")),
        ("RABBITMQ_CONFIG_FILE", inside("rabbitmq.conf")),
    ]
}

/// The limits are lowered so that a nearly full disk or a small machine does not block publishers.
fn configuration(folder: &Path) -> String {
    format!(
        "loopback_users.guest = true\nload_definitions = {}\ndisk_free_limit.absolute = 50MB\nlog.console.level = error\n",
        folder.join("definitions.json").display()
    )
}

fn definitions() -> String {
    let names: Vec<String> =
        std::iter::once("/".to_owned()).chain((0..TEST_VHOSTS).map(|number| format!("test-{number}"))).collect();
    let vhosts: Vec<String> = names.iter().map(|name| format!(r#"{{"name":"{name}"}}"#)).collect();
    let permissions: Vec<String> = names
        .iter()
        .map(|name| format!(r#"{{"user":"guest","vhost":"{name}","configure":".*","write":".*","read":".*"}}"#))
        .collect();
    format!(
        r#"{{"users":[{{"name":"guest","password":"guest","tags":"administrator"}}],"vhosts":[{}],"permissions":[{}]}}"#,
        vhosts.join(","),
        permissions.join(",")
    )
}
