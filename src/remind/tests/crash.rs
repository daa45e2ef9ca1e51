//! The process is killed at every fail point on the way of a message; the next one ends with one chat all the same.

use std::path::Path;
use std::process::Command;

use super::scene::Scene;
use crate::failpoint::{FAILPOINTS, VARIABLE};
use crate::remind::testing::{invoice, position};
use crate::store::tests::database::databases;

const DATABASE: &str = "BIHUAN_TEST_REMIND_DATABASE";
const CHATS: &str = "BIHUAN_TEST_REMIND_CHATS";
/// The fail points that reminding itself visits.
const OWN: &[&str] = &["decide:", "relay:", "notify:"];

async fn run(url: &str, chats: &Path) -> Scene {
    let scene = Scene::open(url, chats).await;
    scene.commit(position(vec![invoice("AR1", 12_345, "2026-03-02"), invoice("AR2", 7, "2026-03-09")])).await;
    let process = scene.process().await;
    process.tick().await.unwrap();
    scene.later(60);
    process.tick().await.unwrap();
    scene
}

/// The process that is killed: the test below starts it with an address; without one it has nothing to do.
#[tokio::test]
async fn child() {
    if let (Ok(url), Ok(chats)) = (std::env::var(DATABASE), std::env::var(CHATS)) {
        run(&url, Path::new(&chats)).await;
    }
}

#[tokio::test]
async fn a_crash_anywhere_is_one_chat() {
    for place in FAILPOINTS.iter().filter(|name| OWN.iter().any(|own| name.starts_with(own))) {
        for database in databases().await {
            let folder = tempfile::tempdir().unwrap();
            let chats = folder.path().join("chats");
            let killed = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "remind::tests::crash::child"])
                .env(DATABASE, &database.url)
                .env(CHATS, &chats)
                .env(VARIABLE, format!("{place}:1"))
                .output()
                .unwrap();
            assert!(!killed.status.success(), "{place} was never reached");
            let scene = run(&database.url, &chats).await;
            assert_eq!(scene.chat.seen().len(), 1, "{place} on {}", database.url);
            assert_eq!(scene.totals().await, "decided=2 delivered=2", "{place} on {}", database.url);
        }
    }
}
