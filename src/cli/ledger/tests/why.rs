//! `ledger why`, down to the bytes.

use crate::cli::ledger::why::document;
use crate::domain::{FactKind, Id, Value};
use crate::store::DocumentView;
use crate::store::tests::company::tamper;
use crate::store::tests::company::{BOOK, fact};
use crate::sync::native;

use super::desk::{Desk, desks, shipment};

async fn seen(desk: &Desk, kind: FactKind, number: &str) -> DocumentView {
    desk.store.document(Some(BOOK), Some(kind), number).await.unwrap().remove(0)
}

async fn tree(desk: &Desk, kind: FactKind, number: &str) -> String {
    let view = seen(desk, kind, number).await;
    without_versions(&view, document::tree(&view).render())
}

/// Versions of mappings change with every new field of any fact.
fn without_versions(view: &DocumentView, text: String) -> String {
    view.sources.iter().fold(text, |text, source| {
        let version = source.mapping.to_string();
        text.replace(&version, "MAPPING").replace(&version[..8], "MAPPING")
    })
}

/// Without the branch that says where each value comes from.
fn without_values(tree: &str) -> String {
    let rest = tree.find("├─ 来源").unwrap();
    format!("{}{}", &tree[..tree.find("├─ 内容").unwrap()], &tree[rest..])
}

#[tokio::test]
async fn every_value_of_a_shipment_leads_back_to_record_mapping_line_and_bytes() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        insta::assert_snapshot!("a_shipment", tree(&desk, FactKind::Shipment, "XSCKD000123").await);
        let view = seen(&desk, FactKind::Shipment, "XSCKD000123").await;
        let json = serde_json::to_string_pretty(&document::document_why(&view)).unwrap();
        insta::assert_snapshot!("a_shipment_json", without_versions(&view, json));
    }
}

#[tokio::test]
async fn a_receipt_names_its_bank_line_and_what_it_paid_and_by_which_rule() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        for (name, number) in [("a_receipt", "SKD000001"), ("a_bank_line", "C20260204000001")] {
            let tree = tree(&desk, FactKind::Payment, number).await;
            assert!(tree.contains("payment_no = ") && tree.contains(" ← [1] ← "), "{tree}");
            insta::assert_snapshot!(name, without_values(&tree));
        }
    }
}

#[tokio::test]
async fn a_version_that_is_kept_out_is_told_and_the_one_before_stays_in_force() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        let broken = shipment("SF1", "X");
        desk.take("erp", "kingdee/outstock.toml", "100123", Some("2026-01-08T09:00:00"), &broken).await;
        let view = seen(&desk, FactKind::Shipment, "XSCKD000123").await;
        let versions: Vec<(&str, bool)> = view.sources[0]
            .versions
            .iter()
            .map(|version| (version.version.as_deref().unwrap(), version.is_in_force))
            .collect();
        let expected = [("2026-01-08T09:00:00", false), ("2026-01-06T18:30:00", true), ("2026-01-06T18:00:00", false)];
        assert_eq!(versions, expected);
        let text = document::tree(&view).render();
        assert!(text.contains("最新版本在隔离区"), "{text}");
        assert!(text.contains("waybill = SF1234567890 ← [1] ← kingdee/outstock:"), "{text}");
    }
}

#[tokio::test]
async fn the_bytes_of_a_chat_message_are_not_shown_and_gone_once_their_key_is_erased() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        let text = tree(&desk, FactKind::Message, "M1").await;
        assert!(text.contains("个人数据，不显示") && !text.contains("msgtime\":"), "{text}");
        assert!(text.contains("wecom/message:"), "{text}");
        tamper(&desk.store, "UPDATE data_key SET secret = NULL WHERE id <> $1", vec![Id([0; 16]).into()]).await;
        let text = tree(&desk, FactKind::Message, "M1").await;
        assert!(text.contains("原文已抹除") && !text.contains("wecom/message:"), "{text}");
    }
}

#[tokio::test]
async fn a_decision_is_said_to_be_bihuans_own() {
    for (desk, _database) in desks().await {
        let fields = vec![
            ("decision_id", Value::text("D1")),
            ("decided_by", Value::text("lin")),
            ("action", Value::text("snooze")),
            ("note", Value::text("客户月底付 pays at the end of the month")),
        ];
        let mut decision = fact(FactKind::Decision, "D1", fields);
        decision.numbering = native::NUMBERING.into();
        desk.decide(vec![decision]).await;
        insta::assert_snapshot!("a_decision", tree(&desk, FactKind::Decision, "D1").await);
    }
}

#[tokio::test]
async fn who_asks_for_a_number_that_does_not_exist_is_told_what_he_may_have_meant() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        for (asked, meant) in
            [("so26010001", "SO26010001"), ("XSCKD00123", "XSCKD000123"), ("AR00000O01", "AR00000001")]
        {
            let refused = document::run(&desk.store, None, None, asked, false).await.unwrap_err();
            assert_eq!(refused.exit_code(), 1);
            let text = refused.render();
            assert!(text.contains(asked) && text.contains(meant), "{text}");
        }
        let refused = document::run(&desk.store, None, None, "NOTHING", false).await.unwrap_err().render();
        assert!(!refused.contains("did you mean"), "{refused}");
    }
}
