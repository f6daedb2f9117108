//! A mall where everything that can be asked for is there, and a right request to each endpoint.

use std::cell::{Cell, RefCell};

use axum::{
    body::Body,
    http::{Request, header},
};
use domain::{money::Money, payment::PaymentMethod, time::BusinessDate};
use serde::Serialize;
use serde_json::json;
use sync::{
    chain::Hash,
    command::{OutcomeV1, OutcomesV1},
    path,
    settings::Target,
    wire::{
        BatchAnswerV1, BatchV1, BroughtV1, CheckInV1, DayAgainV1, DayAskV1, DayLifeV1, DaySumV1,
        DayV1, ElsewhereV1, EnrolmentV1, PlaceV1, RefundAskV1, ReportV1, SessionAskV1, SessionV1,
        SetAsideV1, StandingV1, StateV1, TroubleV1, TroublesV1, UseV1,
    },
};
use uuid::Uuid;

use crate::{
    books::{Books, Reader},
    certificates,
    feed::list,
    intake,
    intake::Outbox,
    online_returns::{asked, back},
    payments::{self, charge, pay, reversal},
    pickups::{handed_over, order, place, shop},
    redemptions::question,
    right::{Endpoint, Right},
    rules::{cut, set},
    street::id,
    town::{Answer, Edge, Key, Town},
};

/// Goods of each kind in each store: more than anybody asks for here.
const PIECES: u32 = 900_000;
/// Seconds after which wrong tries of claim codes are forgotten.
const REST_S: i64 = 61;

/// Everybody who may call, with what they call about.
pub(crate) struct Office<'a> {
    pub(crate) edge: Edge<'a>,
    hq: String,
    shop: String,
    claim: String,
    /// Of the life that the edge node's ledger is in.
    outbox: RefCell<Outbox>,
    session: RefCell<Option<SessionV1>>,
    next: Cell<u32>,
    reader: Reader,
}

impl<'a> Office<'a> {
    pub(crate) async fn open(town: &'a Town) -> Self {
        let edge = town.edge("SH001").await;
        town.cli("store add --code SH002 --name 另一家店").await;
        town.import(&list(0..3, "1.00")).await;
        let counted: String = (0..3).map(|n| format!("S{n:04},{PIECES}\n")).collect();
        let file = town.file("stock.csv", &format!("sku,on_hand\n{counted}"));
        for store in ["SH001", "SH002"] {
            town.cli(&format!("stock count --store {store} {}", file.display())).await;
        }
        let words = "staff add hq --may-save-rules --may-save-settings --may-manage-members";
        let hq = town.cli_json(words).await["token"].as_str().unwrap().to_owned();
        let (shop, claim) = (shop(town).await, town.claim("SH001").await);
        let office = Self {
            edge,
            hq,
            shop,
            claim,
            outbox: RefCell::new(Outbox::new()),
            session: RefCell::default(),
            next: Cell::new(1),
            reader: Reader::open(town),
        };
        office.fill().await;
        office
    }

    /// What requests are about: rules, settings, a member, a payment, an order that was collected.
    async fn fill(&self) {
        let (edge, town) = (&self.edge, self.edge.town);
        for (method, path) in [
            ("PUT", "/hq/v1/rules"),
            ("PUT", "/hq/v1/settings"),
            ("PUT", "/hq/v1/members/{id}"),
            ("PUT", "/hq/v1/groups/{key}"),
        ] {
            let endpoint =
                Endpoint { caller: "hq".into(), method: method.into(), path: path.into() };
            let (path, right) = self.right(&endpoint).await;
            let answer = self.send(&endpoint, &path, &right.bytes()).await;
            assert_eq!(answer.status, 200, "{endpoint}: {:?}", answer.json());
        }
        pay(edge, 1).await;
        let placed = place(town, &self.shop, &order(1, &[("S0000", 900)])).await;
        assert_eq!(placed.status, 201, "{:?}", placed.json());
        handed_over(&mut self.outbox.borrow_mut(), 1, 1, town.now());
        let mut batch = self.outbox.borrow().batch(1, 1);
        batch.epoch = edge.enrolled.epoch;
        assert_eq!(intake::post(edge, &batch).await.status, 200);
        intake::processed(town).await;
        self.next.set(100);
    }

    /// A number that nobody used.
    fn fresh(&self) -> u32 {
        self.next.replace(self.next.get() + 1)
    }

    pub(crate) fn books(&self) -> Books {
        self.reader.books()
    }

