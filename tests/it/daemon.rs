//! The daemon: it answers its probes, pulls on schedule, ends when it is told to, and shares the work with its like.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use bihuan::sim::CompanySettings;
use jiff::civil::date;

use super::folder::Folder;
use super::office::Office;
use super::program::{Running, bihuan, until};
use super::servers::Database;

/// A company that has lived in the past: the daemon runs in real time and a stream is covered up to now.
fn office() -> Office {
    let settings = CompanySettings { customers: 6, months: 1, start: date(2026, 1, 1), ..CompanySettings::default() };
    Office::of(settings).at_the_end()
}

/// The office's configuration with a free port and a quick schedule, and the banks' files in their folders.
fn folder(office: &Office) -> (Folder, u16) {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let config = format!("{}\n[http]\nbind = \"127.0.0.1:{port}\"\n[source]\nevery = \"1s\"\n", office.config());
    let folder = Folder::new(&config);
    let inbox = |bank: &str| {
        let inbox = folder.path().join("inbox").join(bank);
        std::fs::create_dir_all(&inbox).unwrap();
        inbox
    };
    office.world.write_bank_files(&inbox("bank-sz"), &inbox("bank-hk"), office.world.now(), true).unwrap();
    (folder, port)
}

fn start(folder: &Folder, database: Option<&str>) -> Running {
    let mut command = bihuan();
    command.arg("run").arg("--data-dir").arg(folder.path());
    Running::start(command.args(database.iter().flat_map(|url| ["--database", url])))
}

/// The whole answer to a GET, empty while nobody listens.
fn get(port: u16, path: &str) -> String {
    let mut answer = String::new();
    if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        if stream.write_all(request.as_bytes()).is_ok() {
            let _ = stream.read_to_string(&mut answer);
        }
    }
    answer
}

#[test]
fn the_daemon_answers_its_probes_pulls_and_ends_well_when_it_is_told_to() {
    let office = office();
    let (folder, port) = folder(&office);
    let daemon = start(&folder, None);
    until("the daemon is ready", || get(port, "/readyz").starts_with("HTTP/1.1 200"));
    assert!(get(port, "/healthz").starts_with("HTTP/1.1 200"));
    until("shipments have arrived", || {
        get(port, "/metrics").lines().any(|line| {
            line.starts_with("bihuan_records_total{source=\"erp-sz\",stream=\"outstock\",outcome=\"applied\"}")
                && !line.ends_with(" 0")
        })
    });
    let metrics = get(port, "/metrics");
    assert!(
        metrics.contains("content-type: application/openmetrics-text") && metrics.ends_with("# EOF\n"),
        "{metrics}"
    );
    let second = start(&folder, None).wait();
    assert_eq!(second.code, Some(1), "a second daemon on one folder is refused: {second:?}");
    daemon.terminate();
    assert_eq!(daemon.wait().code, Some(0));
    // What the daemon had not come to yet is fetched now; nothing is missing and nothing is there twice.
    folder.sync(&[]).json();
    let (undisturbed, _) = self::folder(&office);
    undisturbed.sync(&[]).json();
    assert_eq!(folder.status().ledger, undisturbed.status().ledger);
}

#[test]
fn two_daemons_share_one_database_and_one_goes_on_when_the_other_is_killed() {
    let (office, database) = (office(), Database::fresh());
    let ((first, port), (second, _)) = (folder(&office), folder(&office));
    let doomed = start(&first, Some(&database.url));
    until("the first daemon is ready", || get(port, "/readyz").starts_with("HTTP/1.1 200"));
    let survivor = start(&second, Some(&database.url));
    // A folder without files brings no page, so the banks' streams tell nothing here.
    let behind = |instant: i64| {
        database.ask(&format!("SELECT count(*) FROM stream WHERE seen_at <= {instant} AND source NOT LIKE 'bank%'"))
    };
    until("every stream has been pulled", || {
        database.ask("SELECT count(*) FROM stream WHERE source LIKE 'erp%'").trim() == "18"
    });
    doomed.kill_after(std::time::Duration::ZERO);
    let killed_at = jiff::Timestamp::now().as_microsecond();
    let waited = Instant::now();
    until("the survivor pulls every stream", || behind(killed_at).trim() == "0");
    println!("all streams had moved {:?} after the kill", waited.elapsed());
    survivor.terminate();
    assert_eq!(survivor.wait().code, Some(0));
    let (alone, _) = folder(&office);
    alone.sync(&[]).json();
    let shared = super::program::run(
        bihuan().args(["sync", "--json", "--database", &database.url, "--data-dir"]).arg(second.path()),
    );
    let shared = super::figures::Figures::read(shared.json());
    assert_eq!(shared.ledger, alone.status().ledger);
}
