//! Members: what they have, what stores are lent of it, coupons, what does not fit; and that nobody
//! reads who they are.

use std::collections::BTreeMap;

use domain::{
    cart::{Addition, Cart, LineItem, Measure},
    catalog::Unit,
    id::{Id, LineId, MemberId, OrderId},
    member::Allowance,
    money::{BasisPoints, Money},
    order::{Completion, complete},
    pricing::{
        self, Occasion, PriceBook,
        occasion::{Coupon, Shopper},
    },
    quantity::Quantity,
    tender::{CashRounding, Tender, TenderKind},
    time::StoreClock,
};
use serde_json::{Value, json};
use sync::{
    path,
    replica::{Scope, StoreId},
    token::{Disbelief, PublicKey, Subject, believe},
    wire::{KeyV1, KeysV1, MemberV1, OrderV1, RowV1, SealV1},
};
use uuid::Uuid;

use crate::{
    feed::{follow, start},
    intake::{Outbox, order, post},
    post_voids::{sent, troubles, undoing},
    rules::{put, set},
    town::{Edge, Town},
};

const PHONE: &str = "13812345678";
const NAME: &str = "欧阳小明";
const DAY_S: i64 = 86_400;

/// A coupon that takes two yuan off, points that pay a yuan a hundred, and one for each yuan.
fn rules() -> Value {
    set(&[
        json!({ "id": "two", "name": "立减券", "coupon": true,
                "steps": [{ "reward": { "amount_off": 200 } }] }),
        json!({ "id": "pay", "name": "积分抵现",
                "steps": [{ "reward": { "points_pay": { "points": 100, "worth": 100, "rate_max": 5_000 } } }] }),
        json!({ "id": "earn", "name": "积分",
                "steps": [{ "reward": { "earn_points": { "per": 100, "points": 1 } } }] }),
    ])
}

/// What somebody buys: one of A1 for 20 yuan.
#[derive(Clone, Default)]
struct Basket {
    store: &'static str,
    number: u32,
    member: Option<MemberId>,
    points: i64,
    balance: i64,
    coupon: Option<String>,
}

impl Basket {
    fn order(&self, town: &Town) -> OrderV1 {
        let set = serde_json::from_value(rules()).unwrap();
        let book = PriceBook::compile(1, set).unwrap();
        let plain = order(self.store, self.number, 100);
        let mut cart = Cart::open(OrderId::from_uuid(plain.id.uuid()), 0);
        let item = LineItem {
            sku: "A1".into(),
            code: "A1".into(),
            name: "茶".into(),
            spec: String::new(),
            unit: Unit::Piece,
            list_price: Money::from_minor(2_000),
            tax_rate: BasisPoints(1_300),
            style: String::new(),
            colour: String::new(),
            size: String::new(),
            brand: String::new(),
            category: String::new(),
            tags: Vec::new(),
        };
        let line = LineId::from_uuid(Uuid::from_u128(u128::from(self.number)));
        let measure = Measure::Given(Quantity::from_milli(1_000));
        cart.add(Addition { line, item, measure }).unwrap();
        let clock = StoreClock::default();
        let mut occasion = Occasion::at_till(self.store.into(), clock, town.now());
        occasion.shopper = self.member.map(|_| Shopper { points: 10_000, ..Shopper::default() });
        occasion.points_to_pay = self.points;
        occasion.coupons = self
            .coupon
            .iter()
            .map(|id| Coupon { code: format!("coupon:{id}"), rule: "two".into() })
            .collect();
        let quote = pricing::quote(&book, &cart.lines, &occasion).unwrap();
        let completion = Completion {
            receipt_number: plain.receipt_number.parse().unwrap(),
            operator: "1001".into(),
            member: self.member,
            completed_at: town.now(),
            rounding: CashRounding::None,
            occasion,
        };
        let tender = |kind, minor| Tender { kind, amount: Money::from_minor(minor) };
        let mut tenders = Vec::new();
        if self.balance > 0 {
            tenders.push(tender(TenderKind::Balance, self.balance));
        }
        let left = quote.total.minor() - self.balance;
        if left > 0 {
            tenders.push(tender(TenderKind::Cash, left));
        }
        OrderV1::of(&complete(&cart, &book, &quote, &tenders, completion).unwrap())
    }
}

