//! Codes that describe a person: sex, employment, documents, schooling, hukou, politics, marriage, family.

use super::code_list;

code_list! {
    /// Sex. Forms offer 男 and 女; the standard has two more for records that do not say.
    /// Source: standard GB/T 2261.1-2003.
    SEX "sex" "性别" "Sex", source "GB/T 2261.1-2003";
    "1" "男" "Male" ["男性" "M" "先生"]
    "2" "女" "Female" ["女性" "F" "女士"]
    "0" "未知" "Unknown" ["未知的性别"]
    "9" "未说明" "Not stated" ["未说明的性别"]
}

code_list! {
    /// Employment status of a member. Source: list sheet of the national member collection form (2015 campaign).
    EMPLOYMENT "employment" "就业状况" "Employment status", source "会员信息采集表";
    "on_post" "在岗" "At work" ["在职" "在业" "就业" "在岗职工"]
    "laid_off" "待（下）岗" "Laid off, awaiting a post" ["待岗" "下岗" "下岗待岗" "待岗下岗" "下（待）岗"]
    "unemployed" "失业" "Unemployed" ["失（无）业" "无业"]
    "retired" "退休" "Retired" ["离退休"]
    "resigned" "退职" "Left work with severance (tuizhi)"
    "retired_early" "退养（内退）" "Retired internally" ["退养" "内退" "内部退养" "离岗退养" "内部退休"]
    "sick_leave" "病休" "On sick leave" ["长期病休"]
    "other" "其他" "Other" ["其它"]
}

code_list! {
    /// Kind of identity document. Source: collection form (居民身份证) and the documents of law for residents
    /// of Hong Kong, Macau and Taiwan and for foreigners.
    ID_KIND "id_kind" "有效证件类别" "Identity document",
        source "会员信息采集表; 居民身份证法; 港澳台居民居住证申领发放办法; 外国人永久居留身份证";
    "resident_id" "居民身份证" "Resident identity card" [
        "身份证" "二代身份证" "第二代居民身份证" "中华人民共和国居民身份证" "临时身份证" "临时居民身份证"
        "公民身份号码"]
    "residence_permit" "港澳台居民居住证" "Residence permit for Hong Kong, Macau and Taiwan residents" [
        "港澳居民居住证" "台湾居民居住证" "港澳台居住证" "中华人民共和国港澳居民居住证"
        "中华人民共和国台湾居民居住证"]
    "permanent_resident" "外国人永久居留身份证" "Foreign permanent resident identity card" [
        "外国人永久居留证" "永久居留证" "永居证" "永久居留身份证" "中华人民共和国外国人永久居留身份证" "五星卡"]
    "passport" "护照" "Passport" ["普通护照" "中国护照" "外国护照" "因私护照"]
    "hk_macau_pass" "港澳居民来往内地通行证" "Mainland travel permit for Hong Kong and Macau residents" [
        "港澳通行证" "回乡证" "港澳居民通行证" "港澳居民来往大陆通行证"]
    "taiwan_pass" "台湾居民来往大陆通行证" "Mainland travel permit for Taiwan residents" [
        "台胞证" "台湾居民通行证" "台湾通行证" "台湾居民来往内地通行证"]
    "other" "其他" "Other" ["其它" "其他证件" "其他有效证件"]
}

