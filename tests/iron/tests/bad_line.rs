//! A bad line, and hubs and offices from old copies: the programs themselves.

use std::time::Duration;

use iron::{
    Chance,
    clerk::made_up,
    day::{Bad, over_a_bad_line},
    hub::told,
    town::Town,
};

const WANG_FANG: &str = "99010119900615007X";

/// The bad line of `cargo xtask line`, ten times as fast and broken twice as often.
const QUICK: Bad = Bad { rate: 80_000, there_and_back: Duration::from_millis(200), between: 10_000 };

#[tokio::test(flavor = "multi_thread")]
async fn a_days_changes_arrive_over_a_line_that_breaks() {
    let day = over_a_bad_line(500, QUICK, 3).await;
    println!("{day}");
    assert!(day.changes >= 500 && day.up.calls >= 2 && day.down.calls >= 2, "{day}");
    for way in [day.up, day.down] {
        assert!(way.longer() < 3.0 && way.twice() < 0.1, "{day}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_put_back_from_an_old_backup_is_filled_in_by_the_offices() {
    let mut town = Town::found(2).await;
    for office in &mut town.offices {
        office.reopen().await;
        office.join("王芳", WANG_FANG).await;
        office.sync().await;
    }
    let file = town.dir.path().join("night.njhub");
    told(&["backup"], &[("--data", town.hub.data()), ("--out", &file)]).expect("a backup");
    // Two days of work that no backup holds; the second is not even at the county.
    let mut chance = Chance::of(1);
    for _ in 0..2 {
        for office in &town.offices {
            office.join("张伟民", &made_up(&mut chance)).await;
            office.sync().await;
        }
    }
    let new = town.dir.path().join("restored");
    told(&["restore"], &[("--backup", &file), ("--data", &new)]).expect("a hub");
    town.hub.moved(&new);
    let lists: Vec<_> = town.desks(std::path::Path::new("none"));
    town.agree(&lists).await;
    for desk in [&town.county, &town.offices[0]] {
        assert_eq!(desk.found("张伟民").await % 2, 0, "of both days");
    }
    assert_eq!(town.county.found("张伟民").await, 4);
    // And killed once more it is still that hub.
    town.hub.kill();
    town.hub.serve();
    assert_eq!(town.offices[1].sync().await["in_step"], true);
}
