//! Whole files through the connector, and the drop folder's life of a file.

use std::fs;
use std::sync::Arc;

use encoding_rs::GB18030;
use tempfile::TempDir;

use crate::sdk::conformance::{check_probe, check_slice};
use crate::sdk::{Connector, Context, ErrorClass, Page, PayloadShape, Slice, parse_settings};

const SHORT_LAYOUT: &str = r#"
encoding = "gb18030"
header = ["交易日期", "流水号"]
key = ["流水号"]
key_prefix = "7559"
footer_prefix = ["合计"]
"#;

const UTF8: &str = "key = [\"id\"]\n";

fn build(folder: &TempDir, settings: &str) -> Arc<dyn Connector> {
    let text = format!("type = \"file\"\nfolder = \"in\"\npattern = \"*.csv\"\n{settings}\n");
    let context =
        Context { source: "bank".into(), time_zone: "Asia/Shanghai".into(), base_dir: folder.path().to_owned() };
    fs::create_dir_all(folder.path().join("in")).unwrap();
    (super::ENTRY.build)(parse_settings(&text).unwrap().1, &context).unwrap()
}

async fn pages(connector: &Arc<dyn Connector>) -> Result<Vec<Page>, String> {
    let mut all = Vec::new();
    for id in connector.files("statement").await.unwrap() {
        all.extend(check_slice(connector.as_ref(), "statement", &Slice::File(id), jiff::Timestamp::UNIX_EPOCH).await?);
    }
    Ok(all)
}

/// All records of a file as `key = cells` or `key ! problem`, whatever the pages; the same for every page size.
async fn records(settings: &str, content: &[u8]) -> Vec<String> {
    let mut expected: Option<Vec<String>> = None;
    for page_rows in [1000, 1, 2, 3] {
        let folder = tempfile::tempdir().unwrap();
        let connector = build(&folder, &format!("page_rows = {page_rows}\n{settings}"));
        fs::write(folder.path().join("in/f.csv"), content).unwrap();
        let mut found = Vec::new();
        for page in pages(&connector).await.unwrap() {
            for record in page.batch.iter() {
                let cells = String::from_utf8_lossy(record.payload).replace('\u{1f}', "|");
                found.push(match record.problem {
                    Some(problem) => format!("{} ! {problem}", record.key),
                    None => format!("{} = {cells}", record.key),
                });
            }
        }
        assert_eq!(*expected.get_or_insert_with(|| found.clone()), found, "{page_rows} rows a page");
    }
    expected.unwrap()
}

#[tokio::test]
async fn a_bank_statement_is_read_from_its_header_to_its_footer() {
    let fixture = include_str!("fixtures/cmb-short.csv");
    let content = GB18030.encode(fixture).0;
    assert_eq!(
        records(SHORT_LAYOUT, &content).await,
        [
            "7559|LS0001 = 20260105||12,345.60|112,345.60|货款 SO26010001|深圳市晶科电子有限公司|6225880012345678|汇入|LS0001",
            "7559|LS0002 = 20260105|15.00||112,330.60|手续费|||收费|LS0002",
            "f.csv:7 = 20260105||800.00|113,130.60|货款|东莞市宏达科技有限公司|00123|汇入|",
            "f.csv:8 ! 3 cells, but 9 columns",
            "f.csv:9 ! more cells than the 9 columns",
            "7559|LS0005 = 20260230||abc|1|货款|某|1|汇入|LS0005",
        ]
    );
}

#[tokio::test]
async fn broken_bytes_spoil_one_row_only_and_are_placed() {
    let good = GB18030.encode("交易日期,流水号,摘要\n1,A,深圳\n").0.into_owned();
    let content = [good.as_slice(), b"2,B,\xc9\xee\xff\n", b"3,C,x\n"].concat();
    let offset = good.len() + 6;
    assert_eq!(
        records(SHORT_LAYOUT, &content).await,
        ["7559|A = 1|A|深圳".to_owned(), format!("f.csv:3 ! broken gb18030 at byte {offset}"), "7559|C = 3|C|x".into()]
    );
}

#[tokio::test]
async fn a_byte_order_mark_means_utf_8_whatever_the_settings_say() {
    let content = "\u{feff}交易日期,流水号\r\n1,\"A\"\r\n2,B";
    assert_eq!(records(SHORT_LAYOUT, content.as_bytes()).await, ["7559|A = 1|A", "7559|B = 2|B"]);
}

#[tokio::test]
async fn an_open_quote_costs_one_line() {
    let content = "id,text\n1,\"open\n2,\"a \"\"b\"\", c\"\n3,24\" screen\n";
    assert_eq!(
        records(UTF8, content.as_bytes()).await,
        ["f.csv:2 ! a quote is not closed", "2 = 2|a \"b\", c", "3 = 3|24\" screen"]
    );
}

#[tokio::test]
async fn a_quoted_cell_spans_lines_where_the_settings_say_so() {
    let content = "id,text\n1,\"two\nlines\"\n2,\"open\n3,x\n";
    let settings = format!("quoted_line_ends = true\n{UTF8}");
    let found = records_of_one_page(&settings, content.as_bytes()).await;
    assert_eq!(found, ["1 = 1|two\nlines", "f.csv:4 ! a quote is not closed", "3 = 3|x"]);
}

