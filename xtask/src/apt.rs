//! Installs what is missing from Debian's packages. Knows nothing of how the servers are started.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::servers::{postgres, rabbitmq};

/// Does nothing when the servers and the accounting programs are there.
pub fn install_missing() -> Result<()> {
    let mut missing = Vec::new();
    if postgres::binaries().is_none() {
        missing.push("postgresql");
    }
    if !rabbitmq::is_installed() {
        missing.push("rabbitmq-server");
    }
    // Other programs that check our arithmetic.
    let programs = [("hledger", "/usr/bin/hledger"), ("beancount", "/usr/bin/bean-check")];
    missing.extend(programs.iter().filter(|(_, path)| !Path::new(path).exists()).map(|(package, _)| package));
    if missing.is_empty() {
        return Ok(());
    }
    let way_out = format!("install {} by hand, then run this again", missing.join(" and "));
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("this is no Debian (apt-get is missing): {way_out}");
    }
    eprintln!("xtask: installing {} from Debian's packages", missing.join(" and "));
    apt_get(&["update"]).with_context(|| way_out.clone())?;
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(&missing);
    apt_get(&install).context(way_out)
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let mut command = if is_root()? {
        Command::new("apt-get")
    } else {
        // `-n`: a password prompt would hang a CI run.
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "--preserve-env=DEBIAN_FRONTEND,RUNLEVEL", "apt-get"]);
        sudo
    };
    // Run level 1 keeps the packages from starting system-wide servers: private ones are started instead.
    command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    let status = command.arg("-qq").args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("apt-get {} failed ({status})", arguments[0]),
        Err(error) => bail!("neither root nor sudo: apt-get {} cannot run ({error})", arguments[0]),
    }
}

/// The owner of our own process entry; asking the system directly would need unsafe code or a dependency.
pub fn is_root() -> Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(std::fs::metadata("/proc/self").context("/proc is not mounted")?.uid() == 0)
}
