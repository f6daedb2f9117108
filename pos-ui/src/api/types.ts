// The daemon's words under the names the screens use. The only file that looks into the generated schema.
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type Money = Schemas['MoneyBody']
export type Problem = Schemas['ProblemBody']
export type Store = Schemas['StoreView']
export type Operator = Schemas['OperatorInfo']
export type OperatorView = Schemas['OperatorView']
export type Cart = Schemas['CartView']
export type CartLine = Schemas['LineView']
export type LastScan = Schemas['LastScanView']
export type Pickup = Schemas['PickupView']
export type DisplayPickup = Schemas['CustomerPickupView']
export type OnlineOrder = Schemas['OnlineOrderView']
export type OnlineLine = Schemas['OnlineLineView']
export type OnlineReturn = Schemas['OnlineReturnView']
export type NewOnlineReturn = Schemas['OnlineReturnBody']
export type BackLine = Schemas['BackLineBody']
export type ReturnReason = Schemas['ReturnReasonView']
export type Notice = Schemas['Notice']
export type DisplayView = Schemas['CustomerView']
export type DisplaySlide = Schemas['SlideView']
export type DisplayCart = Schemas['CustomerCartView']
export type DisplayLine = Schemas['CustomerLineView']
export type DisplayTender = Schemas['CustomerTenderView']
export type DisplayMember = Schemas['CustomerMemberView']
export type DisplayPaid = Schemas['PaidView']
export type FoundItem = Schemas['ItemBody']
export type SimDevices = Schemas['SimBody']
export type SimWorkstation = Schemas['SimWorkstation']
export type SimSample = Schemas['Sample']

/** The schema says only "a string" here; these are the states it names in words. */
export type SimPrinterState = 'ready' | 'gone' | 'paper-out' | 'cover-open'

/** A run of characters of one style on the tape; width and height are multiples of a plain one. */
export interface TapeSpan {
  text: string
  width: number
  height: number
  bold: boolean
  underline: boolean
  inverse: boolean
}

/** One row of the tape, decoded from the bytes the printer got. The schema does not describe the tape. */
export type TapeRow =
  | { kind: 'text'; align: 'left' | 'center' | 'right'; spans: TapeSpan[] }
  | { kind: 'feed'; lines: number }
  | { kind: 'barcode'; symbology: string; text: string }
  | { kind: 'qr'; text: string; size: number }
  | { kind: 'raster'; width: number; height: number; data: string }

export interface Slip {
  id: number
  cut: boolean
  at: string
  drawer_kicks: number
  rows: TapeRow[]
}

export interface SimTape {
  columns: number
  slips: Slip[]
}
export type KioskView = Schemas['KioskView']
export type KioskPaid = Schemas['KioskPaidView']
export type Category = Schemas['CategoryBody']
export type Tile = Schemas['TileBody']
export type ShelfItem = Schemas['ShelfItemBody']
export type Variant = Schemas['VariantBody']

export type TenderKind = Schemas['TenderKindView']
export type Approval = Schemas['ApprovalView']
export type AskedCut = Schemas['CutView']
export type PriceReason = Schemas['ReasonView']
export type Overview = Schemas['OverviewBody']
export type DayReport = Schemas['DayReportBody']
export type StationDevices = Schemas['DevicesBody']
export type ConsoleOrder = Schemas['ConsoleOrderBody']
export type WholeOrder = Schemas['ConsoleOrderWholeBody']
export type ReceiptRow = Schemas['RowBody']
export type Setting = Schemas['ConsoleSettingBody']
export type StaffMember = Schemas['StaffMemberBody']
export type PhoneView = Schemas['PhoneView']
export type PhoneCode = Schemas['PhoneCodeView']
export type PhoneTaken = Schemas['PhoneTakenView']
export type PhoneItem = Schemas['PhoneItemView']
export type PhoneVariant = Schemas['PhoneVariantView']
export type StoreFound = Schemas['StoreFoundBody']
export type Aside = Schemas['AsideBody']
