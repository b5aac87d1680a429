//! Codes of transfers.

use super::code_list;

code_list! {
    /// Where a transfer stands; it follows from what its offices said. Source: domain rules §2.6; the set of states is ours.
    TRANSFER_STATE "transfer_state" "接转状态" "State of the transfer", source "工会会员会籍管理办法(2016)第十二条; local";
    "requested" "已申请，待转出" "Asked for"
    "released" "转出在途，待接收" "Released, in transit" ["在途"]
    "unreleased" "已接收，待原工会转出" "Taken in, release awaited"
    "provisional" "已接收，待县确认" "Taken in, the county's word awaited"
    "confirmed" "已办结" "Confirmed" ["已接收"]
    "disputed" "有争议，待县裁定" "Disputed, the county decides"
    "refused" "不同意转出" "Refused" ["拒绝"]
    "withdrawn" "已撤回" "Withdrawn" ["撤回"]
}

code_list! {
    /// Why somebody moves. Source: domain rules §2.6 (employment, residence, union founded); 其他 is local.
    TRANSFER_REASON "transfer_reason" "转移原因" "Reason of the transfer", source "工会会员会籍管理办法(2016)第十二条; local";
    "employment" "劳动（工作）关系变动" "Change of employment" ["工作变动" "换单位"]
    "residence" "居住地变动" "Change of residence" ["搬家"]
    "founded" "新单位建立工会" "The employer founded a union"
    "secondment" "借调满六个月" "Seconded for six months or longer" ["借调"]
    "unemployed" "失业后转居住地工会" "Unemployed, to the union of the place of residence"
    "other" "其他" "Other" ["其它"]
}

code_list! {
    /// What became of a late edit.
    LATE_EDIT_STATE "late_edit_state" "迟到修改的状态" "State of a late edit", source "local";
    "waiting" "待处理" "Waiting"
    "accepted" "已采纳" "Accepted"
    "refused" "未采纳" "Refused"
}

code_list! {
    /// What kind of reorganisation. Source: 撤乡并镇 and moves of enterprises as offices name them; local.
    SUCCESSION_KIND "succession_kind" "调整方式" "Kind of reorganisation", source "local";
    "enterprise" "单位划转" "An enterprise moves"
    "split" "分设" "Split"
    "merger" "合并" "Merger"
    "abolition" "撤销" "Abolition"
}

code_list! {
    /// Where a reorganisation stands.
    SUCCESSION_STATE "succession_state" "调整状态" "State of a reorganisation", source "local";
    "planned" "待生效" "Planned"
    "done" "已办理" "Carried out"
}
