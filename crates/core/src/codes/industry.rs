//! Industry: the sections of the national classification.

use super::code_list;

code_list! {
    /// Industry of an employer. Source: standard GB/T 4754-2017, sections A to T; older organisation forms add
    /// 综合 (holding and mixed business) and 其他.
    INDUSTRY "industry" "单位所属行业" "Industry", source "GB/T 4754-2017; 工会组织信息采集表";
    "A" "农、林、牧、渔业" "Agriculture, forestry, animal husbandry and fishery" ["农林牧渔" "农业"]
    "B" "采矿业" "Mining" ["采矿" "采掘业"]
    "C" "制造业" "Manufacturing" ["制造"]
    "D" "电力、热力、燃气及水生产和供应业" "Electricity, heat, gas and water" [
        "电力、燃气及水的生产和供应业" "电力热力燃气及水的生产和供应业" "电热燃水" "电力、煤气及水的生产和供应业"]
    "E" "建筑业" "Construction" ["建筑"]
    "F" "批发和零售业" "Wholesale and retail" ["批发零售" "批发零售业" "批零" "批发和零售贸易业" "批发与零售业"]
    "G" "交通运输、仓储和邮政业" "Transport, storage and post" [
        "交通运输仓储邮政" "交通运输、仓储及邮政业" "交运仓邮" "交通运输业"]
    "H" "住宿和餐饮业" "Accommodation and catering" ["住宿餐饮" "住宿餐饮业" "住餐" "餐饮业"]
    "I" "信息传输、软件和信息技术服务业" "Information transmission, software and IT services" [
        "信息" "信息技术" "信息传输、计算机服务和软件业" "信息传输软件信息技术服务"]
    "J" "金融业" "Finance" ["金融" "金融保险业"]
    "K" "房地产业" "Real estate" ["房地产"]
    "L" "租赁和商务服务业" "Leasing and business services" ["租赁商务" "租赁商务服务业"]
    "M" "科学研究和技术服务业" "Scientific research and technical services" [
        "科研" "科学研究" "科学研究、技术服务和地质勘查业" "科学研究技术服务"]
    "N" "水利、环境和公共设施管理业" "Water, environment and public facilities" ["水利环境" "水利环境公共设施"]
    "O" "居民服务、修理和其他服务业" "Household services, repair and other services" [
        "居民服务" "居民服务和其他服务业" "居民服务业"]
    "P" "教育" "Education" ["教育业"]
    "Q" "卫生和社会工作" "Health and social work" ["卫生社会" "卫生" "卫生、社会保障和社会福利业"]
    "R" "文化、体育和娱乐业" "Culture, sports and entertainment" ["文体娱" "文化体育娱乐" "文化体育"]
    "S" "公共管理、社会保障和社会组织" "Public administration, social security and social organisations" [
        "公共管理" "公共管理和社会组织" "公共管理社会组织"]
    "T" "国际组织" "International organisations"
    "mixed" "综合（含投资类、主业不明显）" "Mixed (holdings, no clear main business)" ["综合"]
    "other" "其他" "Other" ["其它"]
}
