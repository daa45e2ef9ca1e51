//! The command line: one file a subcommand, every reading command with `--json`. The only place that prints to stdout.
//!
//! Exit codes (DESIGN 10): 0 ok · 1 not found or refused · 2 usage, config or mapping · 3 differences found · 4 a source
//! failed (others finished) · 5 store or broker unreachable.

mod args;
mod bench;
mod check;
mod csv;
mod demo;
mod ledger;
mod map;
mod operate;
mod output;
mod party;
mod quarantine;
mod reminders;
mod score;
mod sync;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

pub use args::{
    BenchArgs, Cli, Command, DemoArgs, Global, LedgerCommand, MapCommand, PartyCommand, QuarantineCommand,
    RemindersCommand, ScoreArgs, ScoreIdentityArgs,
};

use crate::app::{self, AppError};
use crate::config::{Config, Mistakes, Origins};
use crate::diagnostic::Diagnostic;
use crate::domain::{Clock, SimClock, SystemClock};
use crate::store::Store;
use crate::telemetry;

const CONFIG_FILE: &str = "bihuan.toml";
/// Where data lies when neither a configuration nor an option says so.
const DATA_DIR: &str = "bihuan-data";
/// The log filter of everything but the daemon.
const QUIET: &str = "error";
/// Paths of the settings that options override.
const DATABASE: &[&str] = &["store", "url"];
const BROKER: &[&str] = &["broker", "url"];

/// Parses the arguments, runs the command, tells what went wrong on stderr.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    if let Err(error) = start_logging(&cli) {
        output::complain(&error.render());
        return ExitCode::from(error.exit_code());
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(&format!("错误 · error: {error}"));
            return ExitCode::from(5);
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error.render());
            ExitCode::from(error.exit_code())
        }
    }
}

/// What clap could not read. A day that is not in the calendar is refused like any document that is not there; everything
/// else is wrong usage.
fn misused(error: &clap::Error) -> ExitCode {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    };
    let argument = text(ContextKind::InvalidArg);
    if error.kind() == ErrorKind::ValueValidation && argument.contains(args::DAY) {
        let value = text(ContextKind::InvalidValue);
        output::complain(&format!("错误 · error: {argument}：没有 `{value}` 这一天，写作 2026-03-31 · no such day"));
        return ExitCode::from(1);
    }
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    if error.print().is_ok() { ExitCode::from(code) } else { ExitCode::from(2) }
}

/// The daemon tells what it does; a command is quiet unless something is wrong.
fn start_logging(cli: &Cli) -> Result<(), AppError> {
    let started = match cli.command {
        Command::Run => {
            let log = &load_config(&cli.global)?.log;
            telemetry::init(&log.filter, log.format)
        }
        _ => telemetry::init(QUIET, telemetry::LogFormat::Text),
    };
    started.map_err(|error| AppError::Usage(error.to_string()))
}

async fn dispatch(cli: Cli) -> Result<(), AppError> {
    let global = &cli.global;
    match cli.command {
        Command::Demo(args) => demo::run(global, &args).await,
        Command::Run => operate::run(global).await,
        Command::Sync { source, full } => sync::run(global, source.as_deref(), full).await,
        Command::Status => operate::status(global).await,
        Command::Check { probe } => check::run(global, probe).await,
        Command::Ledger(command) => ledger::run(global, command).await,
        Command::Party(command) => party::run(global, command).await,
        Command::Quarantine(command) => quarantine::run(global, command).await,
        Command::Map(command) => map::run(global, command),
        Command::Reminders(command) => reminders::run(global, command).await,
        Command::Migrate => operate::migrate(global).await,
        Command::Backup { file } => operate::backup(global, &file).await,
        Command::Connectors { name } => operate::connectors(name.as_deref()),
        Command::Health => operate::health(global).await,
        Command::Bench(args) => bench::run(&args).await,
        Command::ScoreAllocation(args) => score::run(&args),
        Command::ScoreIdentity(args) => output::print(&score::identity::run(args.tuning, args.keys)),
    }
}

/// The user's configuration under the command line's overrides.
fn load_config(global: &Global) -> Result<Arc<Config>, AppError> {
    let file = config_file(global);
    // A configuration that is named keeps its data beside itself, so that a folder can be moved as a whole.
    let beside =
        file.as_deref().and_then(Path::parent).map(|dir| if dir.as_os_str().is_empty() { Path::new(".") } else { dir });
    let data_dir = global.data_dir.as_deref().or(beside).unwrap_or(Path::new(DATA_DIR)).to_owned();
    let (config, mut mistakes) = Config::read(&origins(global, file, data_dir));
    match config {
        Some(config) if mistakes.is_empty() => Ok(Arc::new(config)),
        Some(config) => {
            // Nothing is started; what the later checks would find is told along with the rest.
            for later in [app::build_feeds(&config).map(drop), app::check_reminding(&config)] {
                if let Err(AppError::Mistakes(more)) = later {
                    mistakes.extend(more);
                }
            }
            Err(mistakes.into())
        }
        None => Err(mistakes.into()),
    }
}

/// The layers above the files: environment and command line.
fn origins(global: &Global, file: Option<PathBuf>, data_dir: PathBuf) -> Origins {
    let database = global.database.clone().map(|url| ("--database", DATABASE, url));
    let broker = global.broker.clone().map(|url| ("--broker", BROKER, url));
    Origins {
        file,
        data_dir,
        environment: std::env::vars().collect(),
        options: database.into_iter().chain(broker).collect(),
    }
}

/// `--config`, else `bihuan.toml` of the data folder or of the current one, when it is there.
fn config_file(global: &Global) -> Option<PathBuf> {
    let beside = |dir: &Path| Some(dir.join(CONFIG_FILE)).filter(|path| path.is_file());
    global.config.clone().or_else(|| global.data_dir.as_deref().and_then(beside)).or_else(|| beside(Path::new(".")))
}

/// The clock of this installation: a demo's folder keeps a simulated one, everything else lives in real time.
fn clock_of(config: &Config) -> Arc<dyn Clock> {
    match demo::saved_now(&config.data_dir) {
        Some(now) => Arc::new(SimClock::new(now)),
        None => Arc::new(SystemClock),
    }
}

/// Configuration, clock and store: what every reading command needs.
async fn open(global: &Global) -> Result<(Arc<Config>, Arc<dyn Clock>, Store), AppError> {
    let config = load_config(global)?;
    let clock = clock_of(&config);
    let store = app::open_store(&config, Arc::clone(&clock)).await?;
    Ok((config, clock, store))
}

/// Mistakes of one text, for the error that shows them.
fn mistakes(found: Vec<Diagnostic>, text: &str) -> AppError {
    let mut mistakes = Mistakes::default();
    found.into_iter().for_each(|mistake| mistakes.add(mistake, text));
    AppError::Mistakes(mistakes)
}
