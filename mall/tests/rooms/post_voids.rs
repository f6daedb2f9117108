//! Orders that were undone on their business date: in no sum, told beside, and undone once.

use domain::{id::OrderId, money::Money, time::Timestamp};
use serde_json::{Value, json};
use sync::wire::{KIND_ORDER, KIND_POST_VOID, OrderV1, PostVoidV1, ToldV1, VerdictV1};
use uuid::Uuid;

use crate::{
    drift::sold,
    intake::{Outbox, order, post, processed},
    rules::{cut, put, set},
    town::{Edge, Town},
};

/// What undoes an order, under an id of its own.
pub(crate) fn undoing(number: u128, order: &OrderV1) -> PostVoidV1 {
    PostVoidV1 {
        id: Uuid::from_u128(0x0190_0000_0000_7000_9000_0000_0000_0000 + number),
        order: order.id,
        business_date: order.business_date,
        workstation: 2,
        operator: "2001".into(),
        at: Timestamp::from_micros(1_795_255_800_000_000),
        reason: "顾客改主意".into(),
        total_minor: order.total_minor,
    }
}

impl Outbox {
    pub(crate) fn post_void(&mut self, told: &PostVoidV1) -> &mut Self {
        self.push(KIND_POST_VOID, 1, told.id, serde_json::to_string(told).unwrap())
    }
}

/// Sends all of an outbox and waits until it is processed; what was told that is not plain.
pub(crate) async fn sent(edge: &Edge<'_>, outbox: &Outbox) -> Vec<ToldV1> {
    let answer = post(edge, &outbox.batch(1, outbox.facts.len())).await;
    let verdicts = answer.read::<sync::wire::BatchAnswerV1>().verdicts;
    processed(edge.town).await;
    verdicts
}

/// The troubles of a store, as `what: reason`.
pub(crate) async fn troubles(town: &Town) -> Vec<String> {
    let found = town.cli_json("orders troubles --store SH001").await;
    let one = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap().to_owned();
        format!("{}: {}", text("what"), text("reason"))
    };
    found.as_array().unwrap().iter().map(one).collect()
}

const HELD: &str = "select order_id, id, workstation, operator, reason from post_void";

#[tokio::test]
async fn an_undone_order_is_in_no_sum_and_told_beside() {
    let town = Town::new().await;
    let (token, edge) = (town.staff().await, town.edge("SH001").await);
    let rules = set(&[cut("new", 9_000)]);
    put(&town, &token, Some("*"), &rules).await;
    let orders: Vec<OrderV1> = (1..=3).map(|n| OrderV1::of(&sold(&rules, 1, n))).collect();
    let mut outbox = Outbox::new();
    for order in &orders {
        outbox.order(order);
    }
    let path = "/hq/v1/stores/SH001/days/2026-11-21";
    assert_eq!(sent(&edge, &outbox).await, []);
    let before = town.hq(&token, path).await.json();
    outbox.post_void(&undoing(1, &orders[1]));
    assert_eq!(sent(&edge, &outbox).await.len(), 3, "three orders are held already");
    let after = town.hq(&token, path).await.json();
    // Equal orders, so that each sum is three times and twice the same.
    let fen = |day: &Value, at: &str| day.pointer(at).and_then(Value::as_i64).unwrap();
    let sums = [
        "/n_orders",
        "/total/amount",
        "/change/amount",
        "/cash/amount",
        "/tenders/0/n_tenders",
        "/tenders/0/amount/amount",
        "/savings/saved/amount",
        "/savings/by_rule/0/n_orders",
        "/savings/by_rule/0/saved/amount",
    ];
    for at in sums {
        assert!(fen(&before, at) > 0, "{at}");
        assert_eq!(fen(&after, at) * 3, fen(&before, at) * 2, "{at}");
    }
    let total = orders[1].total_minor.minor();
    let none = json!({ "n_orders": 0, "total": { "amount": 0, "currency": "CNY" } });
    let one = json!({ "n_orders": 1, "total": { "amount": total, "currency": "CNY" } });
    assert_eq!((&before["undone"], &after["undone"]), (&none, &one));
    assert_eq!(troubles(&town).await, [""; 0]);
    // Every order is still there, and adds up.
    assert_eq!(town.cli("orders check").await, "3 orders checked, 0 do not hold\n");
    town.stop().await;
}

