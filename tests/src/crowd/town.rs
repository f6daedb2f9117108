//! A chain of many stores, settled at once: their rows are written beside the first one's, and each then
//! takes its place as a real one does, with a claim code and a key of its own.

use anyhow::{Context as _, Result, bail, ensure};
use domain::id::EdgeId;
use reqwest::Client;
use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;
use serde_json::json;
use sync::{chain::Hash, path, signature};
use tokio::task::JoinSet;

use crate::{mall_process::MallProcess, postgres::Postgres};

/// The number in the first store's code.
const FIRST: u32 = 10_001;
/// Rows in one statement.
const ROWS: usize = 200;
/// Stores that take their places at the same moment: the mall counts tries that are under way, too.
const AT_ONCE: usize = 4;

/// A store that has its place.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Its code.
    pub code: String,
    /// Its node.
    pub edge: EdgeId,
    /// Its key in PKCS#8.
    pub key: Vec<u8>,
    /// The life it was given.
    pub epoch: u32,
}

/// The code of a store, from 0.
#[must_use]
pub fn code(number: u32) -> String {
    format!("C{}", FIRST + number)
}

/// What is written straight into a mall's database.
fn write(mall: &MallProcess, server: Option<&Postgres>, sql: &str) -> Result<()> {
    if let Some(server) = server {
        return server.rows("postgres", sql).map(|_| ());
    }
    let file = mall.data().join("mall.db");
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch("pragma busy_timeout = 60000")?;
    connection.execute_batch(sql).context("could not write stores")
}

fn claim(number: u32) -> String {
    format!("{:08}", 20_000_000 + number)
}

/// Settles so many stores.
///
/// # Errors
/// When a step is not done.
pub async fn settle(
    mall: &MallProcess,
    server: Option<&Postgres>,
    client: &Client,
    n: u32,
) -> Result<Vec<Settled>> {
    let first = code(0);
    mall.order(&["store", "add", "--code", &first, "--name", "示范店"]).await?;
    let others = format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i + 1 < {n})
         insert into store (store_id, code, body, version, created_at)
         select s.store_id + n.i, 'C' || ({FIRST} + n.i),
                replace(s.body, '{first}', 'C' || ({FIRST} + n.i)), s.version, s.created_at
         from n, store s where s.code = '{first}'"
    );
    if n > 1 {
        write(mall, server, &others)?;
    }
    let numbers: Vec<u32> = (0..n).collect();
    for some in numbers.chunks(ROWS) {
        let row = |number: &u32| {
            let hash = Hash::of(claim(*number).as_bytes());
            format!(
                "('{hash}', (select store_id from store where code = '{}'), {}, 0, '')",
                code(*number),
                i64::MAX
            )
        };
        let rows: Vec<String> = some.iter().map(row).collect();
        let insert = "insert into claim (code_hash, store_id, expires_at, used_at, edge_id) values";
        write(mall, server, &format!("{insert} {}", rows.join(", ")))?;
    }
    let (mut settled, mut tasks) = (Vec::new(), JoinSet::new());
    for number in numbers {
        while tasks.len() >= AT_ONCE {
            settled.push(joined(tasks.join_next().await)?);
        }
        tasks.spawn(enrol(client.clone(), mall.url(), number));
    }
    while !tasks.is_empty() {
        settled.push(joined(tasks.join_next().await)?);
    }
    settled.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(settled)
}

fn joined(done: Option<Result<Result<Settled>, tokio::task::JoinError>>) -> Result<Settled> {
    done.context("nobody enrols")?.context("an enrolment fell over")?
}

async fn enrol(client: Client, url: String, number: u32) -> Result<Settled> {
    #[derive(Deserialize)]
    struct Enrolled {
        edge: EdgeId,
        store_code: String,
        epoch: u32,
    }
    let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
    let Ok(made) = made else { bail!("the machine gives no random numbers") };
    let key = made.as_ref().to_vec();
    let wish = json!({ "claim_code": claim(number), "public_key": signature::public_key(&key)? });
    let request = client.post(format!("{url}{}", path::ENROLMENTS));
    let request = request.header("content-type", "application/json").body(wish.to_string());
    let answer = request.send().await.context("nobody answers an enrolment")?;
    let status = answer.status();
    let text = answer.text().await.context("half an answer")?;
    ensure!(status.is_success(), "store {number} was not enrolled: {status} {text}");
    let Enrolled { edge, store_code, epoch } =
        serde_json::from_str(&text).context("not an enrolment")?;
    Ok(Settled { code: store_code, edge, key, epoch })
}
