use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::domain::{Amount, FactKind};
use crate::ledger::{BookPolicy, Terms};

fn origins(folder: &TempDir, main: &str, sources: &[(&str, &str)]) -> Origins {
    let file = folder.path().join("bihuan.toml");
    std::fs::write(&file, main).unwrap();
    std::fs::create_dir_all(folder.path().join("sources.d")).unwrap();
    for (name, text) in sources {
        std::fs::write(folder.path().join("sources.d").join(name), text).unwrap();
    }
    Origins { file: Some(file), data_dir: "data".into(), ..Origins::default() }
}

fn load(main: &str, sources: &[(&str, &str)]) -> Result<Config, Mistakes> {
    Config::load(&origins(&tempfile::tempdir().unwrap(), main, sources))
}

/// `FILE:LINE:COLUMN message (help)` of each mistake, the folder left out.
fn mistakes(main: &str, sources: &[(&str, &str)]) -> Vec<String> {
    let found = load(main, sources).unwrap_err();
    let mut lines: Vec<String> = found
        .diagnostics()
        .iter()
        .map(|found| {
            let file = Path::new(&*found.file).file_name().unwrap().to_string_lossy();
            let help = found.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{file}:{}:{} {}{help}", found.line, found.column, found.message)
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn the_defaults_alone_are_a_configuration() {
    let config = Config::load(&Origins::default()).unwrap();
    assert_eq!(config.books.len(), 1);
    assert_eq!(&*config.books[0].key, DEFAULT_BOOK);
    let default_terms = Terms::parse("月结30").unwrap();
    let time_zone = config.books[0].time_zone.zone.clone();
    assert_eq!(config.books[0].policy, BookPolicy { default_terms, time_zone, ..BookPolicy::default() });
    assert_eq!(config.http.bind.to_string(), "127.0.0.1:8787");
    assert_eq!(config.store_url().unwrap().expose(), "sqlite:bihuan.db");
    assert_eq!(config.broker_url().unwrap().expose(), EMBEDDED);
    assert!(config.sources.is_empty());
}

#[test]
fn a_source_takes_its_defaults_from_its_book_and_leaves_the_rest_to_the_connector() {
    let config = load(
        "[book]\npairing_days = 7\n[books.sz]\n[books.hk]\ntime_zone = \"Asia/Hong_Kong\"\nrounding_tolerance = \"1\"\n",
        &[(
            "erp-hk.toml",
            "type = \"kingdee\"\nbook = \"hk\"\nnumbering = { default = \"erp\", payment = \"bank\" }\nurl = \"https://erp\"\n\
             [streams.order]\n[streams.outstock]\nbooks = false\nextra = [\"F_X\"]\nevery = \"30s\"\n",
        )],
    )
    .unwrap();
    let hk = config.book("hk").unwrap();
    assert_eq!((hk.policy.pairing_days, hk.policy.rounding_tolerance), (7, Amount::units(1)));
    let source = config.source("erp-hk").unwrap();
    assert_eq!((&*source.book, &*source.time_zone.name, &*source.numbering), ("hk", "Asia/Hong_Kong", "erp"));
    assert_eq!(source.numbering_by_kind, [(FactKind::Payment, "bank".into())]);
    let streams: Vec<_> = source.streams.iter().map(|s| (&*s.name, s.books, s.rank, s.every.0.as_secs())).collect();
    assert_eq!(streams, [("order", true, 100, 300), ("outstock", false, 100, 30)]);
    assert!(source.streams[0].mapping.ends_with("mappings/kingdee/order.toml"));
    let rest = source.settings();
    let keys: Vec<_> = rest.get_ref().keys().map(|key| key.get_ref().to_string()).collect();
    assert_eq!(keys, ["streams", "url"]);
    let streams = rest.get_ref()["streams"].get_ref().as_table().unwrap();
    assert_eq!(streams.len(), 1, "a stream with common keys only is not shown to the connector");
}

#[test]
fn all_mistakes_of_all_files_are_shown_at_once_and_at_their_places() {
    let found = mistakes(
        "[http]\nbind = \"everywhere\"\nprot = 1\n[log]\nformat = \"jsn\"\n[sotre]\nurl = \"x\"\n[books.sz]\ndefault_terms = \"sometime\"\ncutover = \"2026-02-30\"\n",
        &[
            ("bank.toml", "type = \"file\"\nbook = \"zs\"\n"),
            ("erp.toml", "# no type\nbook = \"sz\"\nevery = \"0s\"\n[streams.order]\nrank = \"high\"\n"),
        ],
    );
    let expected = [
        "bank.toml:2:8 there is no book `zs` (did you mean `sz`?)",
        "bihuan.toml:10:11 `2026-02-30` is no day; write \"2026-01-31\"",
        "bihuan.toml:2:8 invalid socket address syntax",
        "bihuan.toml:3:1 `prot` is no setting (legal here: bind)",
        "bihuan.toml:5:10 `jsn` is no value (did you mean `json`?; legal here: json, text)",
        "bihuan.toml:6:2 `sotre` is no setting (did you mean `store`?; legal here: book, books, broker, channel, http, log, paths, source, sources, store)",
        "bihuan.toml:9:17 `sometime` is not a payment term; try 月结30, 月结60/25 (cut-off day 25), net 30, 预付, 款到发货, 货到付款, 30%预付，70%月结30 付款日5/25 遇节假日顺延",
        "erp.toml:1:1 `type` is missing",
        "erp.toml:3:9 `0s` is no interval from 1s to 7d; write \"5m\"",
        "erp.toml:5:8 invalid type: string \"high\", expected u32",
    ];
    assert_eq!(found, expected, "{found:#?}");
}

#[test]
fn text_that_is_no_toml_is_shown_with_its_line() {
    let found = mistakes("[store\nurl = 1\n", &[]);
    assert!(found.iter().any(|line| line.starts_with("bihuan.toml:1:")), "{found:#?}");
}

#[test]
fn later_layers_win_and_a_variable_may_name_a_source_with_a_dash() {
    let folder = tempfile::tempdir().unwrap();
    let mut origins = origins(
        &folder,
        "[store]\nurl = \"sqlite:file.db\"\n[log]\nfilter = \"warn\"\n",
        &[("erp-sz.toml", "type = \"kingdee\"\nevery = \"1h\"\n")],
    );
    origins.environment = vec![
        ("BIHUAN__LOG__FILTER".into(), "debug".into()),
        ("BIHUAN__SOURCES__ERP_SZ__EVERY".into(), "10s".into()),
        ("BIHUAN__BOOK__PAIRING_DAYS".into(), "9".into()),
        ("PATH".into(), "/bin".into()),
    ];
    origins.options = vec![("--database", &["store", "url"], "postgres://u:p@h/d".into())];
    let config = Config::load(&origins).unwrap();
    assert_eq!(config.log.filter, "debug");
    assert_eq!(config.sources.len(), 1);
    assert_eq!(config.books[0].policy.pairing_days, 9);
    assert_eq!(config.store_url().unwrap().expose(), "postgres://u:p@h/d");
}

#[test]
fn a_wrong_variable_is_named_and_its_value_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut origins = origins(&folder, "", &[]);
    origins.environment = vec![("BIHUAN__STORE__ULR".into(), "postgres://u:geheim@h/d".into())];
    let shown = Config::load(&origins).unwrap_err().to_string();
    assert!(shown.contains("BIHUAN__STORE__ULR") && shown.contains("did you mean `url`?"), "{shown}");
    assert!(!shown.contains("geheim"), "{shown}");
}

#[test]
fn secrets_are_not_in_the_debug_text() {
    let config = load("[broker]\nurl = \"amqp://u:geheim@h\"\n", &[]).unwrap();
    assert!(!format!("{:?} {:?}", config.broker, config.store).contains("geheim"));
}

#[test]
fn a_connector_shows_all_mistakes_of_its_settings_in_the_users_file() {
    let text = "type = \"file\"\nfolder = 5\nkey = [\"no\"]\npage_row = 1\n[streams.statement]\n";
    let config = load("", &[("bank.toml", text)]).unwrap();
    let entry = bihuan_connectors::connector("file").unwrap();
    let found = config.sources[0].build(entry, Path::new(".")).unwrap_err();
    let lines: Vec<_> = found.diagnostics().iter().map(|found| (found.line, found.message.as_str())).collect();
    assert_eq!(lines, [(2, "invalid type: integer `5`, expected a string"), (4, "`page_row` is no setting")]);
}

#[test]
fn a_mistake_looks_as_a_compiler_shows_it() {
    let found = load("[http]\n# open to all\nbind = \"everywhere\"\n", &[]).unwrap_err().to_string();
    let shown: Vec<&str> = found.lines().filter(|line| !line.contains("-->")).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    error: invalid socket address syntax
      |
    3 | bind = "everywhere"
      |        ^^^^^^^^^^^^

    1 处错误，未启动任何任务 / 1 mistake(s), nothing was started
    "#);
}

#[test]
fn files_of_others_are_read_with_all_their_mistakes() {
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Rules {
        days: u8,
        quiet: bool,
    }
    let found = FileText::new("r.toml", "days = -1\nquite = true\n").read::<Rules>().unwrap_err();
    let lines: Vec<_> = found.diagnostics().iter().map(|found| found.line).collect();
    assert_eq!(
        lines,
        [1, 2],
        "the wrong number and the unknown key; what is missing shows once they are mended: {found}"
    );
}
