//! Coupons and vouchers of other houses: spent once, given back when nobody wants them any more.

use domain::{
    id::OrderId,
    redemption::{IssuerName, RedemptionState},
};
use serde_json::json;
use sync::{
    path,
    wire::{LookUpV1, RedemptionV1, UseV1},
};

use crate::{
    payments::post,
    street::{self, Act, Street, after_start, id, until, written},
    town::{Answer, Edge, Town},
};

/// What a shopper's phone shows; of it only the last signs may be seen again.
const LINK: &str = "https://v.douyin.com/eHHc1ft/";

fn order(number: u128) -> OrderId {
    id(1_000_000 + number)
}

pub(crate) fn question(number: u128) -> LookUpV1 {
    LookUpV1 {
        id: id(number),
        order: order(number),
        workstation: 1,
        issuer: IssuerName::Douyin,
        otherwise: None,
        presented: LINK.into(),
    }
}

async fn look_up(edge: &Edge<'_>, number: u128) -> RedemptionV1 {
    post(edge, path::REDEMPTIONS, &question(number)).await.read()
}

pub(crate) async fn try_redeem(edge: &Edge<'_>, number: u128, count: u32) -> Answer {
    post(edge, &path::redemption_use(id(number)), &UseV1 { offer: 0, count }).await
}

async fn redeem(edge: &Edge<'_>, number: u128) -> RedemptionState {
    try_redeem(edge, number, 1).await.read::<RedemptionV1>().state
}

async fn look(edge: &Edge<'_>, number: u128) -> RedemptionState {
    edge.get(&path::redemption(id(number))).await.read::<RedemptionV1>().state
}

async fn give_back(edge: &Edge<'_>, number: u128) -> RedemptionState {
    let answer = edge.call("POST", &path::redemption_reversal(id(number)), b"{}").await;
    answer.read::<RedemptionV1>().state
}

fn n_spent(street: &Street) -> u32 {
    street.book().n_spent.get(LINK).copied().unwrap_or(0)
}

fn is_used(street: &Street) -> bool {
    street.book().used.contains_key(LINK)
}

#[tokio::test]
async fn looking_up_uses_nothing_and_tells_no_secret() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    let answer = post(&edge, path::REDEMPTIONS, &question(1)).await;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let told: RedemptionV1 = answer.read();
    assert_eq!((told.state, told.code_tail.as_str()), (RedemptionState::LookedUp, "c1ft"));
    assert_eq!((told.offers.len(), told.offers[0].count), (1, 2));
    assert!(!text.contains("token") && !text.contains("v.douyin.com"), "{text}");
    assert_eq!(n_spent(&street), 0);
    // Looking up again would make the first token void.
    assert_eq!(look_up(&edge, 1).await, told);
    assert_eq!(street.book().heard, ["look-up "]);
    let other = LookUpV1 { order: order(9), ..question(1) };
    post(&edge, path::REDEMPTIONS, &other).await.is_problem(409, "id-taken");
    town.stop().await;
}

#[tokio::test]
async fn what_is_not_known_is_refused_and_who_is_silent_may_be_asked_again() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    street.will(&[Act::Silence, Act::No]);
    post(&edge, path::REDEMPTIONS, &question(1)).await.is_problem(503, "house-silent");
    edge.get(&path::redemption(id(1))).await.is_problem(404, "not-found");
    let told = look_up(&edge, 1).await;
    assert_eq!(
        (told.state, told.refusal.as_deref()),
        (RedemptionState::Refused, Some("not-found"))
    );
    assert_eq!(redeem(&edge, 1).await, RedemptionState::Refused);
    for presented in ["", "  ", "a\u{7}b", &"x".repeat(1_025)] {
        let body = LookUpV1 { presented: presented.into(), ..question(2) };
        post(&edge, path::REDEMPTIONS, &body).await.is_problem(400, "malformed");
    }
    town.stop().await;
}

