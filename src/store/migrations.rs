//! Forward-only migrations, the same numbers on both engines.
//!
//! A released migration is never edited; a change is a new file in both folders and a line here. Expand first (add
//! tables and nullable columns), contract in a later release, so that a rolling restart works.

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Acquire, SqlSafeStr as _};

use super::error::{Result, StoreError};

/// `(number, name, SQL)`.
pub type Script = (i64, &'static str, &'static str);

pub const SQLITE: &[Script] = &[
    (1, "ledger", include_str!("migrations/sqlite/0001_ledger.sql")),
    (2, "messages", include_str!("migrations/sqlite/0002_messages.sql")),
    (3, "report", include_str!("migrations/sqlite/0003_report.sql")),
    (4, "report_comments", include_str!("migrations/sqlite/0004_report_comments.sql")),
    (5, "segment_mapping", include_str!("migrations/sqlite/0005_segment_mapping.sql")),
    (6, "settle_policy", include_str!("migrations/sqlite/0006_settle_policy.sql")),
    (7, "proposals", include_str!("migrations/sqlite/0007_proposals.sql")),
    (8, "reminder_about", include_str!("migrations/sqlite/0008_reminder_about.sql")),
    (9, "kept_versions", include_str!("migrations/sqlite/0009_kept_versions.sql")),
    (10, "party_clues", include_str!("migrations/sqlite/0010_party_clues.sql")),
    (11, "link_rules", include_str!("migrations/sqlite/0011_link_rules.sql")),
];
pub const POSTGRES: &[Script] = &[
    (1, "ledger", include_str!("migrations/postgres/0001_ledger.sql")),
    (2, "messages", include_str!("migrations/postgres/0002_messages.sql")),
    (3, "report", include_str!("migrations/postgres/0003_report.sql")),
    (4, "report_comments", include_str!("migrations/postgres/0004_report_comments.sql")),
    (5, "segment_mapping", include_str!("migrations/postgres/0005_segment_mapping.sql")),
    (6, "settle_policy", include_str!("migrations/postgres/0006_settle_policy.sql")),
    (7, "proposals", include_str!("migrations/postgres/0007_proposals.sql")),
    (8, "reminder_about", include_str!("migrations/postgres/0008_reminder_about.sql")),
    (9, "kept_versions", include_str!("migrations/postgres/0009_kept_versions.sql")),
    (10, "party_clues", include_str!("migrations/postgres/0010_party_clues.sql")),
    (11, "link_rules", include_str!("migrations/postgres/0011_link_rules.sql")),
];

pub async fn run<'a, A>(connection: A, scripts: &[Script]) -> Result<()>
where
    A: Acquire<'a>,
    <A::Connection as std::ops::Deref>::Target: Migrate,
{
    let migrations = scripts.iter().map(|&(number, name, sql)| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let known = scripts.iter().map(|(number, ..)| *number).max().unwrap_or(0);
    Migrator::with_migrations(migrations.collect()).run(connection).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) if found > known => StoreError::NewerSchema { found, known },
        other => StoreError::Migration(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_have_the_same_migrations_in_one_order() {
        let names = |scripts: &[Script]| scripts.iter().map(|&(number, name, _)| (number, name)).collect::<Vec<_>>();
        assert_eq!(names(SQLITE), names(POSTGRES));
        assert!(SQLITE.iter().enumerate().all(|(index, (number, ..))| *number == index as i64 + 1));
    }
}
