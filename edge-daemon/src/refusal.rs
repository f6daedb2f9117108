//! What the counter refuses, and why.
//!
//! **Invariant:** values only; `http::problem` finds the words, `checkout` decides.

use domain::{
    barcode::NotACode,
    cart::CartRefusal,
    money::Money,
    order::CompleteRefusal,
    pickup::{PickRefusal, PickupRefusal},
};
use platforms::ForeignCode;
use sync::token::Disbelief;

use crate::{online_return::ReturnNo, phone::refusal::PhoneRefusal};

/// What the counter refuses, and why. Nothing was changed, nothing is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Nobody is signed in at the workstation.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The store has no such workstation.
    #[error("no such workstation")]
    UnknownWorkstation,
    /// This box has no place at the mall yet, or no catalog has arrived.
    #[error("the store's data has not arrived")]
    NoCatalog,
    /// No item has this code.
    #[error("no item has this code")]
    UnknownCode {
        /// The code, bounded for screens.
        code: String,
    },
    /// A GTIN's length with a wrong last digit.
    #[error("the code was misread")]
    CheckDigit {
        /// The code.
        code: String,
    },
    /// A payment code or voucher; the text itself is not kept.
    #[error("a code of another house")]
    Foreign(ForeignCode),
    /// Not a code at all.
    #[error("not a code")]
    NotACode(#[source] NotACode),
    /// The cart stays as it is.
    #[error("the cart refuses")]
    Cart(#[source] CartRefusal),
    /// Nothing is on the counter.
    #[error("the cart is empty")]
    CartEmpty,
    /// Another screen or scanner changed the cart meanwhile.
    #[error("the cart has changed")]
    CartChanged,
    /// The same cart costs something else than the screen showed: a rule began, ended or came.
    #[error("the price has changed")]
    PriceChanged {
        /// What it costs now, before any cash rounding.
        total: Money,
    },
    /// The tenders do not settle it.
    #[error("the order cannot be completed")]
    Complete(#[source] CompleteRefusal),
    /// There is no room to write anything new down.
    #[error("the disk is full")]
    DiskFull,
    /// The box is busy or its disk is full: nothing was written.
    #[error("it was not kept")]
    NotKept,
    /// The same id came with another body.
    #[error("the id was used for something else")]
    IdReused,
    /// A payment, or the use of a voucher, is not known yet: the cart stands still.
    #[error("another house has not said yet")]
    Undecided,
    /// A manager is asked for a price and has not decided.
    #[error("a manager is asked")]
    ApprovalWaits,
    /// A price of each is asked for something that is weighed.
    #[error("what is weighed has no price of each")]
    ApprovalOfWeighed,
    /// What is asked for is not less than the line costs.
    #[error("that is no reduction")]
    ApprovalNotLower,
    /// More than HQ lets a manager take off.
    #[error("more than a manager may take off")]
    ApprovalTooDeep,
    /// There is no such wish.
    #[error("nobody asked for that")]
    NoSuchApproval,
    /// It was decided, or taken back, already.
    #[error("it is decided already")]
    ApprovalDecided,
    /// The line is gone or was changed since it was asked for.
    #[error("the line is not as it was")]
    ApprovalLapsed,
    /// Something is paid or used for the cart as it is.
    #[error("something is paid already")]
    Held,
    /// A charge of this cart is not known to be undone; a second one could take the money twice.
    #[error("a charge is still being undone")]
    StillReversing,
    /// Nothing is left to be paid.
    #[error("nothing is left to pay")]
    NothingToPay,
    /// Not the digits of a payment code that is taken here.
    #[error("not a payment code")]
    NotAPaymentCode,
    /// HQ lets this store take no payment codes of that house.
    #[error("payment codes of this house are not taken here")]
    MethodOff,
    /// Not the form of a coupon or voucher that is taken here.
    #[error("not a coupon or voucher")]
    NotAVoucher,
    /// HQ lets the store do this only while the mall answers.
    #[error("only while the mall answers")]
    NeedsMall,
    /// The mall cannot be reached, so that another house can be asked nothing.
    #[error("the mall cannot be reached")]
    MallUnreachable,
    /// The mall did not answer in time. Nothing was used.
    #[error("the mall is silent")]
    MallSilent,
    /// Another house, or the mall for it, says no.
    #[error("another house says no: {word}")]
    OtherHouse {
        /// Why, in one word.
        word: String,
    },
    /// The coupon's rule is not in force here.
    #[error("the coupon's rule is not in force here")]
    CouponWithoutRule,
    /// A person of the store has to see to it.
    #[error("not at a kiosk")]
    NotAtAKiosk,
    /// `REDEMPTIONS_MAX` are on the counter.
    #[error("too many coupons and vouchers")]
    TooManyRedemptions,
    /// More of an offer than there are.
    #[error("more than the {most} there are")]
    CountBeyondOffer {
        /// How many there are.
        most: u32,
    },
    /// Of something that was looked up nobody has chosen which offer is used.
    #[error("an offer must be chosen first")]
    OfferNotChosen,
    /// The same payment code was charged within the last minute.
    #[error("the payment code was shown before")]
    CodeShownBefore,
    /// `CHARGES_MAX` were asked for.
    #[error("too many charges of one order")]
    TooManyCharges,
    /// More is paid than the cart costs by now.
    #[error("more is paid than it costs")]
    PaidBeyondTotal,
    /// A voucher of the order can no longer be given back.
    #[error("a voucher can no longer be given back")]
    VoucherStaysUsed,
    /// No such payment, coupon or voucher is on this counter.
    #[error("no such payment or voucher on this counter")]
    NoSuchRight,
    /// Neither a phone number nor a member's code.
    #[error("neither a phone number nor a member's code")]
    NotAMember,
    /// Nobody whom this store knows has this phone number.
    #[error("no member of this store has this phone number")]
    MemberUnknown {
        /// The number, masked.
        phone: String,
    },
    /// What members are known by, or their codes are believed by, has not arrived yet.
    #[error("what is known of members has not arrived")]
    MembersNotHere,
    /// A code of our own is not believed.
    #[error("a code is not believed")]
    Disbelieved(#[source] Disbelief),
    /// Nobody has said who buys.
    #[error("nobody has said who buys")]
    NoMember,
    /// Only who has shown their own code may spend what is theirs.
    #[error("the member has not shown their own code")]
    MemberUnproven,
    /// More balance than may be spent here.
    #[error("no more than {here} may be spent here")]
    BalanceNotHere {
        /// What may be.
        here: Money,
    },
    /// The coupon is another member's.
    #[error("the coupon is another member's")]
    NotTheirCoupon,
    /// An order of this store has used the coupon.
    #[error("the coupon was used here before")]
    CouponUsed,
    /// HQ gives no coupon to whoever comes, or none now.
    #[error("no coupon is given now")]
    NoCouponGiven,
    /// The mall, which gives coupons, does not answer.
    #[error("the mall was not heard about a coupon")]
    CouponUnheard,
    /// No such order was made here.
    #[error("no such order")]
    NoSuchOrder,
    /// The order was undone before.
    #[error("the order was undone before")]
    UndoneAlready,
    /// This store has no such online order.
    #[error("no such online order")]
    NoSuchPickup,
    /// The online order cannot be moved from where it stands.
    #[error("the online order refuses")]
    Pickup(#[source] PickupRefusal),
    /// The goods do not go into the online order.
    #[error("the goods do not go into the online order")]
    Pick(#[source] PickRefusal),
    /// Something of the online order was not scanned.
    #[error("the online order is not whole")]
    PickupNotWhole,
    /// Nobody has shown the online order's code at this workstation.
    #[error("the online order's code was not shown")]
    PickupNotProven,
    /// Not eight digits.
    #[error("not the code of an online order")]
    NotAPickupCode,
    /// No online order of the store has this code.
    #[error("no online order has this code")]
    PickupCodeUnknown,
    /// Too many wrong codes.
    #[error("too many wrong codes; {wait_ms} ms to wait")]
    PickupCodePause {
        /// How long.
        wait_ms: i64,
    },
    /// The store's online orders, or what their codes are checked by, have not arrived.
    #[error("the online orders have not arrived")]
    PickupsNotHere,
    /// Goods of an online order are not taken back.
    #[error("goods of an online order are not taken back")]
    OnlineReturn(#[source] ReturnNo),
    /// A phone, or a till for a phone's cart, is told no.
    #[error("a phone is told no")]
    Phone(#[source] PhoneRefusal),
    /// Another business date, or more than an hour ago.
    #[error("the order can no longer be undone")]
    TooLateToUndo,
}
