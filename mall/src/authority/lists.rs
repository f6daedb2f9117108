//! What a broker goes by: who was revoked, and who may say and hear what.
//!
//! A list of revoked certificates shuts out whoever calls anew; a line that is open stays open with it.
//! The access list, in which a revoked edge node does not stand, ends that too: so both are written.
//!
//! **Invariant:** who does not stand in the access list may say and hear nothing.

use std::{
    fmt::Write as _,
    fs::Permissions,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use sync::chain::Hash;

use super::{AuthorityError, papers};
use crate::{
    context::Context,
    db::certificates::{self, SpeakerRow},
};

/// The mall's own name at the broker.
pub(crate) const MALL: &str = "mall";
/// The file of revoked certificates.
const CRL: &str = "crl.pem";
/// What a broker's own certificate calls it.
const BROKER: &str = "broker";

/// Why a broker's files could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListsError {
    /// What stands in them could not be made.
    #[error("could not make a broker's files")]
    Authority(#[from] AuthorityError),
    /// A file could not be written.
    #[error("could not write {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The list of revoked certificates (CRL), PEM.
pub(crate) async fn revoked_list(context: &Context) -> Result<String, AuthorityError> {
    let now = context.now();
    let mut tx = context.db().read("list revoked certificates").await?;
    let rows = certificates::revoked(&mut tx, now).await?;
    drop(tx);
    // Whoever reads PEM passes over what stands before it (RFC 7468, 2).
    let serials: String = rows.iter().map(|row| format!("{},", row.serial)).collect();
    let day = now.micros().div_euclid(86_400_000_000);
    let n = rows.len();
    let by: String =
        context.authority().told().map(|(number, ..)| format!(", by {number}")).collect();
    let head =
        format!("Revoked at the mall: {n} ({}, day {day}{by})", Hash::of(serials.as_bytes()));
    let mut text = format!("{head}\n");
    for list in papers::revoked(context.authority(), &rows, now)? {
        text.push_str(&list.pem()?);
    }
    Ok(text)
}

/// The access list of a Mosquitto 2 that knows callers by their certificates' common names.
pub(crate) async fn access_list(context: &Context) -> Result<String, AuthorityError> {
    let mut tx = context.db().read("list who may speak").await?;
    Ok(written(&certificates::speakers(&mut tx).await?))
}

/// Writes the authority, the access list and the list of revoked certificates into a folder; how many
/// files say something else than before. The list of revoked certificates, which is never signed twice
/// with the same bytes, is written when its head says something else: who is revoked, or the day.
pub(crate) async fn write_lists(context: &Context, folder: &Path) -> Result<usize, ListsError> {
    let mut n_changed = 0;
    let lists = [
        ("ca.pem", context.authority().pem()),
        (CRL, revoked_list(context).await?),
        ("acl", access_list(context).await?),
    ];
    for (name, text) in lists {
        let path = folder.join(name);
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        let is_same = known == text || (name == CRL && head(&known) == head(&text));
        if !is_same {
            lay(&path, 0o644, &text)?;
            n_changed += 1;
        }
    }
    Ok(n_changed)
}

fn head(list: &str) -> Option<&str> {
    list.lines().next()
}

/// Writes a server's certificate and its key into a folder, as `server.pem` and `server.key`.
pub(crate) fn write_server(
    context: &Context,
    folder: &Path,
    names: &[String],
    days: i64,
) -> Result<(), ListsError> {
    let made = context.authority().server(names, BROKER, (context.now(), days))?;
    lay(&folder.join("server.key"), 0o600, &made.key.serialize_pem())?;
    lay(&folder.join("server.pem"), 0o644, &made.pem)
}

/// A file is there whole, or as it was: a broker may read it at any moment.
pub(super) fn lay(path: &Path, mode: u32, text: &str) -> Result<(), ListsError> {
    let write = || -> io::Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
            std::fs::create_dir_all(folder)?;
            std::fs::set_permissions(folder, Permissions::from_mode(0o755))?;
        }
        let aside = path.with_extension(format!("new-{}", std::process::id()));
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&aside)?;
        // A service's mask must not hide from a broker what is for everybody.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&aside, path)
    };
    write().map_err(|source| ListsError::File { path: path.to_owned(), source })
}

fn written(speakers: &[SpeakerRow]) -> String {
    let mut text = format!("user {MALL}\ntopic readwrite guitai/v1/#\n");
    for SpeakerRow { edge, store_code, .. } in speakers {
        let own = format!("guitai/v1/stores/{store_code}");
        // A `String` takes whatever is written.
        let _ = write!(
            text,
            "\nuser {edge}\ntopic read guitai/v1/all/#\n\
             topic read guitai/v1/groups/+/settings/desired\ntopic read {own}/#\n\
             topic write {own}/settings/reported\ntopic write {own}/presence\n"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use sync::replica::StoreId;

    use super::*;

    #[test]
    fn an_edge_node_reads_its_store_and_says_two_things() {
        let edge = "00000000-0000-7000-8000-000000000001".parse().unwrap();
        let store_code = "SH001".to_owned();
        let text = written(&[SpeakerRow { edge, store: StoreId(1), store_code }]);
        let expected = "user mall
topic readwrite guitai/v1/#

user 00000000-0000-7000-8000-000000000001
topic read guitai/v1/all/#
topic read guitai/v1/groups/+/settings/desired
topic read guitai/v1/stores/SH001/#
topic write guitai/v1/stores/SH001/settings/reported
topic write guitai/v1/stores/SH001/presence
";
        assert_eq!(text, expected);
    }
}
