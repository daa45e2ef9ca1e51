//! Real servers, and a private corner of them for each test. Without servers a test fails: a skipped test proves nothing.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} names no server: run `cargo xtask test`, or `cargo xtask servers` and what it prints")
    })
}

/// An empty database, dropped with the value.
pub struct Database {
    pub url: String,
    name: String,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Database {
    pub fn fresh() -> Self {
        let server = server("BIHUAN_TEST_POSTGRES_URL");
        let name = format!("bihuan_it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        psql(&server, &format!("CREATE DATABASE {name}"));
        let (head, _) = server.rsplit_once('/').unwrap();
        Self { url: format!("{head}/{name}"), name }
    }

    /// The answer of one statement, a row a line.
    pub fn ask(&self, sql: &str) -> String {
        psql(&self.url, sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A test that fails must tell its own reason, so this one is not checked.
        let server = server("BIHUAN_TEST_POSTGRES_URL");
        let _ = Command::new("psql").args([&server, "-qc", &format!("DROP DATABASE {} (FORCE)", self.name)]).output();
    }
}

fn psql(url: &str, sql: &str) -> String {
    let output = Command::new("psql").args([url, "-XAtqc", sql]).output().unwrap();
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A virtual host of RabbitMQ that no other test uses: the product's queues have fixed names.
pub fn virtual_host() -> String {
    let url = server("BIHUAN_TEST_AMQP_URL");
    let count: usize = server("BIHUAN_TEST_AMQP_VHOSTS").parse().unwrap();
    let claims = server("BIHUAN_TEST_CLAIMS");
    let free = (0..count).map(|number| format!("test-{number}")).find(|name| {
        // Made by one process only: who makes it has it.
        std::fs::create_dir(std::path::Path::new(&claims).join(name)).is_ok()
    });
    let name = free.expect("every virtual host has been used; start `cargo xtask servers` anew");
    let (head, _) = url.rsplit_once('/').unwrap();
    format!("{head}/{name}")
}
