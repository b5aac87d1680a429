//! Workers' congress: how many delegates, who must be present, how many must agree.

/// One step of a local rule: from so many employees on, a base and so many more for each further full step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// First number of employees of the step.
    pub from: u32,
    /// Delegates at that number.
    pub base: u32,
    /// Delegates added for every further full `per`.
    pub more: u32,
    /// Employees for which `more` are added; 0 where nothing is added.
    pub per: u32,
}

/// A local rule on the least number of delegates: steps in ascending order. Data, because every province has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelegateRule {
    /// The steps.
    pub steps: &'static [Step],
    /// Document.
    pub source: &'static str,
}

/// Zhejiang. At exactly 1000 employees, where both ranges of the text meet, the higher range applies.
pub static ZHEJIANG: DelegateRule = DelegateRule {
    steps: &[
        Step { from: 0, base: 30, more: 0, per: 0 },
        Step { from: 100, base: 40, more: 7, per: 100 },
        Step { from: 1000, base: 100, more: 20, per: 1000 },
        Step { from: 5000, base: 200, more: 0, per: 0 },
    ],
    source: "浙江省企业民主管理条例 (2010)",
};

/// Shanghai. Below 100 employees a general meeting of all is held and the rule is silent.
pub static SHANGHAI: DelegateRule = DelegateRule {
    steps: &[Step { from: 100, base: 30, more: 5, per: 100 }, Step { from: 3001, base: 175, more: 0, per: 0 }],
    source: "上海市职工代表大会条例 (2017)",
};

impl DelegateRule {
    /// Least number of delegates for so many employees; never more than there are. `None` where the rule is silent.
    #[must_use]
    pub fn at_least(&self, employees: u32) -> Option<u32> {
        let step = self.steps.iter().rev().find(|step| employees >= step.from)?;
        let further = (employees - step.from).checked_div(step.per).unwrap_or(0);
        Some((step.base + step.more * further).min(employees))
    }
}

/// Delegates that must be present: two thirds, rounded up. Source: 浙江省企业民主管理条例, 上海市职工代表大会条例.
#[must_use]
pub fn quorum(delegates: u32) -> u32 {
    let doubled = u64::from(delegates) * 2;
    // Two thirds of a u32 fit into a u32.
    u32::try_from(doubled.div_ceil(3)).unwrap_or(delegates)
}

/// Votes that pass a resolution: more than half of all delegates, not of those present. Same sources.
#[must_use]
pub fn majority(delegates: u32) -> u32 {
    (delegates / 2).saturating_add(1)
}

/// Most managers among the delegates: 20 %. Same sources.
#[must_use]
pub fn managers_at_most(delegates: u32) -> u32 {
    delegates / 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delegates_of_two_provinces() {
        for (employees, least) in
            [(250, 47), (999, 96), (1000, 100), (3500, 140), (5000, 200), (99, 30), (100, 40), (12, 12)]
        {
            assert_eq!(ZHEJIANG.at_least(employees), Some(least), "{employees}");
        }
        for (employees, least) in [(100, 30), (199, 30), (3000, 175), (3001, 175), (20_000, 175)] {
            assert_eq!(SHANGHAI.at_least(employees), Some(least), "{employees}");
        }
        assert_eq!(SHANGHAI.at_least(99), None);
    }

    #[test]
    fn quorum_and_majority() {
        assert_eq!((quorum(100), majority(100)), (67, 51));
        assert_eq!((quorum(99), majority(99)), (66, 50));
        assert_eq!((quorum(1), majority(1)), (1, 1));
        assert_eq!(quorum(u32::MAX), 2_863_311_530);
        assert_eq!(managers_at_most(47), 9);
    }
}
