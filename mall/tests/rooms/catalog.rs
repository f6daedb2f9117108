//! Price lists: what is taken, what is told, what changes.

use crate::town::Town;

const LIST: &str = "\
货号,条码,名称,规格,售价,税率,附加条码,plu,库位
A1,6901234567892,纯牛奶,250ml,5.50,9,16901234567899*12,,x
A2,96385074,绿茶,500ml,4.00,,,,y
W1,,红富士苹果,,12.80,9,,12345,z
";

#[tokio::test]
async fn good_rows_are_taken_and_every_bad_row_is_told_with_line_field_reason_and_value() {
    let town = Town::new().await;
    let summary = town
        .import(
            "sku,barcode,name,price_yuan,unit\n\
             A1,6901234567892,奶,5.50,piece\n\
             A2,6901234567890,奶,5.50,\n\
             A3,,奶,5.555,\n\
             A3,,,5.55,\n\
             \n\
             A1,,奶,1.00,\n\
             A4,6901234567892,奶,1.00,\n\
             A5,,奶,1.00,box\n\
             A6,,奶,1.00\n",
        )
        .await;
    let faults: Vec<String> = summary["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            let text = |key: &str| f[key].as_str().unwrap();
            format!("{} {}: {} ({})", f["line"], text("field"), text("reason"), text("value"))
        })
        .collect();
    assert_eq!(
        faults,
        [
            "3 barcode: the check digit should be 2 (6901234567890)",
            "4 list_price_yuan: more than two decimals (5.555)",
            "5 name: is missing ()",
            "7 sku: stands in line 2 already (A1)",
            "8 barcode: stands in line 2 already (06901234567892)",
            "9 unit: is neither piece nor kg (box)",
        ]
    );
    assert_eq!(
        (&summary["rows"], &summary["added"], &summary["refused"]),
        (&8.into(), &2.into(), &6.into())
    );
    assert_eq!(town.rows("select sku from item order by sku"), ["A1", "A6"]);
    town.stop().await;
}

#[tokio::test]
async fn the_same_file_again_changes_nothing_and_a_changed_row_changes_only_itself() {
    let town = Town::new().await;
    let first = town.import(LIST).await;
    assert_eq!((&first["added"], &first["version"]), (&3.into(), &1.into()));
    assert_eq!(first["ignored_columns"], serde_json::json!(["库位"]));
    let before = town.rows("select * from item order by sku");
    let again = town.import(LIST).await;
    assert_eq!((&again["unchanged"], &again["version"]), (&3.into(), &1.into()));
    assert_eq!(town.rows("select * from item order by sku"), before);
    let changed = town.import(&LIST.replace("4.00", "4.50")).await;
    assert_eq!((&changed["changed"], &changed["version"]), (&1.into(), &2.into()));
    assert_eq!(town.rows("select sku, list_price_minor from item where version = 2"), ["A2|450"]);
    // A list without a row deletes nothing.
    let shorter = town.import("sku,name,price_yuan\nW9,梨,1\n").await;
    assert_eq!((&shorter["added"], &shorter["version"]), (&1.into(), &3.into()));
    assert_eq!(town.rows("select count(*) from item where gone = 0"), ["4"]);
    town.stop().await;
}