/// Adds the member of these tests: 1,000 points and 200 yuan, at home in a store.
async fn member(town: &Town, home: &str) -> MemberId {
    let words = format!(
        "members add --phone {PHONE} --name {NAME} --store {home} --tier gold --birthday 02-29"
    );
    let id = town.cli_json(&words).await["id"].as_str().unwrap().to_owned();
    adjust(town, &id, "points", 1_000).await;
    adjust(town, &id, "balance", 20_000).await;
    id.parse().unwrap()
}

async fn adjust(town: &Town, id: &str, purse: &str, amount: i64) -> Value {
    let words = format!("members adjust {id} --purse {purse} --amount {amount} --reason 开卡");
    town.cli_json(&words).await
}

/// Points and balance that a member has.
async fn has(town: &Town, id: MemberId) -> (i64, i64) {
    let one = town.cli_json(&format!("members show {id}")).await;
    (one["points"].as_i64().unwrap(), one["balance_minor"].as_i64().unwrap())
}

/// Everything a store's feed says, from its beginning.
pub(crate) async fn rows(edge: &Edge<'_>) -> BTreeMap<String, RowV1> {
    let scope = Scope::Store(StoreId(edge.enrolled.store));
    let (mut cursor, mut rows) = (start(edge, scope).await, BTreeMap::new());
    follow(edge, scope, &mut cursor, 3, &mut rows).await;
    rows
}

async fn told(edge: &Edge<'_>, id: MemberId) -> Option<MemberV1> {
    match rows(edge).await.remove(&format!("member/{id}")) {
        Some(RowV1::Member(member)) => Some(member),
        _ => None,
    }
}

fn amounts(member: &MemberV1) -> [(i64, i64); 2] {
    let of = |allowance: &Option<Allowance>| {
        let allowance = allowance.unwrap();
        (allowance.amount, allowance.spent_through.seq)
    };
    [of(&member.points_allowance), of(&member.balance_allowance)]
}

async fn seal(edge: &Edge<'_>) -> SealV1 {
    edge.get(path::SEAL).await.read()
}

#[tokio::test]
async fn a_store_hears_of_its_members_sealed_for_it_alone_and_what_it_is_lent() {
    let town = Town::new().await;
    let (here, there) = (town.edge("SH001").await, town.edge("SH002").await);
    let id = member(&town, "SH001").await;
    assert_eq!(told(&there, id).await, None);
    let told = told(&here, id).await.unwrap();
    let (own, other) = (seal(&here).await, seal(&there).await);
    assert_ne!(own, other);
    assert_eq!(own, seal(&here).await);
    let (phone, name) = told.open(&own.seal().unwrap()).unwrap();
    assert_eq!((phone.digits(), name.as_str()), (PHONE, NAME));
    assert_eq!(told.phone_index, MemberV1::index_of(&own.seal().unwrap(), &phone));
    assert!(told.open(&other.seal().unwrap()).is_err());
    assert_eq!((told.tier.as_str(), told.birthday, told.points), ("gold", Some((2, 29)), 1_000));
    // Six parts of ten at home.
    assert_eq!(amounts(&told), [(600, 0), (12_000, 0)]);
    town.stop().await;
}

#[tokio::test]
async fn an_order_moves_what_its_member_has_once_and_its_undoing_moves_it_back() {
    let town = Town::new().await;
    let (token, edge) = (town.staff().await, town.edge("SH001").await);
    put(&town, &token, Some("*"), &rules()).await;
    let id = member(&town, "SH001").await;
    let basket = Basket {
        store: "SH001",
        number: 1,
        member: Some(id),
        points: 300,
        balance: 500,
        coupon: None,
    };
    let bought = basket.order(&town);
    let pricing = bought.pricing.as_ref().unwrap();
    assert_eq!((pricing.points_spent, pricing.points_earned), (300, 17));
    let mut outbox = Outbox::new();
    outbox.order(&bought);
    assert_eq!(sent(&edge, &outbox).await, []);
    assert_eq!(has(&town, id).await, (1_000 - 300 + 17, 20_000 - 500));
    // What it has of 717 points: its share, less nothing, for the mall has counted its order.
    assert_eq!(amounts(&told(&edge, id).await.unwrap()), [(430, 1), (11_700, 1)]);
    // Sent again, and processed by another mall that was late: nothing moves twice.
    post(&edge, &outbox.batch(1, 1)).await;
    assert_eq!(has(&town, id).await, (717, 19_500));
    outbox.post_void(&undoing(1, &bought));
    sent(&edge, &outbox).await;
    assert_eq!(has(&town, id).await, (1_000, 20_000));
    assert_eq!(troubles(&town).await, [""; 0]);
    assert_eq!(town.rows("select count(*) from price_drift"), ["0"]);
    let sums = "select purse, sum(amount) from member_entry group by purse order by purse";
    assert_eq!(town.rows(sums), ["balance|20000", "points|1000"]);
    town.stop().await;
}

