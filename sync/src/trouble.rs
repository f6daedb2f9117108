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

/// The same in both languages of the screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Words {
    /// Simplified Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

const fn words(zh: &'static str, en: &'static str) -> Words {
    Words { zh, en }
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

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> Words {
        match self {
            Self::Behind => words("传输滞后", "Behind"),
            Self::AllRefused => words("全部被拒收", "All refused"),
            Self::LedgerDamaged => words("账本损坏", "Ledger damaged"),
            Self::CertificateEnds => words("证书将到期", "Certificate ends"),
            Self::CertificateRefused => words("换证被拒", "Certificate refused"),
            Self::CertificateEnded => words("证书已到期", "Certificate ended"),
            Self::Hole => words("有缺口", "Hole"),
            Self::Clone => words("账本有副本", "Copied ledger"),
            Self::Conflict => words("同号冲突", "Conflict"),
            Self::Quarantine => words("已隔离", "Quarantine"),
            Self::Clock => words("时钟不准", "Clock is off"),
            Self::DiskLow => words("磁盘将满", "Disk almost full"),
            Self::SchemaOld => words("程序太旧", "Program too old"),
            Self::DayDiffers => words("当日不一致", "Day differs"),
        }
    }

    /// What is wrong, for HQ, who does not stand in the store.
    #[must_use]
    pub const fn at_hq(self) -> Words {
        match self {
            Self::Behind => words(
                "门店有订单等了太久还没有传上来。",
                "Orders of the store have waited too long to be told.",
            ),
            Self::AllRefused => words(
                "门店到总部的路上有设备拒收全部订单。",
                "Something between the store and HQ refuses every order.",
            ),
            Self::LedgerDamaged => words(
                "门店机器的磁盘读回的账本与写入的不同。",
                "The disk of the store's box gave back another ledger than was written.",
            ),
            Self::CertificateEnds => words(
                "门店机器的证书快到期，还没有换到新的。",
                "The box's certificate ends soon, and it has not got the next one.",
            ),
            Self::CertificateRefused => words(
                "商城拒绝给门店机器换新证书。",
                "The mall refuses the box its next certificate.",
            ),
            Self::CertificateEnded => words(
                "门店机器的证书已到期，订单传不上来。",
                "The box's certificate has ended; its orders cannot be told.",
            ),
            Self::Hole => words(
                "门店有订单在路上被拒绝，传不上来。",
                "Something on the way refuses orders of the store.",
            ),
            Self::Clone => words(
                "门店的账本是副本，或有两台机器用着同一账本。",
                "The store's ledger is a copy, or two boxes speak with the same one.",
            ),
            Self::Conflict => words(
                "同一个编号，门店和总部各有一份不同的订单。",
                "Store and HQ hold different orders under the same id.",
            ),
            Self::Quarantine => words(
                "门店传来的订单读不懂，或金额对不上。",
                "An order of the store could not be read, or does not add up.",
            ),
            Self::Clock => words(
                "门店机器的时钟与总部相差两分钟以上。",
                "The box's clock is off by two minutes or more.",
            ),
            Self::DiskLow => {
                words("门店机器的磁盘快满了。", "The disk of the store's box is almost full.")
            }
            Self::SchemaOld => words(
                "门店程序太旧，读不了总部的新资料。",
                "The store's program is too old to read what HQ offers.",
            ),
            Self::DayDiffers => words(
                "某个营业日门店和总部的记录不一致，没能自动补齐。",
                "Store and HQ hold something else of a business day, and it was not mended by itself.",
            ),
        }
    }

    /// What is not in danger all the same.
    #[must_use]
    pub const fn safe(self) -> Words {
        match self {
            Self::Behind => words(
                "订单都在门店账本里，照常销售；线路恢复后自动补传，不丢也不重。",
                "All of them are in the store's ledger, and it sells on; they are sent by themselves, none lost and none twice.",
            ),
            Self::AllRefused => words(
                "订单都在门店账本里，照常销售；有一条被收下后自动补传，不丢也不重。",
                "All of them are in the store's ledger, and it sells on; once one is taken the rest is sent, none lost and none twice.",
            ),
            Self::LedgerDamaged => words(
                "损坏的内容不会上传，也不会被覆盖；能核实的订单照常上传，照常销售。",
                "What is damaged is neither told nor written over; what can be proven is told, and the store sells on.",
            ),
            Self::CertificateEnds => words(
                "证书到期前一切照常；到期后照常销售，订单留在门店账本里。",
                "All goes on until it ends; after that it sells on, and its orders stay in its ledger.",
            ),
            Self::CertificateRefused => words(
                "手里的证书到期前仍然有效，照常销售和上传。",
                "The one that it has is good until it ends: it sells and tells until then.",
            ),
            Self::CertificateEnded => words(
                "订单都在门店账本里，照常销售；换到新证书后自动补传。",
                "All orders are in the store's ledger, and it sells on; they are sent once it has a new certificate.",
            ),
            Self::Hole => words(
                "缺哪几个位置已登记，数据仍在门店；其余订单照常上传。",
                "Which places are missing is written down, and the store keeps them; everything else is sent.",
            ),
            Self::Clone => words(
                "两边的订单都收下并分开保存；被冻结的一台照常销售，但不能动用会员余额和积分。",
                "Orders of both are taken and kept apart; the frozen one sells on, but spends no balance or points.",
            ),
            Self::Conflict => words(
                "两份都已保留，其余订单不受影响。",
                "Both are kept; no other order is touched.",
            ),
            Self::Quarantine => words(
                "原文已完整保存，其余订单不受影响。",
                "Its bytes are kept whole; no other order is touched.",
            ),
            Self::Clock => words(
                "订单的顺序和金额不受影响，只有时间可能有误。",
                "Order and amounts of what is sold are right; only times may be wrong.",
            ),
            Self::DiskLow => words(
                "已经完成的订单都在；为结完手上的单预留了空间。",
                "What was sold is there; room is kept to finish what has begun.",
            ),
            Self::SchemaOld => words(
                "照常销售，沿用已有的资料和价格。",
                "It sells on with the goods and prices that it has.",
            ),
            Self::DayDiffers => words(
                "两边的记录都还在，没有删除任何一笔；当日没有封账。",
                "Both sides keep what they have, nothing was deleted; the day is not sealed.",
            ),
        }
    }

    /// What HQ does about it.
    #[must_use]
    pub const fn to_do_at_hq(self) -> Words {
        match self {
            Self::Behind => words(
                "看门店是否在线：不在线，请门店查网络和电源；在线，看商城是否繁忙。",
                "See whether the store is online: if not, have network and power looked at; if so, see whether the mall is busy.",
            ),
            Self::AllRefused => words(
                "与门店的网络服务商一起检查代理和防火墙；先看是否别的门店也这样。",
                "Have proxies and filters on the way looked at; see first whether other stores say the same.",
            ),
            Self::LedgerDamaged => words(
                "今天就派人更换磁盘；换前先备份，并在门店运行 edge-daemon verify。",
                "Have the disk changed today; make a backup before, and run edge-daemon verify in the store.",
            ),
            Self::CertificateEnds => words(
                "看门店是否在线；离线的，请在剩余天数内恢复门店网络。",
                "See whether the store is online; if not, have its network mended within the days that are left.",
            ),
            Self::CertificateRefused => words(
                "用 mall edge list 看这台机器是否被吊销；没有吊销的，请技术人员查商城日志。",
                "See with mall edge list whether the box was revoked; if not, have the mall's log looked at.",
            ),
            Self::CertificateEnded => words(
                "先恢复门店网络，机器会自己换证书；仍然不行，给门店新的领用码。",
                "Have the store's network mended, and it renews by itself; failing that, give the store a new claim code.",
            ),
            Self::Hole => words(
                "看该店的“待核对”里写的原因，排除中间的代理或防火墙；补传后自动消失。",
                "Read the reason under the store's cases and mend the proxy or filter between; once they come it is gone.",
            ),
            Self::Clone => words(
                "问清哪一台是真的，关掉另一台，再用 mall edge keep 指定保留哪一台。",
                "Find out which box is the real one, switch the other off, and say so with mall edge keep.",
            ),
            Self::Conflict | Self::Quarantine => words(
                "打开该店的“待核对”，与门店对照纸质小票，确定以哪一份为准。",
                "Open the store's cases and compare the paper receipt with the store.",
            ),
            Self::Clock => words(
                "请门店校准机器时间，检查能否联网对时；主板电池可能没电。",
                "Have the box's clock set and its time server reached; its battery may be flat.",
            ),
            Self::DiskLow => words(
                "今天就派人清理或更换磁盘，否则门店将无法销售。",
                "Have room made or the disk changed today, or the store will not be able to sell.",
            ),
            Self::SchemaOld => words("安排该店升级程序。", "Have the store's program updated."),
            Self::DayDiffers => words(
                "打开该日，对照两边的合计；请技术人员在门店运行 edge-daemon verify。",
                "Open the day and compare the sums; have edge-daemon verify run in the store.",
            ),
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
    fn all_of_them_are_all_that_there_are() {
        let source = include_str!("trouble.rs");
        let (_, rest) = source.split_once("pub enum Trouble {\n").unwrap();
        let (body, _) = rest.split_once("\n}").unwrap();
        let kinds: BTreeSet<&str> = body
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with("//"))
            .map(|line| line.trim_end_matches(','))
            .collect();
        let named: Vec<String> = Trouble::ALL.iter().map(|kind| format!("{kind:?}")).collect();
        assert_eq!(kinds, named.iter().map(String::as_str).collect());
    }

    #[test]
    fn every_trouble_has_a_word_and_sentences_of_its_own() {
        let mut said = BTreeSet::new();
        for trouble in Trouble::ALL {
            assert_eq!(Trouble::from_word(trouble.word()), Some(trouble));
            let (name, at_hq, safe) = (trouble.name(), trouble.at_hq(), trouble.safe());
            for sentence in [
                trouble.word(),
                trouble.chinese(),
                trouble.english(),
                name.zh,
                name.en,
                at_hq.zh,
                at_hq.en,
                safe.zh,
                safe.en,
            ] {
                assert!(!sentence.is_empty() && said.insert(sentence), "{trouble}: {sentence}");
            }
            assert!(trouble.chinese().ends_with('。') && trouble.english().ends_with('.'));
            for Words { zh, en } in [at_hq, safe, trouble.to_do_at_hq()] {
                assert!(zh.ends_with('。') && en.ends_with('.'), "{trouble}: {zh} {en}");
            }
            assert!(trouble.word().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
        }
        assert!(Trouble::ALL.is_sorted_by_key(|trouble| std::cmp::Reverse(trouble.severity())));
        assert_eq!(Trouble::from_word("nothing"), None);
    }
}
