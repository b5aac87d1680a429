//! Made-up people: the same ones in every run. Their ID numbers lie in areas that do not exist (9901xx).

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use chrono::NaiveDate;
use niangjia_core::sheet::{Cell, SheetFault, Table, TableColumn, write_table};

use crate::gauge::Trouble;

/// Small seeded generator (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n as u64)).unwrap_or(0)
    }

    /// One of them.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Below `n`, small ones far more often, as given names are.
    fn often(&mut self, n: usize) -> usize {
        self.below(n).min(self.below(n)).min(self.below(n))
    }
}

/// Surname and its share per mille, the rest shared by [`RARE`].
const SURNAMES: &str = "王72 李72 张68 刘54 陈45 杨31 黄22 赵23 吴20 周19 徐14 孙15 马13 朱12 胡12 郭11 何11 林11 高10 罗9 郑9 梁8 谢7 宋7 唐7 许6 邓6 韩6 冯6 曹6 彭5 曾5 肖5 田5 董5 潘5 袁5 蔡5 蒋5 余5 于5 杜5 叶5 程4 魏5 苏5 吕5 丁4 任4 卢4 姚4 沈4 钟4 姜4 崔4 谭4 陆4 范4 汪3 廖4 石3 金4 韦4 贾3 夏3 付3 方3 邹3 熊3 白3 孟3 秦3 邱3 侯3 江3 尹3 薛3 阎3 段3 雷3 龙3 黎3 史2 陶2 贺2 毛2 郝2 顾2 龚2 邵2 万2 覃2 武2 钱2 戴2 严2 莫2 孔2 向2 常2 汤2";
const RARE: &[&str] = &[
    "单", "仇", "解", "区", "查", "盖", "华", "朴", "缪", "翟", "员", "繁", "种", "谌", "乐", "隗", "宓", "牟", "欧阳",
    "上官", "司马", "诸葛", "尉迟", "万俟", "柏", "卜", "车", "晁", "纪", "宁", "燕", "应", "郗", "冼",
];
const GIVEN: &str = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂志华建国玉梅海燕春雪峰鹏飞宇辰浩然子轩欣怡雨桐佳琪俊思远晓东立新永福德全金凤少云文博家豪红波斌辉鑫亮龙利成林淑珍慧莉萍玲芬兵旭阳凯健嘉诚瑞雯婷颖倩璐瑶晨曦梓涵一诺奕泽沐若汐语嫣可馨依彤润洁慕言清源庆忠孝仁义礼智信承继先根生长宝财富贵荣";
const UYGHUR: &[&str] =
    &["阿卜杜拉", "麦麦提", "买买提", "吐尔逊", "艾力", "古丽", "努尔", "热依汗", "阿依", "买合木提", "帕提古丽"];
const TOWNS: &[&str] =
    &["城关", "红旗", "东风", "青山", "白河", "石桥", "新安", "龙泉", "柳林", "大营", "南关", "永丰", "双河", "金沟"];
const TRADES: &[&str] = &[
    "建筑",
    "物流",
    "纺织",
    "食品",
    "机械",
    "化工",
    "医药",
    "环卫",
    "电力",
    "供水",
    "商贸",
    "运输",
    "教育",
    "信息技术",
];
const FORMS: &[&str] = &["有限公司", "有限责任公司", "厂", "合作社", "服务中心"];
const ROADS: &[&str] = &["人民路", "解放路", "建设街", "和平巷", "胜利路", "文化街", "新华路", "中山路", "工业大道"];
const JOBS: &[&str] =
    &["生产工人", "驾驶员", "保洁员", "教师", "护士", "会计", "电工", "焊工", "快递员", "保安", "厨师", "销售员"];
const NOTES: &[&str] = &[
    "",
    "",
    "",
    "",
    "",
    "外出务工，春节返乡",
    "手机号由其配偶代留",
    "2023年换发新卡",
    "家庭生活困难，已建档",
    "从外县转入，材料待补",
    "原单位已改制",
    "兼职两处，以社保缴纳单位为准",
];

/// The columns of the roster, as offices head them.
pub const COLUMNS: [&str; 20] = [
    "姓名",
    "有效证件类别",
    "证件号码",
    "性别",
    "出生日期",
    "民族",
    "移动电话",
    "籍贯",
    "现居住地",
    "户籍类型",
    "婚姻状况",
    "政治面貌",
    "学历",
    "工作单位",
    "工种",
    "参加工作时间",
    "是否农民工会员",
    "会员证号",
    "会籍变化日期",
    "备注",
];
/// Places of what is searched.
pub const NAME: usize = 0;
/// ID number, telephone, member number.
pub const CODES: [usize; 3] = [2, 6, 17];

/// A person as the roster has them.
pub type Person = [String; 20];

/// Makes people.
pub struct People {
    /// The chance.
    pub dice: Dice,
    surnames: Vec<(&'static str, usize)>,
    weights: usize,
    given: Vec<char>,
    common: usize,
    taken: HashSet<String>,
}

impl People {
    /// The same people for the same seed.
    pub fn new(seed: u64) -> Self {
        let surnames: Vec<(&str, usize)> = SURNAMES
            .split(' ')
            .filter_map(|s| {
                let (name, weight) = s.split_at(s.find(|c: char| c.is_ascii_digit())?);
                Some((name, weight.parse().ok()?))
            })
            .collect();
        let weights = surnames.iter().map(|s| s.1).sum();
        // The common characters first, then 2,500 others: real registers have 2,000 to 3,000.
        let seen: HashSet<char> = GIVEN.chars().collect();
        let more = ('\u{4e00}'..'\u{9fa5}').step_by(8).filter(|c| !seen.contains(c));
        let given = GIVEN.chars().chain(more).collect();
        Self { dice: Dice(seed), surnames, weights, given, common: GIVEN.chars().count(), taken: HashSet::new() }
    }

