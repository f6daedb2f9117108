//! Stores, workstations, operators, claims, edge nodes, tokens.
//!
//! **Invariant:** a code or token stands alone on the first line, so that a script can take it.

use domain::time::StoreClock;
use serde_json::json;
use sync::wire::{StoreV1, WorkstationV1};

use super::{
    CliError, Desk, Kind,
    args::{EdgeVerb, OperatorVerb, StaffVerb, StoreVerb, WorkstationVerb},
    table::{Side, Table},
};
use crate::{
    db::{
        self, edges,
        staff::{self, Rights},
    },
    fleet::{self, OperatorWish},
    hq::{self, LifeShape},
};

impl Desk<'_> {
    pub(super) async fn store(&mut self, verb: StoreVerb) -> Result<(), CliError> {
        match verb {
            StoreVerb::List => self.stores().await,
            StoreVerb::Add {
                code,
                name,
                head_line,
                foot_line,
                cash_rounding,
                utc_offset_minutes,
                day_cut_minutes,
            } => {
                let store = StoreV1 {
                    code,
                    name,
                    head_lines: head_line,
                    foot_lines: foot_line,
                    clock: StoreClock { utc_offset_minutes, day_cut_minutes },
                    cash_rounding,
                    label_patterns: domain::barcode::default_label_patterns(),
                };
                let (id, outcome) = fleet::add_store(self.context, &store).await?;
                let (code, word) = (store.code, outcome.word());
                let document = json!({ "result": word, "store": code, "id": id.0 });
                self.say(&document, &format!("store {code} {word}"))
            }
        }
    }

    async fn stores(&mut self) -> Result<(), CliError> {
        let stores = hq::stores(self.context).await?;
        if self.is_json {
            return self.say(&stores, "");
        }
        let mut table = Table::new(&[
            ("store", Side::Left),
            ("name", Side::Left),
            ("workstations", Side::Right),
            ("operators", Side::Right),
            ("edge nodes", Side::Right),
        ]);
        for store in stores {
            table.row(vec![
                store.code,
                store.name,
                store.workstations.len().to_string(),
                store.n_operators.to_string(),
                store.edges.iter().filter(|edge| !edge.is_revoked).count().to_string(),
            ]);
        }
        Ok(table.print(self.out)?)
    }

    pub(super) async fn workstation(&mut self, verb: WorkstationVerb) -> Result<(), CliError> {
        match verb {
            WorkstationVerb::Add { store, number, name, kind } => {
                let workstation = WorkstationV1 { number, name, kind: kind.into() };
                let done = fleet::add_workstation(self.context, &store, workstation).await?;
                let word = done.word();
                let document = json!({ "result": word, "store": store, "number": number });
                self.say(&document, &format!("workstation {number} of {store} {word}"))
            }
            WorkstationVerb::Remove { store, number } => {
                fleet::remove_workstation(self.context, &store, number).await?;
                let document = json!({ "result": "removed", "store": store, "number": number });
                self.say(&document, &format!("workstation {number} of {store} removed"))
            }
        }
    }

    pub(super) async fn operator(&mut self, verb: OperatorVerb) -> Result<(), CliError> {
        match verb {
            OperatorVerb::Add { store, number, name, role, pin } => {
                let wish = OperatorWish { number: number.clone(), name, role: role.into(), pin };
                let word = fleet::add_operator(self.context, &store, wish).await?.word();
                let document = json!({ "result": word, "store": store, "number": number });
                self.say(&document, &format!("operator {number} of {store} {word}"))
            }
            OperatorVerb::Remove { store, number } => {
                fleet::remove_operator(self.context, &store, &number).await?;
                let document = json!({ "result": "removed", "store": store, "number": number });
                self.say(&document, &format!("operator {number} of {store} removed"))
            }
        }
    }

    pub(super) async fn claim(&mut self, store: &str, ttl_minutes: u16) -> Result<(), CliError> {
        let claim = fleet::claim(self.context, store, ttl_minutes).await?;
        let expires_at = claim.expires_at.to_string();
        let document = json!({
            "claim_code": claim.code, "store": claim.store, "expires_at": expires_at,
            "fingerprint": self.context.authority().fingerprint(),
        });
        let line = format!(
            "{}\ngood once for store {} until {expires_at}\nfingerprint of this mall: {}",
            claim.code,
            claim.store,
            self.context.authority().fingerprint(),
        );
        self.say(&document, &line)
    }

    pub(super) async fn edge(&mut self, verb: EdgeVerb) -> Result<(), CliError> {
        match verb {
            EdgeVerb::List { store } => self.edges(&store).await,
            EdgeVerb::Keep { id, epoch } => {
                let unknown = || CliError::from(Kind::Edge(id.clone()));
                let edge = id.parse().map_err(|_| unknown())?;
                if !fleet::keep_life(self.context, edge, epoch).await? {
                    return Err(unknown());
                }
                let document = json!({ "result": "kept", "edge": id, "epoch": epoch });
                self.say(&document, &format!("edge node {id} goes on in life {epoch}"))
            }
            EdgeVerb::Revoke { id } => {
                let unknown = || CliError::from(Kind::Edge(id.clone()));
                let edge = id.parse().map_err(|_| unknown())?;
                let doing = "revoke an edge node";
                let mut tx = self.context.db().write(doing).await?;
                if !edges::revoke(&mut tx, edge, self.context.now()).await? {
                    return Err(unknown());
                }
                db::commit(tx, doing).await?;
                let document = json!({ "result": "revoked", "edge": id });
                self.say(&document, &format!("edge node {id} may speak no more"))
            }
        }
    }

    async fn edges(&mut self, store: &str) -> Result<(), CliError> {
        let found = hq::stores(self.context).await?.into_iter().find(|s| s.code == store);
        let store = found.ok_or_else(|| hq::HqError::Store(store.to_owned()))?;
        if self.is_json {
            return self.say(&store.edges, "");
        }
        let mut table = Table::new(&[
            ("edge node", Side::Left),
            ("epoch", Side::Right),
            ("since", Side::Left),
            ("acked", Side::Right),
            ("heard at", Side::Left),
            ("", Side::Left),
            ("certificate ends", Side::Left),
            ("", Side::Left),
        ]);
        for edge in store.edges {
            let (ends_at, of_certificate) =
                edge.certificate.map_or_else(Default::default, |it| (it.ends_at, it.state));
            for life in edge.lives {
                let state = match life {
                    _ if edge.is_revoked => "revoked",
                    LifeShape { is_frozen: true, .. } => "frozen",
                    LifeShape { is_spoken: true, .. } => "speaks",
                    _ => "",
                };
                table.row(vec![
                    edge.id.clone(),
                    life.epoch.to_string(),
                    life.why,
                    life.acked_seq.to_string(),
                    life.heard_at,
                    state.to_owned(),
                    ends_at.clone(),
                    of_certificate.to_owned(),
                ]);
            }
        }
        Ok(table.print(self.out)?)
    }

    pub(super) async fn staff(&mut self, verb: StaffVerb) -> Result<(), CliError> {
        match verb {
            StaffVerb::Add { name, may_save_rules, may_save_settings, may_manage_members } => {
                let rights = Rights { may_save_rules, may_save_settings, may_manage_members };
                let token = fleet::add_staff(self.context, &name, rights).await?;
                let document = json!({
                    "name": name, "token": token, "may_save_rules": may_save_rules,
                    "may_save_settings": may_save_settings,
                    "may_manage_members": may_manage_members,
                });
                self.say(&document, &format!("{token}\nshown once; holder: {name}"))
            }
            StaffVerb::Revoke { name } => {
                fleet::revoke_staff(self.context, &name).await?;
                let document = json!({ "result": "revoked", "name": name });
                self.say(&document, &format!("the token of {name} is good no more"))
            }
            StaffVerb::List => {
                let mut tx = self.context.db().read("read the tokens").await?;
                let held = staff::all(&mut tx).await?;
                let mut table =
                    Table::new(&[("holder", Side::Left), ("since", Side::Left), ("", Side::Left)]);
                let mut document = Vec::new();
                for row in held {
                    let since = row.created_at.to_string();
                    document.push(json!({
                        "name": row.name, "created_at": since, "is_revoked": row.is_revoked,
                        "may_save_rules": row.rights.may_save_rules,
                        "may_save_settings": row.rights.may_save_settings,
                        "may_manage_members": row.rights.may_manage_members,
                    }));
                    let state = if row.is_revoked { "revoked".to_owned() } else { may(row.rights) };
                    table.row(vec![row.name, since, state]);
                }
                if self.is_json { self.say(&document, "") } else { Ok(table.print(self.out)?) }
            }
        }
    }
}

/// What a token is good for beside reading, in words.
fn may(rights: Rights) -> String {
    let Rights { may_save_rules, may_save_settings, may_manage_members } = rights;
    let saves = match (may_save_rules, may_save_settings) {
        (true, true) => Some("saves rules and settings"),
        (true, false) => Some("saves rules"),
        (false, true) => Some("saves settings"),
        (false, false) => None,
    };
    let manages = may_manage_members.then_some("manages members");
    saves.into_iter().chain(manages).collect::<Vec<_>>().join(", ")
}
