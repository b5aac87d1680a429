//! The demonstration: a county, two townships and 1,600 made-up members who come into step. Names are put together by chance
//! and ID numbers lie in the area 9901xx, which no province has.

use std::{path::Path, sync::Arc};

use niangjia_core::{Fault, checks::id_number};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use serde_json::{Value, json};

use crate::{Keeping, Station};

/// Known to everybody who reads this; the demonstration holds nothing real.
const PASSPHRASE: &str = "niangjia-demo";

const TOWNSHIPS: [(&str, &str, &str, &str, usize); 2] =
    [("pingming", "平明镇总工会", "320722104", "李强", 900), ("anfeng", "安峰镇总工会", "320722106", "赵敏", 700)];
const SURNAMES: &str = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓冯单仇解查曾任";
const GIVEN: &str = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂志华建国玉梅海燕春雪峰鹏飞宇辰浩然子轩欣怡";
const EMPLOYERS: [&str; 8] = [
    "平明太平洋石英制品有限公司",
    "白塔化工建材厂",
    "浦南硅微粉厂",
    "牛山纺织有限公司",
    "东海县第二建筑工程有限公司",
    "大平乳品厂",
    "安峰采石厂",
    "桃林物流有限公司",
];

fn pick<'a>(rng: &mut ChaCha20Rng, from: &'a [&'a str]) -> &'a str {
    from[rng.next_u32() as usize % from.len()]
}

fn letter(rng: &mut ChaCha20Rng, from: &str) -> char {
    let letters: Vec<char> = from.chars().collect();
    letters[rng.next_u32() as usize % letters.len()]
}

fn id_number(rng: &mut ChaCha20Rng) -> String {
    let mut draw = |from: u32, count: u32| from + rng.next_u32() % count;
    let body =
        format!("9901{:02}{}{:02}{:02}{:03}", draw(1, 29), draw(1962, 42), draw(1, 12), draw(1, 28), draw(1, 998));
    let check = id_number::check_character(&body).unwrap_or('0');
    format!("{body}{check}")
}

/// Makes what is not there yet below `home`.
///
/// # Errors
/// What founding, joining or the exchange say.
pub(crate) async fn make(home: &Path, hub: &str, claim: &Path) -> Result<(), Fault> {
    let claim: Value = serde_json::from_slice(&std::fs::read(claim)?).map_err(Fault::question)?;
    let county = open(home, "county", "周敏").await?;
    if county.is_fresh().await? {
        println!("县总工会 … founding the county");
        county.ask("app.create", json!({ "role": "county", "name": "东海县总工会", "code": "320722", "clerk": "周敏", "passphrase": PASSPHRASE })).await?;
    }
    // Each step looks whether it is done: an earlier start may have ended before it.
    if county.station.office()?.hub().is_none() {
        county.ask("hub.claim", json!({ "url": hub, "key": claim["key"], "claim": claim["claim"] })).await?;
    }
    for (folder, name, code, clerk, members) in TOWNSHIPS {
        let office = open(home, folder, clerk).await?;
        if office.is_fresh().await? {
            println!("{name} … joining the county");
            county.lets_in(&office, home, name, code, clerk).await?;
        }
        if office.ask("home", json!({})).await?["counts"]["members"].as_u64() == Some(0) {
            println!("{name} … {members} made-up members");
            let sheet = home.join(format!("{folder}.csv"));
            std::fs::write(&sheet, roster(code, members))?;
            let done = office.ask("members.import", json!({ "path": sheet, "commit": true })).await?;
            std::fs::remove_file(&sheet)?;
            println!("  {} in", done["accepted"]);
        }
        office.ask("sync.now", json!({})).await?;
    }
    county.ask("sync.now", json!({})).await?;
    for (folder, _, _, clerk, _) in TOWNSHIPS {
        open(home, folder, clerk).await?.ask("sync.now", json!({})).await?;
    }
    println!("\n周敏 (county), 李强 (平明), 赵敏 (安峰); passphrase: {PASSPHRASE}");
    Ok(())
}

/// A roster in the columns of the collection form, as a text table.
fn roster(code: &str, members: usize) -> String {
    let mut seed = [0; 32];
    seed[..code.len()].copy_from_slice(code.as_bytes());
    let mut rng = ChaCha20Rng::from_seed(seed);
    let mut out = String::from(
        "\u{feff}姓名,有效证件类别,证件号码,民族,学历,移动电话,户籍类型,政治面貌,工作单位,籍贯,是否农民工会员,会籍变化类型,会籍变化日期\n",
    );
    for n in 0..members {
        let mut name = if n == 0 { "王芳".to_owned() } else { letter(&mut rng, SURNAMES).to_string() };
        if n > 0 {
            name.push(letter(&mut rng, GIVEN));
            if rng.next_u32() % 3 > 0 {
                name.push(letter(&mut rng, GIVEN));
            }
        }
        let fields = [
            name,
            "居民身份证".into(),
            id_number(&mut rng),
            "汉族".into(),
            pick(&mut rng, &["初中", "高中", "中专", "大专", "本科"]).into(),
            format!("1{}{:09}", pick(&mut rng, &["3", "5", "7", "8"]), rng.next_u32() % 1_000_000_000),
            pick(&mut rng, &["农业户口", "非农业户口"]).into(),
            pick(&mut rng, &["群众", "群众", "群众", "中共党员", "共青团员"]).into(),
            pick(&mut rng, &EMPLOYERS).into(),
            "江苏东海".into(),
            pick(&mut rng, &["是", "否"]).into(),
            "入会".into(),
            format!("{}-{:02}-{:02}", 2005 + rng.next_u32() % 20, 1 + rng.next_u32() % 12, 1 + rng.next_u32() % 28),
        ];
        out.push_str(&fields.join(","));
        out.push('\n');
    }
    out
}

struct Office {
    station: Arc<Station>,
}

async fn open(home: &Path, folder: &str, clerk: &str) -> Result<Office, Fault> {
    let office = Office {
        station: Station::keeping(home.join(folder), false, Keeping { ballast: false, ..Keeping::from_env() })?,
    };
    if !office.is_fresh().await? {
        office.ask("app.unlock", json!({ "clerk": clerk, "passphrase": PASSPHRASE })).await?;
    }
    Ok(office)
}

impl Office {
    async fn ask(&self, name: &str, question: Value) -> Result<Value, Fault> {
        self.station.call(name, question).await
    }

    async fn lets_in(&self, office: &Self, home: &Path, name: &str, code: &str, clerk: &str) -> Result<(), Fault> {
        let invitation = self.ask("offices.invite", json!({ "name": name, "code": code })).await?;
        let packet = home.join(format!("{code}.njinvite"));
        std::fs::write(&packet, Station::packet_bytes(&invitation)?)?;
        office.ask("app.join", json!({ "packet": { "path": packet }, "code": invitation["code"], "clerk": clerk, "passphrase": PASSPHRASE })).await?;
        Ok(std::fs::remove_file(&packet)?)
    }

    async fn is_fresh(&self) -> Result<bool, Fault> {
        Ok(self.ask("app.state", json!({})).await?["stage"] == "fresh")
    }
}
