//! Pictures that stores show while nobody buys.
//!
//! **Invariant:** a file is looked at before it is kept, whatever it is called.

use serde_json::json;
use sync::chain::Hash;

use super::{
    CliError, Desk, Kind,
    args::PictureVerb,
    table::{Side, Table},
};
use crate::pictures::{self, PictureError};

/// Who adds from here, where no token says a name.
const BY: &str = "command line";

impl Desk<'_> {
    pub(super) async fn picture(&mut self, verb: PictureVerb) -> Result<(), CliError> {
        match verb {
            PictureVerb::Add { file, name } => {
                let bytes = std::fs::read(&file).map_err(|_| Kind::PictureFile(file.clone()))?;
                let of_file =
                    || file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let name = name.unwrap_or_else(of_file);
                let added = pictures::add(self.context, &bytes, &name, BY).await?;
                self.say(&added, &format!("{}  {}", added.picture, added.name))
            }
            PictureVerb::List => self.pictures().await,
            PictureVerb::Remove { picture } => {
                let digest = Hash::from_hex(&picture).ok_or(PictureError::Unknown)?;
                pictures::remove(self.context, digest, BY).await?;
                self.say(&json!({ "picture": picture }), &format!("{picture}: removed"))
            }
        }
    }

    async fn pictures(&mut self) -> Result<(), CliError> {
        let held = pictures::list(self.context).await?;
        if self.is_json {
            return self.say(&held, "");
        }
        let mut table = Table::new(&[
            ("picture", Side::Left),
            ("name", Side::Left),
            ("kind", Side::Left),
            ("sides", Side::Right),
            ("bytes", Side::Right),
            ("added at", Side::Left),
        ]);
        for one in held {
            let sides = format!("{} × {}", one.width, one.height);
            let bytes = one.bytes.to_string();
            table.row(vec![one.picture, one.name, one.kind, sides, bytes, one.added_at]);
        }
        Ok(table.print(self.out)?)
    }
}
