//! What can be found in a rule set, and what is said of it.
//!
//! **Invariant:** a fault has its code, its severity and its two sentences in one row.

use crate::pricing::explain::Language;

/// Something about a rule set that its author should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The rule's id, or the name of a set of goods; empty for the whole.
    pub subject: String,
    /// What it is.
    pub fault: Fault,
}

macro_rules! faults {
    (@is_error error) => { true };
    (@is_error warning) => { false };
    ($($(#[$doc:meta])* $severity:ident $name:ident = $code:literal, $zh:literal, $en:literal;)*) => {
        /// What can be found: errors, for which a set is refused, and warnings.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault {
            $($(#[$doc])* $name,)*
        }

        impl Fault {
            /// Every fault.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Whether the set is refused for it; the others are warnings.
            #[must_use]
            pub const fn is_error(self) -> bool {
                match self { $(Self::$name => faults!(@is_error $severity),)* }
            }

            /// Code, and what it says in Chinese and English.
            const fn texts(self) -> (&'static str, &'static str, &'static str) {
                match self { $(Self::$name => ($code, $zh, $en),)* }
            }
        }
    };
}

faults! {
    /// More than `RULES_MAX` rules.
    error TooManyRules = "too-many-rules",
        "规则太多",
        "there are too many rules";
    /// More than `SETS_MAX` named goods.
    error TooManySets = "too-many-sets",
        "商品组太多",
        "there are too many named goods";
    /// The id is empty, too long, has blanks or cannot be printed.
    error Id = "id",
        "规则编号为空、太长或含空格",
        "the id is empty, too long or has blanks";
    /// Another rule has this id.
    error IdTwice = "id-twice",
        "规则编号重复",
        "another rule has this id";
    /// The name is empty, too long, has blanks around it or cannot be printed.
    error Name = "name",
        "规则名称为空、太长或首尾有空格",
        "the name is empty, too long or has blanks around it";
    /// The name of goods is empty, too long, has blanks around it or cannot be printed.
    error SetName = "set-name",
        "商品组名称为空、太长或首尾有空格",
        "the name of these goods is empty, too long or has blanks around it";
    /// Goods of a name that the set does not have.
    error SetUnknown = "set-unknown",
        "引用了不存在的商品组",
        "it uses goods of an unknown name";
    /// Named goods that use themselves, by whatever way round.
    error SetCycle = "set-cycle",
        "商品组互相循环引用",
        "the named goods use themselves";
    /// An empty or overlong list of selections.
    error Selects = "selects",
        "商品条件为空或太多",
        "a list of goods is empty or too long";
    /// All names put in, the whole set comes to more than `SELECTS_ALL_MAX` selections.
    error Selections = "selections",
        "商品组展开后商品条件太多，请改用分类或标签",
        "its named goods come to too many selections; use categories or tags";
    /// No step, or more than `STEPS_MAX`.
    error Steps = "steps",
        "没有优惠阶梯或阶梯太多",
        "it has no step or too many";
    /// More than `NEEDS_MAX` needs in a step, or one of nothing or of too much.
    error Needs = "needs",
        "门槛为零、过大或太多",
        "a threshold is nothing, too much, or one of too many";
    /// Each time of nothing: a repetition that has no end.
    error EndlessRepeat = "endless-repeat",
        "“每满”没有门槛",
        "it repeats without a threshold";
    /// Steps that bring different kinds of rewards.
    error MixedRewards = "mixed-rewards",
        "各阶梯的优惠种类不同",
        "its steps bring different kinds of rewards";
    /// A reward that does not belong into the rule's lane.
    error Lane = "lane",
        "优惠种类与层级不符",
        "the reward does not belong into its lane";
    /// A rate above one, a price or an amount that is nothing, below zero or too much.
    error Amount = "amount",
        "折扣或金额超出范围",
        "a rate or an amount is out of range";
    /// A group of fewer than two or more than `GROUP_PIECES_MAX` units, or cut as a whole.
    error Group = "group",
        "件数超出范围",
        "the number of pieces is out of range";
    /// No slot, or more than `SLOTS_MAX`.
    error Slots = "slots",
        "套装没有组成或组成太多",
        "the bundle has no slot or too many";
    /// An empty or overlong list of prices.
    error PriceList = "price-list",
        "价目为空或太长",
        "the price list is empty or too long";
    /// Points that are nothing, below zero or too many.
    error Points = "points",
        "积分超出范围",
        "the points are out of range";
    /// The coupon it grants is no coupon rule of the set.
    error CouponUnknown = "coupon-unknown",
        "所返的券不存在",
        "the coupon it grants is not in the set";
    /// A moment, weekday, day or hour that does not exist, or an end before its beginning.
    error When = "when",
        "时间不存在或先后颠倒",
        "a time does not exist or ends before it begins";
    /// A limit of nothing.
    error Limits = "limits",
        "限量不能为零",
        "a limit is nothing";
    /// The shares of who pays do not sum to one.
    error Funding = "funding",
        "费用分摊之和不是 100%",
        "the shares of who pays do not sum to 100 %";
    /// A step that a later one always hides.
    warning StepHidden = "step-hidden",
        "有的阶梯永远轮不到",
        "a step is always hidden by a later one";
    /// Goods that no item can be: all excluded again, or two things at once.
    warning NoGoods = "no-goods",
        "没有商品能同时符合所写的条件",
        "no item can be all that its goods ask for";
    /// It takes nothing.
    warning TakesNothing = "takes-nothing",
        "没有任何优惠",
        "it takes nothing";
    /// Between its beginning and its end no hour of its days is left.
    warning NeverOpen = "never-open",
        "有效期内没有符合的日子或时段",
        "its time has none of its days and hours";
    /// Nothing of its time is left.
    warning Ended = "ended",
        "有效期已过，不再生效",
        "its time is over";
    /// A limit per member on a rule that says it is for anyone.
    warning MembersOnly = "members-only",
        "按会员限量，非会员享受不到；只给会员的话，请把对象写成会员",
        "its limit per member leaves out whoever is no member; say `who member` if that is meant";
    /// A tier, a crowd or a store that is blank or there twice.
    warning BlankWord = "blank-word",
        "会员等级、人群或门店有空白或重复",
        "a tier, a crowd or a store is blank or there twice";
    /// A limit that a smaller one keeps from ever being reached.
    warning LimitsAtOdds = "limits-at-odds",
        "有的限量比更大范围的限量还大，永远到不了",
        "a limit is larger than another that contains it, and never reached";
    /// A setting that its reward does not look at.
    warning IdleSetting = "idle-setting",
        "有的设置对这种优惠不起作用",
        "a setting means nothing for its reward";
    /// A step that asks for more than another and gives no more.
    warning StepWorse = "step-worse",
        "门槛更高的阶梯，优惠反而不更多",
        "a step asks for more than another and gives no more";
    /// A step that takes as much as it asks for, or more.
    warning OverThreshold = "over-threshold",
        "减的不少于门槛，等于白送",
        "a step takes all that it asks for";
    /// A floor above the price or rate that it sets.
    warning FloorOverPrice = "floor-over-price",
        "最低价高于它给的价格或折扣，永远减不到位",
        "its floor is above a price or rate that it sets";
    /// Another rule has this name, so nobody can tell them apart on a receipt.
    warning NameTwice = "name-twice",
        "另一条规则也叫这个名字，小票上分不清",
        "another rule has this name, and a receipt does not tell them apart";
    /// Two exclusive rules over the same goods with the same priority.
    warning ExclusiveTwins = "exclusive-twins",
        "与另一条互斥规则的商品、优先级都相同，平手时按编号先后",
        "another exclusive rule has its goods and its priority; on a tie the id decides";
    /// It refuses reduced goods, and a rule of an earlier lane always reduces them.
    warning AlwaysReduced = "always-reduced",
        "它不参加已优惠的商品，而前面总有规则先优惠这些商品",
        "it refuses reduced goods, and an earlier rule always reduces them";
    /// Another rule that shares no goods always saves at least as much.
    warning Shadowed = "shadowed",
        "另一条规则总是不比它差，永远轮不到它",
        "another rule of the same goods always saves as much or more, so it never has its turn";
    /// No item of the catalog is among its goods.
    warning NoItems = "no-items",
        "商品目录里没有符合它的商品",
        "no item of the catalog is among its goods";
    /// No item of the catalog can stand in a slot of its bundle, or be what its reward names.
    warning SlotUnfilled = "slot-unfilled",
        "套装的某一格，或所送、所换的商品，商品目录里没有",
        "no item of the catalog can be what its reward names";
    /// Its floor is no lower than the list price of every item it reaches.
    warning FloorAboveList = "floor-above-list",
        "最低价不低于它所有商品的原价，永远不起作用",
        "its floor is not below the list price of any of its items, so it never applies";
}

impl Fault {
    /// The code on wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.texts().0
    }
}

impl Finding {
    /// What is wrong, for its author.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        let (_, zh, en) = self.fault.texts();
        match (language, self.subject.is_empty()) {
            (Language::Zh, true) => format!("{zh}。"),
            (Language::Zh, false) => format!("“{}”：{zh}。", self.subject),
            (Language::En, true) => format!("The set: {en}."),
            (Language::En, false) => format!("`{}`: {en}.", self.subject),
        }
    }
}