async fn records_of_one_page(settings: &str, content: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let connector = build(&folder, settings);
    fs::write(folder.path().join("in/f.csv"), content).unwrap();
    let page = pages(&connector).await.unwrap().remove(0);
    let show = |record: crate::sdk::RawRecord<'_>| match record.problem {
        Some(problem) => format!("{} ! {problem}", record.key),
        None => format!("{} = {}", record.key, String::from_utf8_lossy(record.payload).replace('\u{1f}', "|")),
    };
    page.batch.iter().map(show).collect()
}

#[tokio::test]
async fn columns_can_always_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let connector = build(&folder, UTF8);
    fs::write(folder.path().join("in/f.csv"), "id,名称,名称,\n1,a,b,c\n").unwrap();
    let page = pages(&connector).await.unwrap().remove(0);
    let expected: Vec<String> = ["id", "名称", "名称#3", "column_4"].map(str::to_owned).into();
    assert_eq!(page.batch.shape, PayloadShape::Row(expected.into()));
}

#[tokio::test]
async fn rows_carry_a_version_and_the_time_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let connector = build(&folder, "key = [\"id\"]\nversion = \"changed\"\n");
    let path = folder.path().join("in/f.csv");
    fs::write(&path, "id,changed\n1,2026-01-05\n2,\n").unwrap();
    let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    fs::File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
    let page = pages(&connector).await.unwrap().remove(0);
    assert_eq!(page.batch.observed_at_micros, 1_700_000_000_000_000);
    let versions: Vec<_> = page.batch.iter().map(|record| record.version).collect();
    assert_eq!(versions, [Some("2026-01-05"), None]);
}

#[tokio::test]
async fn a_file_without_its_header_is_data_of_another_kind() {
    for (settings, content) in [(SHORT_LAYOUT, "a,b\n1,2\n"), (UTF8, "no,such\n1,2\n"), (UTF8, "")] {
        let folder = tempfile::tempdir().unwrap();
        let connector = build(&folder, settings);
        fs::write(folder.path().join("in/f.csv"), content).unwrap();
        let id = connector.files("statement").await.unwrap().remove(0);
        let slice = Slice::File(id);
        let request = crate::sdk::PullRequest {
            stream: "statement",
            slice: &slice,
            resume: None,
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        assert_eq!(connector.pull(request).await.unwrap_err().class, ErrorClass::Data, "{content}");
    }
}

#[tokio::test]
async fn a_file_moves_once_and_a_replaced_file_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let connector = build(&folder, UTF8);
    let inbox = folder.path().join("in");
    check_probe(connector.as_ref()).await.unwrap();
    fs::write(inbox.join("b.csv"), "id\n1\n").unwrap();
    fs::write(inbox.join("b.csv.part"), "id\n1\n").unwrap();
    fs::write(inbox.join("note.txt"), "x").unwrap();
    let first = connector.files("statement").await.unwrap();
    assert_eq!(first.len(), 1);
    fs::write(inbox.join("b.csv"), "id\n1\n2\n").unwrap();
    // The id of the replaced file moves nothing and reads nothing.
    connector.finish_file("statement", &first[0], false).await.unwrap();
    let second = connector.files("statement").await.unwrap();
    assert_ne!(first, second);
    for _ in 0..2 {
        connector.finish_file("statement", &second[0], false).await.unwrap();
    }
    assert!(inbox.join("done/b.csv").exists() && connector.files("statement").await.unwrap().is_empty());
    fs::write(inbox.join("b.csv"), "id\n3\n").unwrap();
    let third = connector.files("statement").await.unwrap();
    connector.finish_file("statement", &third[0], false).await.unwrap();
    assert_eq!(fs::read_dir(inbox.join("done")).unwrap().count(), 2, "nothing in done/ is overwritten");
    fs::write(inbox.join("c.csv"), "x").unwrap();
    let bad = connector.files("statement").await.unwrap();
    connector.finish_file("statement", &bad[0], true).await.unwrap();
    assert!(inbox.join("failed/c.csv").exists());
}

#[tokio::test]
async fn json_lines_come_as_objects() {
    let content = "{\"id\":7,\"a\":{\"n\":\"x\"}}\n\nnonsense\n{\"a\":{\"n\":\"\"}}\n";
    assert_eq!(
        records("format = \"ndjson\"\nkey = [\"id\", \"a.n\"]", content.as_bytes()).await,
        [
            "7|x = {\"id\":7,\"a\":{\"n\":\"x\"}}",
            "f.csv:3 ! not a JSON object: expected ident at line 1 column 2",
            "f.csv:4 = {\"a\":{\"n\":\"\"}}",
        ]
    );
}

#[test]
fn a_mistake_in_the_settings_is_shown_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for (setting, wrong) in [
        ("encoding = \"gb2312x\"", "\"gb2312x\""),
        ("encoding = \"gbk\"\ndelimiter = \"|\"", "\"|\""),
        ("page_rows = 0", "0"),
        ("format = \"xls\"", "\"xls\""),
    ] {
        let text = format!("type = \"file\"\nfolder = \"in\"\nkey = [\"id\"]\n{setting}\n");
        let context = Context { source: "b".into(), time_zone: "UTC".into(), base_dir: folder.path().to_owned() };
        let error = (super::ENTRY.build)(parse_settings(&text).unwrap().1, &context).unwrap_err();
        assert_eq!(error.span.map(|span| &text[span]), Some(wrong), "{}", error.message);
    }
}
