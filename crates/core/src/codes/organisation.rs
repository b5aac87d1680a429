//! Codes of union organisations: the levels of the tree, the official types, committees and posts.

use super::code_list;

code_list! {
    /// Level and sort of a union organisation, from the county down to the group.
    /// Source: trade union law arts. 11 to 14 and the county's own tree (local where a county has further sorts).
    ORG_KIND "org_kind" "工会组织类别" "Kind of union organisation", source "工会法第十一至十四条; local";
    "county" "县（市、区）总工会" "County federation" ["县总工会" "区总工会" "市总工会" "县级总工会"]
    "township" "乡镇总工会" "Township union" ["乡镇工会" "镇总工会" "乡总工会" "镇工会" "乡工会" "乡镇工会联合会"]
    "sub_district" "街道总工会" "Sub-district union" ["街道工会" "街道工会联合会"]
    "village" "村（社区）工会" "Village or community union" [
        "村工会" "社区工会" "村工会联合会" "社区工会联合会" "村（社区）工会联合会" "村级联合工会" "村联合工会"]
    "park" "园区工会" "Park union" ["开发区工会" "园区工会联合会" "工业园区工会" "园区总工会"]
    "industry" "行业工会" "Industry union" ["行业工会联合会" "产业工会"]
    "building" "楼宇工会" "Building union" ["商圈工会" "楼宇商圈工会" "楼宇工会联合会"]
    "base_own" "独立基层工会" "Grass-roots union of one employer" [
        "基层工会" "单独基层工会" "企业工会" "单建" "单独建会"]
    "base_joint" "联合基层工会" "Joint grass-roots union" ["联合工会" "联合基层工会委员会" "联建"]
    "branch" "分会" "Branch" ["工会分会" "分工会" "车间工会"]
    "group" "工会小组" "Group" ["小组"]
}

code_list! {
    /// Official type of a grass-roots union, five values. Source: national organisation collection form.
    BASE_UNION_TYPE "base_union_type" "基层工会类型" "Type of grass-roots union", source "工会组织信息采集表";
    "own" "独立基层工会" "Union of one employer" ["单独基层工会" "独立" "单独" "单建" "单独建会" "独立工会"]
    "joint" "联合基层工会" "Joint grass-roots union" ["联合" "联合工会" "联建"]
    "federation" "工会联合会" "Federation of grass-roots unions" ["联合会"]
    "industry" "产业（系统）工会" "Industrial (system) union" ["产业工会" "系统工会"]
    "general" "总工会" "General union" ["乡镇总工会" "街道总工会"]
}

code_list! {
    /// Committees that are founded together with a union. Source: trade union law and constitution of the unions;
    /// the last two are required or usual in larger units.
    COMMITTEE_KIND "committee_kind" "委员会类别" "Kind of committee",
        source "工会法; 中国工会章程; 劳动争议调解仲裁法第十条";
    "union" "工会委员会" "Union committee" ["委员会" "基层委员会"]
    "audit" "经费审查委员会" "Fund audit committee" ["经审委员会" "经审委" "经审会"]
    "women" "女职工委员会" "Women workers' committee" ["女工委员会" "女职委" "女工委"]
    "mediation" "劳动争议调解委员会" "Labour dispute mediation committee" ["调解委员会" "调委会"]
    "labour_law" "劳动法律监督委员会" "Labour-law supervision committee" ["工会劳动法律监督委员会"]
    "labour_protection" "劳动保护监督检查委员会" "Labour-protection inspection committee" [
        "劳动保护委员会" "劳保委员会"]
}

code_list! {
    /// Post that a person holds in a union. Source: constitution of the unions; instructors, activists and
    /// union workers are local.
    POST_KIND "post_kind" "工会职务" "Union post", source "中国工会章程; local";
    "chair" "主席" "Chair" ["工会主席"]
    "vice_chair" "副主席" "Vice-chair" ["工会副主席" "常务副主席"]
    "member" "委员" "Committee member" ["工会委员"]
    "audit_chair" "经费审查委员会主任" "Chair of the audit committee" ["经审主任" "经审会主任" "经审委主任"]
    "audit_member" "经费审查委员会委员" "Member of the audit committee" ["经审委员"]
    "women_chair" "女职工委员会主任" "Chair of the women workers' committee" ["女工主任" "女工委主任" "女职委主任"]
    "women_member" "女职工委员会委员" "Member of the women workers' committee" ["女工委员"]
    "mediator" "劳动争议调解员" "Mediator" ["调解员" "职工调解员"]
    "branch_chair" "分会主席" "Chair of a branch" ["分工会主席"]
    "group_leader" "工会小组长" "Group leader" ["小组长"]
    "accountant" "会计" "Accountant" ["工会会计"]
    "cashier" "出纳" "Cashier" ["工会出纳"]
    "staff_worker" "社会化工会工作者" "Union worker on contract" ["职业化工会工作者" "专职工会工作者" "工会工作者"]
    "instructor" "党工建指导员" "Instructor for party and union building" ["指导员" "工建指导员" "建会指导员"]
    "activist" "工会积极分子" "Activist" ["积极分子"]
    "organiser" "组织员" "Organiser where there is no committee yet"
    "other" "其他" "Other" ["其它"]
}

code_list! {
    /// Whether the post is the person's only work. Source: trade union law art. 14.
    POST_TIME "post_time" "专职或兼职" "Full-time or part-time", source "工会法第十四条";
    "full" "专职" "Full-time" ["专" "全职"]
    "part" "兼职" "Part-time" ["兼"]
    "seconded" "挂职" "Seconded" ["挂"]
}