#[tokio::test]
async fn another_store_knows_who_bought_there_and_all_together_are_lent_no_more_than_there_is() {
    let town = Town::new().await;
    let stores = ["SH001", "SH002", "SH003"];
    let token = town.staff().await;
    put(&town, &token, Some("*"), &rules()).await;
    let mut edges = Vec::new();
    for store in stores {
        edges.push(town.edge(store).await);
    }
    let id = member(&town, "SH001").await;
    let mut outboxes = [Outbox::new(), Outbox::new(), Outbox::new()];
    for (n, store) in (1..).zip(stores) {
        let basket = Basket { store, number: n, member: Some(id), ..Basket::default() };
        let at = usize::try_from(n).unwrap() - 1;
        outboxes[at].order(&basket.order(&town));
        assert_eq!(sent(&edges[at], &outboxes[at]).await, []);
    }
    let mut lent = Vec::new();
    for edge in &edges {
        lent.push(amounts(&told(edge, id).await.unwrap()).map(|(amount, _)| amount));
    }
    let open = |purse: usize| lent.iter().map(|store| store[purse]).sum::<i64>();
    assert_eq!(has(&town, id).await, (1_060, 20_000));
    assert!(open(0) <= 1_060 && open(1) <= 20_000, "{lent:?}");
    assert!(lent.iter().all(|store| store[0] > 0), "{lent:?}");
    // HQ takes only what is free.
    let more = 20_000 - open(1) + 1;
    let words = format!("members adjust {id} --purse balance --amount -{more} --reason 退卡");
    assert!(town.try_cli(&words).await.unwrap_err().contains("is lent to stores"));
    // A silent store keeps what it was lent; one that told of a moment after its end does not.
    town.turn(5 * DAY_S);
    let late = Basket { store: "SH002", number: 9, member: None, ..Basket::default() };
    outboxes[1].order(&late.order(&town));
    assert_eq!(sent(&edges[1], &outboxes[1]).await.len(), 1, "the first one is held already");
    let one = town.cli_json(&format!("members show {id}")).await;
    let open = |at: usize| one["stores"][at]["balance_open_minor"].as_i64().unwrap();
    assert!(open(0) > 0 && open(1) == 0 && open(2) > 0, "{one}");
    town.stop().await;
}

pub(crate) fn public(keys: &[KeyV1]) -> Vec<PublicKey> {
    let bytes = |key: &KeyV1| sync::chain::hex_bytes(&key.public_key).unwrap();
    keys.iter().map(|key| PublicKey { version: key.version, bytes: bytes(key) }).collect()
}

#[tokio::test]
async fn a_coupon_is_believed_offline_and_its_second_use_is_a_case_with_its_cost() {
    let town = Town::new().await;
    let (token, here) = (town.staff().await, town.edge("SH001").await);
    let there = town.edge("SH002").await;
    put(&town, &token, Some("*"), &rules()).await;
    let issue = "coupons issue --rule two --id 00000000-0000-0000-0000-00000000000b";
    let batch = town.cli_json(issue).await;
    assert_eq!(town.cli_json(issue).await, batch, "the same again gives the same tokens");
    assert!(town.try_cli(&format!("{issue} --count 2")).await.is_err());
    assert!(town.try_cli("coupons issue --rule pay").await.unwrap_err().contains("`pay`"));
    let (id, text) = (&batch["coupons"][0]["id"], &batch["coupons"][0]["token"]);
    let Some(RowV1::Keys(KeysV1 { keys })) = rows(&here).await.remove("keys") else {
        panic!("no keys");
    };
    let keys = public(&keys);
    let read = believe(text.as_str().unwrap(), &keys, StoreId(1), town.now()).unwrap();
    let Subject::Coupon { coupon, rule, .. } = read.subject else { panic!("another subject") };
    assert_eq!((coupon.to_string(), rule.as_str()), (id.as_str().unwrap().to_owned(), "two"));
    let used = |store, number| Basket {
        store,
        number,
        coupon: Some(coupon.to_string()),
        ..Basket::default()
    };
    let orders = [used("SH001", 1).order(&town), used("SH002", 2).order(&town)];
    let mut outboxes = [Outbox::new(), Outbox::new()];
    outboxes[1].order(&orders[1]);
    assert_eq!(sent(&there, &outboxes[1]).await, []);
    assert_eq!(troubles(&town).await, [""; 0]);
    outboxes[0].order(&orders[0]);
    assert_eq!(sent(&here, &outboxes[0]).await, []);
    let case = format!(
        "coupon_used_twice: SH001-1-1-20261121-0001 used a coupon that order {} had used before, \
         and took 2.00 yuan off; the receipt stands",
        orders[1].id
    );
    assert_eq!(troubles(&town).await, [case]);
    assert_eq!(town.rows("select cost from member_case"), ["200"]);
    // The order stands; when the other one is undone, there is only one use left.
    assert_eq!(town.rows("select count(*) from orders"), ["2"]);
    outboxes[1].post_void(&undoing(1, &orders[1]));
    sent(&there, &outboxes[1]).await;
    assert_eq!(troubles(&town).await, [""; 0]);
    town.stop().await;
}

