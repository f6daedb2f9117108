//! Pictures that stores show: added by HQ, named by their content, fetched by stores.
//!
//! **Invariant:** what is kept was looked at; a picture that settings in force somewhere could name is
//! not removed.

use serde::Serialize;
use sync::{
    chain::Hash,
    picture::{self, NoPicture},
    wire::SettingsV1,
};
use tracing::info;
use utoipa::ToSchema;

use crate::{
    context::Context,
    db::{
        self, DbError,
        pictures::{self, PictureRow},
        settings,
    },
};

/// Pictures that are held: some seasons of playlists, at most half a gigabyte.
pub(crate) const PICTURES_HELD_MAX: i64 = 500;
/// Signs of a picture's name.
pub(crate) const PICTURE_NAME_CHARS_MAX: usize = 80;

/// Why a picture was not added, or not removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    /// It is none.
    #[error(transparent)]
    NoPicture(#[from] NoPicture),
    /// Too long, or not printable.
    #[error("a picture's name has 1 to {PICTURE_NAME_CHARS_MAX} printable signs")]
    Name,
    /// `PICTURES_HELD_MAX` are here.
    #[error("{PICTURES_HELD_MAX} pictures are held; remove some first")]
    TooMany,
    /// There is none of that name.
    #[error("there is no such picture")]
    Unknown,
    /// Settings that are desired name it.
    #[error("a playlist that is desired shows it")]
    Shown,
    /// The database refused.
    #[error("could not read or keep pictures")]
    Db(#[from] DbError),
}

/// A picture that is held.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Picture)]
pub(crate) struct PictureShape {
    /// Its SHA-256 in hexadecimal digits: what a playlist names.
    pub(crate) picture: String,
    /// `image/jpeg`, `image/png` or `image/webp`, by its content.
    pub(crate) kind: String,
    /// Pixels from left to right.
    pub(crate) width: i64,
    /// Pixels from top to bottom.
    pub(crate) height: i64,
    /// How large it is.
    pub(crate) bytes: i64,
    /// What people call it.
    pub(crate) name: String,
    /// Who added it.
    pub(crate) added_by: String,
    /// When.
    pub(crate) added_at: String,
}

impl From<PictureRow> for PictureShape {
    fn from(row: PictureRow) -> Self {
        Self {
            picture: row.digest.to_string(),
            kind: row.kind,
            width: row.width,
            height: row.height,
            bytes: row.n_bytes,
            name: row.name,
            added_by: row.added_by,
            added_at: row.added_at.to_string(),
        }
    }
}

/// Adds a picture; the same one again is told as it was added first.
pub(crate) async fn add(
    context: &Context,
    bytes: &[u8],
    name: &str,
    by: &str,
) -> Result<PictureShape, PictureError> {
    let doing = "keep a picture";
    let name = name.trim();
    let is_name = (1..=PICTURE_NAME_CHARS_MAX).contains(&name.chars().count());
    if !is_name || name.chars().any(char::is_control) {
        return Err(PictureError::Name);
    }
    let seen = picture::look(bytes)?;
    let digest = Hash::of(bytes);
    let mut tx = context.db().write(doing).await?;
    if let Some(known) = pictures::one(&mut tx, digest).await? {
        return Ok(known.into());
    }
    if pictures::count(&mut tx).await? >= PICTURES_HELD_MAX {
        return Err(PictureError::TooMany);
    }
    let row = PictureRow {
        digest,
        kind: seen.kind.media_type().to_owned(),
        width: i64::from(seen.width),
        height: i64::from(seen.height),
        n_bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        name: name.to_owned(),
        added_by: by.to_owned(),
        added_at: context.now(),
    };
    pictures::insert(&mut tx, &row, bytes).await?;
    db::commit(tx, doing).await?;
    info!(picture = %digest, by, "A picture was added");
    Ok(row.into())
}

/// All that are held, the newest first.
pub(crate) async fn list(context: &Context) -> Result<Vec<PictureShape>, PictureError> {
    let mut tx = context.db().read("list pictures").await?;
    Ok(pictures::all(&mut tx).await?.into_iter().map(PictureShape::from).collect())
}

/// A picture's media type and bytes.
pub(crate) async fn body(
    context: &Context,
    digest: Hash,
) -> Result<(String, Vec<u8>), PictureError> {
    let mut tx = context.db().read("read a picture").await?;
    pictures::body(&mut tx, digest).await?.ok_or(PictureError::Unknown)
}

/// Removes a picture that no desired settings show.
pub(crate) async fn remove(context: &Context, digest: Hash, by: &str) -> Result<(), PictureError> {
    let doing = "remove a picture";
    let mut tx = context.db().write(doing).await?;
    let is_shown = settings::all_desired(&mut tx).await?.iter().any(|body| {
        // What this program cannot read was written by a newer one, and may show anything.
        SettingsV1::read(body).map_or(true, |(settings, _)| shows(&settings, digest))
    });
    if is_shown {
        return Err(PictureError::Shown);
    }
    if !pictures::remove(&mut tx, digest).await? {
        return Err(PictureError::Unknown);
    }
    db::commit(tx, doing).await?;
    info!(picture = %digest, by, "A picture was removed");
    Ok(())
}

fn shows(settings: &SettingsV1, digest: Hash) -> bool {
    let slides = settings.customer_display.playlist.as_deref().unwrap_or_default();
    slides.iter().any(|slide| slide.picture == digest)
}
