//! Codes of cards.

use super::code_list;

code_list! {
    /// How a card stands; it follows from its events. Source: domain rules §2.5, §2.8; the set of states is ours.
    CARD_STATE "card_state" "证件状态" "Standing of a card", source "会员证发放登记; local";
    "ordered" "待制作" "Ordered" ["已申领"]
    "printed" "待发放" "Printed, not handed out" ["已制作" "库存"]
    "held" "已发放" "With its member" ["在用" "已领"]
    "lost" "已挂失" "Lost" ["挂失" "遗失"]
    "replaced" "已换发" "Replaced" ["换发"]
    "taken_back" "已收回" "Taken back" ["收回" "交回"]
    "spoiled" "已作废" "Spoilt" ["制作损坏" "作废"]
    "superseded" "重号停用" "Stepped back from a number given out twice" ["重号"]
    "provisional" "随会员暂接" "With a member whose transfer awaits the county"
    "transferred" "已随会员转走" "Went with its member to another union"
}

code_list! {
    /// What a card is. Source: 工会会员会籍管理办法 (2016) art. 5: the paper 会员证, and the 会员卡 as a proof beside it.
    CARD_KIND "card_kind" "证件类别" "Kind of card", source "工会会员会籍管理办法(2016)第五条";
    "card" "会员卡" "Card" ["卡"]
    "paper" "会员证（纸质）" "Paper card" ["会员证" "纸质证"]
}