#[tokio::test]
async fn digits_that_the_first_house_does_not_know_are_looked_up_at_the_other() {
    use RedemptionState::{LookedUp, Refused};
    let (douyin, wechat) = (IssuerName::Douyin, IssuerName::Wechat);
    // What each house does; whose it is then, where it stands, and how many were asked.
    let table: [(&[Act], _, _, _); 3] = [
        (&[Act::Yes], douyin, LookedUp, 1),
        (&[Act::No, Act::Yes], wechat, LookedUp, 2),
        (&[Act::No, Act::No], douyin, Refused, 2),
    ];
    for (acts, issuer, state, n_asked) in table {
        let (town, street) = street::town().await;
        let edge = town.edge("SH001").await;
        street.will(acts);
        let presented = "123446565767".to_owned();
        let digits = LookUpV1 { otherwise: Some(wechat), presented, ..question(1) };
        let told: RedemptionV1 = post(&edge, path::REDEMPTIONS, &digits).await.read();
        assert_eq!((told.issuer, told.state), (issuer, state), "{acts:?}");
        assert_eq!(told.refusal.as_deref(), (state == Refused).then_some("not-found"));
        // The same again asks nobody again.
        let again: RedemptionV1 = post(&edge, path::REDEMPTIONS, &digits).await.read();
        assert_eq!((again, street.book().heard.len()), (told, n_asked), "{acts:?}");
        town.stop().await;
    }
}

#[tokio::test]
async fn a_house_that_is_silent_about_digits_leaves_both_to_be_asked_again() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    let digits = LookUpV1 { otherwise: Some(IssuerName::Wechat), ..question(1) };
    for acts in [&[Act::Silence][..], &[Act::No, Act::Silence]] {
        street.will(acts);
        post(&edge, path::REDEMPTIONS, &digits).await.is_problem(503, "house-silent");
        edge.get(&path::redemption(id(1))).await.is_problem(404, "not-found");
    }
    street.will(&[Act::No, Act::Yes]);
    let told: RedemptionV1 = post(&edge, path::REDEMPTIONS, &digits).await.read();
    assert_eq!((told.issuer, told.state), (IssuerName::Wechat, RedemptionState::LookedUp));
    town.stop().await;
}

#[tokio::test]
async fn a_voucher_is_used_once_however_often_it_is_asked_for() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    look_up(&edge, 1).await;
    for count in [0, 3] {
        try_redeem(&edge, 1, count).await.is_problem(400, "malformed");
    }
    let told: RedemptionV1 = try_redeem(&edge, 1, 1).await.read();
    assert_eq!(told.state, RedemptionState::Redeemed);
    assert_eq!(told.reversible_until, Some(after_start(3_600_000)));
    assert_eq!(redeem(&edge, 1).await, RedemptionState::Redeemed);
    try_redeem(&edge, 1, 2).await.is_problem(409, "id-taken");
    assert_eq!((n_spent(&street), street.book().n_heard("redeem", &written(1))), (1, 1));
    // Another look-up of the same voucher is another question: its house says no.
    look_up(&edge, 2).await;
    assert_eq!(redeem(&edge, 2).await, RedemptionState::Refused);
    assert_eq!(town.rows("select held from redemption where state = 'refused'"), [""]);
    town.stop().await;
}

#[tokio::test]
async fn silence_is_asked_again_until_it_is_known() {
    // What becomes of the first wish, whether its house can tell where it stands; wishes it hears.
    let table = [
        (Act::CutAfter, false, 1),
        (Act::CutAfter, true, 2),
        (Act::Silence, false, 2),
        (Act::Silence, true, 2),
    ];
    for (act, is_mute, n_wishes) in table {
        let (town, street) = street::town().await;
        let edge = town.edge("SH001").await;
        street.book().is_mute = is_mute;
        street.will(&[Act::Yes, act.clone()]);
        look_up(&edge, 1).await;
        assert_eq!(redeem(&edge, 1).await, RedemptionState::Pending, "{act:?}");
        // Too soon to ask again.
        assert_eq!(redeem(&edge, 1).await, RedemptionState::Pending, "{act:?}");
        town.turn(6);
        until("it is known", || town.rows("select state from redemption") == ["redeemed"]).await;
        assert_eq!(n_spent(&street), 1, "{act:?} {is_mute}");
        assert_eq!(street.book().n_heard("redeem", &written(1)), n_wishes, "{act:?} {is_mute}");
        town.stop().await;
    }
}

