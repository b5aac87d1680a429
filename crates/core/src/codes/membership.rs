//! Codes of the membership itself: how it changed, what sort of member, and how the record was collected.

use super::code_list;

code_list! {
    /// What happened to a membership. Source: collection form, numbers as in provincial union systems.
    /// The form writes 除名; the constitution of the unions says 开除会籍.
    MEMBERSHIP_CHANGE "membership_change" "会籍变化类型" "Membership change", source "会员信息采集表";
    "1" "入会" "Joined" ["新入会" "加入"]
    "2" "转入" "Transferred in" ["转进" "接转转入"]
    "3" "保留" "Retained" ["保留会籍"]
    "4" "转出" "Transferred out" ["接转转出"]
    "5" "除名" "Expelled" ["开除" "开除会籍"]
    "6" "退会" "Left" ["自愿退会" "自动退会"]
}

code_list! {
    /// Why a membership changed. Source: collection form; 去世 and 其他 are office practice.
    MEMBERSHIP_CHANGE_REASON "membership_change_reason" "会籍变化原因" "Reason of the change",
        source "会员信息采集表; 去世, 其他: local";
    "employment_changed" "劳动（工作）关系发生变化" "Employment relation changed" [
        "劳动关系发生变化" "工作关系发生变化" "劳动关系变化" "工作变动" "工作调动" "调动"]
    "laid_off" "在本单位下岗后待岗" "Laid off by the employer, awaiting a post" ["下岗后待岗" "下岗待岗" "下岗" "待岗"]
    "unemployed" "失业" "Unemployed"
    "bankrupt" "所在企业破产" "Employer went bankrupt" ["企业破产" "破产" "单位破产"]
    "own_wish" "个人要求退会" "Asked to leave" ["要求退会" "本人要求退会" "自愿退会"]
    "crime" "因犯罪被开除会籍" "Expelled for a crime" ["犯罪被开除会籍" "犯罪"]
    "retired" "退休" "Retired" ["离退休"]
    "deceased" "去世" "Died" ["死亡" "病故" "身故"]
    "other" "其他" "Other" ["其它"]
}

code_list! {
    /// Sort of member. Source: office practice (local); a preparatory member is not yet counted.
    MEMBER_KIND "member_kind" "会员类型" "Kind of member", source "local: provincial union systems";
    "ordinary" "普通会员" "Ordinary member" ["普通" "正式会员" "会员" "一般会员"]
    "preparatory" "预备会员" "Preparatory member" ["预备"]
    "migrant" "农民工会员" "Migrant-worker member" ["农民工"]
    "dispatched" "劳务派遣会员" "Dispatched-worker member" ["劳务派遣" "劳务派遣工" "派遣"]
    "platform" "新就业形态会员" "Platform-worker member" ["新就业形态" "新就业形态劳动者" "新业态"]
}

code_list! {
    /// Sort of platform worker. Source: the national drive since 2021 names four groups; 其他 is local.
    PLATFORM_KIND "platform_kind" "新就业形态类别" "Kind of platform work",
        source "全总新就业形态劳动者入会行动 (2021); 其他: local";
    "truck" "货车司机" "Truck driver" ["货运司机" "卡车司机"]
    "ride" "网约车司机" "Ride-hailing driver" ["网约车" "网约车驾驶员"]
    "courier" "快递员" "Courier" ["快递" "快递小哥"]
    "meals" "外卖配送员" "Meal-delivery rider" ["外卖" "外卖员" "外卖骑手" "外卖送餐员" "骑手" "网约配送员"]
    "other" "其他" "Other" ["其它" "其他新就业形态"]
}

code_list! {
    /// Sort of model worker. Source: the hardship file of the national system since 2016.
    MODEL_KIND "model_kind" "劳模类型" "Model-worker kind", source "困难职工档案 (2016); 2021 调查表";
    "none" "非劳模" "None" ["否" "无" "不是"]
    "national" "全国劳模" "National" ["全国劳动模范" "国家级劳模" "国家级"]
    "provincial" "省部级劳模" "Of province or ministry" ["省劳模" "省级劳模" "部级劳模" "省部级"]
    "prefecture" "地市级劳模" "Of prefecture or city" ["市劳模" "市级劳模" "地市级" "市级"]
    "other" "其他" "Other" ["其它" "县级劳模"]
}

code_list! {
    /// How the data were collected. Source: office practice (local) after the collection guide.
    COLLECTED_BY "collected_by" "采集方式" "How collected", source "local: 会员信息采集说明";
    "self" "本人填写" "Filled in by the member" ["本人" "本人填表" "自填"]
    "other_person" "他人代填" "Filled in by another person" ["代填" "他人填写" "代为填写"]
    "desk" "窗口录入" "Entered at the office" ["录入" "现场录入" "工作人员录入"]
    "sheet" "名册导入" "Imported from a roster" ["导入" "批量导入" "表格导入"]
    "online" "网上填报" "Filled in online" ["网上" "扫码" "扫码入会" "网上入会"]
}

code_list! {
    /// How the member confirmed the data. Source: collection guide: signature, otherwise telephone, SMS or
    /// WeChat with a note.
    CONFIRMED_BY "confirmed_by" "确认方式" "How confirmed", source "会员信息采集说明";
    "signature" "本人签字" "Signed by the member" ["签字" "签名" "本人签名"]
    "phone" "电话确认" "By telephone" ["电话"]
    "sms" "短信确认" "By SMS" ["短信"]
    "wechat" "微信确认" "By WeChat" ["微信"]
    "none" "尚未确认" "Not confirmed yet" ["未确认" "无"]
}

code_list! {
    /// What the collector checked the data against. Source: collection guide.
    CHECKED_AGAINST "checked_against" "核对依据" "Checked against", source "会员信息采集说明";
    "id_card" "身份证件" "Identity document" ["身份证" "身份证原件"]
    "register_form" "工会会员登记表" "Member registration form" ["登记表" "会员登记表"]
    "member_list" "会员名册" "Member list" ["名册" "会员花名册"]
    "founding_document" "建会批复" "Founding approval" ["批复" "建会批文"]
    "other" "其他" "Other" ["其它"]
}