    fn name(&mut self) -> String {
        let dice = &mut self.dice;
        if dice.below(50) == 0 {
            return format!("{}·{}", dice.one(UYGHUR), dice.one(UYGHUR));
        }
        let mut name = String::new();
        let mut at = dice.below(self.weights + 60);
        let found = self.surnames.iter().find(|(_, weight)| {
            let hit = at < *weight;
            at = at.saturating_sub(*weight);
            hit
        });
        name.push_str(found.map_or_else(|| dice.one(RARE), |(surname, _)| surname));
        for _ in 0..dice.one(&[1, 2, 2, 2, 2]) {
            let given = if dice.below(12) == 0 { dice.below(self.given.len()) } else { dice.often(self.common) };
            name.push(self.given[given]);
        }
        name
    }

    fn day(&mut self, from: usize, years: usize) -> (usize, usize, usize) {
        (from + self.dice.below(years), 1 + self.dice.below(12), 1 + self.dice.below(28))
    }

    /// With the check digit of GB 11643; nobody gets a number twice.
    fn id_number(&mut self) -> String {
        loop {
            let (year, month, day) = self.day(1958, 49);
            let id = format!("9901{:02}{year:04}{month:02}{day:02}{:03}", self.dice.below(100), self.dice.below(1000));
            let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
            let sum: usize = id.bytes().zip(weights).map(|(b, w)| usize::from(b - b'0') * w).sum();
            let id = format!("{id}{}", char::from(b"10X98765432"[sum % 11]));
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }

    /// The next person.
    pub fn person(&mut self) -> Person {
        let (name, id) = (self.name(), self.id_number());
        let male = id.as_bytes()[16] % 2 == 1;
        let written = |(y, m, d): (usize, usize, usize)| format!("{y:04}-{m:02}-{d:02}");
        let (since, joined) = (written(self.day(1980, 45)), written(self.day(1990, 35)));
        let d = &mut self.dice;
        let politics = d.one(&["群众", "群众", "群众", "群众", "中共党员", "共青团员"]);
        let education = d.one(&["小学", "初中", "初中", "高中", "高中", "中专", "大专", "本科"]);
        [
            name,
            "居民身份证".into(),
            id.clone(),
            if male { "男" } else { "女" }.into(),
            format!("{}-{}-{}", &id[6..10], &id[10..12], &id[12..14]),
            if d.below(10) > 0 {
                "汉族"
            } else {
                d.one(&["回族", "满族", "藏族", "壮族", "苗族", "彝族"])
            }
            .into(),
            format!("{}{:09}", d.one(&["13", "15", "17", "18", "19"]), d.below(1_000_000_000)),
            format!("{}镇", d.one(TOWNS)),
            format!("{}镇{}{}号{}栋{}室", d.one(TOWNS), d.one(ROADS), d.below(399), d.below(30), 101 + d.below(1700)),
            d.one(&["农业户口", "非农业户口"]).into(),
            d.one(&["未婚", "已婚", "已婚"]).into(),
            politics.into(),
            education.into(),
            format!("{}{}{}", d.one(TOWNS), d.one(TRADES), d.one(FORMS)),
            d.one(JOBS).into(),
            since,
            d.one(&["是", "否"]).into(),
            format!("6217{:012}", d.below(1_000_000_000_000)),
            joined,
            d.one(NOTES).into(),
        ]
    }

    /// An enterprise: title and credit code.
    pub fn enterprise(&mut self) -> (String, String) {
        let d = &mut self.dice;
        let brand: String = (0..2).map(|_| self.given[d.below(160)]).collect();
        let title = format!("{}{brand}{}{}", d.one(TOWNS), d.one(TRADES), d.one(FORMS));
        let signs = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
        let tail: String = (0..10).map(|_| char::from(d.one(signs))).collect();
        (title, format!("91990100{tail}"))
    }
}

/// Writes a roster of `count` people as .xlsx.
///
/// # Errors
/// The disk's.
/// Rows of one workbook; what is more comes in further ones, because a larger file is refused.
const MOST: usize = 250_000;

/// Rosters of so many members together, in this folder, each with how many are on it.
pub fn rosters(dir: &Path, count: usize) -> Result<Vec<(PathBuf, usize)>, Trouble> {
    let mut people = People::new(7);
    let mut written = Vec::new();
    while written.iter().map(|(_, part)| part).sum::<usize>() < count {
        let part = (count - MOST * written.len()).min(MOST);
        let file = dir.join(format!("roster-{}.xlsx", written.len()));
        roster(&mut people, part, &file)?;
        written.push((file, part));
    }
    Ok(written)
}

pub fn roster(people: &mut People, count: usize, out: &Path) -> Result<(), Trouble> {
    sheet((0..count).map(|_| people.person()), out)
}

/// Writes these people as .xlsx.
///
/// # Errors
/// The disk's.
pub fn sheet(people: impl Iterator<Item = Person>, out: &Path) -> Result<(), Trouble> {
    let columns = COLUMNS.map(|header| TableColumn { header, width: 14.0, choices: &[], text: true });
    let table = Table {
        sheet: "会员信息",
        title: "",
        note: None,
        stamp: None,
        columns: &columns,
        written_on: NaiveDate::from_ymd_opt(2026, 1, 1).ok_or("a day")?,
    };
    let rows = people
        .map(|person| Ok::<_, SheetFault>(person.map(|text| Cell::Text(text.into())).into_iter().collect::<Vec<_>>()));
    write_table(out, &table, rows).map_err(|fault| format!("{fault:?}"))?;
    Ok(())
}
