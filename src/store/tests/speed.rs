//! Prints how quick the store is in this build; nothing is asserted about it.

use std::time::Instant;

use super::company::{Page, open, settle, shipment};
use super::database::databases;

const PAGES: u32 = 5;
const PAGE: u32 = 2_000;

#[tokio::test]
async fn the_speed_of_this_build_is_printed() {
    for database in databases().await {
        let store = open(&database).await;
        let pages: Vec<Page> = (0..PAGES)
            .map(|page| {
                let mut records = Page::of("outstock", 1);
                for number in page * PAGE..(page + 1) * PAGE {
                    let fact = shipment(&format!("S{number}"), &format!("C{}", number % 400), "2026-01-05", 100);
                    records = records.facts(&number.to_string(), "v1", &[fact]);
                }
                records
            })
            .collect();
        let engine = database.url.split(':').next().unwrap_or_default();
        // Read again later, every record's instant moves.
        for (round, observed_at) in [("first", 1), ("again", 1), ("later", 2), ("later still", 3)] {
            let start = Instant::now();
            for page in &pages {
                Page { observed_at, ..page.clone() }.apply(&store).await;
            }
            println!("{engine} {round}: {} records in {:?}", PAGES * PAGE, start.elapsed());
        }
        let start = Instant::now();
        settle(&store).await;
        println!("{engine} settled 400 customers in {:?}", start.elapsed());
    }
}
