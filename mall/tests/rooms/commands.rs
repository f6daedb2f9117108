//! Commands of HQ: given, fetched signed, told of once.

use serde_json::{Value, json};
use sync::{
    command::{Command, CommandsV1, NotRun, OutcomeV1, OutcomesV1},
    path,
    wire::SettingsHeldV1,
};

use crate::town::{Edge, Town};

const COMMANDS: &str = "/hq/v1/stores/SH001/commands";

async fn token(town: &Town) -> String {
    let answer = town.cli_json("staff add hq --may-save-settings").await;
    answer["token"].as_str().unwrap().to_owned()
}

async fn give(town: &Town, token: &str, command: &str, minutes: i64) -> u16 {
    let body = json!({ "command": command, "minutes": minutes }).to_string();
    town.hq_send(token, ("POST", COMMANDS), None, body).await.status.as_u16()
}

async fn open(edge: &Edge<'_>) -> CommandsV1 {
    edge.get(path::COMMANDS).await.read()
}

async fn tell(edge: &Edge<'_>, id: uuid::Uuid, outcome: &str) {
    let outcome = OutcomeV1 { id, outcome: outcome.to_owned(), detail: "x".repeat(20_000) };
    let body = serde_json::to_vec(&OutcomesV1 { outcomes: vec![outcome] }).unwrap();
    assert_eq!(edge.call("POST", path::COMMANDS, &body).await.status, 200);
}

#[tokio::test]
async fn a_command_is_fetched_signed_by_its_store_alone_until_it_is_told_or_over() {
    let town = Town::new().await;
    let (edge, other) = (town.edge("SH001").await, town.edge("SH002").await);
    let token = token(&town).await;
    assert_eq!(give(&town, &token, "look-again", 5).await, 200);
    assert_eq!(give(&town, &token, "restart", 60).await, 200);
    let commands = open(&edge).await.commands;
    let words: Vec<&str> = commands.iter().map(|command| command.word.as_str()).collect();
    assert_eq!(words, ["look-again", "restart"]);
    let held: SettingsHeldV1 = edge.get(path::SETTINGS).await.read();
    let here = "SH001".parse().unwrap();
    let believed = commands[0].believe(&held.keys, &here, town.now());
    assert_eq!(believed, Ok(Command::LookAgain));
    assert!(open(&other).await.commands.is_empty());
    // Another store says nothing of it; what its own says first counts.
    tell(&other, commands[1].id, "done").await;
    assert_eq!(open(&edge).await.commands.len(), 2);
    tell(&edge, commands[1].id, "done").await;
    tell(&edge, commands[1].id, "failed").await;
    let listed: Vec<Value> = town.hq(&token, COMMANDS).await.read();
    assert_eq!((&listed[0]["word"], &listed[0]["state"]), (&json!("restart"), &json!("done")));
    assert_eq!(listed[0]["detail"].as_str().unwrap().len(), 16 * 1_024);
    assert_eq!(listed[1]["state"], "taken");
    // Its time goes by: it is offered no more, and a store that has it does not begin it.
    town.turn(301);
    assert!(open(&edge).await.commands.is_empty());
    assert_eq!(commands[0].believe(&held.keys, &here, town.now()), Err(NotRun::Expired));
    let listed: Vec<Value> = town.hq(&token, COMMANDS).await.read();
    assert_eq!(listed[1]["state"], "expired");
}

#[tokio::test]
async fn only_what_a_store_can_do_is_given_by_who_may_and_not_too_much() {
    let town = Town::new().await;
    let _edge = town.edge("SH001").await;
    let token = token(&town).await;
    for (command, minutes) in [("rm", 5), ("", 5), ("restart", 0), ("restart", 10_081)] {
        assert_eq!(give(&town, &token, command, minutes).await, 400, "{command} {minutes}");
    }
    let nowhere = ("POST", "/hq/v1/stores/XX/commands");
    let body = json!({ "command": "restart" }).to_string();
    town.hq_send(&token, nowhere, None, body).await.is_problem(404, "not-found");
    let reader = town.cli_json("staff add reader").await["token"].as_str().unwrap().to_owned();
    assert_eq!(give(&town, &reader, "restart", 5).await, 403);
    assert_eq!(town.rows("select count(*) from command"), ["0"]);
    for _ in 0..20 {
        assert_eq!(give(&town, &token, "look-again", 5).await, 200);
    }
    assert_eq!(give(&town, &token, "look-again", 5).await, 400);
    town.turn(301);
    let said = town.cli("command give restart --store SH001").await;
    assert_eq!(said, "command 21 to SH001: restart\n");
    assert!(town.cli("command list --store SH001").await.contains("waiting"));
    assert!(town.try_cli("command give rm --store SH001").await.is_err());
}