#[tokio::test]
async fn what_nobody_wants_any_more_is_given_back_also_when_its_yes_comes_late() {
    // What becomes of the wish; then it is taken off. Whether its house can tell where it stands.
    for (act, is_mute) in [
        (Act::Yes, false),
        (Act::Yes, true),
        (Act::CutAfter, false),
        (Act::CutAfter, true),
        (Act::Silence, false),
        (Act::Silence, true),
    ] {
        let (town, street) = street::town().await;
        let edge = town.edge("SH001").await;
        street.book().is_mute = is_mute;
        street.will(&[Act::Yes, act.clone()]);
        look_up(&edge, 1).await;
        redeem(&edge, 1).await;
        town.turn(2);
        give_back(&edge, 1).await;
        for _ in 0..3 {
            town.turn(61);
            look(&edge, 1).await;
        }
        assert_eq!(give_back(&edge, 1).await, RedemptionState::Reversed, "{act:?} {is_mute}");
        assert!(!is_used(&street), "{act:?} {is_mute}");
        assert!(n_spent(&street) <= 1);
        assert_eq!(redeem(&edge, 1).await, RedemptionState::Reversed, "never used after that");
        assert_eq!(town.rows("select held from redemption"), [""]);
        town.stop().await;
    }
}

#[tokio::test]
async fn what_another_question_used_is_neither_given_back_nor_paid_with_twice() {
    // Whether the first one is taken off; where it then stands.
    let table = [(true, RedemptionState::Reversed), (false, RedemptionState::Refused)];
    for (is_taken_off, expected) in table {
        let (town, street) = street::town().await;
        let edge = town.edge("SH001").await;
        street.book().is_vague = true;
        street.will(&[Act::Yes, Act::Silence]);
        look_up(&edge, 1).await;
        assert_eq!(redeem(&edge, 1).await, RedemptionState::Pending);
        town.turn(1);
        if is_taken_off {
            // Its house does not know of it, and the wish may still come in.
            assert_eq!(give_back(&edge, 1).await, RedemptionState::Reversing);
        }
        // The same code again, for another order.
        look_up(&edge, 2).await;
        assert_eq!(redeem(&edge, 2).await, RedemptionState::Redeemed);
        town.turn(6);
        until("the first is decided", || {
            let states = town.rows("select state from redemption order by id");
            states == [expected.word(), "redeemed"]
        })
        .await;
        assert!(is_used(&street), "it is the second one's");
        assert_eq!((n_spent(&street), street.book().n_heard("give-back", &written(1))), (1, 0));
        assert_eq!(give_back(&edge, 2).await, RedemptionState::Reversed);
        assert!(!is_used(&street));
        town.stop().await;
    }
}

#[tokio::test]
async fn what_can_no_more_be_given_back_is_no_secret_any_more_and_what_was_not_used_is_deleted() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    look_up(&edge, 1).await;
    redeem(&edge, 1).await;
    street.will(&[Act::No]);
    look_up(&edge, 2).await;
    town.turn(3_600);
    assert_eq!(town.rows("select held <> '' from redemption where state = 'redeemed'"), ["1"]);
    town.turn(200);
    until("no secret is held", || {
        town.rows("select held <> '' from redemption where state = 'redeemed'") == ["0"]
    })
    .await;
    assert_eq!(look(&edge, 2).await, RedemptionState::Refused);
    town.turn(31 * 86_400);
    until("the look-up is gone", || town.rows("select state from redemption") == ["redeemed"])
        .await;
    town.stop().await;
}

#[tokio::test]
async fn a_wish_that_is_on_its_way_for_long_is_not_forgotten() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    street.will(&[Act::Yes, Act::OnItsWay]);
    look_up(&edge, 1).await;
    redeem(&edge, 1).await;
    town.turn(2);
    assert_eq!(give_back(&edge, 1).await, RedemptionState::Reversing);
    town.turn(30);
    assert_eq!(look(&edge, 1).await, RedemptionState::Reversing, "not used, but it may come late");
    street.arrive();
    assert!(is_used(&street));
    town.turn(30);
    assert_eq!(look(&edge, 1).await, RedemptionState::Reversed);
    assert!(!is_used(&street));
    town.stop().await;
}