    /// The next batch of the store.
    pub(crate) fn batch(&self, facts: impl FnOnce(&mut Outbox)) -> BatchV1 {
        let mut outbox = self.outbox.borrow().clone();
        let from = outbox.facts.len() + 1;
        facts(&mut outbox);
        let batch = outbox.batch(from, outbox.facts.len());
        let (session, epoch) = self.standing();
        BatchV1 { session, epoch, ..batch }
    }

    /// The nonce and the life of the newest session.
    fn standing(&self) -> (Option<Uuid>, u32) {
        let session = self.session.borrow();
        let told = session.as_ref().map(|told| (Some(told.nonce), told.epoch));
        told.unwrap_or((None, self.edge.enrolled.epoch))
    }

    /// Where the ledger stands: all that it holds is told.
    fn ask(&self, number: u128) -> SessionAskV1 {
        let (nonce, epoch) = self.standing();
        let outbox = self.outbox.borrow();
        let newest = outbox.facts.last();
        let newest =
            newest.map_or(PlaceV1::START, |fact| PlaceV1 { seq: fact.seq, chain: fact.chain });
        SessionAskV1 {
            id: Uuid::from_u128(number),
            epoch,
            boot_no: 1,
            machine: Hash::of(b"a machine"),
            nonce,
            newest,
            acked: newest,
            is_doubtful: false,
        }
    }

    /// What the ledger holds of a day: nothing, of places that it has.
    fn day(&self) -> DayV1 {
        let (_, epoch) = self.standing();
        let lives = vec![DayLifeV1 { epoch, through: 1 }];
        let left_out = vec![Uuid::from_u128(1)];
        DayV1 { epoch, is_over: true, lives, left_out, sum: DaySumV1::default() }
    }

    /// Notes how the ledger goes on; in a new life it has told nothing.
    fn go_on(&self, answer: &Answer) {
        if answer.status != 200 {
            return;
        }
        let told: SessionV1 = serde_json::from_slice(&answer.body).unwrap();
        if told.epoch != self.standing().1 {
            *self.outbox.borrow_mut() = Outbox::new();
        }
        *self.session.borrow_mut() = Some(told);
    }

    /// Notes what the mall took of a batch, so that the next one goes on from there.
    async fn note(&self, sent: &[u8], answer: &Answer) {
        if answer.status != 200 {
            return;
        }
        let told: BatchAnswerV1 = serde_json::from_slice(&answer.body).unwrap();
        let sent: BatchV1 = serde_json::from_slice(sent).unwrap();
        for fact in sent.facts {
            let held = i64::try_from(self.outbox.borrow().facts.len()).unwrap();
            if (held + 1..=told.acked_seq).contains(&fact.seq) {
                self.outbox.borrow_mut().facts.push(fact);
            }
        }
        intake::processed(self.edge.town).await;
    }

    /// Sends a batch.
    pub(crate) async fn deliver(&self, batch: &BatchV1) -> Answer {
        let body = serde_json::to_vec(batch).unwrap();
        let path = path::batches(self.edge.id());
        let answer = self.edge.call("POST", &path, &body).await;
        self.note(&body, &answer).await;
        answer
    }

    /// Sends something as the endpoint's caller does.
    pub(crate) async fn send(&self, endpoint: &Endpoint, path: &str, body: &[u8]) -> Answer {
        self.send_as(endpoint, path, None, body).await
    }

    /// The same with headers of the test's own.
    pub(crate) async fn send_as(
        &self,
        endpoint: &Endpoint,
        path: &str,
        own: Option<(header::HeaderName, &[u8])>,
        body: &[u8],
    ) -> Answer {
        let plain = |token: &str| {
            let request = Request::builder().method(endpoint.method.as_str()).uri(path);
            let request = request
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header(header::IF_MATCH, "*");
            request.body(Body::from(body.to_vec())).unwrap()
        };
        let mut request = match endpoint.caller.as_str() {
            "edge" => self.edge.request(&endpoint.method, path, body),
            "shop" => plain(&self.shop),
            _ => plain(&self.hq),
        };
        if let Some((name, value)) = own {
            let value = header::HeaderValue::from_bytes(value).unwrap();
            request.headers_mut().insert(name, value);
        }
        if endpoint.path == path::ENROLMENTS {
            self.edge.town.turn(REST_S);
        }
        let answer = self.edge.town.send(request).await;
        if endpoint.path == path::BATCHES {
            self.note(body, &answer).await;
        }
        if endpoint.path == path::SESSIONS {
            self.go_on(&answer);
        }
        answer
    }

