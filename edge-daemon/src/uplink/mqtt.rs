//! The line to the MQTT broker: settings and bells in, reports and presence out.
//!
//! It keeps the newest envelope for `settings`, nudges whoever follows a feed that a bell names, and
//! says again what this store is whenever the line comes up.
//!
//! **Invariant:** it decides nothing, and nothing waits for it: every envelope and every feed is also
//! asked for over HTTPS. No order, payment or right ever passes.

use std::sync::Arc;

use broker::{Account, Line, Message, Password, Told, Wish};
use sync::{
    command,
    replica::Scope,
    topic::Topic,
    wire::{BellV1, PresenceV1},
};

use crate::{
    Chain,
    config::MqttConfig,
    context::{Context, random},
    db::node::Node,
    devices::Tasks,
    settings,
};

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
#[error("could not read the broker's password in {}", path.display())]
pub(crate) struct NoPassword {
    path: std::path::PathBuf,
    #[source]
    source: std::io::Error,
}

/// What this store's line shall be.
pub(crate) fn wish(
    context: &Context,
    config: &MqttConfig,
    node: &Node,
) -> Result<Wish, NoPassword> {
    let account = match &config.password_file {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| NoPassword { path: path.clone(), source })?;
            let user = config.user.clone().unwrap_or_else(|| node.store_code.to_string());
            Some(Account { user, password: Password(text.trim().to_owned()) })
        }
    };
    Ok(Wish {
        address: config.url.clone(),
        authority: config.ca_file.clone(),
        papers: (!config.has_account()).then(|| context.papers.clone()),
        account,
        client: node.edge.to_string(),
        topics: Topic::of_store(&node.store_code).iter().map(ToString::to_string).collect(),
        will: presence(context, node, false),
        farewell: presence(context, node, false),
    })
}

fn presence(context: &Context, node: &Node, is_online: bool) -> Option<Message> {
    let presence = PresenceV1 {
        edge: node.edge,
        boot: context.boot.to_string(),
        is_online,
        program: env!("CARGO_PKG_VERSION").to_owned(),
    };
    retained(&Topic::Presence(node.store_code.clone()), &presence)
}

fn retained(topic: &Topic, document: &impl serde::Serialize) -> Option<Message> {
    let payload = serde_json::to_vec(document).ok()?;
    Some(Message { topic: topic.to_string(), payload, is_retained: true })
}

/// Keeps the line until the daemon stops.
pub(crate) async fn run(context: Arc<Context>, node: Node, wish: Wish, tasks: Tasks) {
    let address = wish.address.clone();
    let dice = Box::new(|| u32::from_be_bytes(random()));
    let (line, mut hears, runner) = broker::open(wish, dice);
    tasks.tracker.spawn(runner.run(tasks.stop.clone()));
    let mut settings = context.settings.follow();
    line.listen(topics_of_groups(&context));
    let mut is_told = false;
    loop {
        let told = tokio::select! {
            () = tasks.stop.cancelled() => return,
            told = hears.recv() => told,
            changed = settings.changed() => {
                if changed.is_err() {
                    return;
                }
                line.listen(topics_of_groups(&context));
                say_report(&context, &node, &line).await;
                continue;
            }
        };
        match told {
            Some(Told::Up) => {
                tracing::info!(%address, "The broker answers");
                is_told = false;
                if let Some(online) = presence(&context, &node, true) {
                    line.publish(online).await;
                }
                say_report(&context, &node, &line).await;
            }
            Some(Told::Down(why)) => {
                if !is_told {
                    let error = Chain(&why);
                    tracing::warn!(%address, %error, "The broker does not answer; the mall is asked instead");
                }
                // Told once; the tries that follow say nothing new.
                is_told = true;
            }
            Some(Told::Message(message)) => hear(&context, message),
            None => return,
        }
    }
}

/// What this store listens to for the groups that it was told it is in.
fn topics_of_groups(context: &Context) -> Vec<String> {
    let in_force = context.settings.in_force();
    in_force.groups().iter().cloned().map(|group| Topic::of_group(group).to_string()).collect()
}

async fn say_report(context: &Context, node: &Node, line: &Line) {
    let report = settings::report_of(context, node);
    if let Some(message) = retained(&Topic::Reported(node.store_code.clone()), &report) {
        // While the line is down nobody hears it; it is said again when it is up.
        line.publish(message).await;
    }
}

fn hear(context: &Context, message: Message) {
    match message.topic.parse() {
        Ok(Topic::Desired(target)) => context.settings.arrive(&target, message.payload),
        Ok(Topic::Bell(_)) => ring(context, &message.payload),
        Ok(Topic::Reported(_) | Topic::Presence(_)) | Err(_) => {}
    }
}

/// Nudges whoever follows a feed that the bell names.
fn ring(context: &Context, payload: &[u8]) {
    let Ok(bell) = serde_json::from_slice::<BellV1>(payload) else { return };
    if bell.scopes.contains_key(command::BELL) {
        context.nudges.commands.give();
    }
    for scope in bell.scopes.keys().filter_map(|scope| scope.parse::<Scope>().ok()) {
        context.nudges.of(scope).give();
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
    use sync::{settings::Target, topic::Hearer};

    use super::*;
    use crate::test_store::TestStore;

    /// Bells of whatever feeds, settings that nobody signed, and bytes, under topics of all kinds.
    fn message() -> impl Strategy<Value = Message> {
        let topic = prop_oneof![
            Just("guitai/v1/all/bell".to_owned()),
            Just(Topic::Bell(Hearer::All).to_string()),
            Just(Topic::Desired(Target::All).to_string()),
            Just(Topic::Desired(Target::Store("S1".parse().unwrap())).to_string()),
            ".{0,60}",
        ];
        let scope = prop_oneof![Just("catalog".to_owned()), "store-[0-9]{1,20}", ".{0,30}"];
        let bell = proptest::collection::btree_map(scope, any::<i64>(), 0..20)
            .prop_map(|scopes| serde_json::to_vec(&BellV1 { scopes }).unwrap());
        let settings = (any::<i64>(), ".{0,200}").prop_map(|(n, text)| {
            let signed = serde_json::json!({
                "target": "all", "revision": n, "key": n, "body": text, "signature": text,
            });
            signed.to_string().into_bytes()
        });
        let payload = prop_oneof![bell, settings, vec(any::<u8>(), 0..500)];
        (topic, payload, any::<bool>()).prop_map(|(topic, payload, is_retained)| Message {
            topic,
            payload,
            is_retained,
        })
    }

    #[test]
    fn whatever_comes_through_the_broker_the_store_sells_on_as_it_did() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = runtime.block_on(TestStore::open(None));
        let before = store.context().settings.in_force();
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
        let heard = TestRunner::new(config).run(&message(), |message| {
            let _entered = runtime.enter();
            hear(store.context(), message);
            Ok(())
        });
        heard.unwrap();
        runtime.block_on(store.scan(1, "TEA"));
        assert_eq!(store.total(1), 1_200);
        assert_eq!(store.context().settings.in_force(), before);
    }

    #[test]
    fn a_message_says_its_target_by_its_topic() {
        let target = Target::Store("SH001".parse().unwrap());
        let topic = Topic::Desired(target.clone()).to_string();
        assert_eq!(topic.parse(), Ok(Topic::Desired(target)));
        let message = retained(&Topic::Bell(Hearer::All), &BellV1::default()).unwrap();
        assert!(message.is_retained && message.payload == br#"{"scopes":{}}"#);
    }
}
