//! The sentences of problems, Chinese first. What happened, what is safe, what to do.

use super::Language;

/// The sentences of one problem.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) detail: &'static str,
    pub(super) hint: &'static str,
}

/// Slug, then title, detail and hint in Chinese, then in English.
pub(super) type Row = (&'static str, [&'static str; 3], [&'static str; 3]);

/// What no room of its own says: of the program and of the way to it.
const ROWS: &[Row] = &[
    (
        "busy",
        ["请稍等", "机器正忙，这一步没有做。", "再按一次。"],
        ["Busy", "The box is busy; this step was not done.", "Press again."],
    ),
    (
        "not-kept",
        ["没有记上", "这一步没有存下，购物车没有变。", "再扫一次；多次不行请叫店长。"],
        [
            "Not kept",
            "This step was not kept. The cart is as it was.",
            "Scan again; call a manager if it goes on.",
        ],
    ),
    (
        "disk-full",
        ["磁盘满了", "这一步没有存下。已经存下的订单都在。", "请店长清理磁盘。"],
        [
            "The disk is full",
            "This step was not kept. Orders already kept are safe.",
            "Ask the manager to free space.",
        ],
    ),
    (
        "ledger-damaged",
        [
            "本机数据读不出来",
            "这一步没有存下，什么都没有改变。已经存下的订单没有被改动。",
            "请再试一次；还是不行就换一台收银机，并马上联系技术人员，不要清除数据。",
        ],
        [
            "This box's data cannot be read",
            "This step was not kept and nothing was changed. Orders already kept were not touched.",
            "Try once more; if it fails again use another till, call for help now, and delete nothing.",
        ],
    ),
    (
        "body-too-large",
        ["内容太长", "请求超过了上限。什么都没有改变。", ""],
        ["Too large", "The request is over the limit. Nothing was changed.", ""],
    ),
    (
        "malformed",
        ["请求看不懂", "请求不完整或格式不对。什么都没有改变。", "刷新屏幕再做。"],
        [
            "Malformed request",
            "The request is incomplete or not understood. Nothing was changed.",
            "Reload the screen and try again.",
        ],
    ),
    (
        "method-not-allowed",
        ["不能这样做", "这个地址不接受这种请求。", ""],
        ["Method not allowed", "This address does not take such a request.", ""],
    ),
    (
        "not-found",
        ["没有这个页面", "地址里没有东西。", ""],
        ["Not found", "There is nothing at this address.", ""],
    ),
    (
        "internal",
        [
            "机器出错了",
            "这一步可能没有做完。已经存下的订单都在。",
            "看屏幕上的购物车再继续。出错多次请联系支持。",
        ],
        [
            "Something broke",
            "This step may not be done. Orders already kept are safe.",
            "Look at the cart on the screen and go on. Call support if it happens again.",
        ],
    ),
];

/// The sentences of a problem; every slug of ours has a row, which a test checks.
pub(super) fn words(slug: &str, language: Language) -> Words {
    known(slug, language).unwrap_or(Words { title: "", detail: "", hint: "" })
}

/// The problem that has the sentences of another house's word, if we know the word.
pub(super) fn refused(word: &str) -> Option<&'static str> {
    let word = word.replace('_', "-");
    let mut rows = super::houses::ROWS.iter().map(|(slug, _, _)| *slug);
    rows.find(|slug| slug.strip_prefix("refused-") == Some(word.as_str()))
}

/// The sentences of a problem we know.
pub(super) fn known(slug: &str, language: Language) -> Option<Words> {
    let mut rows = ROWS
        .iter()
        .chain(super::approvals::ROWS)
        .chain(super::counter::ROWS)
        .chain(super::devices::ROWS)
        .chain(super::doors::ROWS)
        .chain(super::houses::ROWS)
        .chain(super::members::ROWS)
        .chain(super::online_returns::ROWS)
        .chain(super::pickups::ROWS)
        .chain(super::phone::ROWS)
        .chain(super::rights::ROWS);
    let (_, chinese, english) = rows.find(|(known, _, _)| *known == slug)?;
    let [title, detail, hint] = match language {
        Language::Chinese => *chinese,
        Language::English => *english,
    };
    Some(Words { title, detail, hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The room's own source names every slug it uses.
    const SOURCES: [&str; 21] = [
        include_str!("../problem.rs"),
        include_str!("../guard.rs"),
        include_str!("../caller.rs"),
        include_str!("../session.rs"),
        include_str!("../workstation.rs"),
        include_str!("../orders.rs"),
        include_str!("../rights.rs"),
        include_str!("../approvals.rs"),
        include_str!("../console.rs"),
        include_str!("../console/deeds.rs"),
        include_str!("../console/overview.rs"),
        include_str!("../member.rs"),
        include_str!("../shelf.rs"),
        include_str!("../kiosk.rs"),
        include_str!("../elsewhere.rs"),
        include_str!("../sim.rs"),
        include_str!("../stream.rs"),
        include_str!("../body.rs"),
        include_str!("../phone.rs"),
        include_str!("phone.rs"),
        include_str!("online_returns.rs"),
    ];

    #[test]
    fn a_word_of_another_house_has_its_sentence_and_an_unknown_one_has_that_of_any_no() {
        assert_eq!(refused("not_set_up"), Some("refused-not-set-up"));
        assert_eq!(refused("funds-short"), Some("refused-funds-short"));
        assert_eq!(refused("never heard of"), None);
        for (slug, chinese, english) in super::super::houses::ROWS {
            assert!(slug.starts_with("refused-"), "{slug}");
            assert!(chinese.iter().chain(english).all(|text| !text.is_empty()), "{slug}");
        }
    }

    #[test]
    fn every_problem_that_is_answered_has_its_sentences_in_both_languages() {
        let slugs = SOURCES.iter().flat_map(|source| {
            source.split("plain(\"").skip(1).filter_map(|rest| rest.split('"').next())
        });
        let mut n = 0;
        for slug in slugs {
            n += 1;
            for language in [Language::Chinese, Language::English] {
                let words = known(slug, language);
                assert!(
                    words.is_some_and(|w| !w.title.is_empty() && !w.detail.is_empty()),
                    "{slug}"
                );
            }
        }
        assert!(n > 25, "only {n} slugs were found");
    }
}