#[tokio::test]
async fn what_was_spent_beyond_what_was_lent_is_a_case_and_the_receipt_stands() {
    let town = Town::new().await;
    let (token, edge) = (town.staff().await, town.edge("SH001").await);
    put(&town, &token, Some("*"), &rules()).await;
    let id = member(&town, "SH001").await;
    let stranger: MemberId = Id::from_uuid(Uuid::from_u128(99));
    let mut outbox = Outbox::new();
    let orders = [(1, Some(id), 700, 0), (2, Some(stranger), 0, 1_500), (3, None, 0, 900)];
    let orders = orders.map(|(number, member, points, balance)| {
        Basket { store: "SH001", number, member, points, balance, coupon: None }.order(&town)
    });
    orders.iter().for_each(|order| {
        outbox.order(order);
    });
    assert_eq!(sent(&edge, &outbox).await, []);
    let cases = "select what, subject, cost from member_case order by seq";
    let expected = [
        format!("points_beyond|{id}|100"),
        format!("balance_beyond|{stranger}|1500"),
        "balance_beyond||900".to_owned(),
    ];
    assert_eq!(town.rows(cases), expected);
    assert_eq!(town.rows("select count(*) from orders"), ["3"]);
    assert_eq!(has(&town, id).await.0, 1_000 - 700 + 13);
    outbox.post_void(&undoing(1, &orders[0]));
    sent(&edge, &outbox).await;
    assert_eq!(town.rows(cases), expected[1..]);
    town.stop().await;
}

#[tokio::test]
async fn nobody_reads_a_name_or_a_phone_number_in_files_lists_or_refusals() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let id = member(&town, "SH001").await;
    let code = town.cli(&format!("members code {id}")).await;
    // A snapshot is a file too.
    edge.get(&path::snapshot(Scope::Store(StoreId(edge.enrolled.store)))).await.json();
    let list = town.cli("members list").await;
    assert!(list.contains("欧*") && list.contains("138****5678"), "{list}");
    let again = format!("members add --phone {PHONE} --name 另一位");
    let refused = town.try_cli(&again).await.unwrap_err();
    let token = town.cli_json("staff add care --may-manage-members").await["token"].clone();
    let token = token.as_str().unwrap();
    let found = json!({ "phone": PHONE }).to_string();
    let found = town.hq_send(token, ("POST", "/hq/v1/members/search"), None, found).await;
    assert_eq!(found.json()["id"], id.to_string());
    let wrong = json!({ "phone": "1381234567", "name": NAME }).to_string();
    let path = format!("/hq/v1/members/{id}");
    let wrong = town.hq_send(token, ("PUT", &path), None, wrong).await;
    wrong.is_problem(400, "malformed");
    let page = town.hq(token, "/hq/v1/members").await;
    for text in [&list, &refused, &String::from_utf8_lossy(&found.body).into_owned()] {
        assert!(!text.contains(PHONE) && !text.contains("小明"), "{text}");
    }
    for body in [&found.body, &wrong.body, &page.body] {
        let text = String::from_utf8_lossy(body);
        assert!(!text.contains("12345678") && !text.contains("小明"), "{text}");
    }
    for marker in [PHONE, "12345678", NAME, "小明", "02-29", code.trim()] {
        assert_eq!(town.folder.place().holding(marker), [""; 0], "{marker}");
    }
    // The same look finds what is there.
    assert!(!town.folder.place().holding("gold").is_empty());
    town.stop().await;
}