    /// A path and a body that an endpoint takes, about something that nobody asked for before.
    pub(crate) async fn right(&self, endpoint: &Endpoint) -> (String, Right) {
        let n = self.fresh();
        let name = endpoint.to_string();
        if let Some(right) = self.of_edges(&name, n).await {
            return right;
        }
        if let Some(right) = self.of_shops(&name, n).await {
            return right;
        }
        let of_hq = self.of_hq(&name, n).await;
        of_hq.unwrap_or_else(|| panic!("say in office.rs what is right for {name}"))
    }

    async fn of_edges(&self, name: &str, n: u32) -> Option<(String, Right)> {
        let (edge, number) = (&self.edge, u128::from(n));
        if let Some(right) = self
            .of_houses(name, number)
            .await
            .or_else(|| self.of_days(name))
            .or_else(|| self.of_wishes(name, n))
        {
            return Some(right);
        }
        Some(match name {
            "POST /edge/v1/check-ins" => told(
                path::CHECK_INS,
                &CheckInV1 {
                    id: Uuid::from_u128(number),
                    guest: format!("{n:032x}"),
                    at: edge.town.now(),
                },
            ),
            "POST /edge/v1/edges/{edge}/batches" => {
                let batch = self.batch(|outbox| {
                    outbox.order(&intake::order("SH001", n, 100));
                });
                told(&path::batches(edge.id()), &batch)
            }
            "POST /edge/v1/elsewhere" => {
                told(path::ELSEWHERE, &ElsewhereV1 { sku: "S0000".into(), pieces: 1 })
            }
            "POST /edge/v1/enrolments" => told(
                path::ENROLMENTS,
                &EnrolmentV1 {
                    claim_code: self.claim.clone(),
                    public_key: Key::new().public(),
                    csr: Some(certificates::fresh_request()),
                },
            ),
            "POST /edge/v1/certificates" => certificates::ask_of_fresh(),
            "POST /edge/v1/online-orders" => told(
                path::ONLINE_ORDERS,
                &BroughtV1 { presented: "M-1".into(), lines: vec![back(1, 1)] },
            ),
            "POST /edge/v1/online-returns" => {
                told(path::ONLINE_RETURNS, &asked(edge, number, 1, &[back(1, 1)], 100))
            }
            "POST /edge/v1/sessions" => told(path::SESSIONS, &self.ask(number)),
            "POST /edge/v1/set-asides" => told(
                path::SET_ASIDES,
                &SetAsideV1 {
                    id: id(number),
                    store: "SH002".into(),
                    sku: "S0001".into(),
                    pieces: 1,
                },
            ),
            _ => return None,
        })
    }

    /// What a store tells of what HQ asked of it.
    fn of_wishes(&self, name: &str, n: u32) -> Option<(String, Right)> {
        Some(match name {
            "POST /edge/v1/commands" => {
                let outcome = OutcomeV1 {
                    id: Uuid::from_u128(u128::from(n)),
                    outcome: "done".into(),
                    detail: "x".into(),
                };
                told(path::COMMANDS, &OutcomesV1 { outcomes: vec![outcome] })
            }
            "POST /edge/v1/settings/reports" => {
                let target = Target::Store("SH001".parse().unwrap());
                let standing = StandingV1 {
                    target,
                    applied: 1,
                    is_on_trial: false,
                    came_by: None,
                    refused: None,
                    unknown: vec!["x".into()],
                };
                let report = ReportV1 {
                    edge: self.edge.id(),
                    at_micros: i64::from(n),
                    standings: vec![standing],
                };
                told(path::SETTINGS_REPORTS, &report)
            }
            _ => return None,
        })
    }

    fn of_days(&self, name: &str) -> Option<(String, Right)> {
        Some(match name {
            "POST /edge/v1/troubles" => {
                let (since, trouble) = (self.edge.town.now(), "behind".to_owned());
                let troubles = vec![TroubleV1 { trouble, since, count: 3 }];
                let state = StateV1 { waiting: 7, oldest_at: Some(since), catalog: 1, store: 2 };
                told(path::TROUBLES, &TroublesV1 { troubles, state: Some(state) })
            }
            "POST /edge/v1/days/{day}" => told(&path::day(day()), &self.day()),
            "POST /edge/v1/days/{day}/ids" => {
                let ask = DayAskV1 { lives: self.day().lives, parts: vec![1, 255] };
                told(&path::day_ids(day()), &ask)
            }
            "POST /edge/v1/days/{day}/facts" => {
                let (_, epoch) = self.standing();
                let facts = self.outbox.borrow().facts.last().cloned().into_iter().collect();
                told(&path::day_facts(day()), &DayAgainV1 { epoch, facts })
            }
            _ => return None,
        })
    }

