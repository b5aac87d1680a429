//! Made-up people and offices. ID numbers lie in area 9901xx, which no province has.

use niangjia_core::checks::id_number;

use crate::chance::Chance;

const SURNAMES: [&str; 12] = ["王", "李", "张", "刘", "陈", "杨", "赵", "周", "吴", "单", "仇", "解"];
const GIVEN: [&str; 12] = ["芳", "伟民", "娜", "秀英", "敏", "丽", "强", "建国", "玉梅", "海燕", "浩然", "子轩"];

/// Townships of the histories, with their codes.
pub(crate) const TOWNSHIPS: [(&str, &str); 6] = [
    ("平明镇总工会", "320722104"),
    ("安峰镇总工会", "320722106"),
    ("桃林镇总工会", "320722108"),
    ("白塔埠镇总工会", "320722110"),
    ("牛山街道总工会", "320722001"),
    ("石榴街道总工会", "320722002"),
];

pub(crate) fn name(chance: &mut Chance) -> String {
    let mut part = |from: &[&'static str]| *chance.pick(from).expect("names");
    format!("{}{}", part(&SURNAMES), part(&GIVEN))
}

/// The n-th person's number; no two are equal.
pub(crate) fn id_no(n: usize) -> String {
    let body = format!("9901{:02}{}0101{:03}", 1 + n / 998 % 28, 1950 + n / 998 / 28, 1 + n % 998);
    let check = id_number::check_character(&body).unwrap_or('0');
    format!("{body}{check}")
}