#[tokio::test]
async fn who_undid_an_order_when_and_why_stands_beside_it() {
    let town = Town::new().await;
    let (token, edge) = (town.staff().await, town.edge("SH001").await);
    let orders = [order("SH001", 1, 100), order("SH001", 2, 250)];
    let mut outbox = Outbox::new();
    outbox.order(&orders[0]).order(&orders[1]).post_void(&undoing(1, &orders[1]));
    assert_eq!(sent(&edge, &outbox).await, []);
    let undone = json!({
        "at": "2026-11-21T10:10:00Z", "operator": "2001", "workstation": 2, "reason": "顾客改主意"
    });
    let page = town.hq(&token, "/hq/v1/stores/SH001/orders").await.json();
    let told: Vec<&Value> =
        page["orders"].as_array().unwrap().iter().map(|order| &order["undone"]).collect();
    assert_eq!(told, [&undone, &Value::Null]);
    let one = town.hq(&token, "/hq/v1/orders/SH001-1-1-20261121-0002").await.json();
    assert_eq!((&one["undone"], &one["total"]["amount"]), (&undone, &json!(250)));
    let list = town.cli("orders list --store SH001").await;
    let ends = |line: &str| line.trim_end().ends_with("2026-11-21T10:10:00Z");
    let lines: Vec<bool> = list.lines().map(ends).collect();
    assert_eq!(lines, [false, true, false], "{list}");
    let show = town.cli("orders show SH001-1-1-20261121-0002").await;
    let expected = "undone 2026-11-21T10:10:00Z by 2001 at workstation 2: 顾客改主意";
    assert!(show.contains(expected), "{show}");
    let day = town.cli("orders day --store SH001 --date 2026-11-21").await;
    assert!(day.starts_with("SH001  2026-11-21  1 orders\n"), "{day}");
    let row = day.lines().find(|line| line.starts_with("undone")).unwrap();
    assert_eq!(row, "undone, in no other sum (1 orders)    2.50", "{day}");
    town.stop().await;
}

#[tokio::test]
async fn an_order_is_undone_once_however_often_that_is_told() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let one = order("SH001", 1, 1_299);
    let (first, second) = (undoing(1, &one), undoing(2, &one));
    let mut outbox = Outbox::new();
    outbox.order(&one).post_void(&first).post_void(&first).post_void(&second);
    let verdicts = sent(&edge, &outbox).await;
    assert_eq!(verdicts, [ToldV1 { seq: 3, verdict: VerdictV1::Duplicate }]);
    let held = vec![format!("{}|{}|2|2001|顾客改主意", one.id, first.id)];
    assert_eq!(town.rows(HELD), held);
    let expected = vec![format!(
        "quarantined: SH001-1-1-20261121-0001 was undone before, by {}; it is undone once",
        first.id
    )];
    assert_eq!(troubles(&town).await, expected);
    // As if the program had been killed between the answer and the processing: all of it again.
    let folder = town.stop().await;
    folder.place().execute("update event_inbox set state = 'waiting'");
    let town = Town::over(folder).await;
    processed(&town).await;
    assert_eq!((town.rows(HELD), troubles(&town).await), (held, expected));
    town.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_its_order_undoes_nothing_and_is_told() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let one = order("SH001", 1, 1_299);
    let mut wrong = order("SH001", 2, 300);
    wrong.total_minor = Money::from_minor(299);
    let told = undoing(9, &one);
    let total = PostVoidV1 { total_minor: Money::from_minor(1_300), ..undoing(3, &one) };
    let date = PostVoidV1 { business_date: "2026-11-20".parse().unwrap(), ..undoing(4, &one) };
    let nobody = OrderId::from_uuid(Uuid::from_u128(77));
    let never = PostVoidV1 { order: nobody, ..undoing(5, &one) };
    let nowhere = PostVoidV1 { workstation: 0, ..undoing(6, &one) };
    let mut outbox = Outbox::new();
    outbox.order(&one).order(&wrong);
    for told in [&total, &date, &never, &undoing(7, &wrong), &nowhere] {
        outbox.post_void(told);
    }
    let body = serde_json::to_string(&told).unwrap();
    outbox
        .push(KIND_POST_VOID, 1, Uuid::from_u128(8), body)
        .push(KIND_POST_VOID, 1, Uuid::from_u128(9), "secret!".into())
        .push(KIND_POST_VOID, 2, Uuid::from_u128(10), "{}".into());
    let verdicts = sent(&edge, &outbox).await;
    // What must be looked up with its order is told by HQ's list, what is plain at once.
    let seqs: Vec<i64> = verdicts.iter().map(|told| told.seq).collect();
    assert_eq!(seqs, [2, 7, 8, 9, 10], "{verdicts:?}");
    assert_eq!(verdicts[4].verdict, VerdictV1::StoredUnknown);
    let mut found = town.rows("select seq || ' ' || reason from trouble order by seq");
    assert_eq!(found.remove(0), "2 the lines do not add up to the total");
    let receipt = "it undoes SH001-1-1-20261121-0001";
    assert_eq!(
        found,
        [
            format!("3 {receipt} over another total: it says 13.00, the order 12.99"),
            format!(
                "4 {receipt} on another business date: it says 2026-11-20, the order 2026-11-21"
            ),
            format!("5 the order it undoes, {nobody}, never came"),
            format!("6 the order it undoes, {}, is in quarantine; look at that first", wrong.id),
            "7 there is no workstation 0".to_owned(),
            "8 the post-void has another id than its fact".to_owned(),
            "9 not a post-void: line 1, column 1".to_owned(),
        ]
    );
    assert_eq!(town.rows(HELD), [""; 0]);
    let day = town.cli_json("orders day --store SH001 --date 2026-11-21").await;
    assert_eq!((&day["n_orders"], &day["undone"]["n_orders"]), (&json!(1), &json!(0)));
    town.stop().await;
}

