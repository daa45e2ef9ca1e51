//! What speaks for one way to place a payment, and against it: points that a person can add up.
//!
//! Two thresholds. From [`APPLY`] on money is placed; from [`PROPOSE`] on a person is asked; below, nothing is said. The
//! points are judged so that no single clue short of a named document places money: an equal amount needs to be the only
//! one, a shortage needs a due date, and two answers that are equally good are a question.

use super::Rung;
use super::board::{Board, Shortage};

pub(super) const APPLY: i32 = 70;
pub(super) const PROPOSE: i32 = 35;

/// One clue: its points and its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clue {
    points: i32,
    chinese: &'static str,
    english: &'static str,
}

const fn clue(points: i32, chinese: &'static str, english: &'static str) -> Clue {
    Clue { points, chinese, english }
}

pub(super) const NAMED: Clue = clue(60, "附言指明", "the text names it");
pub(super) const NAMED_WITH_SLIP: Clue = clue(50, "附言指明（有笔误）", "the text names it with a slip");
pub(super) const EQUAL: Clue = clue(50, "金额相等", "equal amount");
pub(super) const EQUAL_SUM: Clue = clue(50, "金额等于各项之和", "equal to their sum");
pub(super) const WITHIN_FEE: Clue = clue(35, "相差在手续费容差内", "short by no more than a bank charge");
pub(super) const FEE_STATED: Clue = clue(15, "银行注明的手续费", "the bank states the charge");
pub(super) const PART_OF_NAMED: Clue = clue(20, "部分付款", "part of what is named");
pub(super) const MORE_THAN_NAMED: Clue = clue(15, "多于所指", "more than what is named");
pub(super) const ONLY_ONE: Clue = clue(20, "别无其他", "no other fits");
pub(super) const DUE: Clue = clue(15, "届时到期", "due by then");
pub(super) const WHOLE_GROUP: Clue = clue(20, "同一到期日或全部欠款", "all of one due date, or all that is owed");
pub(super) const RIVAL: Clue = clue(-10, "另有同样合适的", "another fits as well");
pub(super) const CONTRADICTION: Clue = clue(-30, "附言与金额矛盾", "text and amount contradict each other");
/// Stronger than [`CONTRADICTION`]: where a choice must be made, what is written counts.
pub(super) const OTHER_IS_NAMED: Clue = clue(-50, "附言指明的是另一张", "the text names another");
pub(super) const PAID_BEFORE: Clue =
    clue(-40, "所指单据已付同额，疑似重复", "what is named is paid with this very amount: twice?");
pub(super) const BILLED_LATER: Clue = clue(-20, "收款后才开票", "billed after the money came");
pub(super) const ROUND_SUM: Clue = clue(-15, "整数金额", "a round sum");
pub(super) const MAY_BE_CHANCE: Clue = clue(-5, "偶然相等的可能小", "hardly equal by chance");
pub(super) const CHANCE: Clue = clue(-15, "可能偶然相等", "may be equal by chance");
pub(super) const LIKELY_CHANCE: Clue = clue(-35, "很可能偶然相等", "likely equal by chance");
pub(super) const ON_ACCOUNT: Clue = clue(35, "往来款，先到期先核销", "on account, oldest due first");

/// One way to place one payment.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Items with how much of each, in the order in which they are paid.
    pub parts: Vec<(usize, i64)>,
    pub rung: Rung,
    pub points: i32,
    pub runner_up: Option<usize>,
    clues: Vec<Clue>,
}

impl Candidate {
    pub fn new(rung: Rung, parts: Vec<(usize, i64)>) -> Self {
        Self { parts, rung, points: 0, runner_up: None, clues: Vec::new() }
    }

    pub fn with(mut self, clue: Clue) -> Self {
        self.points += clue.points;
        self.clues.push(clue);
        self
    }

    pub fn with_if(self, holds: bool, clue: Clue) -> Self {
        if holds { self.with(clue) } else { self }
    }

    /// `runner_up` is what else the payment may be for.
    pub fn against(mut self, clue: Clue, runner_up: usize) -> Self {
        self.runner_up = Some(runner_up);
        self.with(clue)
    }

    pub fn explanation(&self, board: &Board<'_>) -> String {
        let list = |word: &dyn Fn(&Clue) -> &'static str| -> String {
            let words: Vec<String> =
                self.clues.iter().map(|clue| format!("{} {:+}", word(clue), clue.points)).collect();
            words.join("，")
        };
        let (chinese, english) = (list(&|clue| clue.chinese), list(&|clue| clue.english));
        let runner_up = self.runner_up.map_or_else(String::new, |item| {
            let number = &board.items[item].shown.number;
            format!("；次选 {number} (runner-up {number})")
        });
        let points = self.points;
        format!("{chinese}，共 {points} 分 ({english}: {points} points){runner_up}")
    }

    pub fn place(&self, board: &mut Board<'_>, money: usize) -> bool {
        let explanation = self.explanation(board);
        let mut placed = 0;
        for (item, limit) in &self.parts {
            placed += board.pay(money, *item, *limit, self.rung, Shortage::Tolerated, &explanation);
        }
        placed > 0
    }
}

/// The better of two; the first where they are equal.
pub(super) fn better(first: Option<Candidate>, second: Option<Candidate>) -> Option<Candidate> {
    match (first, second) {
        (Some(first), Some(second)) if second.points > first.points => Some(second),
        (Some(first), _) => Some(first),
        (None, second) => second,
    }
}
