//! What may be wrong between a store and its mall, each with a name, how much it matters, and a
//! sentence for the manager.
//!
//! **Invariant:** a word stays what it is: screens, HQ and whoever reads metrics go by it. A sentence
//! says what a person can do, and names nobody.

use std::fmt;

/// How much a trouble matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It mends itself; somebody may want to know.
    Watch,
    /// Somebody should look today.
    Look,
    /// Somebody should do something now.
    Act,
}

impl Severity {
    /// The word on wire and screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Look => "look",
            Self::Act => "act",
        }
    }
}

/// Something that is wrong between a store and its mall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// What was sold waits to be told for longer than it should.
    Behind,
    /// Somebody on the way refuses every fact, however it is told: all that was sold waits.
    AllRefused,
    /// Facts that nobody on the way takes: the mall knows that they are missing, they are in the store.
    Hole,
    /// The ledger is a copy, or another box speaks with the same history.
    Clone,
    /// The mall holds other bytes under an id.
    Conflict,
    /// The mall holds a fact that it could not read or that does not add up.
    Quarantine,
    /// The box's clock is off.
    Clock,
    /// The disk has little room left.
    DiskLow,
    /// The ledger's file gave back other bytes than were written.
    LedgerDamaged,
    /// The store's program is too old for what the mall offers.
    SchemaOld,
    /// Store and mall hold something else of a day, and it could not be mended.
    DayDiffers,
    /// The box's certificate ends soon, and the next one should have been here; how many days are left.
    CertificateEnds,
    /// The mall refuses the next certificate; how many days the box's own is still good.
    CertificateRefused,
    /// The box's certificate has ended, so the mall lets it renew it and nothing else.
    CertificateEnded,
}

impl Trouble {
    /// All of them, the most pressing first.
    pub const ALL: [Self; 14] = [
        Self::LedgerDamaged,
        Self::DiskLow,
        Self::Clone,
        Self::AllRefused,
        Self::CertificateEnded,
        Self::Conflict,
        Self::DayDiffers,
        Self::Hole,
        Self::Quarantine,
        Self::CertificateRefused,
        Self::CertificateEnds,
        Self::Behind,
        Self::SchemaOld,
        Self::Clock,
    ];

