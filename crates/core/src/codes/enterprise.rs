//! Codes of employers: nature, economic type, and how far the union has come there.

use super::code_list;

code_list! {
    /// Nature of the unit, twenty values. Source: national organisation collection form; the numbers are those of an
    /// older form. Its 400 (institutions) covers two values of today and is therefore left to the clerk.
    UNIT_NATURE "unit_nature" "单位性质类别" "Nature of the unit", source "工会组织信息采集表; 工会组织信息登记表";
    "state_owned" "国有企业" "State-owned enterprise" ["国有" "国企" "全民所有制企业" "110"]
    "collective" "集体企业" "Collective enterprise" ["集体" "集体所有制企业" "120"]
    "joint_stock_coop" "股份合作企业" "Joint-stock cooperative" ["股份合作" "股份合作制" "130"]
    "joint_operation" "联营企业" "Joint-operation enterprise" ["联营" "140"]
    "state_sole" "国有独资公司" "Wholly state-owned company" ["国有独资" "151"]
    "limited_other" "其他有限责任公司" "Other limited company" ["有限责任公司" "其他有限责任" "159"]
    "state_controlled" "国有控股公司" "State-controlled company" ["国有控股" "161"]
    "stock_other" "其他股份有限公司" "Other joint-stock company" ["股份有限公司" "其他股份" "169"]
    "private" "私营企业" "Private enterprise" ["私营" "民营企业" "民营" "私企" "170"]
    "domestic_other" "其他内资企业" "Other domestic enterprise" ["其他内资" "190"]
    "hk_macau_taiwan" "港澳台商投资企业" "Enterprise with Hong Kong, Macau or Taiwan investment" [
        "港澳台商" "港澳台企业" "港澳台投资企业" "200"]
    "foreign" "外商投资企业" "Foreign-invested enterprise" ["外商" "外资企业" "外资" "300"]
    "institution_funded" "财政拨款的事业单位" "Institution on the public budget" ["财政拨款事业单位" "全额拨款事业单位"]
    "institution_other" "其他事业单位" "Other institution" ["自收自支事业单位"]
    "organ" "机关" "Party or government organ" ["党政机关" "国家机关" "500"]
    "individual" "个体经济组织" "Individual business" ["个体" "个体户" "个体工商户" "600"]
    "social_group" "社会团体" "Social group" ["社团"]
    "private_nonprofit" "民办非企业单位" "Private non-enterprise unit" ["民办非企业" "民非" "社会服务机构" "700"]
    "foundation" "基金会" "Foundation"
    "other" "其他组织" "Other organisation" ["其他" "其它" "其它组织"]
}

code_list! {
    /// Economic type, nine values. Source: national organisation collection form.
    ECONOMY "economy" "经济类型" "Economic type", source "工会组织信息采集表";
    "state" "国有" "State" ["国有经济" "国有企业"]
    "collective" "集体" "Collective" ["集体经济" "集体企业"]
    "private" "私营" "Private" ["私营经济" "私营企业" "民营"]
    "individual" "个体" "Individual" ["个体经济" "个体户"]
    "joint" "联营" "Joint operation" ["联营经济"]
    "stock" "股份制" "Joint stock" ["股份制经济" "股份" "股份制企业"]
    "foreign" "外商投资" "Foreign investment" ["外商投资经济" "外商" "外资" "外商投资企业"]
    "hk_macau_taiwan" "港澳台投资" "Hong Kong, Macau or Taiwan investment" [
        "港澳台投资经济" "港澳台" "港澳台商投资" "港澳台投资企业"]
    "other" "其他" "Other" ["其它" "其他经济"]
}

code_list! {
    /// How far a unit is with founding a union. Source: words of the organising ledgers (local); 未摸排 and 已摸排 come
    /// before anybody has asked.
    ORGANISING_STATE "organising_state" "建会状态" "Organising state", source "local: 未建会单位台账";
    "unknown" "未摸排" "Not surveyed" ["未排查" "不详"]
    "surveyed" "已摸排" "Surveyed" ["已排查"]
    "unorganised" "未建" "No union" ["未建会" "未建立" "没有建会"]
    "preparing" "筹建" "Preparing" ["筹建中" "筹备" "待建"]
    "founded_own" "已建单独" "Own union founded" ["单独建会" "已单独建会" "单建" "独立建会" "已建会（单独）"]
    "founded_joint" "已建联合" "Covered by a joint union" ["联合建会" "已联合建会" "联建" "已建会（联合）"]
    "refusing" "拒绝" "Refuses" ["拒绝建会" "不愿建会" "拒建"]
    "suspended" "停业" "Out of business for now" ["停产" "歇业" "停业整顿" "停产停业"]
    "deregistered" "注销" "Deregistered" ["已注销" "吊销" "关闭" "破产"]
}

code_list! {
    /// Why there is no union yet. Source: office practice (local).
    ORGANISING_REASON "organising_reason" "未建会原因" "Reason why there is no union", source "local: 未建会单位台账";
    "owner_unwilling" "经营者不愿建会" "The owner does not want one" ["业主不愿意" "老板不愿意" "企业不愿意"]
    "workers_unaware" "职工不了解工会" "The workers do not know the union" ["职工不了解" "职工无意愿"]
    "too_small" "职工人数少" "Too few workers" ["人数少" "人员少"]
    "turnover" "职工流动性大" "Workers come and go" ["人员流动大" "流动性大"]
    "new_unit" "新开办单位" "Newly opened" ["新办企业" "新成立"]
    "in_trouble" "生产经营困难" "In economic trouble" ["经营困难" "效益不好"]
    "not_found" "查无下落" "Cannot be found" ["查无此单位" "无法联系" "失联"]
    "other" "其他" "Other" ["其它"]
}
