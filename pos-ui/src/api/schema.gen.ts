/**
 * Written by hand from the contract, in the shape openapi-typescript gives,
 * until the daemon's own OpenAPI replaces it: `npm run api`.
 */
export interface paths {
  "/api/v1/workstations": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get: operations["list_workstations"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/workstations/{n}/operators": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get: operations["list_operators"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/workstations/{n}/session": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post: operations["sign_in"];
    delete: operations["sign_out"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/workstations/{n}/view": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get: operations["operator_view"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/workstations/{n}/display": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get: operations["display_view"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/workstations/{n}/cart/scans": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post: operations["scan"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/workstations/{n}/cart/lines/{line}": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post?: never;
    delete: operations["void_line"];
    options?: never;
    head?: never;
    patch: operations["change_line"];
    trace?: never;
  };
  "/api/v1/workstations/{n}/cart": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post?: never;
    delete: operations["void_cart"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/workstations/{n}/cart/undo": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post: operations["undo"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/workstations/{n}/tendering": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put: operations["start_tender"];
    post?: never;
    delete: operations["leave_tender"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/workstations/{n}/orders": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post: operations["complete_order"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/workstations/{n}/done": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post?: never;
    delete: operations["leave_done"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/workstations/{n}/receipts": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post: operations["reprint"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/items": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get: operations["find_items"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/sim/devices": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get: operations["sim_devices"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/sim/workstations/{n}/scans": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post: operations["sim_scan"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/sim/workstations/{n}/printer": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put: operations["sim_printer"];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/sim/workstations/{n}/drawer": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put: operations["sim_drawer"];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api/v1/sim/workstations/{n}/tape": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get: operations["sim_tape"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    Money: { amount: number; currency: string };
    Problem: { type: string; title: string; status: number; detail?: string | null; hint?: string | null; trace_id?: string | null; retry_after_ms?: number | null; params?: { [key: string]: unknown } | null };
    Store: { code: string; name: string };
    Workstation: { number: number; name: string; kind: "till" | "kiosk" };
    WorkstationList: { store: components["schemas"]["Store"]; workstations: components["schemas"]["Workstation"][] };
    Operator: { number: string; name: string; role: "cashier" | "manager" };
    SignIn: { operator: string; pin: string };
    SignedIn: { operator: components["schemas"]["Operator"] };
    CartLine: { id: string; sku: string; code: string; name: string; spec: string; unit: "piece" | "kg"; quantity_milli: number; list_price: components["schemas"]["Money"]; amount: components["schemas"]["Money"]; label: boolean };
    Cart: { order_id: string; revision: number; pieces: number; lines: components["schemas"]["CartLine"][]; newest_line_id?: string | null; list: components["schemas"]["Money"]; saved: components["schemas"]["Money"]; total: components["schemas"]["Money"] };
    CashDue: { rounding: components["schemas"]["Money"]; due: components["schemas"]["Money"] };
    TenderView: { total: components["schemas"]["Money"]; cash: components["schemas"]["CashDue"]; notes: components["schemas"]["Money"][] };
    Tendered: { kind: "cash"; amount: components["schemas"]["Money"] };
    LastOrder: { id: string; receipt_number: string; completed_at: string; total: components["schemas"]["Money"]; rounding: components["schemas"]["Money"]; tendered: components["schemas"]["Tendered"][]; change: components["schemas"]["Money"]; pieces: number; receipt: "queued" | "sending" | "sent" | "unknown" };
    LastScan: { id: string; seq: number; outcome: "added" | "again" | "weighed" | "refused"; code: string; line_id?: string | null; problem?: components["schemas"]["Problem"] | null };
    Replica: { version: number; updated_at: string };
    Link: { mall: "up" | "down" | "never"; outbox: number; outbox_oldest_at?: string | null; replica: components["schemas"]["Replica"] };
    Notice: { code: string; since: string; params: { [key: string]: unknown } };
    OperatorView: { boot: string; revision: number; build: string; now: string; store: components["schemas"]["Store"]; workstation: components["schemas"]["Workstation"]; operator?: components["schemas"]["Operator"] | null; business_date: string; training: boolean; phase: "signed-out" | "sell" | "tender" | "done"; cart?: components["schemas"]["Cart"] | null; tender?: components["schemas"]["TenderView"] | null; last_order?: components["schemas"]["LastOrder"] | null; last_scan?: components["schemas"]["LastScan"] | null; link: components["schemas"]["Link"]; notices: components["schemas"]["Notice"][] };
    DisplayWorkstation: { number: number; name: string };
    DisplayLine: { id: string; name: string; spec: string; unit: "piece" | "kg"; quantity_milli: number; list_price: components["schemas"]["Money"]; amount: components["schemas"]["Money"] };
    DisplayCart: { pieces: number; lines: components["schemas"]["DisplayLine"][]; newest_line_id?: string | null; saved: components["schemas"]["Money"]; total: components["schemas"]["Money"] };
    DisplayTender: { total: components["schemas"]["Money"]; rounding: components["schemas"]["Money"]; due: components["schemas"]["Money"] };
    DisplayPaid: { order_id: string; receipt_number: string; completed_at: string; tendered: components["schemas"]["Tendered"][]; change: components["schemas"]["Money"]; total: components["schemas"]["Money"]; rounding: components["schemas"]["Money"] };
    DisplayView: { boot: string; revision: number; build: string; now: string; store: components["schemas"]["Store"]; workstation: components["schemas"]["DisplayWorkstation"]; phase: "idle" | "cart" | "tender" | "paid" | "paused"; cart?: components["schemas"]["DisplayCart"] | null; tender?: components["schemas"]["DisplayTender"] | null; paid?: components["schemas"]["DisplayPaid"] | null };
    Scan: { id: string; text: string; quantity_milli?: number; symbology?: string };
    LineChange: { id: string; quantity_milli: number };
    Command: { id: string };
    Nothing: Record<string, never>;
    OrderRequest: { order_id: string; cart_revision: number; tenders: components["schemas"]["Tendered"][] };
    OrderCompleted: { order: unknown; view: components["schemas"]["OperatorView"] };
    Reprint: { id: string; order_id: string };
    FoundItem: { sku: string; code: string; name: string; spec: string; unit: "piece" | "kg"; style?: string | null; colour?: string | null; size?: string | null; list_price: components["schemas"]["Money"] };
    ItemList: { items: components["schemas"]["FoundItem"][]; more: boolean };
    SimScanner: { attached: boolean; address: string };
    SimPrinter: { state: "ready" | "gone" | "paper-out" | "cover-open"; address: string };
    SimDrawer: { open: boolean; openings: number };
    SimPole: { upper: string; lower: string };
    SimWorkstation: { number: number; name: string; scanner: components["schemas"]["SimScanner"]; printer: components["schemas"]["SimPrinter"]; drawer: components["schemas"]["SimDrawer"]; pole: components["schemas"]["SimPole"] };
    SimSample: { code: string; name: string };
    SimDevices: { workstations: components["schemas"]["SimWorkstation"][]; samples: components["schemas"]["SimSample"][] };
    SimScan: { text: string; suffix?: "cr" | "lf" | "tab" };
    SimPrinterState: { state: "ready" | "gone" | "paper-out" | "cover-open" };
    SimDrawerState: { open: boolean };
    TapeSpan: { text: string; width: number; height: number; bold: boolean; underline: boolean; inverse: boolean };
    TapeRow: { kind: "text"; align: "left" | "center" | "right"; spans: components["schemas"]["TapeSpan"][] } | { kind: "feed"; lines: number } | { kind: "barcode"; symbology: string; text: string } | { kind: "qr"; text: string; size: number } | { kind: "raster"; width: number; height: number; data: string };
    Slip: { id: number; cut: boolean; at: string; drawer_kicks: number; rows: components["schemas"]["TapeRow"][] };
    SimTape: { columns: number; slips: components["schemas"]["Slip"][] };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  list_workstations: {
    parameters: { query?: never; header?: never; path?: never; cookie?: never; };
    requestBody?: never;
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["WorkstationList"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  list_operators: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody?: never;
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["Operator"][] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  sign_in: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody: { content: { "application/json": components["schemas"]["SignIn"] } };
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["SignedIn"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  sign_out: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody?: never;
    responses: { 204: { headers: { [name: string]: unknown }; content?: never }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  operator_view: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody?: never;
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["OperatorView"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  display_view: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody?: never;
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["DisplayView"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  scan: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody: { content: { "application/json": components["schemas"]["Scan"] } };
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["OperatorView"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  void_line: {
    parameters: { header?: never; cookie?: never; query: { id: string }; path: { n: number; line: string }; };
    requestBody?: never;
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["OperatorView"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  change_line: {
    parameters: { query?: never; header?: never; path: { n: number; line: string }; cookie?: never; };
    requestBody: { content: { "application/json": components["schemas"]["LineChange"] } };
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["OperatorView"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  void_cart: {
    parameters: { header?: never; cookie?: never; query: { id: string }; path: { n: number }; };
    requestBody?: never;
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["OperatorView"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  undo: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody: { content: { "application/json": components["schemas"]["Command"] } };
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["OperatorView"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  start_tender: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody: { content: { "application/json": components["schemas"]["Nothing"] } };
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["OperatorView"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  leave_tender: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody?: never;
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["OperatorView"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  complete_order: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody: { content: { "application/json": components["schemas"]["OrderRequest"] } };
    responses: { 201: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["OrderCompleted"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  leave_done: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody?: never;
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["OperatorView"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  reprint: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody: { content: { "application/json": components["schemas"]["Reprint"] } };
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["OperatorView"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  find_items: {
    parameters: { header?: never; path?: never; cookie?: never; query: { query: string; limit?: number }; };
    requestBody?: never;
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["ItemList"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  sim_devices: {
    parameters: { query?: never; header?: never; path?: never; cookie?: never; };
    requestBody?: never;
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["SimDevices"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  sim_scan: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody: { content: { "application/json": components["schemas"]["SimScan"] } };
    responses: { 204: { headers: { [name: string]: unknown }; content?: never }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  sim_printer: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody: { content: { "application/json": components["schemas"]["SimPrinterState"] } };
    responses: { 204: { headers: { [name: string]: unknown }; content?: never }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  sim_drawer: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody: { content: { "application/json": components["schemas"]["SimDrawerState"] } };
    responses: { 204: { headers: { [name: string]: unknown }; content?: never }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
  sim_tape: {
    parameters: { query?: never; header?: never; path: { n: number }; cookie?: never; };
    requestBody?: never;
    responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": components["schemas"]["SimTape"] } }; default: { headers: { [name: string]: unknown }; content: { "application/problem+json": components["schemas"]["Problem"] } } };
  };
}
