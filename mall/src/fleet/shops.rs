//! Tokens of online shops: they place orders, and read and cancel their own.
//!
//! **Invariant:** a token is told once; kept is its hash. It opens nothing of HQ's.

use sync::chain::{Hash, hex};

use super::staff::{StaffError, checked_name};
use crate::{
    context::Context,
    db::{self, DbError, shops},
};

/// What a token begins with, so that a search for leaked secrets finds it.
const PREFIX: &str = "guitai_shop_";

/// Makes a token for a shop; the answer is the only time it is told.
pub(crate) async fn add_shop(context: &Context, name: &str) -> Result<String, StaffError> {
    let doing = "keep a shop's token";
    let name = checked_name(name)?;
    let token = format!("{PREFIX}{}", hex(&context.secret::<32>()?));
    let mut tx = context.db().write(doing).await?;
    let hash = Hash::of(token.as_bytes());
    if !shops::insert(&mut tx, hash, name, context.now()).await? {
        return Err(StaffError::Taken(name.to_owned()));
    }
    db::commit(tx, doing).await?;
    Ok(token)
}

/// Ends a shop's token.
pub(crate) async fn revoke_shop(context: &Context, name: &str) -> Result<(), StaffError> {
    let doing = "revoke a shop's token";
    let mut tx = context.db().write(doing).await?;
    if !shops::revoke(&mut tx, name, context.now()).await? {
        return Err(StaffError::Unknown(name.to_owned()));
    }
    Ok(db::commit(tx, doing).await?)
}

/// Whose token it is; `None` for no shop's, or one that was ended.
pub(crate) async fn shop_of(context: &Context, token: &str) -> Result<Option<String>, DbError> {
    let mut tx = context.db().read("read a shop's token").await?;
    shops::by_token(&mut tx, Hash::of(token.as_bytes())).await
}