#[tokio::test]
async fn tags_travel_and_what_goods_cost_stays_here() {
    let town = Town::new().await;
    let list = "sku,name,售价,标签,成本价\n\
                A1,纯牛奶,5.50,new; season=2026AW ；尾货,3.20\n\
                A2,绿茶,4.00,,\n\
                A3,红茶,4.00,new;new,\n\
                A4,白茶,4.00,,-1\n";
    let first = town.import(list).await;
    let faults = first["faults"].as_array().unwrap();
    let told = |at: usize| (&faults[at]["field"], &faults[at]["reason"]);
    assert_eq!(told(0), (&"tags".into(), &"stands twice in this row".into()));
    assert_eq!(told(1), (&"cost_yuan".into(), &"is out of range".into()));
    let held = "select sku, tags, cost_minor, version from item order by sku";
    assert_eq!(town.rows(held), ["A1|new;season=2026AW;尾货|320|1", "A2||0|1"]);
    let again = town.import(list).await;
    assert_eq!((&again["unchanged"], &again["version"]), (&2.into(), &1.into()));
    // Another cost is a change, but none that a store would see.
    let dearer = town.import(&list.replace("3.20", "3.30")).await;
    assert_eq!((&dearer["changed"], &dearer["version"]), (&1.into(), &1.into()));
    // A list without the column leaves the cost alone; one without tags takes them away.
    let plain = town.import("sku,name,售价\nA1,纯牛奶,5.60\n").await;
    assert_eq!((&plain["changed"], &plain["version"]), (&1.into(), &2.into()));
    assert_eq!(town.rows(held), ["A1||330|2", "A2||0|1"]);
    town.stop().await;
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_writes_nothing() {
    let town = Town::new().await;
    let path = town.file("a.csv", LIST);
    let dry = town.cli_json(&format!("import {} --dry-run", path.display())).await;
    assert_eq!(
        (&dry["added"], &dry["version"], &dry["dry_run"]),
        (&3.into(), &0.into(), &true.into())
    );
    assert_eq!(town.rows("select count(*) from item"), ["0"]);
    let text = town.cli(&format!("import {}", path.display())).await;
    assert_eq!(
        text,
        "ignored columns: 库位\n3 rows: 3 added, 0 changed, 0 unchanged, 0 refused; catalog version 1\n"
    );
    town.stop().await;
}

#[tokio::test]
async fn a_barcode_of_another_item_is_refused_until_that_item_lets_it_go() {
    let town = Town::new().await;
    town.import(LIST).await;
    let takes = "sku,name,price_yuan,barcode\nB1,奶,1,6901234567892\n";
    let refused = town.import(takes).await;
    assert_eq!(refused["faults"][0]["reason"], "belongs to SKU `A1`");
    town.cli("item retire a1").await;
    let taken = town.import(takes).await;
    assert_eq!(taken["added"], 1);
    assert_eq!(
        town.rows("select sku_key, pack_milli from barcode order by 1"),
        ["a2|1000", "b1|1000"]
    );
    // The retired item comes back without the barcode that another has now.
    let back = town.import("sku,name,price_yuan\nA1,纯牛奶,6\n").await;
    assert_eq!(back["added"], 1);
    let other = town.import("sku,name,price_yuan\na1,纯牛奶,6\n").await;
    assert_eq!(other["faults"][0]["reason"], "is in the catalog as `A1`");
    assert!(town.try_cli("item retire NOPE").await.unwrap_err().contains("no SKU `NOPE`"));
    town.stop().await;
}

#[tokio::test]
async fn files_that_cannot_be_read_are_refused_whole() {
    let town = Town::new().await;
    let table = [
        ("a.csv", "", "the header"),
        ("b.csv", "name,price_yuan\nx,1\n", "the header"),
        ("c.xlsx", "no zip", "could not read"),
        ("d.xls", "old", "could not read"),
    ];
    for (name, text, told) in table {
        let path = town.file(name, text);
        let error = town.try_cli(&format!("import {}", path.display())).await.unwrap_err();
        assert!(error.contains(told), "{name}: {error}");
    }
    assert!(town.try_cli("import /nowhere.csv").await.is_err());
    town.stop().await;
}

#[tokio::test]
async fn a_workbook_is_read_like_the_same_list_as_text() {
    let town = Town::new().await;
    let path = town.folder.path().join("list.xlsx");
    std::fs::write(&path, crate::xlsx::workbook()).unwrap();
    let summary = town.cli_json(&format!("import {}", path.display())).await;
    let reasons: Vec<&str> = summary["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["more than two decimals"], "{summary}");
    assert_eq!(
        town.rows("select i.sku, i.name, i.list_price_minor, b.gtin from item i join barcode b using (sku_key)"),
        ["6901234567892|纯牛奶|1290|6901234567892"]
    );
    town.stop().await;
}

#[tokio::test]
async fn the_demo_catalog_and_the_gb18030_form_of_a_list_are_taken_whole() {
    let town = Town::new().await;
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/demo/catalog.csv");
    let summary = town.cli_json(&format!("import {demo}")).await;
    assert_eq!((&summary["added"], &summary["refused"]), (&425.into(), &0.into()), "{summary}");
    let text = std::fs::read_to_string(demo).unwrap();
    let path = town.folder.path().join("gbk.csv");
    std::fs::write(&path, encoding_rs::GB18030.encode(&text).0).unwrap();
    let again = town.cli_json(&format!("import {}", path.display())).await;
    assert_eq!((&again["unchanged"], &again["version"]), (&425.into(), &1.into()));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn other_writers_get_their_turn_during_an_import() {
    let town = Town::new().await;
    town.cli("store add --code SH001 --name 示范店").await;
    let lines: String = (0..30_000).map(|i| format!("S{i:05},item {i},1.50\n")).collect();
    let path = town.file("a.csv", &format!("sku,name,price_yuan\n{lines}"));
    let import = format!("import {}", path.display());
    let claims = async {
        town.claim("SH001").await;
        let n_items = town.rows("select count(*) from item")[0].parse::<i64>().unwrap();
        for _ in 1..5 {
            town.claim("SH001").await;
        }
        n_items
    };
    let (_, n_items) = tokio::join!(town.cli(&import), claims);
    assert!(n_items < 30_000, "a claim waited for the whole import");
    assert_eq!(town.rows("select count(*) from claim"), ["5"]);
    town.stop().await;
}