code_list! {
    /// Education, eight values. Source: collection form; codes and names of GB/T 4658-2006 are understood.
    /// 研究生 without a level counts as 硕士 (a doctor says so); 90 其他 has no counterpart and is left to the clerk.
    EDUCATION "education" "学历" "Education", source "会员信息采集表; GB/T 4658-2006";
    "doctor" "博士" "Doctoral" [
        "博士研究生" "博士研究生毕业" "博士研究生结业" "博士研究生肄业" "博士毕业" "博士结业" "博士肄业" "11" "12"
        "13"]
    "master" "硕士" "Master's" [
        "硕士研究生" "硕士研究生毕业" "硕士研究生结业" "硕士研究生肄业" "硕士毕业" "硕士结业" "硕士肄业" "研究生"
        "研究生教育" "研究生毕业" "研究生班" "研究生班毕业" "研究生班结业" "研究生班肄业" "在职研究生" "10" "14" "15"
        "16" "17" "18" "19"]
    "bachelor" "本科" "Bachelor's" [
        "大学本科" "大学" "大本" "全日制本科" "在职本科" "大学本科教育" "大学本科毕业" "大学本科结业" "大学本科肄业"
        "本科毕业" "本科结业" "本科肄业" "大学普通班" "大学普通班毕业" "20" "21" "22" "23" "28"]
    "college" "大专" "Junior college" [
        "专科" "大学专科" "大学大专" "高职" "高职高专" "高等职业教育" "全日制大专" "大学专科教育" "大学专科毕业"
        "大学专科结业" "大学专科肄业" "专科毕业" "专科结业" "专科肄业" "大专毕业" "30" "31" "32" "33"]
    "vocational" "中专" "Secondary vocational" [
        "中等专科" "中等专业学校" "中等职业教育" "中职" "职高" "职业高中" "技校" "技工学校" "中技" "中师" "中专毕业"
        "中等专科毕业" "中等专科结业" "中等专科肄业" "中专结业" "中专肄业" "职业高中毕业" "职业高中结业"
        "职业高中肄业" "职高毕业" "职高结业" "职高肄业" "技工学校毕业" "技工学校结业" "技工学校肄业" "技校毕业"
        "技校结业" "技校肄业" "40" "41" "42" "43" "44" "45" "46" "47" "48" "49"]
    "senior" "高中" "Senior secondary" [
        "普通高中" "普通高级中学" "普通高级中学教育" "普通高中教育" "高中毕业" "高中结业" "高中肄业" "普通高中毕业"
        "普通高中结业" "普通高中肄业" "60" "61" "62" "63"]
    "junior" "初中" "Junior secondary" ["初级中学" "初级中学教育" "初中教育" "初中毕业" "初中肄业" "70" "71" "73"]
    "primary" "小学及以下" "Primary or below" [
        "小学" "小学以下" "小学教育" "小学毕业" "小学肄业" "文盲" "半文盲" "文盲或半文盲" "80" "81" "83"]
}

code_list! {
    /// Academic degree. Source: standard GB/T 6864-2003, its main groups.
    DEGREE "degree" "学位" "Degree", source "GB/T 6864-2003";
    "none" "无" "None" ["无学位" "没有"]
    "bachelor" "学士" "Bachelor" ["学士学位" "双学士"]
    "master" "硕士" "Master" ["硕士学位"]
    "doctor" "博士" "Doctor" ["博士学位"]
    "honorary" "名誉博士" "Honorary doctor" ["名誉博士学位"]
}

code_list! {
    /// Skill level (national vocational qualification). Source: collection form.
    SKILL_LEVEL "skill_level" "技术等级" "Skill level", source "会员信息采集表; 国家职业资格等级";
    "0" "无" "None" ["没有" "无等级" "无技术等级"]
    "1" "职业资格一级（高级技师）" "Level 1 (senior technician)" [
        "职业资格一级" "高级技师" "一级" "一级（高级技师）" "国家职业资格一级"]
    "2" "职业资格二级（技师）" "Level 2 (technician)" ["职业资格二级" "技师" "二级" "二级（技师）" "国家职业资格二级"]
    "3" "职业资格三级（高级）" "Level 3 (senior worker)" [
        "职业资格三级" "高级工" "高级" "三级" "三级（高级）" "三级（高级工）" "国家职业资格三级"
        "职业资格三级（高级工）" "高级技能"]
    "4" "职业资格四级（中级）" "Level 4 (intermediate worker)" [
        "职业资格四级" "中级工" "中级" "四级" "四级（中级）" "四级（中级工）" "国家职业资格四级"
        "职业资格四级（中级工）" "中级技能"]
    "5" "职业资格五级（初级）" "Level 5 (junior worker)" [
        "职业资格五级" "初级工" "初级" "五级" "五级（初级）" "五级（初级工）" "国家职业资格五级"
        "职业资格五级（初级工）" "初级技能"]
}

code_list! {
    /// Kind of hukou. Source: collection form (first two); 居民户口 since the 2014 reform; the rest office practice.
    HUKOU_KIND "hukou_kind" "户籍类型" "Hukou type", source "会员信息采集表; 国发〔2014〕25号";
    "rural" "农业户口" "Agricultural" ["农业" "农村" "农村户口" "农户" "农业家庭户口" "农业户籍" "农村户籍"]
    "urban" "非农业户口" "Non-agricultural" [
        "非农业" "非农" "非农户口" "城镇" "城镇户口" "城市户口" "城镇居民" "非农业家庭户口" "非农业户籍" "城镇户籍"
        "非农村户口"]
    "resident" "居民户口" "Unified resident" ["居民" "居民户" "居民家庭户口" "统一居民户口" "居民（统一）" "居民户籍"]
    "converted" "农转居" "Converted from agricultural to resident" ["农转非" "农转居户口"]
    "collective" "集体户" "Collective household" ["集体户口" "集体" "非农业集体户口" "居民集体户口"]
}

