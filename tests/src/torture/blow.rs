//! What can happen to a chain.

/// A blow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blow {
    /// A box loses its power.
    BoxKilled,
    /// A mall is killed.
    MallKilled,
    /// Their database is cut off as by its power.
    DatabaseKilled,
    /// The broker is killed, with all that it held.
    BrokerKilled,
    /// Connections over a store's cable are shut.
    CableCut,
    /// Nothing comes through it.
    CableSilent,
    /// The mall hears, and its answers are cut off.
    AnswersCutOff,
    /// The cable leads to another mall.
    OtherMall,
    /// A box's clock jumps.
    ClockJumps,
    /// A box's disk is full, and nobody stops selling.
    DiskFull,
    /// An old copy of a ledger is put back.
    LedgerPutBack,
    /// HQ gives an item another price.
    PriceChanged,
    /// HQ sets something in all stores.
    SettingsSaved,
}

impl Blow {
    /// How it stands in the table, in the plural.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BoxKilled => "boxes killed",
            Self::MallKilled => "malls killed",
            Self::DatabaseKilled => "databases killed",
            Self::BrokerKilled => "brokers killed",
            Self::CableCut => "cables cut",
            Self::CableSilent => "cables that went silent",
            Self::AnswersCutOff => "cables that cut answers off",
            Self::OtherMall => "cables led to the other mall",
            Self::ClockJumps => "clocks that jumped",
            Self::DiskFull => "disks that were full",
            Self::LedgerPutBack => "ledgers put back from a copy",
            Self::PriceChanged => "prices changed by HQ",
            Self::SettingsSaved => "settings saved by HQ",
        }
    }

    /// Whether a process is killed by it.
    #[must_use]
    pub const fn is_a_kill(self) -> bool {
        matches!(
            self,
            Self::BoxKilled | Self::MallKilled | Self::DatabaseKilled | Self::BrokerKilled
        )
    }

    /// Whether a cable is cut by it.
    #[must_use]
    pub const fn is_a_cut(self) -> bool {
        matches!(self, Self::CableCut | Self::CableSilent | Self::AnswersCutOff | Self::OtherMall)
    }
}