    async fn of_houses(&self, name: &str, n: u128) -> Option<(String, Right)> {
        let edge = &self.edge;
        let looked_up = async || {
            let answer = payments::post(edge, path::REDEMPTIONS, &question(n)).await;
            assert_eq!(answer.status, 200, "{:?}", answer.json());
        };
        Some(match name {
            "POST /edge/v1/payments" => told(path::PAYMENTS, &charge(n, PaymentMethod::Wechat)),
            "POST /edge/v1/payments/{payment}/reversal" => {
                pay(edge, n).await;
                told(&path::reversal(id(n)), &reversal(n, PaymentMethod::Wechat))
            }
            "POST /edge/v1/refunds" => told(
                path::REFUNDS,
                &RefundAskV1 {
                    id: id(n),
                    payment: id(1),
                    amount_minor: Money::from_minor(1),
                    reason: "退货".into(),
                },
            ),
            "POST /edge/v1/redemptions" => told(path::REDEMPTIONS, &question(n)),
            "POST /edge/v1/redemptions/{redemption}/use" => {
                looked_up().await;
                told(&path::redemption_use(id(n)), &UseV1 { offer: 0, count: 1 })
            }
            "POST /edge/v1/redemptions/{redemption}/reversal" => {
                looked_up().await;
                (path::redemption_reversal(id(n)), Right::Nothing)
            }
            _ => return None,
        })
    }

    async fn of_shops(&self, name: &str, n: u32) -> Option<(String, Right)> {
        let wish = order(u128::from(n), &[("S0001", 1)]);
        let path = format!("/shop/v1/orders/{}", Uuid::from_u128(u128::from(n)));
        let placed = async || {
            let placed = place(self.edge.town, &self.shop, &wish).await;
            assert_eq!(placed.status, 201, "{:?}", placed.json());
        };
        Some(match name {
            "POST /shop/v1/orders" => told("/shop/v1/orders", &wish),
            "POST /shop/v1/orders/{order}/cancellation" => {
                placed().await;
                (format!("{path}/cancellation"), Right::Nothing)
            }
            "POST /shop/v1/orders/{order}/refunds/{refund}" => {
                placed().await;
                let cancelled = self
                    .edge
                    .town
                    .hq_send(&self.shop, ("POST", &format!("{path}/cancellation")), None, "")
                    .await
                    .json();
                let refund = cancelled["refunds"][0]["id"].as_str().unwrap();
                told(&format!("{path}/refunds/{refund}"), &json!({ "reference": "5000" }))
            }
            "POST /shop/v1/quotes" => told(
                "/shop/v1/quotes",
                &json!({ "store": "SH001", "lines": [{ "sku": "S0000", "quantity": 2 }] }),
            ),
            _ => return None,
        })
    }

    async fn of_hq(&self, name: &str, n: u32) -> Option<(String, Right)> {
        let uuid = Uuid::from_u128(u128::from(n));
        let member = |n: u32| {
            json!({
                "phone": format!("138{n:08}"), "name": "欧阳小明", "store": "SH001", "tier": "gold",
                "joined_on": "2026-11-20", "birthday": "02-29", "is_staff": false,
                "crowds": ["tea"],
            })
        };
        let mut coupon = cut("two", 9_000);
        coupon["coupon"] = json!(true);
        let promotions = set(&[coupon]);
        let first = "/hq/v1/members/00000000-0000-0000-0000-000000000003";
        Some(match name {
            "POST /hq/v1/coupons" => told(
                "/hq/v1/coupons",
                &json!({
                    "id": uuid, "rule": "two", "count": 1, "member": "", "store": "SH001",
                    "days": 30,
                }),
            ),
            "POST /hq/v1/members/import" => {
                let table = format!("phone,name,balance\n139{n:08},王小明,1.00\n");
                ("/hq/v1/members/import".into(), Right::Table(table))
            }
            "POST /hq/v1/members/search" => {
                told("/hq/v1/members/search", &json!({ "phone": "13800000003" }))
            }
            "PUT /hq/v1/members/{id}" => told(&format!("/hq/v1/members/{uuid}"), &member(n)),
            "DELETE /hq/v1/members/{id}" => {
                let path = format!("/hq/v1/members/{uuid}");
                let body = member(n).to_string();
                let made = self.edge.town.hq_send(&self.hq, ("PUT", &path), None, body).await;
                assert_eq!(made.status, 200, "{:?}", made.json());
                (path, Right::Nothing)
            }
            "POST /hq/v1/members/{id}/adjustments" => told(
                &format!("{first}/adjustments"),
                &json!({ "id": uuid, "purse": "points", "amount": 5, "reason": "生日" }),
            ),
            "POST /hq/v1/members/{id}/codes" => {
                told(&format!("{first}/codes"), &json!({ "minutes": 5 }))
            }
            "POST /hq/v1/quotes" => told(
                "/hq/v1/quotes",
                &json!({
                    "lines": [{ "sku": "S0000", "quantity_milli": 2_000 }],
                    "occasion": { "store": "SH001" },
                    "tenders": [{ "kind": "cash", "amount_minor": 5_000 }],
                }),
            ),
            "PUT /hq/v1/rules" => {
                told("/hq/v1/rules", &json!({ "set": promotions, "note": "双十一" }))
            }
            "POST /hq/v1/rules/checks" => {
                told("/hq/v1/rules/checks", &json!({ "set": promotions }))
            }
            _ => return self.of_settings(name, n).await,
        })
    }