code_list! {
    /// Political status. Source: labels of the collection form, numbers of standard GB/T 4762-1984.
    POLITICS "politics" "政治面貌" "Political status", source "会员信息采集表; GB/T 4762-1984";
    "01" "中共党员" "Member of the Communist Party of China" [
        "党员" "共产党员" "中国共产党党员" "正式党员" "中共正式党员"]
    "02" "中共预备党员" "Probationary member of the Communist Party of China" ["预备党员" "中国共产党预备党员"]
    "03" "共青团员" "Member of the Communist Youth League" ["团员" "共青团" "中国共产主义青年团团员"]
    "04" "民革党员" "Member of the Revolutionary Committee of the Kuomintang" [
        "民革" "民革会员" "中国国民党革命委员会会员" "中国国民党革命委员会党员"]
    "05" "民盟盟员" "Member of the China Democratic League" ["民盟" "中国民主同盟盟员"]
    "06" "民建会员" "Member of the China National Democratic Construction Association" ["民建" "中国民主建国会会员"]
    "07" "民进会员" "Member of the China Association for Promoting Democracy" ["民进" "中国民主促进会会员"]
    "08" "农工党党员" "Member of the Chinese Peasants' and Workers' Democratic Party" [
        "农工党" "农工" "农工党员" "中国农工民主党党员"]
    "09" "致公党党员" "Member of the China Zhi Gong Party" ["致公党" "致公" "致公党员" "中国致公党党员"]
    "10" "九三学社社员" "Member of the Jiusan Society" ["九三学社" "九三" "九三社员"]
    "11" "台盟盟员" "Member of the Taiwan Democratic Self-Government League" ["台盟" "台湾民主自治同盟盟员"]
    "12" "无党派人士" "Public figure without party affiliation" ["无党派" "无党派民主人士"]
    "13" "群众" "No party affiliation" ["普通公民" "群众（普通公民）" "普通群众"]
}

code_list! {
    /// Marital status. Source: standard GB/T 2261.2-2003; 离异 is the word of the hardship form.
    MARITAL "marital" "婚姻状况" "Marital status", source "GB/T 2261.2-2003";
    "10" "未婚" "Never married" ["单身"]
    "20" "已婚" "Married" ["有配偶"]
    "21" "初婚" "First marriage"
    "22" "再婚" "Remarried"
    "23" "复婚" "Remarried to the former spouse"
    "30" "丧偶" "Widowed"
    "40" "离婚" "Divorced" ["离异"]
    "90" "未说明" "Not stated" ["未说明的婚姻状况"]
}

code_list! {
    /// Relation to the member. Source: standard GB/T 4761, its one-digit groups; 0 is the person himself or herself.
    FAMILY_RELATION "family_relation" "与本人关系" "Family relation", source "GB/T 4761-2008";
    "0" "本人" "Self" ["户主" "本人或户主"]
    "1" "配偶" "Spouse" ["夫" "妻" "丈夫" "妻子" "爱人" "夫妻" "老公" "老婆"]
    "2" "子" "Son" ["儿子" "独生子" "长子" "次子" "三子" "养子" "继子" "女婿" "儿" "之子"]
    "3" "女" "Daughter" ["女儿" "独生女" "长女" "次女" "三女" "养女" "继女" "儿媳" "之女"]
    "4" "孙子、孙女或外孙子、外孙女" "Grandchild" ["孙辈" "孙子" "孙女" "外孙" "外孙子" "外孙女"]
    "5" "父母" "Parent" [
        "父亲" "母亲" "父" "母" "爸爸" "妈妈" "公公" "婆婆" "岳父" "岳母" "公婆" "岳父母" "养父" "养母" "继父" "继母"]
    "6" "祖父母或外祖父母" "Grandparent" [
        "祖父母" "外祖父母" "祖父" "祖母" "爷爷" "奶奶" "外祖父" "外祖母" "外公" "外婆" "姥爷" "姥姥"]
    "7" "兄弟姐妹" "Brother or sister" [
        "兄弟姊妹" "兄" "弟" "姐" "妹" "哥哥" "弟弟" "姐姐" "妹妹" "兄弟" "姐妹" "兄妹" "姐弟"]
    "8" "其他" "Other" ["其它" "其他亲属" "其他关系" "9"]
}
