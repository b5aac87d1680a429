//! A thousand cards on sheets, faces and backs with codes: processor time, memory and size, for docs/decisions/0039-paper.md.
//!
//! `cargo run --release -p niangjia-paper --example thousand -- [cards] [photo.jpg]`

use std::time::{Duration, Instant};

use base64::Engine as _;
use cpu_time::ProcessTime;
use niangjia_paper::{Fonts, Job, draw};
use serde_json::json;

fn main() {
    let mut words = std::env::args().skip(1);
    let count: usize = words.next().map_or(1000, |count| count.parse().expect("a number of cards"));
    let photo = words.next().map(|path| std::fs::read(path).expect("the photo can be read"));
    let photo = photo.map(|bytes| base64::engine::general_purpose::STANDARD.encode(bytes));
    let card = |n: usize| {
        let number = format!("9901011030002026{n:06}7");
        let family = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴"][n % 10];
        let given = ["芳", "伟", "秀英", "建国", "丽华", "志远", "小妹", "卓玛"][n / 10 % 8];
        json!({
            "name": format!("{family}{given}"), "sex": if n.is_multiple_of(2) { "女" } else { "男" }, "number": number,
            "union": format!("平明镇第{}纺织有限公司工会委员会", n / 50), "since": format!("2026年6月{}日", n % 28 + 1),
            "issued_on": "2026年6月30日", "issuer": "东海县总工会", "return_to": "东海县平明镇总工会",
            "qr": format!("NJ1:{number}:K7M2PX4Q9D8A{n:04}:VALID 20260610"), "photo": photo,
        })
    };
    let items: Vec<_> = (0..count).map(card).collect();
    let job = json!({"form": "card_sheet", "side": "both", "page_numbers": true, "items": items}).to_string();
    println!("job                {:>8.2} MB", job.len() as f64 / 1e6);

    let mut steps = Steps { cpu: ProcessTime::now(), wall: Instant::now(), total: (Duration::ZERO, Duration::ZERO) };
    let fonts = Fonts::system(None);
    steps.step("fonts found");
    let job = Job::read(job.as_bytes()).expect("the job is as agreed");
    steps.step("job read");
    let paper = draw(&job, &fonts).expect("it can be drawn");
    steps.step("laid out");
    let pdf = paper.pdf().expect("it can be written");
    steps.step("written");
    let (cpu, wall) = steps.total;
    println!("together           {:>8.2} s CPU {:>8.2} s", cpu.as_secs_f64(), wall.as_secs_f64());
    println!("{count} cards, {} pages, {:.2} MB", paper.report.pages, pdf.len() as f64 / 1e6);
    // What the kernel counted; elsewhere than on Linux it is not told.
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    }
}

/// Time since the step before.
struct Steps {
    cpu: ProcessTime,
    wall: Instant,
    total: (Duration, Duration),
}

impl Steps {
    fn step(&mut self, name: &str) {
        let (cpu, wall) = (self.cpu.elapsed(), self.wall.elapsed());
        println!("{name:<18} {:>8.2} s CPU {:>8.2} s", cpu.as_secs_f64(), wall.as_secs_f64());
        self.total = (self.total.0 + cpu, self.total.1 + wall);
        (self.cpu, self.wall) = (ProcessTime::now(), Instant::now());
    }
}