    async fn of_settings(&self, name: &str, n: u32) -> Option<(String, Right)> {
        let settings = json!({
            "settings": {
                "portal": { "coupon_rule": "two", "coupon_days": 3 },
                "receipt": { "head_lines": ["南京西路 1000 号"] },
                "tender": { "cash_rounding": "yuan_up" },
            },
            "note": "试一下",
        });
        Some(match name {
            "PUT /hq/v1/groups/{key}" => {
                let group = json!({ "name": "北区", "rank": 1 + n % 1_000, "stores": ["SH001"] });
                told("/hq/v1/groups/north", &group)
            }
            "DELETE /hq/v1/groups/{key}" => {
                let path = format!("/hq/v1/groups/g{n}");
                // One that a bent wish does not end stays; its stores would be in too many.
                let body = json!({ "name": "北区", "rank": 1, "stores": [] }).to_string();
                let put = ("PUT", path.as_str());
                let made = self.edge.town.hq_send(&self.hq, put, Some("*"), body).await;
                assert_eq!(made.status, 200, "{:?}", made.json());
                (path, Right::Nothing)
            }
            "PUT /hq/v1/groups/{key}/settings" => told("/hq/v1/groups/north/settings", &settings),
            "POST /hq/v1/pictures" => {
                // As much of a picture as is looked at, and all of it text.
                let picture = format!("RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x07\0\0\x07\0\0{n}");
                ("/hq/v1/pictures?name=x".into(), Right::Table(picture))
            }
            "DELETE /hq/v1/pictures/{picture}" => {
                let picture = format!("RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x07\0\0\x07\0\0-{n}");
                let digest = Hash::of(picture.as_bytes());
                let post = ("POST", "/hq/v1/pictures?name=y");
                let made = self.edge.town.hq_send(&self.hq, post, None, picture).await;
                assert_eq!(made.status, 200, "{:?}", made.json());
                (format!("/hq/v1/pictures/{digest}"), Right::Nothing)
            }
            "POST /hq/v1/groups/{key}/commands" | "POST /hq/v1/stores/{code}/commands" => {
                // What it was told before is over, so that more can be told.
                let path = "/hq/v1/stores/SH001/commands";
                let given: Vec<serde_json::Value> = self.edge.town.hq(&self.hq, path).await.read();
                let over = |one: &serde_json::Value| OutcomeV1 {
                    id: one["id"].as_str().unwrap().parse().unwrap(),
                    outcome: "done".into(),
                    detail: String::new(),
                };
                let told_of = OutcomesV1 { outcomes: given.iter().take(20).map(over).collect() };
                let body = serde_json::to_vec(&told_of).unwrap();
                self.edge.call("POST", path::COMMANDS, &body).await;
                let to = if name.contains("groups") { "groups/north" } else { "stores/SH001" };
                let wish = json!({ "command": "look-again", "minutes": 5 });
                told(&format!("/hq/v1/{to}/commands"), &wish)
            }
            "POST /hq/v1/stores/{code}/settings/preview" => told(
                "/hq/v1/stores/SH001/settings/preview",
                &json!({ "target": "all", "settings": settings["settings"] }),
            ),
            "PUT /hq/v1/settings" => told("/hq/v1/settings", &settings),
            "PUT /hq/v1/stores/{code}/settings" => told("/hq/v1/stores/SH001/settings", &settings),
            _ => return None,
        })
    }
}

/// A day of which nothing is held.
fn day() -> BusinessDate {
    "2026-11-01".parse().unwrap()
}

pub(crate) fn told(path: &str, body: &impl Serialize) -> (String, Right) {
    (path.to_owned(), Right::Json(serde_json::to_value(body).unwrap()))
}
