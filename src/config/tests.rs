use super::*;

fn load(text: &str) -> Result<Config, LoadError> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bihuan.toml");
    std::fs::write(&file, text).unwrap();
    Config::load(&Paths { file: Some(file) }, &Overrides::default())
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let config = Config::load(&Paths::default(), &Overrides::default()).unwrap();
    assert_eq!((config.database.as_str(), config.broker.as_str()), ("sqlite:bihuan.db", "embedded"));
    assert_eq!(config.bind.to_string(), "127.0.0.1:8790");
}

#[test]
fn three_mistakes_give_three_diagnostics_with_their_places() {
    let text = r#"
[book.sz]
time_zone = "Asia/Shangai"
cutover = "2026-13-01"
[source.erp]
type = "kingdee"
book = "hk"
[source.erp.stream.outstock]
mapping = "kingdee/outstock.toml"
"#;
    let Err(LoadError::Mistakes(mistakes)) = load(text) else { panic!("three mistakes were accepted") };
    assert_eq!(mistakes.len(), 3, "{mistakes:#?}");
    for (mistake, words) in mistakes.iter().zip(["`Asia/Shangai`", "`2026-13-01`", "[book.hk]"]) {
        assert!(mistake.contains(words) && mistake.contains('^') && mistake.contains("help"), "{mistake}");
    }
}

#[test]
fn a_connector_gets_its_own_settings_with_their_places() {
    let text = r#"
[book.sz]
[source.erp]
type = "kingdee"
book = "sz"
url = "http://127.0.0.1:1"
[source.erp.stream.outstock]
mapping = "kingdee/outstock.toml"
every = "2m"
"#;
    let config = load(text).unwrap();
    let source = &config.sources[0];
    assert_eq!(source.streams[0].schedule, Schedule { every_s: 120 });
    let rest = source.settings().unwrap();
    let keys: Vec<_> =
        rest.get_ref().iter().map(|(key, value)| (key.get_ref().to_string(), &source.text()[value.span()])).collect();
    assert_eq!(keys, [("url".to_owned(), "\"http://127.0.0.1:1\"")]);
}
