//! Codes of the register of who comes and goes, and of how a member was last seen.

use super::code_list;

code_list! {
    /// Which way somebody goes. Source: domain rules §2.7 (来/去单位).
    STAY_DIRECTION "stay_direction" "进出" "Direction", source "local";
    "in" "来" "Came here" ["来本地" "进" "流入"]
    "out" "去" "Went away" ["外出" "出" "流出"]
}

code_list! {
    /// Where a stay stands; it follows from what was recorded of it. The set of states is ours.
    STAY_STATE "stay_state" "进出登记状态" "State of the stay", source "local";
    "open" "未结束" "Going on" ["在本地" "外出中"]
    "ended" "已结束" "Ended" ["已离开" "已返回"]
    "settled" "已转为接收会籍" "Taken in as a member"
}

code_list! {
    /// How it was made sure who somebody is. Source: domain rules §2.7 (核验方式); the list is office practice.
    STAY_CHECK "stay_check" "核验方式" "How it was checked", source "local";
    "card" "扫会员证" "Card scanned" ["扫码"]
    "paper" "看证件原件" "Paper card or ID looked at" ["看证" "查看证件"]
    "phone" "电话核对" "By phone" ["电话"]
    "letter" "介绍信、证明" "By letter" ["介绍信" "证明"]
    "told" "本人或单位告知" "As told" ["告知" "口头"]
}

code_list! {
    /// What the verification of a scanned card said; a card that is void, or forged, is not registered on.
    STAY_ANSWER "stay_answer" "核验结果" "What the card said", source "local";
    "valid" "有效" "Valid"
    "valid_as_of" "截至名单日有效" "Valid as of the county's list"
    "suspended" "挂失或存疑" "Suspended"
    "transferred" "会籍已转到外县" "Holder moved to another county"
}

code_list! {
    /// How somebody was met; none of it is union life. Office practice.
    MET_HOW "met_how" "怎么联系上的" "How the member was met", source "local";
    "phone" "电话" "By phone"
    "counter" "本人来办事" "Came to the office"
    "visit" "走访、入户" "Visited"
    "card" "出示会员证" "Showed the card"
    "family" "家属或单位告知" "Told by family or employer"
    "other" "其他" "Other"
}

code_list! {
    /// What a member was last seen by.
    SIGHTING "sighting" "最近一次见到" "Last seen by", source "local";
    "joined" "入会或转入" "Joined or moved in"
    "dues" "交会费" "Paid dues"
    "life" "参加活动" "Took part in union life"
    "talked" "谈话" "Talked to"
    "met" "联系上" "Was met"
    "card" "领取、挂失会员证" "Came about the card"
    "went" "登记外出" "Went away"
    "back" "登记返回" "Came back"
    "entered" "建档" "Entered here"
}