#[tokio::test]
async fn what_its_house_does_not_take_back_is_kept_and_told_to_people() {
    let (town, street) = street::town().await;
    let edge = town.edge("SH001").await;
    look_up(&edge, 1).await;
    redeem(&edge, 1).await;
    town.turn(4_000);
    street.will(&[Act::Silence, Act::No]);
    assert_eq!(give_back(&edge, 1).await, RedemptionState::Reversing);
    town.turn(2);
    let told: RedemptionV1 = edge.get(&path::redemption(id(1))).await.read();
    assert_eq!((told.state, told.refusal.as_deref()), (RedemptionState::Kept, Some("too_late")));
    assert_eq!(
        town.cli_json("redemptions list --state kept").await["redemptions"][0]["refusal"],
        "too_late"
    );
    town.stop().await;
}

#[tokio::test]
async fn what_was_only_looked_up_is_let_go_of_after_a_day() {
    let (town, _) = street::town().await;
    let edge = town.edge("SH001").await;
    look_up(&edge, 1).await;
    look_up(&edge, 2).await;
    assert_eq!(give_back(&edge, 2).await, RedemptionState::Reversed);
    town.turn(86_401);
    until("nothing is held", || {
        town.rows("select state || held from redemption") == ["reversed", "reversed"]
    })
    .await;
    assert_eq!(redeem(&edge, 1).await, RedemptionState::Reversed);
    town.stop().await;
}

#[tokio::test]
async fn a_store_hears_nothing_of_another_stores_redemptions() {
    let (town, street) = street::town().await;
    let (mine, other) = (town.edge("SH001").await, town.edge("SH002").await);
    look_up(&mine, 1).await;
    let heard = street.book().heard.len();
    other.get(&path::redemption(id(1))).await.is_problem(404, "not-found");
    try_redeem(&other, 1, 1).await.is_problem(404, "not-found");
    let reversal = path::redemption_reversal(id(1));
    other.call("POST", &reversal, b"{}").await.is_problem(404, "not-found");
    post(&other, path::REDEMPTIONS, &question(1)).await.is_problem(409, "id-taken");
    assert_eq!(street.book().heard.len(), heard);
    town.stop().await;
}

#[tokio::test]
async fn a_mall_without_accounts_refuses_with_a_word() {
    let town = Town::new().await;
    let edge = town.edge("SH001").await;
    let told = look_up(&edge, 1).await;
    assert_eq!(
        (told.state, told.refusal.as_deref()),
        (RedemptionState::Refused, Some("not-set-up"))
    );
    town.stop().await;
}

#[tokio::test]
async fn hq_reads_redemptions_in_pages_with_the_end_of_their_codes() {
    let (town, _) = street::town().await;
    let edge = town.edge("SH001").await;
    let token = town.staff().await;
    for number in 1..=3 {
        look_up(&edge, number).await;
        town.turn(1);
    }
    redeem(&edge, 2).await;
    let answer = town.hq(&token, "/hq/v1/redemptions?store=SH001&limit=2").await;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(!text.contains("token") && !text.contains("v.douyin.com"), "{text}");
    let page = answer.json();
    let used = &page["redemptions"][1];
    assert_eq!((&used["state"], &used["n_used"]), (&json!("redeemed"), &json!(1)));
    assert_eq!((&used["code_tail"], &used["title"]), (&json!("c1ft"), &json!("50 元代金券")));
    assert_eq!(used["worth"], json!({ "amount": 5_000, "currency": "CNY" }));
    let next = format!("/hq/v1/redemptions?after={}", page["next"].as_str().unwrap());
    let rest = town.hq(&token, &next).await.json();
    assert_eq!((rest["redemptions"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
    town.hq(&token, "/hq/v1/redemptions?store=SH999").await.is_problem(404, "not-found");
    let table = town.cli("redemptions list --state redeemed").await;
    assert!(table.contains("douyin  redeemed  …c1ft     1  50 元代金券"), "{table}");
    town.stop().await;
}
