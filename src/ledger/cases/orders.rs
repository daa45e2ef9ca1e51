//! Orders in which things may arrive.

/// All orders of `count` things where there are at most `max`, else `max` of them: as they stand, backwards, and shuffled.
pub fn orders(count: usize, max: usize) -> Vec<Vec<usize>> {
    let straight: Vec<usize> = (0..count).collect();
    let all = (1..=count).try_fold(1_usize, usize::checked_mul).filter(|all| *all <= max);
    let mut orders = vec![straight.clone()];
    match all {
        Some(_) => {
            while let Some(next) = next_permutation(orders.last().unwrap()) {
                orders.push(next);
            }
        }
        None => {
            orders.push(straight.iter().rev().copied().collect());
            orders.extend((2..max as u64).map(|seed| shuffled(straight.clone(), seed)));
            orders.truncate(max);
        }
    }
    orders
}

/// The next one in the order of a dictionary.
fn next_permutation(order: &[usize]) -> Option<Vec<usize>> {
    let mut next = order.to_vec();
    let rise = next.windows(2).rposition(|pair| pair[0] < pair[1])?;
    let above = next.iter().rposition(|place| *place > next[rise])?;
    next.swap(rise, above);
    next[rise + 1..].reverse();
    Some(next)
}

/// Fisher–Yates on a linear congruential generator: the same order for the same seed everywhere.
pub fn shuffled<T>(mut things: Vec<T>, seed: u64) -> Vec<T> {
    let mut state = seed;
    for index in (1..things.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        things.swap(index, (state >> 33) as usize % (index + 1));
    }
    things
}

#[test]
fn few_things_arrive_in_every_order_and_many_in_as_many_as_asked_for() {
    assert_eq!(orders(3, 6), [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]);
    let sampled = orders(9, 50);
    assert_eq!(sampled.len(), 50);
    assert!(sampled.iter().all(|order| (0..9).all(|place| order.contains(&place))));
}
