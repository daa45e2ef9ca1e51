//! Commands of whoever runs Bihuan: run, status, migrate, backup, connectors, health.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::args::Global;
use super::output::{self, Summary};
use super::{clock_of, load_config, open};
use crate::app::{self, App, AppError};

pub async fn run(global: &Global) -> Result<(), AppError> {
    let config = load_config(global)?;
    if config.sources.is_empty() {
        return Err(AppError::Usage(
            "没有配置来源 · no source is configured; see config/sources.d/ for samples".to_owned(),
        ));
    }
    let clock = clock_of(&config);
    app::run(App::open(config, clock).await?).await
}

pub async fn status(global: &Global) -> Result<(), AppError> {
    let (config, clock, store) = open(global).await?;
    let summary = Summary::read(&store, clock.as_ref(), &config, None).await?;
    output::summary(&summary, global.json)
}

pub async fn migrate(global: &Global) -> Result<(), AppError> {
    // Opening brings the schema up to date and refuses a newer one.
    let (_, _, store) = open(global).await?;
    store.close().await;
    output::print("数据库结构已是最新 · schema is current\n")
}

pub async fn backup(global: &Global, file: &Path) -> Result<(), AppError> {
    let (_, _, store) = open(global).await?;
    store.backup(file).await?;
    output::print(&format!("已备份 · backed up to {}\n", file.display()))
}

pub fn connectors(name: Option<&str>) -> Result<(), AppError> {
    let Some(name) = name else {
        let mut text = String::new();
        for entry in bihuan_connectors::REGISTRY {
            text.push_str(&format!("{:<10} {}\n", entry.kind, entry.doc));
        }
        for entry in bihuan_connectors::CHANNELS {
            text.push_str(&format!("{:<10} {} (channel)\n", entry.kind, entry.doc));
        }
        return output::print(&text);
    };
    let source = bihuan_connectors::connector(name).map(|entry| (entry.doc, entry.example));
    let channel = bihuan_connectors::channel(name).map(|entry| (entry.doc, entry.example));
    let found: Vec<String> =
        source.into_iter().chain(channel).map(|(doc, example)| format!("# {doc}\n{example}\n")).collect();
    if found.is_empty() {
        return Err(AppError::Refused(format!(
            "没有连接器 `{name}` · no such connector; `bihuan connectors` lists them"
        )));
    }
    output::print(&found.join("\n"))
}

/// A container's health check has a few seconds at most.
const HEALTH_PATIENCE: Duration = Duration::from_secs(3);

/// Asks the running daemon, so that an image needs no curl.
pub async fn health(global: &Global) -> Result<(), AppError> {
    let config = load_config(global)?;
    let mut address = config.http.bind;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(address).await?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.take(1024).read_to_string(&mut answer).await?;
        Ok::<bool, std::io::Error>(answer.starts_with("HTTP/1.1 200"))
    };
    match tokio::time::timeout(HEALTH_PATIENCE, ask).await {
        Ok(Ok(true)) => output::print("ok\n"),
        _ => Err(AppError::Refused(format!("服务没有应答 · the daemon at {address} does not answer"))),
    }
}