#[tokio::test]
async fn who_may_only_read_changes_no_member_and_who_may_does_so_once() {
    let town = Town::new().await;
    town.cli("store add --code SH001 --name 一店").await;
    let reader = town.staff().await;
    let keeper = town.cli_json("staff add care --may-manage-members").await["token"].clone();
    let keeper = keeper.as_str().unwrap();
    let id = "0190aaaa-0000-7000-8000-000000000001";
    let path = format!("/hq/v1/members/{id}");
    let wish = json!({ "phone": PHONE, "name": NAME, "store": "SH001" }).to_string();
    let adjusting = format!("{path}/adjustments");
    let given =
        json!({ "id": id, "purse": "points", "amount": 50, "reason": "补积分" }).to_string();
    for (call, body) in [(("PUT", path.as_str()), &wish), (("POST", adjusting.as_str()), &given)] {
        let refused = town.hq_send(&reader, call, None, body.clone()).await;
        refused.is_problem(403, "read-only");
    }
    for result in ["added", "unchanged"] {
        let saved = town.hq_send(keeper, ("PUT", &path), None, wish.clone()).await;
        assert_eq!(saved.json()["result"], result);
        let adjusted = town.hq_send(keeper, ("POST", &adjusting), None, given.clone()).await;
        assert_eq!(adjusted.json()["points"], 50);
    }
    let other = given.replace("50", "51");
    let taken = town.hq_send(keeper, ("POST", &adjusting), None, other).await;
    taken.is_problem(409, "id-taken");
    let second = format!("/hq/v1/members/{}", id.replace("0001", "0002"));
    let taken = town.hq_send(keeper, ("PUT", &second), None, wish.clone()).await;
    taken.is_problem(409, "phone-taken");
    let gone = town.hq_send(keeper, ("DELETE", &path), None, "").await;
    assert_eq!(gone.status, 204);
    assert_eq!(town.hq(&reader, &path).await.status, 404);
    // The number is free again, for somebody new.
    let saved = town.hq_send(keeper, ("PUT", &second), None, wish).await;
    assert_eq!(saved.json()["result"], "added");
    town.stop().await;
}

#[tokio::test]
async fn a_table_is_imported_row_by_row_and_gives_nobody_anything_twice() {
    let town = Town::new().await;
    town.cli("store add --code SH001 --name 一店").await;
    let table = "phone,name,store,tier,birthday,points,balance,crowds\n\
                 13900000001,李一,SH001,gold,12-31,100,50.00,亲子;早鸟\n\
                 13900000002,王二,SH009,,,,,\n\
                 139,赵三,SH001,,,,,\n\
                 13900000004,钱四,,,02-30,,,\n\
                 13900000005,孙五,,,,7,,\n";
    let file = town.file("members.csv", table);
    let words = format!("members import {}", file.display());
    let dry = town.cli_json(&format!("{words} --dry-run")).await;
    let counts = |done: &Value| ["rows", "added", "unchanged", "refused"].map(|n| done[n].clone());
    assert_eq!(counts(&dry), [5, 2, 0, 3].map(Value::from));
    assert_eq!(town.rows("select count(*) from member"), ["0"]);
    let done = town.cli_json(&words).await;
    assert_eq!(counts(&done), [5, 2, 0, 3].map(Value::from));
    let faults: Vec<String> = done["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| format!("{}: {}", fault["line"], fault["reason"].as_str().unwrap()))
        .collect();
    let expected = [
        "3: there is no store `SH009`",
        "4: phone: is no mobile number of 11 digits",
        "5: birthday: is not MM-DD",
    ];
    assert_eq!(faults, expected);
    let again = town.cli_json(&words).await;
    assert_eq!(counts(&again), [5, 0, 2, 3].map(Value::from));
    let sums = "select points, balance_minor, crowds from member order by points desc";
    assert_eq!(town.rows(sums), ["100|5000|亲子;早鸟", "7|0|"]);
    let bad = town.file("bad.csv", "phone,name,mother\n");
    let refused = town.try_cli(&format!("members import {}", bad.display())).await.unwrap_err();
    assert!(refused.contains("column 3 is none of ours"), "{refused}");
    town.stop().await;
}

#[tokio::test]
async fn a_new_key_is_told_at_once_and_signs_a_day_later() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let id = member(&town, "SH001").await;
    let code = format!("members code {id}");
    town.cli("keys rotate").await;
    let Some(RowV1::Keys(KeysV1 { keys })) = rows(&edge).await.remove("keys") else {
        panic!("no keys");
    };
    assert_eq!(keys.iter().map(|key| key.version).collect::<Vec<_>>(), [2, 1]);
    let keys = public(&keys);
    let signed_by = |code: &str| {
        let is_by = |key: &&PublicKey| {
            believe(code.trim(), std::slice::from_ref(*key), StoreId(1), town.now()).is_ok()
        };
        keys.iter().filter(is_by).map(|key| key.version).collect::<Vec<_>>()
    };
    assert_eq!(signed_by(&town.cli(&code).await), [1]);
    assert!(town.try_cli("keys rotate").await.unwrap_err().contains("does not sign yet"));
    town.turn(DAY_S);
    assert_eq!(signed_by(&town.cli(&code).await), [2]);
    town.cli("keys rotate").await;
    town.stop().await;
}

