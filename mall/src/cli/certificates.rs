//! The authority, and what a broker goes by.
//!
//! **Invariant:** a key is in no output; it goes to a file of mode 0600.

use serde_json::json;

use super::{CliError, Desk, args::BrokerVerb};
use crate::authority;

impl Desk<'_> {
    pub(super) fn authority(&mut self) -> Result<(), CliError> {
        let authority = self.context.authority();
        let fingerprint = authority.fingerprint().to_string();
        let (pem, ends_at) = (authority.pem().to_owned(), authority.ends_at().to_string());
        let document =
            json!({ "fingerprint": fingerprint, "ends_at": ends_at, "certificate": pem });
        let line = format!("{fingerprint}\nfingerprint (SHA-256); good until {ends_at}\n{pem}");
        self.say(&document, line.trim_end())
    }

    pub(super) async fn broker(&mut self, verb: BrokerVerb) -> Result<(), CliError> {
        match verb {
            BrokerVerb::Acl => {
                Ok(self.out.write_all(authority::access_list(self.context).await?.as_bytes())?)
            }
            BrokerVerb::Crl => {
                Ok(self.out.write_all(authority::revoked_list(self.context).await?.as_bytes())?)
            }
            BrokerVerb::Ca => Ok(self.out.write_all(self.context.authority().pem().as_bytes())?),
            BrokerVerb::Files { folder } => {
                let n = authority::write_lists(self.context, &folder).await?;
                let document = json!({ "result": "written", "n_changed": n });
                self.say(&document, &format!("{n} files of {} changed", folder.display()))
            }
            BrokerVerb::Certificate { folder, name, days } => {
                authority::write_server(self.context, &folder, &name, i64::from(days))?;
                let document = json!({ "result": "written", "names": name, "days": days });
                self.say(&document, &format!("a certificate lies in {}", folder.display()))
            }
        }
    }
}
