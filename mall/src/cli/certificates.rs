//! The authority, and what a broker goes by.
//!
//! **Invariant:** a key is in no output; it goes to a file of mode 0600.

use serde_json::json;

use super::{
    CliError, Desk,
    args::{AuthorityVerb, BrokerVerb},
};
use crate::authority;

impl Desk<'_> {
    pub(super) async fn authority(&mut self, verb: Option<AuthorityVerb>) -> Result<(), CliError> {
        match verb {
            None => self.authorities().await,
            Some(AuthorityVerb::New) => {
                authority::begin(self.context).await?;
                let document = json!({ "result": "made" });
                self.say(
                    &document,
                    "a second authority is made; it counts from the mall's next start",
                )
            }
            Some(AuthorityVerb::Retire { leave_out }) => {
                let n = authority::retire(self.context, leave_out).await?;
                let document = json!({ "result": "retired", "n_left_out": n });
                let line = format!(
                    "the first authority is retired from the mall's next start; {n} boxes are left out"
                );
                self.say(&document, &line)
            }
        }
    }

    /// The authority that is shown, and the one that takes its place.
    async fn authorities(&mut self) -> Result<(), CliError> {
        let n_left_out = authority::n_left_out(self.context).await?;
        let (mut documents, mut lines) = (Vec::new(), Vec::new());
        for (number, fingerprint, pem, ends_at) in self.context.authority().told() {
            let (fingerprint, ends_at) = (fingerprint.to_string(), ends_at.to_string());
            documents.push(json!({
                "number": number, "fingerprint": fingerprint, "ends_at": ends_at,
                "certificate": pem,
            }));
            let word =
                if lines.is_empty() { "fingerprint" } else { "takes its place; fingerprint" };
            lines.push(format!("{fingerprint}\n{word} (SHA-256); good until {ends_at}\n{pem}"));
        }
        if documents.len() > 1 {
            lines.push(format!("{n_left_out} boxes hold no certificate by the second yet"));
        }
        let of = |index: usize, what: &str| {
            let told = documents.get(index).and_then(|told| told.get(what));
            told.cloned().unwrap_or_default()
        };
        let document = json!({
            "number": of(0, "number"), "fingerprint": of(0, "fingerprint"),
            "ends_at": of(0, "ends_at"), "certificate": of(0, "certificate"),
            "next": documents.get(1), "n_left_out": n_left_out,
        });
        self.say(&document, lines.concat().trim_end())
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
