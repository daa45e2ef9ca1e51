//! (d) from a committed fact to its message consumed from RabbitMQ: the whole daemon, woken by another process's commit.
//!
//! Each round commits one overdue claim through a store of its own, as another process would; the daemon hears of it by
//! LISTEN/NOTIFY, settles, decides, relays with confirms; a queue bound beside ours, as IT would bind one, sees the message.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bihuan_connectors::sdk::{PayloadShape, RecordBatchBuilder};
use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties, Consumer};

use super::{Figure, raw};
use crate::app::{self, App, AppError, Wanted};
use crate::cli::args::BenchArgs;
use crate::cli::{BROKER, DATABASE};
use crate::config::{Config, Origins};
use crate::domain::{Clock, Currency, Fact, FactKind, FieldMap, Hash, Id, SimClock, SystemClock, Value};
use crate::remind::EXCHANGE;
use crate::sim::{Company, CompanySettings, SimServer, World};
use crate::store::{ApplyBatch, Counts, Outcome, StreamId};

const ROUNDS: usize = 200;
/// A message that takes longer than this is lost, and so is the bench.
const PATIENCE: Duration = Duration::from_secs(30);
/// A business day on which reminders may go out, so that the bench runs at night as well.
const START: &str = "2026-03-04T10:21:00+08:00";

const RULES: &str = "mode = \"send\"\nsend_windows = [\"00:01-23:58\"]\ndigest_lines = 12\n[holds]\nmoney_days = 3\nfeed_days = 2\n\
     [overdue]\nlevels = [{ days = 1, to = \"owner\" }]\n";

/// Runs as the system's clock does, from [`START`].
#[derive(Debug)]
struct ShiftedClock(SignedDuration);

impl ShiftedClock {
    fn new() -> Result<Self, AppError> {
        let start: Timestamp = START.parse().map_err(|error| AppError::Usage(format!("{START}: {error}")))?;
        Ok(Self(start.duration_since(SystemClock.now())))
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().checked_add(self.0).unwrap_or(Timestamp::MAX)
    }

    fn real_delay(&self, deadline: Timestamp) -> Duration {
        Duration::try_from(deadline.duration_since(self.now())).unwrap_or(Duration::ZERO)
    }
}

pub async fn measure(args: &BenchArgs, dir: &Path) -> Result<Vec<Figure>, AppError> {
    let clock = Arc::new(ShiftedClock::new()?);
    let company = Company::generate(CompanySettings { customers: 1, months: 1, ..CompanySettings::default() });
    let world = World::new(company, Arc::new(SimClock::new(clock.now())));
    let fault = |source| AppError::Folder { path: dir.display().to_string(), source };
    let chat = SimServer::start(world, 0).await.map_err(fault)?;
    std::fs::create_dir_all(dir).map_err(fault)?;
    for (name, text) in
        [("bihuan.toml", config(&chat.url())), ("reminders.toml", RULES.to_owned()), ("people.toml", people())]
    {
        std::fs::write(dir.join(name), text).map_err(fault)?;
    }
    let url = raw::database(&args.postgres, "latency")?;
    let options = vec![("--database", DATABASE, url), ("--broker", BROKER, args.amqp.clone())];
    let origins =
        Origins { file: Some(dir.join("bihuan.toml")), data_dir: dir.to_owned(), options, ..Origins::default() };
    let config = Arc::new(Config::load(&origins)?);
    let daemon = tokio::spawn(app::run(App::open(Arc::clone(&config), clock.clone(), Wanted::Daemon).await?));
    let writer = app::open_store(&config, clock).await?;
    let mut consumer = listen(&args.amqp).await.map_err(|error| AppError::Usage(error.to_string()))?;
    let (mut commits, mut times) = (Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS));
    for round in 0..ROUNDS {
        let started = Instant::now();
        writer.apply(overdue_claim(round)).await?;
        commits.push(started.elapsed());
        times.push(until_heard(&mut consumer, round).await?);
    }
    daemon.abort();
    times.sort_unstable();
    commits.sort_unstable();
    let ms = |time: Duration| format!("{}.{:01} ms", time.as_millis(), time.subsec_micros() / 100 % 10);
    let (middle, late) = (times[ROUNDS / 2], times[ROUNDS * 99 / 100]);
    let shown = format!("p50 {}, p99 {} (the commit itself: p50 {})", ms(middle), ms(late), ms(commits[ROUNDS / 2]));
    Ok(vec![Figure::new("(d) committed fact → message consumed from RabbitMQ", shown, "", "", "p99 < 200 ms")])
}

