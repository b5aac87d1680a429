//! Codes of an application to join: how it was made, and by what sort of worker.

use super::code_list;

code_list! {
    /// How somebody applied. Source: the measures of 2016 on membership name these three.
    APPLICATION_WAY "application_way" "申请方式" "How applied", source "工会会员会籍管理办法(2016)";
    "written" "书面" "In writing" ["书面申请" "纸质"]
    "oral" "口头" "Orally" ["口头申请" "当面"]
    "online" "网上" "By internet" ["网络" "网上申请" "扫码" "扫码入会"]
}

code_list! {
    /// Sort of applicant; it decides which union may admit and how the member is counted. Source: the measures of 2016 and the
    /// national drive since 2021; the set is ours.
    APPLICANT_KIND "applicant_kind" "申请人类别" "Kind of applicant", source "工会会员会籍管理办法(2016); 全总新就业形态劳动者入会行动(2021)";
    "ordinary" "单位职工" "Employee" ["普通职工" "职工" "普通"]
    "dispatched" "劳务派遣工" "Dispatched worker" ["劳务派遣" "派遣"]
    "platform" "新就业形态劳动者" "Platform worker" ["新就业形态" "新业态"]
    "flexible" "灵活就业人员" "Part-time or flexible worker" ["灵活就业" "非全日制" "临时工"]
}
