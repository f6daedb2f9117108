//! Guests of stores' Wi-Fi, and until when each has a coupon for coming.
//!
//! **Invariant:** a guest of a store has one at a time, whoever asks at the same moment.

use sync::replica::StoreId;
use uuid::Uuid;

use super::{Conn, DbError, damaged, sql};

/// Gives a guest a coupon, unless they have one that is good at `now_s`; the answer is the check-in
/// that theirs was given for.
pub(crate) async fn put(
    tx: &mut Conn,
    (store, guest): (StoreId, &str),
    id: Uuid,
    (now_s, until_s): (u32, u32),
) -> Result<Uuid, DbError> {
    let doing = "write a check-in";
    sqlx::query(
        "insert into check_in (store_id, guest, id, until_s) values ($1, $2, $3, $4)
         on conflict (store_id, guest) do update set id = excluded.id, until_s = excluded.until_s
         where check_in.until_s <= $5",
    )
    .bind(store.0)
    .bind(guest)
    .bind(id.to_string())
    .bind(i64::from(until_s))
    .bind(i64::from(now_s))
    .execute(&mut *tx)
    .await
    .map_err(sql(doing))?;
    let (held,): (String,) =
        sqlx::query_as("select id from check_in where store_id = $1 and guest = $2")
            .bind(store.0)
            .bind(guest)
            .fetch_one(tx)
            .await
            .map_err(sql(doing))?;
    held.parse().map_err(|_| damaged(doing))
}
