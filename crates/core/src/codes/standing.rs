//! Codes of where a person stands: joining, in the union, retained, gone.

use super::code_list;

code_list! {
    /// Where a membership stands now. Only `active` and `out_in_transit` count as members and pay dues.
    /// Source: constitution of the unions arts. 5 to 8 and 工会会员会籍管理办法 (2016); the set of states is ours.
    MEMBERSHIP_STATE "membership_state" "会籍状态" "Membership state",
        source "中国工会章程第五至八条; 工会会员会籍管理办法(2016)";
    "active" "在册" "Active" ["在会" "正常"]
    "out_in_transit" "转出在途" "In transit to another union" ["在途" "转出中"]
    "retained" "保留会籍" "Retained" ["保留"]
    "left" "退会" "Left" ["已退会"]
    "expelled" "开除会籍" "Expelled" ["除名" "开除" "已开除会籍"]
    "deceased" "去世" "Deceased" ["死亡" "已去世" "病故"]
    "moved_out" "已转出" "Moved to another union" ["转出"]
    "provisional" "暂接，待县确认" "Taken in, the county's word awaited" ["暂接"]
    "transferred" "已转往本县其他工会" "Held by another union of the county"
}

code_list! {
    /// Why a membership is retained. Source: 工会会员会籍管理办法 (2016); 其他 is local.
    RETAINED_REASON "retained_reason" "保留会籍原因" "Reason of retention",
        source "工会会员会籍管理办法(2016); 其他: local";
    "retired" "退休" "Retired" ["离退休" "提前退休"]
    "unemployed" "失业" "Unemployed"
    "military" "服兵役" "Military service" ["参军" "入伍" "当兵"]
    "employer_closed" "单位关闭或破产" "Employer closed or bankrupt" [
        "单位撤销" "单位破产" "企业破产" "所在企业破产" "单位注销"]
    "other" "其他" "Other" ["其它"]
}

code_list! {
    /// How a member left. Source: constitution of the unions art. 6.
    LEFT_KIND "left_kind" "退会方式" "How the member left", source "中国工会章程第六条";
    "voluntary" "自愿退会" "By own wish" ["个人要求退会" "本人要求" "自愿"]
    "deemed" "自动退会" "Deemed to have left (six months without dues and union life)" [
        "视为退会" "按自动退会处理" "自动"]
}

code_list! {
    /// Where an application to join stands. Source: constitution of the unions art. 2; the set of states is ours.
    JOINING_STATE "joining_state" "入会办理状态" "State of the application", source "中国工会章程第二条";
    "draft" "草稿" "Draft"
    "submitted" "已提交" "Submitted" ["提交" "已申请"]
    "group_ok" "小组已同意" "Group agreed" ["小组同意"]
    "approved" "已批准" "Approved" ["批准" "同意"]
    "rejected" "未批准" "Rejected" ["不批准" "不同意"]
    "withdrawn" "已撤回" "Withdrawn" ["撤回"]
    "transferred" "已随机构调整划走" "Gone with a reorganisation"
}
