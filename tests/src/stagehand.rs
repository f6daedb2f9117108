//! The stagehand: does for a command on the stage what happens outside the store, which a browser
//! cannot do: orders of an online shop, and what the cable to the mall is like.
//!
//! | request | does |
//! | --- | --- |
//! | `POST /orders` `{number, unpaid}` | places an order; tells id, number, code, token, and the code of each piece |
//! | `GET /orders/{id}` | where the mall says that it stands |
//! | `PUT /cable` `{weather}` | `fair`, `cut`, or `half`: the mall hears, and its answer is cut off |
//!
//! **Invariant:** it is never reached from a page of another origin: what changes something is JSON,
//! which another page may not send.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post, put},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

use crate::{
    cable::{Cable, Weather},
    catalog::Listed,
    shop::Shop,
    store::{CODE, Store},
};

/// So many of each of the shop's goods are counted in the store.
const ON_HAND: u32 = 30;
/// An answer that is cut off here says nothing: the beginning of its first line.
const HALF_BYTES: usize = 9;

/// Somebody behind the stage, until they are dropped.
#[derive(Debug)]
pub struct Stagehand {
    url: String,
    listening: JoinHandle<()>,
}

#[derive(Debug)]
struct Hands {
    cable: Cable,
    shop: Shop,
    goods: Vec<Listed>,
}

impl Stagehand {
    /// Lays a cable between a store and its mall, opens an online shop that sells these goods from
    /// the store, and counts them there. The node is started anew.
    ///
    /// # Errors
    /// When a step is not done.
    pub async fn hire(store: &mut Store, goods: Vec<Listed>) -> Result<Self> {
        let cable = Cable::lay(store.mall.port()).await?;
        store.edge.stop().await?;
        store.reboot_with(|boot| boot.mall_url = cable.url())?;
        store.edge.start().await?;
        let rows: String = goods.iter().map(|item| format!("{},{ON_HAND}\n", item.sku)).collect();
        let file = store.mall.data().join("count-of-the-shop.csv");
        std::fs::write(&file, format!("sku,on_hand\n{rows}")).context("could not write a count")?;
        let file = file.to_str().context("the path of the count is no text")?;
        store.mall.order(&["stock", "count", "--store", CODE, file]).await?;
        let shop = Shop::open(&store.mall, "小程序").await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port")?;
        let port = listener.local_addr().context("a port without a number")?.port();
        let router = Router::new()
            .route("/orders", post(place))
            .route("/orders/{id}", get(show))
            .route("/cable", put(turn))
            .with_state(Arc::new(Hands { cable, shop, goods }));
        let listening = tokio::spawn(async move {
            // It ends with its task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url: format!("http://127.0.0.1:{port}"), listening })
    }

    /// Where to ask.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Stagehand {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

#[derive(Debug, Deserialize)]
struct Wish {
    number: String,
    /// Only set aside: paid at the till.
    #[serde(default)]
    unpaid: bool,
}

async fn place(State(hands): State<Arc<Hands>>, Json(wish): Json<Wish>) -> Response {
    told(hands.place(&wish).await)
}

async fn show(State(hands): State<Arc<Hands>>, Path(id): Path<Uuid>) -> Response {
    told(hands.shop.show(id).await.map(|placed| json!({ "state": placed.state })))
}

#[derive(Debug, Deserialize)]
struct Turn {
    weather: Forecast,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Forecast {
    Fair,
    Cut,
    Half,
}

async fn turn(State(hands): State<Arc<Hands>>, Json(turn): Json<Turn>) -> StatusCode {
    hands.cable.turn(match turn.weather {
        Forecast::Fair => Weather::Fair,
        Forecast::Cut => Weather::Cut,
        Forecast::Half => Weather::HalfAnswers(HALF_BYTES),
    });
    StatusCode::NO_CONTENT
}

impl Hands {
    async fn place(&self, wish: &Wish) -> Result<Value> {
        let items: Vec<&Listed> = self.goods.iter().collect();
        let mut order = self.shop.write(&wish.number, &items).await?;
        if wish.unpaid {
            order.as_object_mut().context("an order is an object")?.remove("paid");
        }
        let placed = self.shop.place(&order).await?;
        // As the shop writes it: two of the first, one of each other.
        let first = items.first().map(|item| &item.barcode);
        let pieces: Vec<&String> =
            first.into_iter().chain(items.iter().map(|item| &item.barcode)).collect();
        Ok(json!({
            "id": placed.id, "number": placed.number, "code": placed.code,
            "token": placed.token, "total": placed.total_minor, "pieces": pieces,
        }))
    }
}

fn told(done: Result<Value>) -> Response {
    done.map_or_else(
        |error| (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
        |value| Json(value).into_response(),
    )
}