    /// The word on wire, in tables, in metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::AllRefused => "all-refused",
            Self::Hole => "hole",
            Self::Clone => "clone",
            Self::Conflict => "conflict",
            Self::Quarantine => "quarantine",
            Self::Clock => "clock",
            Self::DiskLow => "disk-low",
            Self::LedgerDamaged => "ledger-damaged",
            Self::SchemaOld => "schema-old",
            Self::DayDiffers => "day-differs",
            Self::CertificateEnds => "certificate-ends",
            Self::CertificateRefused => "certificate-refused",
            Self::CertificateEnded => "certificate-ended",
        }
    }

    /// Takes back what `word` gave.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.word() == word)
    }

    /// How much it matters.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::LedgerDamaged
            | Self::DiskLow
            | Self::Clone
            | Self::AllRefused
            | Self::CertificateEnded => Severity::Act,
            Self::Conflict
            | Self::DayDiffers
            | Self::Hole
            | Self::Quarantine
            | Self::CertificateRefused
            | Self::CertificateEnds => Severity::Look,
            Self::Behind | Self::SchemaOld | Self::Clock => Severity::Watch,
        }
    }

    /// What it means and what a manager does, in Chinese.
    #[must_use]
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Behind => "有订单还没有传到总部。照常销售；请检查门店网络。",
            Self::AllRefused => {
                "去总部的网络上有设备拒收全部订单，订单都留在本店。照常销售；请联系总部和网络服务商。"
            }
            Self::Hole => "有订单传不到总部，已在总部登记，数据保存在本店。请联系总部。",
            Self::Clone => {
                "本机账本是副本，或另有一台机器用着同一账本。照常销售；请联系总部决定保留哪一台。"
            }
            Self::Conflict => "总部保存的同号订单与本店不同，两份都已保留。请联系总部核对。",
            Self::Quarantine => "总部收到的订单有问题，已隔离保存。请联系总部核对。",
            Self::Clock => "本机时钟不准。请校准时间；小票时间可能有误。",
            Self::DiskLow => "磁盘快满了。请马上清理或联系技术人员，否则将无法销售。",
            Self::LedgerDamaged => {
                "本机账本有数据损坏，损坏的订单不会上传，也不会被覆盖。照常销售；请马上联系总部和技术人员更换磁盘。"
            }
            Self::SchemaOld => "本机程序版本太旧，收不到总部的新资料。照常销售；请安排升级。",
            Self::DayDiffers => "某个营业日与总部的记录不一致，系统没能补齐。请联系总部核对。",
            Self::CertificateEnds => {
                "本机证书快到期，还没有换到新的。照常销售；请检查门店网络，并告诉总部剩余天数。"
            }
            Self::CertificateRefused => {
                "总部拒绝给本机换新证书。照常销售；请在证书到期前联系总部。"
            }
            Self::CertificateEnded => {
                "本机证书已到期，订单传不到总部。照常销售；请检查门店网络，并马上联系总部。"
            }
        }
    }

    /// The same in English.
    #[must_use]
    pub const fn english(self) -> &'static str {
        match self {
            Self::Behind => {
                "Orders have not reached HQ yet. Sell on, and check the store's network."
            }
            Self::AllRefused => {
                "Something between here and HQ refuses every order. Sell on; call HQ and the network's provider."
            }
            Self::Hole => {
                "Orders cannot be sent to HQ; HQ knows which, and they are kept here. Call HQ."
            }
            Self::Clone => {
                "This ledger is a copy, or another box uses the same one. Sell on; HQ decides which stays."
            }
            Self::Conflict => {
                "HQ holds another order under the same id; both are kept. Compare them with HQ."
            }
            Self::Quarantine => {
                "HQ holds an order that does not add up, set aside. Look at it with HQ."
            }
            Self::Clock => "This box's clock is off. Set it; times on receipts may be wrong.",
            Self::DiskLow => {
                "The disk is almost full. Make room or call for help now, or nothing can be sold."
            }
            Self::LedgerDamaged => {
                "Part of this ledger is damaged on its disk; what is damaged is neither sent nor written over. Sell on; call HQ and have the disk replaced now."
            }
            Self::SchemaOld => {
                "This program is too old for what HQ offers. Sell on, and have it updated."
            }
            Self::DayDiffers => {
                "HQ holds something else of a business day, and it could not be mended. Call HQ."
            }
            Self::CertificateEnds => {
                "This box's certificate ends soon, and there is no next one yet. Sell on, check the store's network, and tell HQ how many days are left."
            }
            Self::CertificateRefused => {
                "HQ refuses this box its next certificate. Sell on, and call HQ before it ends."
            }
            Self::CertificateEnded => {
                "This box's certificate has ended, and no order reaches HQ. Sell on, check the store's network, and call HQ now."
            }
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_trouble_has_a_word_and_sentences_of_its_own() {
        let mut said = BTreeSet::new();
        for trouble in Trouble::ALL {
            assert_eq!(Trouble::from_word(trouble.word()), Some(trouble));
            for sentence in [trouble.word(), trouble.chinese(), trouble.english()] {
                assert!(!sentence.is_empty() && said.insert(sentence), "{trouble}: {sentence}");
            }
            assert!(trouble.chinese().ends_with('。') && trouble.english().ends_with('.'));
            assert!(trouble.word().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
        }
        assert!(Trouble::ALL.is_sorted_by_key(|trouble| std::cmp::Reverse(trouble.severity())));
        assert_eq!(Trouble::from_word("nothing"), None);
    }
}