async fn until_heard(consumer: &mut Consumer, round: usize) -> Result<Duration, AppError> {
    let started = Instant::now();
    let recipient = format!("\"user{round:03}\"");
    let heard = async {
        while let Some(Ok(delivery)) = consumer.next().await {
            if String::from_utf8_lossy(&delivery.data).contains(&recipient) {
                return true;
            }
        }
        false
    };
    match tokio::time::timeout(PATIENCE, heard).await {
        Ok(true) => Ok(started.elapsed()),
        _ => Err(AppError::Refused(format!("no message for {recipient} came within {} s", PATIENCE.as_secs()))),
    }
}

/// A queue of our own beside the product's, as other programs of a company bind theirs.
async fn listen(amqp: &str) -> Result<Consumer, lapin::Error> {
    let connection = Connection::connect(amqp, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let temporary = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare("".into(), temporary, FieldTable::default()).await?;
    let name = queue.name().clone();
    let binding = QueueBindOptions::default();
    channel.queue_bind(name.clone(), EXCHANGE.into(), "reminder.#".into(), binding, FieldTable::default()).await?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    channel.basic_consume(name, "bench".into(), options, FieldTable::default()).await
}

fn config(chat: &str) -> String {
    format!(
        "[http]\nbind = \"127.0.0.1:0\"\n[channel]\ntype = \"wecom\"\nurl = \"{chat}\"\ncorp_id = \"ww0000000000000000\"\n\
         agent_id = 1000002\nsecret = \"simulated\"\nrequests_per_second = 0\n"
    )
}

/// A person a round, so that nobody's quota of messages a minute is used up.
fn people() -> String {
    let person = |round: usize| {
        format!("[[person]]\nname = \"P{round}\"\nchat = \"user{round:03}\"\ncodes = [\"S{round:03}\"]\n")
    };
    (0..ROUNDS).map(person).collect()
}

/// One customer's claim that fell due long ago, as a mapping would have made it.
fn overdue_claim(round: usize) -> ApplyBatch {
    let (book, numbering) = ("main", "erp");
    let code = format!("CUST{round:03}");
    let day = |month: i8| Value::Date(jiff::civil::Date::constant(2026, month, 1));
    let customer = Value::Ref { id: Id::of(book, FactKind::Party, numbering, &code), number: code.clone().into() };
    let fact = |kind, number: &str, fields: Vec<(&'static str, Value)>| Fact {
        kind,
        book: book.into(),
        numbering: numbering.into(),
        number: number.into(),
        fields: fields.into_iter().map(|(name, value)| (name.into(), value)).collect::<FieldMap>(),
        lines: Vec::new(),
    };
    let party = fact(FactKind::Party, &code, vec![("code", Value::text(&*code)), ("name", Value::text(&*code))]);
    let number = format!("AR{round:06}");
    let invoice = fact(
        FactKind::Invoice,
        &number,
        vec![
            ("invoice_no", Value::text(&*number)),
            ("customer", customer),
            ("currency", Value::Currency(Currency::CNY)),
            ("invoiced_on", day(1)),
            ("due_on", day(2)),
            ("nature", Value::text("opening")),
            ("status", Value::text("active")),
            ("salesperson", Value::text(format!("S{round:03}"))),
            ("gross", Value::Amount(crate::domain::Amount::units(1_000))),
        ],
    );
    let mut raw = RecordBatchBuilder::new(PayloadShape::Json, 0);
    raw.push(&number, None, number.as_bytes());
    ApplyBatch {
        stream: StreamId::new("bench", "claims"),
        book: book.into(),
        personal: false,
        rank: 0,
        books: true,
        mapping: Hash::ZERO,
        mapping_text: "".into(),
        raw: raw.finish(),
        records: vec![(0, Outcome::Facts(vec![party, invoice]))],
        counted: Counts::default(),
        progress: None,
    }
}
