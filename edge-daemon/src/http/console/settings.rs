//! How the store is set and by whom, and who works in it: to be read, not changed.

use axum::{Json as Answer, extract::State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    context::Context,
    http::{
        App,
        caller::Console,
        view::{OperatorInfo, workstation_views},
    },
    settings,
    signin::is_manager,
};

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OriginBody {
    /// Nobody said anything else.
    Default,
    /// The boot file of this box.
    BootFile,
    /// The store as HQ has set it up.
    SetUp,
    /// HQ, for all stores.
    HqAll,
    /// HQ, for a group of stores.
    HqGroup,
    /// HQ, for this store.
    HqStore,
}

/// A setting of the console's list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ConsoleSettingBody {
    /// Its key: of the boot file as `table.key`, of the store's master data as `store.…`, of HQ as
    /// HQ writes it.
    key: String,
    /// Its value as text; several in lines; empty for none.
    value: String,
    origin: OriginBody,
}

/// The settings in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingsBody {
    settings: Vec<ConsoleSettingBody>,
}

/// The settings in force and where each comes from. The console.
#[utoipa::path(get, operation_id = "console_settings", path = "/api/v1/console/settings",
    responses((status = 200, body = SettingsBody)))]
pub(in crate::http) async fn settings(State(app): State<App>, _: Console) -> Answer<SettingsBody> {
    let mut settings = of_hq(&app.context);
    settings.extend(of_the_store(&app.context));
    settings.extend(of_boot_file(&app.context));
    Answer(SettingsBody { settings })
}

/// The boot file's word for what a scanned payment code does; HQ's stands over it.
const PAYMENT_CODE: (&str, &str) =
    ("tender.payment_code_starts_tender", "tender.payment_code_in_sell");

/// What HQ can set while the store runs.
fn of_hq(context: &Context) -> Vec<ConsoleSettingBody> {
    let (key, in_file) = PAYMENT_CODE;
    let is_in_file = context.config.given.contains(in_file);
    let origin = |row: &settings::Row| match row.origin.as_str() {
        "store" => OriginBody::HqStore,
        group if group.starts_with("group/") => OriginBody::HqGroup,
        "all" => OriginBody::HqAll,
        "set_up" if row.key != key => OriginBody::SetUp,
        "set_up" if is_in_file => OriginBody::BootFile,
        _ => OriginBody::Default,
    };
    let body = |row: settings::Row| ConsoleSettingBody {
        origin: origin(&row),
        key: row.key.to_owned(),
        value: text(&row.value),
    };
    settings::rows(context).into_iter().map(body).collect()
}

/// A value as text, several in lines.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().map(text).collect::<Vec<_>>().join("\n"),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// What the store is, as HQ has set it up.
fn of_the_store(context: &Context) -> Vec<ConsoleSettingBody> {
    let store = context.store.load();
    let Some(store) = store.as_ref() else { return Vec::new() };
    let names = |workstation: &sync::wire::WorkstationV1| {
        format!("{} {}", workstation.number, workstation.name)
    };
    let workstations: Vec<String> = context.workstations.load().iter().map(names).collect();
    [
        ("store.code", store.code.clone()),
        ("store.name", store.name.clone()),
        ("store.utc_offset_minutes", store.clock.utc_offset_minutes.to_string()),
        ("store.day_cut_minutes", store.clock.day_cut_minutes.to_string()),
        ("store.label_patterns", store.label_patterns.len().to_string()),
        ("store.workstations", workstations.join("\n")),
        ("store.rules_revision", context.prices.book().revision().to_string()),
    ]
    .into_iter()
    .map(|(key, value)| ConsoleSettingBody {
        key: key.to_owned(),
        value,
        origin: OriginBody::SetUp,
    })
    .collect()
}

fn of_boot_file(context: &Context) -> Vec<ConsoleSettingBody> {
    let config = &context.config;
    let scanner = |of: &crate::config::ScannerConfig| format!("{} {}", of.workstation, of.listen);
    let printer = |of: &crate::config::PrinterConfig| {
        format!("{} {} ({})", of.workstation, of.address, of.columns)
    };
    let scanners: Vec<String> = config.scanners.iter().map(scanner).collect();
    let printers: Vec<String> = config.printers.iter().map(printer).collect();
    let [lan, phones] = [config.listen_lan, config.listen_phones]
        .map(|door| door.map(|address| address.to_string()).unwrap_or_default());
    let broker = config.mqtt.as_ref().map(|mqtt| mqtt.url.to_string());
    let is_given = |key: &str| {
        let inner = |given: &String| given.strip_prefix(key).is_some_and(|r| r.starts_with('.'));
        config.given.contains(key) || config.given.iter().any(inner)
    };
    [
        ("listen", config.listen.to_string()),
        ("listen_lan", lan),
        ("listen_phones", phones),
        ("host_names", config.host_names.join("\n")),
        ("display_from_lan", config.display_from_lan.to_string()),
        ("mall.url", config.mall.url.clone()),
        ("mall.poll_ms", config.mall.poll_ms.to_string()),
        ("mqtt.url", broker.unwrap_or_default()),
        ("phone.url", config.phone.url.clone().unwrap_or_default()),
        ("portal", config.portal.is_some().to_string()),
        ("scanner", scanners.join("\n")),
        ("printer", printers.join("\n")),
        ("devices.simulated", config.devices.simulated.to_string()),
    ]
    .into_iter()
    .map(|(key, value)| {
        let origin = if is_given(key) { OriginBody::BootFile } else { OriginBody::Default };
        ConsoleSettingBody { key: key.to_owned(), value, origin }
    })
    .collect()
}

/// Somebody who works in the store.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StaffMemberBody {
    operator: OperatorInfo,
    /// The workstations where they are signed in now.
    at: Vec<String>,
    /// What they may do.
    may: Vec<VerbBody>,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VerbBody {
    /// Sell, take payments, print again at their workstation.
    Sell,
    /// Ask for another price.
    AskPrice,
    /// Allow another price.
    AllowPrice,
    /// Open a drawer without an order.
    OpenDrawer,
    /// Undo an order.
    UndoOrder,
    /// The console.
    Console,
}

/// Who works in the store and may do what. The console.
#[utoipa::path(get, operation_id = "console_staff", path = "/api/v1/console/staff",
    responses((status = 200, body = Vec<StaffMemberBody>)))]
pub(in crate::http) async fn staff(
    State(app): State<App>,
    _: Console,
) -> Answer<Vec<StaffMemberBody>> {
    let context = &app.context;
    let workstations = workstation_views(context);
    let is_at = |number: &str, workstation| {
        let scene = context.screens.follow(workstation);
        let signed_in = scene.and_then(|s| s.borrow().priced.station.signed_in.clone());
        signed_in.is_some_and(|who| who.operator == number)
    };
    let member = |operator: &sync::wire::OperatorV1| {
        let at = workstations.iter().filter(|w| is_at(&operator.number, w.number));
        let mut may = vec![VerbBody::Sell, VerbBody::AskPrice];
        if is_manager(operator.role) {
            may.extend([
                VerbBody::AllowPrice,
                VerbBody::OpenDrawer,
                VerbBody::UndoOrder,
                VerbBody::Console,
            ]);
        }
        StaffMemberBody {
            operator: operator.into(),
            at: at.map(|workstation| workstation.name.clone()).collect(),
            may,
        }
    };
    Answer(context.operators.load().iter().map(member).collect())
}
