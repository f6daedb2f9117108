//! Combinations that a search once missed, worked out with a pencil.

use domain::trial;

/// A trial of one cart comes out as it should, and nothing of it was bounded.
fn check(text: &str, expected: &str) {
    let margin = |line: &str| line.strip_prefix("        ").unwrap_or(line).to_owned();
    let plain = |text: &str| text.lines().map(margin).collect::<Vec<_>>().join("\n");
    let outcomes = trial::run(&plain(text)).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
    assert_eq!(outcomes[0].rows().join("\n"), plain(expected));
}

/// Alone `a-x` saves less than `b-thirty`; but with it `c-half` finds more of y.
#[test]
fn rules_that_stack_are_in_one_knot_with_what_stands_between_them() {
    check(
        "item x 40.00 piece
        item y 60.00 piece
        rule a-x x减25
          goods sku x
          at 1.00 give 25.00 off
          stacking best
        rule b-thirty 满100减30
          at 100.00 give 30.00 off
        rule c-half y五折
          goods sku y
          give to 50%
        ---
        scan x
        scan y",
        "x 1 15.00 was 40.00
        y 1 30.00 was 60.00
        off a-x 25.00
        off c-half 30.00
        total 45.00",
    );
}

/// For tea alone `a-eight` is better; but without its money `b-tenth` is not reached.
#[test]
fn what_stacking_rules_need_is_not_taken_from_them_unit_by_unit() {
    check(
        "item tea 60.00 piece
        item cake 40.00 piece
        rule a-eight 茶减8元
          goods sku tea
          give units 8.00 off
          stacking best
        rule b-tenth 满100每件9折
          at 100.00 give units to 90%
        ---
        scan tea
        scan cake",
        "tea 1 54.00 was 60.00
        cake 1 36.00 was 40.00
        off b-tenth 10.00
        total 90.00",
    );
}

/// Now a is at 40.00. The dearest two are b and c; but a, the cheapest, has the highest list price: half of it
/// is more than what is left.
#[test]
fn half_of_the_list_price_is_taken_where_it_is_most() {
    check(
        "item a 100.00 piece
        item b 50.00 piece
        item c 45.00 piece
        rule cut a四折
          goods sku a
          give units to 40%
        rule second 第二件按原价减半
          give nth 2 to 50%
          stacking best on list
        show lines
        ---
        scan a
        scan b
        scan c",
        "a 1 22.22 was 100.00
        - cut 60.00
        - second 17.78
        b 1 27.78 was 50.00
        - second 22.22
        c 1 45.00
        off cut 60.00
        off second 40.00
        total 95.00",
    );
}

/// Points for one unit only, and the cheap goods stand first on the counter.
#[test]
fn points_go_where_they_save_most() {
    check(
        "item a 10.00 piece
        item z 100.00 piece
        rule swap 1元加100积分
          give units to 1.00 for 100 points
          stacking best
        rule tenth 九折
          give units to 90%
          stacking best
        ---
        member points 199
        choose swap 2
        scan a
        scan z",
        "a 1 9.00 was 10.00
        z 1 1.00 was 100.00
        off swap 99.00
        off tenth 1.00
        total 10.00
        spends 100 points",
    );
}

/// Both cost 1.15 now; of the cup's list price the cut takes all that is left, of the shoe's 1.01.
#[test]
fn of_units_that_cost_the_same_the_one_is_cut_that_saves_more() {
    check(
        "item cup 5.74 piece
        item shoe 1.38 piece
        rule all 一口价
          give units to 1.15
        rule second 第二件按原价
          give nth 2 to 26.81%
          stacking best on list
        ---
        scan cup
        scan shoe",
        "cup 1 0.57 was 5.74
        shoe 1 0.58 was 1.38
        off all 4.82
        off second 1.15
        total 1.15",
    );
}
