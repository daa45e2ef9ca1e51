//! A database for one test.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::sync::OnceCell;

use crate::store::engine::Engine;

const SERVER: &str = "BIHUAN_TEST_POSTGRES_URL";

/// An address that lives as long as the value.
pub struct TestDatabase {
    pub url: String,
    _folder: tempfile::TempDir,
}

/// A migrated template is copied in some 30 ms; migrating each time takes longer.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// One empty database on every engine at hand.
pub async fn databases() -> Vec<TestDatabase> {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = TestDatabase { url: format!("sqlite:{}", folder.path().join("test.db").display()), _folder: folder };
    std::iter::once(sqlite).chain(on_server().await).collect()
}

/// An empty database on PostgreSQL, if there is a server.
pub async fn on_server() -> Option<TestDatabase> {
    let server = std::env::var(SERVER).ok()?;
    let template = TEMPLATE.get_or_init(|| create_template(server.clone())).await;
    let name = fresh_name();
    create(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    Some(TestDatabase { url: address(&server, &name), _folder: tempfile::tempdir().unwrap() })
}

/// The address of a SQLite database in memory: its own for every store, gone when the store is closed.
pub const IN_MEMORY: &str = "sqlite::memory:";

fn fresh_name() -> String {
    format!("bihuan_test_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// The server's address with another database name.
fn address(server: &str, name: &str) -> String {
    let (head, _) = server.rsplit_once('/').unwrap();
    format!("{head}/{name}")
}

async fn create_template(server: String) -> String {
    let name = format!("{}_template", fresh_name());
    create(&server, &format!("CREATE DATABASE {name}")).await;
    Engine::open(&address(&server, &name)).await.unwrap().close().await;
    name
}

async fn create(server: &str, sql: &str) {
    let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}