/// The keys that a store is told, newest first.
async fn keys_told(edge: &Edge<'_>) -> Vec<KeyV1> {
    match rows(edge).await.remove("keys") {
        Some(RowV1::Keys(KeysV1 { keys })) => keys,
        other => panic!("no keys: {other:?}"),
    }
}

fn versions(keys: &[KeyV1]) -> Vec<u8> {
    keys.iter().map(|key| key.version).collect()
}

/// Makes so many keys, a day apart, so that the last one signs.
async fn change_keys(town: &Town, times: usize) {
    for _ in 0..times {
        town.cli("keys rotate").await;
        town.turn(DAY_S);
    }
}

#[tokio::test]
async fn a_coupon_is_believed_until_its_last_day_however_often_the_key_changes() {
    let town = Town::new().await;
    let (token, edge) = (town.staff().await, town.edge("SH001").await);
    put(&town, &token, Some("*"), &rules()).await;
    let batch = town.cli_json("coupons issue --rule two --days 30").await;
    let coupon = batch["coupons"][0]["token"].as_str().unwrap();
    change_keys(&town, 4).await;
    let keys = keys_told(&edge).await;
    assert_eq!(versions(&keys), [5, 4, 3, 2, 1]);
    assert!(believe(coupon, &public(&keys), StoreId(1), town.now()).is_ok());
    // Once it has ended, nobody needs the keys before the one in use.
    town.turn(27 * DAY_S);
    change_keys(&town, 1).await;
    assert_eq!(versions(&keys_told(&edge).await), [6, 5]);
    town.stop().await;
}

#[tokio::test]
async fn a_key_that_was_stolen_is_ended_with_what_it_signed_and_its_number_never_comes_back() {
    let town = Town::new().await;
    let (token, edge) = (town.staff().await, town.edge("SH001").await);
    assert!(town.try_cli("keys retire 1").await.unwrap_err().contains("the only key"));
    assert!(town.try_cli("keys retire 2").await.unwrap_err().contains("no key 2"));
    put(&town, &token, Some("*"), &rules()).await;
    let batch = town.cli_json("coupons issue --rule two --days 731").await;
    let coupon = batch["coupons"][0]["token"].as_str().unwrap();
    town.cli("keys rotate").await;
    // The thief has the new one; the old one goes on signing.
    town.cli("keys retire 2").await;
    assert_eq!(versions(&keys_told(&edge).await), [1]);
    change_keys(&town, 7).await;
    assert_eq!(versions(&keys_told(&edge).await), [9, 8, 7, 6, 5, 4, 3, 1]);
    let full = town.try_cli("keys rotate").await.unwrap_err();
    assert!(full.contains("8 keys are believed"), "{full}");
    town.cli("keys retire 1").await;
    let keys = keys_told(&edge).await;
    assert_eq!(versions(&keys), [9, 8, 7, 6, 5, 4, 3]);
    let believed = believe(coupon, &public(&keys), StoreId(1), town.now());
    assert_eq!(believed, Err(Disbelief::UnknownKey));
    town.cli("keys rotate").await;
    let listed = town.cli_json("keys list").await;
    let states: Vec<&str> =
        listed.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states[..4], ["will sign", "signs", "believed", "believed"]);
    assert_eq!(states[7..], ["believed", "retired", "retired"]);
    town.stop().await;
}

#[tokio::test]
async fn a_mall_without_the_key_of_its_database_says_so_and_does_not_start() {
    let town = Town::new().await;
    let folder = town.stop().await;
    let key = folder.path().join("pii.key");
    std::fs::remove_file(&key).unwrap();
    let started = mall::Mall::start(folder.place().config()).await;
    let error = started.unwrap_err();
    assert!(mall::Chain(&error).to_string().contains("is not the key"), "{}", mall::Chain(&error));
    assert!(error.hint().unwrap().contains("put back the key files"));
}