#[tokio::test]
async fn another_stores_order_of_the_same_id_is_not_undone() {
    let town = Town::new().await;
    let (here, there) = (town.edge("SH001").await, town.edge("SH002").await);
    let one = order("SH001", 1, 1_299);
    let mut outbox = Outbox::new();
    outbox.order(&one);
    sent(&here, &outbox).await;
    let mut outbox = Outbox::new();
    outbox.post_void(&undoing(1, &one));
    assert_eq!(sent(&there, &outbox).await, []);
    assert_eq!(town.rows(HELD), [""; 0]);
    let reason = format!("the order it undoes, {}, never came", one.id);
    assert_eq!(town.rows("select reason from trouble"), [reason]);
    town.stop().await;
}

#[tokio::test]
async fn post_voids_that_an_older_mall_kept_are_taken_when_it_is_replaced() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let orders = [order("SH001", 1, 100), order("SH001", 2, 250)];
    let mut outbox = Outbox::new();
    outbox.order(&orders[0]).order(&orders[1]).post_void(&undoing(1, &orders[0]));
    outbox.post_void(&undoing(2, &orders[1]));
    // Bytes that are not those the store made: quarantined then, and still.
    let mut batch = outbox.batch(1, 4);
    batch.facts[3].body.push(' ');
    assert_eq!(post(&edge, &batch).await.status, 200);
    processed(&town).await;
    let folder = town.stop().await;
    folder.place().execute(
        // As the step before post-voids left it.
        "drop table edge_state; drop table picture; drop table command; drop table edge_trouble; drop table day_opening;
         drop table day_seal; drop table event_day; drop table hole; drop table certificate; drop table authority;
         drop table turn; alter table event_inbox drop column coding;
         alter table trouble drop column coding;
         drop index orders_completed; drop index trouble_received; drop index price_drift_newest;
         drop index payment_store; drop index payment_state; drop index payment_store_state;
         drop index redemption_store; drop index redemption_state;
         drop index redemption_store_state; drop index redemption_order;
         drop index redemption_open;
         drop table check_in; drop table online_return_line; drop table online_return;
         drop table member_case; drop table coupon_use; drop table coupon; drop table allowance;
         drop table member_entry; drop table member_store; drop table member;
         drop table token_key; drop table vault_check;
         alter table staff drop column may_manage_members;
         alter table store drop column keys_version;
         create table edge_cursor (
           store_id bigint not null references store (store_id), edge_id text not null,
           epoch bigint not null, acked_seq bigint not null, acked_chain text not null,
           heard_at bigint not null, primary key (store_id, edge_id));
         insert into edge_cursor
           select store_id, edge_id, epoch, acked_seq, acked_chain, heard_at from edge_life;
         drop table edge_life; drop table edge_session; drop table event_place;
         alter table orders drop column member_id;
         drop table pickup_refund; drop table pickup_case; drop table reservation;
         drop table online_order; drop table shop;
         drop index order_line_sku; drop table stock;
         drop table edge_presence; drop table settings_standing; drop table store_group_member;
         drop table store_group; drop table store_groups_told; drop table settings;
         drop index scope_changed; alter table staff drop column may_save_settings;
         drop table post_void; drop table discrepancy; drop index event_inbox_kept;
         delete from schema_step where number >= 5;
         update event_inbox set state = 'kept' where kind = 'post_void'",
    );
    let town = Town::over(folder).await;
    processed(&town).await;
    assert_eq!(town.rows("select order_id from post_void"), [orders[0].id.to_string()]);
    let states = "select kind, state from event_inbox order by seq";
    let order = format!("{KIND_ORDER}|done");
    let expected = [order.as_str(), order.as_str(), "post_void|done", "post_void|kept"];
    assert_eq!(town.rows(states), expected);
    town.stop().await;
}
